package policytest

import (
	"strconv"
	"strings"

	"stile/policy/exchange"
)

// trace finds the policies of expect.trace among those that ran: in their order,
// others may stand between.
func (x *comparison) trace() {
	all := x.got.ex.Decisions
	from := 0
	for i, want := range x.e.trace {
		what := "trace[" + strconv.Itoa(i) + "]"
		if want.none {
			for k := range all {
				if want.matches(&all[k]) {
					x.add(what, want.line, text("no "+want.shown()), x.ran(k))
					break
				}
			}
			continue
		}
		at := from
		for at < len(all) && !want.matches(&all[at]) {
			at++
		}
		if at == len(all) {
			x.add(what, want.line, text(want.shown()), x.instead(want, from))
			continue
		}
		from = at + 1
	}
}

// instead tells what ran in the place of a policy that is expected: one of the same
// name, nil where none did.
func (x *comparison) instead(want *step, from int) *string {
	all := x.got.ex.Decisions
	name := want.member("policy")
	for i := range all {
		k := (from + i) % len(all)
		if all[k].Policy == name {
			is := x.ran(k)
			if want.matches(&all[k]) {
				*is += ", before the one above"
			}
			return is
		}
	}
	return nil
}

func (x *comparison) ran(at int) *string {
	list := ran(x.got.ex)
	return text(list[at].shown())
}

func (s *step) member(name string) string {
	for _, m := range s.members {
		if m.name == name {
			return m.text
		}
	}
	return ""
}

// shown writes what a test says of a policy.
func (s *step) shown() string {
	var parts []string
	for _, m := range s.members {
		if m.name == "policy" {
			parts = append(parts, m.text)
			continue
		}
		parts = append(parts, m.name+" "+m.text)
	}
	return strings.Join(parts, ", ")
}

func (s *step) matches(d *exchange.Decision) bool {
	for _, m := range s.members {
		ok := false
		switch m.name {
		case "policy":
			ok = d.Policy == m.text
		case "scope":
			ok = d.Scope == m.text
		case "section":
			ok = d.Section == m.text
		case "id":
			ok = d.PolicyID == m.text
		case "decision":
			ok = d.Outcome == m.text
		case "detail":
			ok = glob(m.text, d.Detail)
		case "status":
			ok = strconv.Itoa(d.Status) == m.text
		case "file":
			ok = d.File == m.text || strings.HasSuffix(d.File, "/"+m.text)
		case "line":
			ok = strconv.Itoa(d.Line) == m.text
		}
		if !ok {
			return false
		}
	}
	return true
}
