package gatetrace

import (
	"strconv"
	"strings"
)

// Difference is where two traces differ, before and after a policy edit for example.
type Difference struct {
	A Summary `json:"a"`
	B Summary `json:"b"`
	// Request and Answer are what differs of what came and of what was answered.
	Request []Change `json:"request"`
	Answer  []Change `json:"answer"`
	// Policies are the policies that differ, in order.
	Policies []PolicyDifference `json:"policies"`
}

// Same reports whether the two differ in nothing.
func (d *Difference) Same() bool { return len(d.Request)+len(d.Answer)+len(d.Policies) == 0 }

// PolicyDifference is one policy that ran in one trace alone, or did otherwise.
type PolicyDifference struct {
	// Kind is removed (in the first alone), added (in the second alone) or changed.
	Kind    string `json:"kind"`
	Policy  string `json:"policy"`
	ID      string `json:"policyId,omitempty"`
	Scope   string `json:"scope"`
	Section string `json:"section"`
	// Old and New are its places, as file:line; empty where it did not run.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// What differs: the decision, its detail, a counter, a change that it made. What
	// is "decision", "status", "detail", "counter", or "did NAME" of a Change.
	What []Change `json:"what"`
}

// maxAligned bounds the policies of each side that are aligned; behind it they are
// paired in order.
const maxAligned = 1500

// Diff compares two traces. Times, durations and the ids of the requests themselves
// are left out.
func Diff(a, b *Trace) Difference {
	d := Difference{A: a.Summary, B: b.Summary, Request: diffMessages(a, b, &a.Request, &b.Request),
		Answer: diffMessages(a, b, &a.Response, &b.Response), Policies: []PolicyDifference{}}
	for _, pair := range align(a.Steps, b.Steps) {
		switch {
		case pair[1] < 0:
			d.Policies = append(d.Policies, alone("removed", &a.Steps[pair[0]]))
		case pair[0] < 0:
			d.Policies = append(d.Policies, alone("added", &b.Steps[pair[1]]))
		default:
			x, y := &a.Steps[pair[0]], &b.Steps[pair[1]]
			if what := diffSteps(a, b, x, y); len(what) > 0 {
				d.Policies = append(d.Policies, PolicyDifference{Kind: "changed", Policy: x.Policy, ID: y.PolicyID, Scope: y.Scope, Section: y.Section,
					Old: place(x), New: place(y), What: what})
			}
		}
	}
	return d
}

func place(s *Step) string {
	if s.File == "" {
		return ""
	}
	return s.File + ":" + strconv.Itoa(s.Line)
}

func alone(kind string, s *Step) PolicyDifference {
	p := PolicyDifference{Kind: kind, Policy: s.Policy, ID: s.PolicyID, Scope: s.Scope, Section: s.Section, What: []Change{}}
	if kind == "removed" {
		p.Old = place(s)
	} else {
		p.New = place(s)
	}
	for _, c := range did(s) {
		if kind == "removed" {
			c.change.Before, c.change.After = c.change.After, nil
		} else {
			c.change.Before = nil
		}
		p.What = append(p.What, c.change)
	}
	return p
}

// kin are policies that are paired: of one name at one scope of one section.
func kin(a, b *Step) bool {
	return a.Policy == b.Policy && a.Section == b.Section && a.Scope == b.Scope && a.PolicyID == b.PolicyID
}

// align pairs the steps of two traces by their longest common subsequence.
func align(a, b []Step) (out [][2]int) {
	if len(a) > maxAligned || len(b) > maxAligned {
		for i := range max(len(a), len(b)) {
			pair := [2]int{i, i}
			if i >= len(a) {
				pair[0] = -1
			}
			if i >= len(b) {
				pair[1] = -1
			}
			out = append(out, pair)
		}
		return out
	}
	length := make([][]int16, len(a)+1)
	for i := range length {
		length[i] = make([]int16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			if kin(&a[i], &b[k]) {
				length[i][k] = length[i+1][k+1] + 1
			} else {
				length[i][k] = max(length[i+1][k], length[i][k+1])
			}
		}
	}
	i, k := 0, 0
	for i < len(a) || k < len(b) {
		switch {
		case i < len(a) && k < len(b) && kin(&a[i], &b[k]):
			out, i, k = append(out, [2]int{i, k}), i+1, k+1
		case k == len(b) || i < len(a) && length[i+1][k] >= length[i][k+1]:
			out, i = append(out, [2]int{i, -1}), i+1
		default:
			out, k = append(out, [2]int{-1, k}), k+1
		}
	}
	return out
}

// deed is something that a policy did, under a name.
type deed struct {
	name   string
	change Change
}

// did lists what a policy did.
func did(s *Step) (out []deed) {
	add := func(what, name, value string) {
		if value != "" {
			out = append(out, deed{what + "/" + name, Change{What: what, Name: name, After: &value}})
		}
	}
	add("decision", "", s.Outcome)
	if s.Status != 0 {
		add("status", "", strconv.Itoa(s.Status))
	}
	add("detail", "", s.Detail)
	for i, c := range s.Counters {
		out = append(out, deed{"counter/" + c.Name + "/" + strconv.Itoa(i), Change{What: "counter", Name: c.Name, After: new(strconv.FormatInt(c.Value, 10))}})
	}
	for _, c := range s.Changes {
		change := Change{What: c.What, Name: c.Name, Type: c.Type, After: c.After}
		if c.After == nil {
			change.After = new("(removed)")
		}
		out = append(out, deed{c.What + "/" + strings.ToLower(c.Name), change})
	}
	for i, v := range s.Values {
		out = append(out, deed{"value/" + v.Expression + "/" + strconv.Itoa(i), Change{What: "value", Name: v.Expression, Type: v.Type, After: new(v.Value)}})
	}
	return out
}

func diffSteps(a, b *Trace, x, y *Step) (out []Change) {
	old, now := did(x), did(y)
	for _, o := range old {
		n := find(now, o.name)
		switch {
		case n == nil:
			out = append(out, Change{What: o.change.What, Name: o.change.Name, Type: o.change.Type, Before: o.change.After})
		case !same(a, b, o.change.After, n.After) || o.change.Type != n.Type:
			out = append(out, Change{What: n.What, Name: n.Name, Type: n.Type, Before: o.change.After, After: n.After})
		}
	}
	for _, n := range now {
		if find(old, n.name) == nil {
			out = append(out, Change{What: n.change.What, Name: n.change.Name, Type: n.change.Type, After: n.change.After})
		}
	}
	return out
}

func find(list []deed, name string) *Change {
	for i := range list {
		if list[i].name == name {
			return &list[i].change
		}
	}
	return nil
}

// same compares what two traces say, each with its own ids taken out.
func same(a, b *Trace, x, y *string) bool {
	if x == nil || y == nil {
		return x == y
	}
	return *x == *y || a.anonymous(*x) == b.anonymous(*y)
}

func (t *Trace) anonymous(text string) string {
	for _, id := range []string{t.ID, strings.ReplaceAll(t.ID, "-", ""), t.TraceID, t.Span} {
		if len(id) >= 16 {
			text = strings.ReplaceAll(text, id, "ID")
		}
	}
	return text
}

// Volatile are header fields that say when or under which id, and are not compared.
var volatile = map[string]bool{"date": true, "apim-trace-id": true, "traceparent": true, "age": true, "request-id": true, "x-request-id": true}

// Volatile reports whether a header field says when or under which id a message was
// made, so that comparing it tells nothing.
func Volatile(name string) bool { return volatile[strings.ToLower(name)] }

func diffMessages(a, b *Trace, x, y *Message) []Change {
	out := []Change{}
	add := func(what, name string, before, after *string) {
		if !same(a, b, before, after) {
			out = append(out, Change{What: what, Name: name, Before: before, After: after})
		}
	}
	add("method", "", textOf(x.Method), textOf(y.Method))
	add("url", "", textOf(x.URL), textOf(y.URL))
	if x.Status != y.Status {
		add("status", "", new(strconv.Itoa(x.Status)), new(strconv.Itoa(y.Status)))
	}
	seen := map[string]bool{}
	for _, list := range [][]Field{x.Headers, y.Headers} {
		for _, f := range list {
			if key := strings.ToLower(f.Name); !seen[key] && !volatile[key] {
				seen[key] = true
				add("header", f.Name, valuesOf(x.Headers, f.Name), valuesOf(y.Headers, f.Name))
			}
		}
	}
	add("body", "", bodyText(x.Body), bodyText(y.Body))
	return out
}

func textOf(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func valuesOf(list []Field, name string) *string {
	var values []string
	for _, f := range list {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	if values == nil {
		return nil
	}
	return new(strings.Join(values, ", "))
}

// bodyText is what is known of a body, for comparing and showing.
func bodyText(b *Body) *string {
	if b == nil {
		return nil
	}
	text := b.Text
	if b.Cut || b.Partial {
		text += "… (" + strconv.FormatInt(b.Length, 10) + " bytes"
		if b.Digest != "" {
			text += ", SHA-256 " + b.Digest
		}
		text += ")"
	}
	return &text
}
