// Package jsonval is the JSON value that every evaluator of Stile shares: a view
// over validated JSON text that keeps member order and the exact spelling of
// numbers, and is read lazily, by scanning, where a member or an item is asked for.
//
// It is not a codec for Go structs and not a mutable tree: changing a value
// builds a new one (see Object, Array, Set). jsonpath, asl, interp and policy/expr
// use it; wires hand its bytes on unchanged.
//
// Invariants: a Value made by this package holds one valid JSON text without
// surrounding space; it never changes, so it may be shared between goroutines;
// duplicate members are kept in the text, and the last one wins when read.
// The zero Value is "absent" (Exists is false), which is not JSON null.
package jsonval

import (
	"bytes"
	"errors"
	"strconv"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of JSON values; Absent is the zero Value's.
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	ArrayKind
	ObjectKind
)

// String names a kind as JSON Schema does: null, boolean, number, string, array,
// object; "absent" for the zero Value.
func (k Kind) String() string {
	return [...]string{"absent", "null", "boolean", "boolean", "number", "string", "array", "object"}[k]
}

// Value is one JSON value, immutable, over its text.
type Value struct{ raw []byte }

// Constants that need no text of the caller's.
var (
	NullValue   = Value{[]byte("null")}
	TrueValue   = Value{[]byte("true")}
	FalseValue  = Value{[]byte("false")}
	EmptyObject = Value{[]byte("{}")}
	EmptyArray  = Value{[]byte("[]")}
)

// Raw gives the JSON text. The caller must not change it.
func (v Value) Raw() []byte { return v.raw }

// Text gives the JSON text as a string; "" for the zero Value.
func (v Value) Text() string { return string(v.raw) }

// Exists is false for the zero Value only.
func (v Value) Exists() bool { return len(v.raw) > 0 }

// Kind tells what the value is, from its first byte.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return Absent
	}
	switch v.raw[0] {
	case '{':
		return ObjectKind
	case '[':
		return ArrayKind
	case '"':
		return String
	case 't':
		return True
	case 'f':
		return False
	case 'n':
		return Null
	}
	return Number
}

// IsNull reports JSON null; the zero Value is not null.
func (v Value) IsNull() bool { return v.Kind() == Null }

// IsBool reports true or false.
func (v Value) IsBool() bool { k := v.Kind(); return k == True || k == False }

// Bool is true for JSON true only.
func (v Value) Bool() bool { return v.Kind() == True }

// Str gives the decoded text of a JSON string; ok is false for any other kind.
func (v Value) Str() (s string, ok bool) {
	if v.Kind() != String {
		return "", false
	}
	body := v.raw[1 : len(v.raw)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		return string(body), true
	}
	return unquote(body), true
}

// Float gives a number as float64; ok is false for other kinds and for numbers
// outside float64's range.
func (v Value) Float() (f float64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v.raw), 64)
	return f, err == nil
}

// Int gives a number that is a whole int64, in any spelling (1, 1.0, 1e3).
func (v Value) Int() (n int64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(v.raw), 10, 64); err == nil {
		return n, true
	}
	f, ok := v.Float()
	if !ok || f != float64(int64(f)) || f >= 1<<63 || f < -(1<<63) {
		return 0, false
	}
	return int64(f), true
}

// Get gives the member of an object by its decoded name, the last one where the
// name stands twice; the zero Value where there is none or v is no object.
func (v Value) Get(name string) Value {
	var found Value
	v.eachMember(func(raw []byte, m Value) bool {
		if nameIs(raw, name) {
			found = m
		}
		return true
	})
	return found
}

// nameIs compares the inside of a name's quotes; only escaped names are decoded.
func nameIs(raw []byte, name string) bool {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw) == name
	}
	return unquote(raw) == name
}

// Index gives an array's item from 0; the zero Value outside it.
func (v Value) Index(i int) Value {
	var found Value
	n := 0
	v.EachItem(func(m Value) bool {
		if n == i {
			found = m
			return false
		}
		n++
		return true
	})
	return found
}

// Len counts an array's items or an object's members (duplicates counted); 0 otherwise.
func (v Value) Len() int {
	n := 0
	switch v.Kind() {
	case ArrayKind:
		v.EachItem(func(Value) bool { n++; return true })
	case ObjectKind:
		v.EachMember(func(string, Value) bool { n++; return true })
	}
	return n
}

// EachItem calls f with every item of an array in order until f returns false.
func (v Value) EachItem(f func(Value) bool) {
	if v.Kind() != ArrayKind {
		return
	}
	for i := skipSpace(v.raw, 1); v.raw[i] != ']'; {
		end := skipValue(v.raw, i)
		if !f(Value{v.raw[i:end:end]}) {
			return
		}
		if i = skipSpace(v.raw, end); v.raw[i] == ',' {
			i = skipSpace(v.raw, i+1)
		}
	}
}

// Items gives all items of an array.
func (v Value) Items() []Value {
	var out []Value
	v.EachItem(func(m Value) bool { out = append(out, m); return true })
	return out
}

// EachMember calls f with every member of an object in the text's order until f
// returns false.
func (v Value) EachMember(f func(name string, m Value) bool) {
	v.eachMember(func(raw []byte, m Value) bool {
		if bytes.IndexByte(raw, '\\') < 0 {
			return f(string(raw), m)
		}
		return f(unquote(raw), m)
	})
}

// eachMember is EachMember with the names' text between its quotes, not decoded.
func (v Value) eachMember(f func(raw []byte, m Value) bool) {
	if v.Kind() != ObjectKind {
		return
	}
	for i := skipSpace(v.raw, 1); v.raw[i] != '}'; {
		end := skipString(v.raw, i)
		raw := v.raw[i+1 : end-1]
		i = skipSpace(v.raw, end) // at ':'
		i = skipSpace(v.raw, i+1)
		end = skipValue(v.raw, i)
		if !f(raw, Value{v.raw[i:end:end]}) {
			return
		}
		if i = skipSpace(v.raw, end); v.raw[i] == ',' {
			i = skipSpace(v.raw, i+1)
		}
	}
}

// Member is one member of an object.
type Member struct {
	Name  string
	Value Value
}

// Members gives an object's members in order; of a doubled name the last value,
// at the first one's place. One pass over the text, where Names and Get for each
// would scan it once a name.
func (v Value) Members() []Member {
	var out []Member
	place := map[string]int{}
	v.EachMember(func(name string, m Value) bool {
		if i, ok := place[name]; ok {
			out[i].Value = m
			return true
		}
		place[name] = len(out)
		out = append(out, Member{name, m})
		return true
	})
	return out
}

// Names gives an object's member names in order, duplicates once, at their first place.
func (v Value) Names() []string {
	var out []string
	seen := map[string]bool{}
	v.EachMember(func(k string, _ Value) bool {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
		return true
	})
	return out
}

// ErrNotJSON is what Parse's errors match with errors.Is.
var ErrNotJSON = errors.New("not a JSON text")

// MarshalJSON lets a Value stand in encoding/json structs; absent gives null.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Exists() {
		return []byte("null"), nil
	}
	return v.raw, nil
}

// UnmarshalJSON takes the text as it is (encoding/json has validated it).
func (v *Value) UnmarshalJSON(b []byte) error {
	p, err := Parse(b)
	*v = p
	return err
}
