package asl

import (
	"slices"
	"strconv"
	"strings"

	"stile/jsonval"
)

// NamedValueRef says that a string of a Task's evaluated parameters was written
// with {{Name}} in it. Pointer is the string's place in the parameters (RFC 6901).
//
// Only literals of the definition have references: what an expression or an input
// gives is data, in which {{…}} means nothing. Whether a name is resolved is not
// the definition's to say: the state machine's options list the names, and its
// role needs apim:ReadNamedValue.
type NamedValueRef struct{ Pointer, Name string }

// longestName bounds a named value's name, as API Management does.
const longestName = 256

// namedValueFields are the parameters of an HTTP integration that may refer to
// named values; in the others, such as the URL, {{…}} is text.
var namedValueFields = []string{"Headers", "QueryParameters", "RequestBody"}

// namedValues lists the references of a Task of http:invoke or apigateway:invoke,
// in the order of the text.
func namedValues(st *State) []NamedValueRef {
	t, p := st.Task, st.Parameters
	if p == nil {
		p = st.Arguments
	}
	if p == nil || t == nil || t.Kind != Integration || t.API != "invoke" || t.Service != "http" && t.Service != "apigateway" {
		return nil
	}
	var out []NamedValueRef
	add := func(pointer, text string) {
		EachNamedValue(text, func(_ int, name string) bool {
			if ref := (NamedValueRef{pointer, name}); !slices.Contains(out, ref) {
				out = append(out, ref)
			}
			return true
		})
	}
	for _, field := range namedValueFields {
		switch {
		case p.literal.Exists():
			eachString("/"+field, p.literal.Get(field), add)
		case p.object:
			if i := slices.Index(p.names, field); i >= 0 {
				p.parts[i].literals("/"+field, add)
			}
		}
	}
	return out
}

// literals calls f with every literal string of the template and its pointer.
func (t *Template) literals(pointer string, f func(pointer, text string)) {
	if t.literal.Exists() {
		eachString(pointer, t.literal, f)
		return
	}
	for i, p := range t.parts {
		if t.object {
			p.literals(pointer+"/"+pointerToken(t.names[i]), f)
		} else {
			p.literals(pointer+"/"+strconv.Itoa(i), f)
		}
	}
}

// eachString calls f with every string of v, names of members aside.
func eachString(pointer string, v jsonval.Value, f func(pointer, text string)) {
	switch v.Kind() {
	case jsonval.ObjectKind:
		v.EachMember(func(name string, m jsonval.Value) bool {
			eachString(pointer+"/"+pointerToken(name), m, f)
			return true
		})
	case jsonval.ArrayKind:
		i := 0
		v.EachItem(func(m jsonval.Value) bool {
			eachString(pointer+"/"+strconv.Itoa(i), m, f)
			i++
			return true
		})
	case jsonval.String:
		text, _ := v.Str()
		f(pointer, text)
	}
}

// pointerToken escapes a member's name for a JSON pointer.
func pointerToken(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// EachNamedValue calls f with the offset and the name of every {{name}} in text,
// until f gives false. A name has letters, digits, '.', '-' and '_', no space.
func EachNamedValue(text string, f func(at int, name string) bool) {
	for i := 0; ; {
		n := strings.Index(text[i:], "{{")
		if n < 0 {
			return
		}
		at := i + n
		name := valueName(text[at+2:])
		if name == "" {
			i = at + 1
			continue
		}
		if !f(at, name) {
			return
		}
		i = at + len(name) + len("{{}}")
	}
}

// valueName is the name that text begins with, up to its }}; "" where there is none.
func valueName(text string) string {
	for i := 0; i < len(text) && i <= longestName; i++ {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		case strings.HasPrefix(text[i:], "}}"):
			return text[:i]
		default:
			return ""
		}
	}
	return ""
}
