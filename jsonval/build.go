package jsonval

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// OfString makes a JSON string. Invalid UTF-8 becomes U+FFFD.
func OfString(s string) Value { return Value{AppendString(nil, s)} }

// OfInt makes a JSON number.
func OfInt(n int64) Value { return Value{strconv.AppendInt(nil, n, 10)} }

// OfFloat makes a JSON number in the shortest spelling that reads back the same
// (whole numbers below 1e15 without point or exponent); NaN and infinities give null.
func OfFloat(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return NullValue
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return OfInt(int64(f))
	}
	format := byte('f')
	if a := math.Abs(f); a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	return Value{strconv.AppendFloat(nil, f, format, -1, 64)}
}

// OfBool makes true or false.
func OfBool(b bool) Value {
	if b {
		return TrueValue
	}
	return FalseValue
}

// OfItems makes an array; absent items become null.
func OfItems(items ...Value) Value {
	var a Array
	for _, v := range items {
		a.Add(v)
	}
	return a.Value()
}

// AppendString appends s as a JSON string: only what JSON demands is escaped.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		b = AppendEscape(b, c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// AppendEscape appends a control character, a quote or a backslash as it stands
// between the quotes of a JSON string.
func AppendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// Object builds an object member by member; the zero Object is empty.
type Object struct{ b []byte }

// Grow makes room for n bytes, where it is known how large the object becomes.
func (o *Object) Grow(n int) *Object {
	o.b = slices.Grow(o.b, n)
	return o
}

// Add appends a member; an absent value adds nothing. Adding a name twice keeps
// both in the text (use Set on a Value to replace).
func (o *Object) Add(name string, v Value) *Object {
	if !v.Exists() {
		return o
	}
	o.name(name)
	o.b = append(o.b, v.raw...)
	return o
}

// name begins a member.
func (o *Object) name(name string) {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(AppendString(o.b, name), ':')
}

// AddString appends a string member.
func (o *Object) AddString(name, s string) *Object {
	o.name(name)
	o.b = AppendString(o.b, s)
	return o
}

// AddInt appends a number member.
func (o *Object) AddInt(name string, n int64) *Object {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
	return o
}

// Value ends the object. The builder must not be used afterwards.
func (o *Object) Value() Value {
	if len(o.b) == 0 {
		return EmptyObject
	}
	return Value{append(o.b, '}')}
}

// Array builds an array item by item; the zero Array is empty.
type Array struct{ b []byte }

// Add appends an item; an absent value becomes null.
func (a *Array) Add(v Value) *Array {
	if len(a.b) == 0 {
		a.b = append(a.b, '[')
	} else {
		a.b = append(a.b, ',')
	}
	if !v.Exists() {
		v = NullValue
	}
	a.b = append(a.b, v.raw...)
	return a
}

// Value ends the array. The builder must not be used afterwards.
func (a *Array) Value() Value {
	if len(a.b) == 0 {
		return EmptyArray
	}
	return Value{append(a.b, ']')}
}

// Set gives v with the member name replaced in place or added at the end. A v
// that is no object counts as {}. An absent m removes the member.
func (v Value) Set(name string, m Value) Value {
	var o Object
	done := false
	v.EachMember(func(k string, old Value) bool {
		if k == name {
			if !done {
				o.Add(k, m)
			}
			done = true
			return true
		}
		o.Add(k, old)
		return true
	})
	if !done {
		o.Add(name, m)
	}
	return o.Value()
}

// SetIndex gives the array v with item i replaced; ok is false where v has no such item.
func (v Value) SetIndex(i int, m Value) (out Value, ok bool) {
	var a Array
	n := 0
	v.EachItem(func(old Value) bool {
		if n == i {
			old, ok = m, true
		}
		n++
		a.Add(old)
		return true
	})
	return a.Value(), ok
}

// Compact gives v with no space between tokens.
func (v Value) Compact() Value {
	out := make([]byte, 0, len(v.raw))
	for i := 0; i < len(v.raw); {
		switch c := v.raw[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '"':
			end := skipString(v.raw, i)
			out = append(out, v.raw[i:end]...)
			i = end
		default:
			out = append(out, c)
			i++
		}
	}
	return Value{out}
}

// Equal compares by value as ASL does: numbers by their float64 value, objects
// without regard to member order, strings decoded.
func Equal(a, b Value) bool {
	ka, kb := a.Kind(), b.Kind()
	if ka != kb {
		return false
	}
	switch ka {
	case Number:
		if string(a.raw) == string(b.raw) {
			return true
		}
		x, ok1 := a.Float()
		y, ok2 := b.Float()
		return ok1 && ok2 && x == y
	case String:
		x, _ := a.Str()
		y, _ := b.Str()
		return x == y
	case ArrayKind:
		return equalItems(a.Items(), b.Items())
	case ObjectKind:
		return equalMembers(a.Members(), b.Members())
	}
	return true
}

func equalMembers(a, b []Member) bool {
	if len(a) != len(b) {
		return false
	}
	inB := make(map[string]Value, len(b))
	for _, m := range b {
		inB[m.Name] = m.Value
	}
	for _, m := range a {
		if other, ok := inB[m.Name]; !ok || !Equal(m.Value, other) {
			return false
		}
	}
	return true
}

func equalItems(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// Quote gives s as JSON text, for messages.
func Quote(s string) string { return string(AppendString(nil, s)) }

// IsText reports whether text, without surrounding space, is one valid JSON value.
func IsText(text string) bool {
	_, err := ParseString(strings.TrimSpace(text))
	return err == nil
}
