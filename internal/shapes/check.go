package shapes

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"stile/jsonval"
)

// Mode says how narrowly a result is checked: MockInput's fieldValidationMode.
type Mode string

// The modes: Strict wants required members and checks what is there, Present
// checks what is there, None checks nothing.
const (
	Strict  Mode = "STRICT"
	Present Mode = "PRESENT"
	None    Mode = "NONE"
)

// Known tells whether the extract has a service, by the name that it has in a
// Resource (kms, events, states, elasticmapreduce …), and whether it has that
// service's action (encrypt).
func Known(service, action string) (known, inExtract bool) {
	t := optimised(service, action)
	m := load(t.service)
	if m == nil {
		return false, false
	}
	_, inExtract = m.Operations[operation(t.action)]
	return true, inExtract
}

// CheckResult checks a result that stands in for the answer of a Task's resource.
// problem is the first fault in AWS's words, empty where there is none: required
// members are looked for before what is there is looked at, from the outside in,
// in the order of the result's text. limited says that the extract has no such
// operation, so that nothing could be checked but that the result is JSON.
func CheckResult(resource string, result jsonval.Value, mode Mode) (problem string, limited bool) {
	if mode == None {
		return "", false
	}
	t, ok := find(resource)
	if !ok {
		return "", false
	}
	m := load(t.service)
	if m == nil {
		return "", true
	}
	out, ok := m.Operations[operation(t.action)]
	if !ok {
		return "", true
	}
	if out < 0 {
		return "", false
	}
	if result.Kind() != jsonval.ObjectKind {
		return "Mocked result must be a JSON object.", false
	}
	c := checker{model: m, strict: mode == Strict}
	if problem = c.members(result, &m.Shapes[out], t.documents); problem != "" {
		return "Mock result schema validation error: " + problem, false
	}
	return "", false
}

type checker struct {
	model  *model
	strict bool
}

// members checks an object against a structure; free names the members that may
// hold anything.
func (c *checker) members(v jsonval.Value, s *shape, free []string) (problem string) {
	if c.strict {
		for _, name := range s.Required {
			if !v.Get(name).Exists() {
				return "Required field '" + name + "' is missing"
			}
		}
	}
	v.EachMember(func(name string, m jsonval.Value) bool {
		if n, ok := s.Members[name]; ok && !slices.Contains(free, name) {
			problem = c.value(name, m, &c.model.Shapes[n])
		}
		return problem == ""
	})
	return problem
}

// value checks what a field holds; items of a list and of a map are told by the
// name of the field that holds them.
func (c *checker) value(field string, v jsonval.Value, s *shape) (problem string) {
	want := ""
	switch s.Type {
	case structure, mapping:
		if v.Kind() != jsonval.ObjectKind {
			want = "an object"
		}
	case list:
		if v.Kind() != jsonval.ArrayKind {
			want = "an array"
		}
	case text, timestamp, blob:
		if v.Kind() != jsonval.String {
			want = "a string"
		}
	case whole, number:
		if v.Kind() != jsonval.Number {
			want = "a number"
		}
	case boolean:
		if !v.IsBool() {
			want = "a boolean"
		}
	}
	if want != "" {
		return "Field '" + field + "' must be " + want
	}
	if fault := limits(v, s); fault != "" {
		return "Field '" + field + "' " + fault
	}
	switch s.Type {
	case structure:
		return c.members(v, s, nil)
	case list:
		v.EachItem(func(item jsonval.Value) bool {
			problem = c.value(field, item, &c.model.Shapes[s.Of])
			return problem == ""
		})
	case mapping:
		v.EachMember(func(_ string, item jsonval.Value) bool {
			problem = c.value(field, item, &c.model.Shapes[s.Of])
			return problem == ""
		})
	}
	return problem
}

// limits checks enum, value and length of a value of the right type.
func limits(v jsonval.Value, s *shape) string {
	switch s.Type {
	case whole, number:
		f, ok := v.Float()
		switch {
		case s.Min != nil && ok && f < *s.Min:
			return "is less than the minimum value"
		case s.Max != nil && (!ok || f > *s.Max):
			return "exceeds the maximum value"
		}
		return ""
	case text:
		if len(s.Enum) > 0 {
			value, _ := v.Str()
			if _, ok := slices.BinarySearch(s.Enum, value); !ok {
				return "is not an expected value"
			}
			return ""
		}
	}
	if s.Min == nil && s.Max == nil {
		return ""
	}
	n := float64(length(v, s.Type))
	switch {
	case s.Min != nil && n < *s.Min:
		return "is smaller than the minimum length"
	case s.Max != nil && n > *s.Max:
		return "exceeds the maximum length"
	}
	return ""
}

// length counts characters, bytes of a blob (which may stand as base64), items or
// members.
func length(v jsonval.Value, t kind) int {
	s, _ := v.Str()
	switch t {
	case text:
		return utf8.RuneCountInString(s)
	case blob:
		if raw, err := base64.StdEncoding.DecodeString(s); err == nil {
			return len(raw)
		}
		return len(s)
	}
	return v.Len()
}
