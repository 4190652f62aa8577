package identity

import "strings"

// Decision is a role's answer: where it is not allowed, File and Line name the
// denying statement, or `Statement` where nothing allowed it; where it is, the
// allowing statement.
type Decision struct {
	Allowed, Explicit bool
	File              string
	Line              int
}

// Decide says whether the role allows an action on a thing that resources names,
// each in another spelling (an ARN and stateMachine/NAME, say). A Deny that
// matches any spelling wins over every Allow; nothing is allowed by default. A
// nil Role allows nothing.
func (r *Role) Decide(action string, resources ...string) Decision {
	if r == nil {
		return Decision{}
	}
	d := Decision{File: r.File, Line: r.Line}
	for i := range r.Statements {
		s := &r.Statements[i]
		if !s.Deny && d.Allowed || !s.covers(action, resources) {
			continue
		}
		if s.Deny {
			return Decision{Explicit: true, File: r.File, Line: s.Line}
		}
		d.Allowed, d.Line = true, s.Line
	}
	return d
}

func (s *Statement) covers(action string, resources []string) bool {
	matched := false
	for _, a := range s.Actions {
		if matchAction(a, action) {
			matched = true
			break
		}
	}
	if !matched {
		return false
	}
	for _, p := range s.Resources {
		for _, r := range resources {
			if matchResource(p, r) {
				return true
			}
		}
	}
	return false
}

// matchAction follows IAM: without regard to case, `*` for any text.
func matchAction(pattern, action string) bool {
	// Most are spelled out, or end with their one star; neither copies a text.
	star := strings.IndexByte(pattern, '*')
	switch {
	case star < 0:
		return len(pattern) == len(action) && strings.EqualFold(pattern, action)
	case len(action) < star || !strings.EqualFold(pattern[:star], action[:star]):
		return false
	case star == len(pattern)-1:
		return true
	}
	return glob(strings.ToLower(pattern), strings.ToLower(action), false)
}

// matchResource: `*` stands for any text within one segment between / and :,
// `**` for any text.
func matchResource(pattern, resource string) bool { return glob(pattern, resource, true) }

func glob(p, s string, segments bool) bool {
	for p != "" {
		if p[0] != '*' {
			if s == "" || p[0] != s[0] {
				return false
			}
			p, s = p[1:], s[1:]
			continue
		}
		across := !segments
		p = p[1:]
		for p != "" && p[0] == '*' {
			across, p = true, p[1:]
		}
		for i := 0; ; i++ {
			if glob(p, s[i:], segments) {
				return true
			}
			if i == len(s) || !across && (s[i] == '/' || s[i] == ':') {
				return false
			}
		}
	}
	return s == ""
}
