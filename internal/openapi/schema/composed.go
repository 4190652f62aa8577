package schema

import (
	"strconv"
	"strings"
)

// composed checks allOf, anyOf, oneOf, not and if.
func (r *validation) composed(s *Schema, v *Value, a *seen) bool {
	ok := true
	var failed []string
	for i, sub := range s.allOf {
		if !r.here(sub, v, a) {
			failed = append(failed, strconv.Itoa(i))
			if r.enough(false) {
				return false
			}
		}
	}
	if len(failed) > 0 {
		ok = r.fail(s, v, "JSON does not match all schemas from 'allOf'. Invalid schema indexes: "+strings.Join(failed, ", ")+".")
	}
	if len(s.anyOf) > 0 {
		if valid := r.branches(s.anyOf, v, a, a == nil); len(valid) == 0 {
			ok = r.fail(s, v, "JSON does not match any schemas from 'anyOf'.")
		}
	}
	if len(s.oneOf) > 0 {
		switch valid := r.branches(s.oneOf, v, a, false); {
		case len(valid) == 0:
			ok = r.fail(s, v, "JSON is valid against no schemas from 'oneOf'.")
		case len(valid) > 1:
			ok = r.fail(s, v, "JSON is valid against more than one schema from 'oneOf'. Valid schema indexes: "+strings.Join(valid, ", ")+".")
		}
	}
	if s.not != nil {
		r.quiet++
		inside := r.here(s.not, v, nil)
		r.quiet--
		if inside {
			ok = r.fail(s, v, "JSON is valid against schema from 'not'.")
		}
	}
	if s.condition != nil {
		ok = r.conditional(s, v, a) && ok
	}
	return ok
}

// branches lists which of the schemas hold; with first, it stops at one.
func (r *validation) branches(list []*Schema, v *Value, a *seen, first bool) (valid []string) {
	r.quiet++
	defer func() { r.quiet-- }()
	for i, sub := range list {
		var mine *seen
		if a != nil {
			mine = &seen{}
		}
		if !r.here(sub, v, mine) {
			continue
		}
		a.join(mine)
		if valid = append(valid, strconv.Itoa(i)); first {
			break
		}
	}
	return valid
}

func (r *validation) conditional(s *Schema, v *Value, a *seen) bool {
	var mine *seen
	if a != nil {
		mine = &seen{}
	}
	r.quiet++
	holds := r.here(s.condition, v, mine)
	r.quiet--
	branch, name := s.otherwise, "else"
	if holds {
		a.join(mine)
		branch, name = s.then, "then"
	}
	if branch == nil || r.here(branch, v, a) {
		return true
	}
	return r.fail(s, v, "JSON does not match schema from '"+name+"'.")
}

// unevaluated checks what no other keyword of the schema looked at.
func (r *validation) unevaluated(s *Schema, v *Value, a *seen) bool {
	ok := true
	if s.unevaluatedProps != nil && v.Kind == Object && !a.all {
		for i, name := range v.Names {
			if a.names[name] {
				continue
			}
			switch {
			case s.unevaluatedProps.never && (r.o.Additional == nil || !*r.o.Additional):
				ok = r.refuseProperty(s, v.Items[i], name)
			case !s.unevaluatedProps.never:
				ok = r.value(s.unevaluatedProps, v.Items[i], nil) && ok
			}
		}
		a.all = true
	}
	if s.unevaluatedAny != nil && v.Kind == Array && !a.rest {
		for i, item := range v.Items {
			if i >= a.items && !a.some[i] {
				ok = r.value(s.unevaluatedAny, item, nil) && ok
			}
		}
		a.rest = true
	}
	return ok
}
