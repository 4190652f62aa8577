package policytest

import (
	"strings"
	"time"

	"stile/diag"
	"stile/internal/config/doctree"
)

// maxRepeat bounds how often one request of a case is sent.
const maxRepeat = 10_000

// Read reads a file of tests. The list has every fault of it; a File with an error is
// for Check alone, and nil where it is no list of cases.
func Read(src *diag.Source) (*File, diag.List) {
	root, faults := doctree.ParseYAML(src)
	if faults.HasErrors() {
		return nil, faults
	}
	r := &reader{Reader: doctree.NewReader(src)}
	f := &File{Name: src.File()}
	if root == nil || root.Kind != doctree.List {
		r.Fault(root, doctree.CodeValue, "a file of tests is a list of cases", "begin each case with \"- name: \"")
		return nil, r.Faults()
	}
	seen := map[string]bool{}
	for _, n := range root.Items {
		c := r.testCase(n)
		if c.Name != "" && seen[c.Name] {
			r.Fault(n.Get("name"), doctree.CodeDuplicate, "two cases have the name "+c.Name, "give each its own")
		}
		seen[c.Name] = true
		f.Cases = append(f.Cases, c)
	}
	return f, append(faults, r.Faults()...)
}

type reader struct{ *doctree.Reader }

func (r *reader) testCase(n *doctree.Node) *Case {
	c := &Case{File: r.Source().File(), Line: n.Line, clock: DefaultClock}
	first := sent{given: &given{at: n}, repeat: 1, expect: &expect{}}
	var then []*doctree.Node
	r.Map(n, "a case",
		doctree.Field{Name: "name", Required: true, Read: r.NonEmpty(&c.Name)},
		doctree.Field{Name: "api", Required: true, Read: r.name(&c.api)},
		doctree.Field{Name: "operation", Read: r.name(&c.operation)},
		doctree.Field{Name: "subscription", Read: r.name(&c.subscription)},
		doctree.Field{Name: "principal", Read: func(n *doctree.Node) { c.principal = r.caller(n) }},
		doctree.Field{Name: "clock", Read: r.time(&c.clock)},
		doctree.Field{Name: "named-values", Read: r.values(c)},
		doctree.Field{Name: "given", Read: func(n *doctree.Node) { r.given(&first, n) }},
		doctree.Field{Name: "backend", Read: r.Each(func(n *doctree.Node) { c.backend = append(c.backend, r.listed(n)) })},
		doctree.Field{Name: "expect", Required: true, Read: func(n *doctree.Node) { first.expect = r.expect(n) }},
		doctree.Field{Name: "then", Read: r.Each(func(n *doctree.Node) { then = append(then, n) })})
	if c.principal != nil && c.subscription.at != nil {
		r.Fault(c.subscription.at, doctree.CodeValue, "a state counts against the subscription of its role",
			"remove subscription, or principal")
	}
	c.exchanges = append(c.exchanges, first)
	for _, n := range then {
		next := sent{given: first.given, repeat: 1, expect: &expect{}}
		r.Map(n, "a request of then",
			doctree.Field{Name: "given", Read: func(n *doctree.Node) { next.given = nil; r.given(&next, n) }},
			doctree.Field{Name: "after", Read: r.duration(&next.after)},
			doctree.Field{Name: "repeat", Read: r.repeat(&next.repeat)},
			doctree.Field{Name: "expect", Required: true, Read: func(n *doctree.Node) { next.expect = r.expect(n) }})
		c.exchanges = append(c.exchanges, next)
	}
	return c
}

// name gives a Read of a name that refers to something.
func (r *reader) name(to *named) func(*doctree.Node) {
	return func(n *doctree.Node) {
		to.at = n
		r.NonEmpty(&to.text)(n)
	}
}

func (r *reader) caller(n *doctree.Node) *caller {
	c := &caller{}
	r.Map(n, "principal",
		doctree.Field{Name: "role", Read: r.name(&c.role)},
		doctree.Field{Name: "state-machine", Read: r.name(&c.machine)},
		doctree.Field{Name: "execution", Read: r.NonEmpty(&c.execution)},
		doctree.Field{Name: "state", Read: r.NonEmpty(&c.state)},
		doctree.Field{Name: "callback-url", Read: r.NonEmpty(&c.callbackURL)})
	if n.Kind == doctree.Map && c.role.at == nil && c.machine.at == nil {
		r.Fault(n, doctree.CodeMissing, "principal has neither \"role\" nor \"state-machine\"", "add \"role\"")
	}
	return c
}

func (r *reader) values(c *Case) func(*doctree.Node) {
	return r.each("named-values", func(m doctree.Member) {
		v := value{name: m.Name, line: m.Line, column: m.Column}
		r.Text(&v.text)(m.Value)
		c.values = append(c.values, v)
	})
}

// each gives a Read of a map whose keys are anybody's.
func (r *reader) each(what string, read func(doctree.Member)) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.Map {
			r.Fault(n, doctree.CodeValue, what+" must be a map of keys, not "+n.Kind.String(), "")
			return
		}
		for _, m := range n.Members {
			read(m)
		}
	}
}

func (r *reader) time(to *time.Time) func(*doctree.Node) {
	return func(n *doctree.Node) {
		at, err := time.Parse(time.RFC3339Nano, n.Text)
		if err != nil {
			r.Fault(n, doctree.CodeValue, "this is no time", "write one such as 2026-01-01T09:00:00Z")
			return
		}
		*to = at.UTC()
	}
}

func (r *reader) duration(to *time.Duration) func(*doctree.Node) {
	return func(n *doctree.Node) {
		d, err := time.ParseDuration(n.Text)
		if n.Kind != doctree.String || err != nil || d < 0 {
			r.Fault(n, doctree.CodeValue, "this is no span of time", "write one such as 61s, 5m or 24h")
			return
		}
		*to = d
	}
}

func (r *reader) repeat(to *int) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Int(to)(n)
		if *to < 1 || *to > maxRepeat {
			r.Fault(n, doctree.CodeValue, "repeat must be 1 to 10000", "")
			*to = 1
		}
	}
}

// bytes gives a Read of a body's text; js one of its JSON.
func (r *reader) bytes(to *[]byte, has *bool) func(*doctree.Node) {
	return func(n *doctree.Node) {
		var text string
		r.Text(&text)(n)
		*to, *has = []byte(text), true
	}
}

func (r *reader) one(n *doctree.Node, a, b string) {
	if n.Kind == doctree.Map && n.Get(a) != nil && n.Get(b) != nil {
		r.Fault(n.Get(b), doctree.CodeValue, "this has both \""+a+"\" and \""+b+"\"", "keep one of them")
	}
}

// status gives a Read of a status code.
func (r *reader) status(to *int) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Int(to)(n)
		if n.Kind == doctree.Number && (*to < 100 || *to > 999) {
			r.Fault(n, doctree.CodeValue, "this is no status code", "write 200 to 599")
		}
	}
}

// slashed gives a Read of a path.
func (r *reader) slashed(to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Text(to)(n)
		if !strings.HasPrefix(*to, "/") {
			r.Fault(n, doctree.CodeValue, "a path begins with \"/\"", "")
		}
	}
}
