// Package value is what JSONata expressions compute with: JavaScript's values as
// the reference implementation (jsonata-js 2.0.6) sees them, over JSON text that
// is read lazily, and the flags that it keeps on arrays.
//
// It is not a JSON library: what goes in and comes out of an evaluation is a
// jsonval.Value. jsonata (the evaluator) and jsonata/library (the functions) use
// it.
//
// Invariants: a Value is small and copied freely; strings, numbers and the text
// of lazy containers never change; a List or Object changes only while the one
// who made it still builds it. Members stand in JavaScript's order: names that
// are array indexes first, by number, then the others as they came. Nothing here
// ranges over a Go map.
package value

import (
	"strconv"

	"stile/jsonval"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of values; the zero Value is undefined.
const (
	UndefinedKind Kind = iota
	NullKind
	BoolKind
	NumberKind
	StringKind
	ArrayKind
	ObjectKind
	FunctionKind
)

// String names a kind as $type does.
func (k Kind) String() string {
	return [...]string{"undefined", "null", "boolean", "number", "string", "array", "object", "function"}[k]
}

// Value is one value of an expression. The zero Value is undefined.
type Value struct {
	kind Kind
	num  float64 // a number; 1 for true; which container of a *document
	str  string  // a string; the digits of a whole number that num does not hold exactly
	ref  any     // *List, *Object, *Function, *Tuple; *document or *shared for what is not read yet
}

// Undefined is JavaScript's undefined, Null its null.
var (
	Undefined = Value{}
	Null      = Value{kind: NullKind}
	True      = Value{kind: BoolKind, num: 1}
	False     = Value{kind: BoolKind}
)

// OfNumber makes a number.
func OfNumber(f float64) Value { return Value{kind: NumberKind, num: f} }

// OfInt makes a number of a whole one; it keeps its digits where a float64 has not
// all of them.
func OfInt(n int64) Value {
	v := Value{kind: NumberKind, num: float64(n)}
	if n > maxSafe || n < -maxSafe {
		v.str = strconv.FormatInt(n, 10)
	}
	return v
}

// OfString makes a string.
func OfString(s string) Value { return Value{kind: StringKind, str: s} }

// OfBool makes true or false.
func OfBool(b bool) Value {
	if b {
		return True
	}
	return False
}

// OfList makes an array of l, which is shared, not copied.
func OfList(l *List) Value { return Value{kind: ArrayKind, ref: l} }

// OfItems makes a plain array; items is kept.
func OfItems(items ...Value) Value { return OfList(&List{Items: items}) }

// OfObject makes an object of o, which is shared, not copied.
func OfObject(o *Object) Value { return Value{kind: ObjectKind, ref: o} }

// OfFunction makes a function.
func OfFunction(f *Function) Value { return Value{kind: FunctionKind, ref: f} }

// From gives a JSON value; absent becomes undefined. The text is read where
// it is asked for.
func From(v jsonval.Value) Value {
	if !v.Exists() {
		return Undefined
	}
	return fromText(v.Raw())
}

// fromText gives the value of one valid JSON text without surrounding space.
func fromText(text []byte) Value {
	if text[0]|0x20 == '{' {
		return index(text).container(0)
	}
	return fromScalar(text)
}

func fromScalar(text []byte) Value {
	switch text[0] {
	case '"':
		return Value{kind: StringKind, str: unquote(text[1 : len(text)-1])}
	case 't':
		return True
	case 'f':
		return False
	case 'n':
		return Null
	}
	return numberFrom(text)
}

// Kind tells what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsUndefined reports undefined, which is not null.
func (v Value) IsUndefined() bool { return v.kind == UndefinedKind }

// IsNumber, IsString, IsArray, IsObject and IsFunction report the kind.
func (v Value) IsNumber() bool { return v.kind == NumberKind }

// IsString reports a string.
func (v Value) IsString() bool { return v.kind == StringKind }

// IsArray reports an array, of any flags.
func (v Value) IsArray() bool { return v.kind == ArrayKind }

// IsObject reports an object that is no array and no function.
func (v Value) IsObject() bool { return v.kind == ObjectKind }

// IsFunction reports a function: native, lambda, partial application or regex.
func (v Value) IsFunction() bool { return v.kind == FunctionKind }

// Num gives a number as a float64, 1 for true, 0 for all else.
func (v Value) Num() float64 { return v.num }

// Bool is true for true only; see Truthy.
func (v Value) Bool() bool { return v.kind == BoolKind && v.num != 0 }

// Str gives a string's text, "" for all else.
func (v Value) Str() string {
	if v.kind == StringKind {
		return v.str
	}
	return ""
}

// Clone gives $clone's copy, made of Lists and Objects that may be changed: what
// JSON text of $string's precision can say of v.
func Clone(v Value) (Value, error) {
	text, err := Stringify(v, false)
	if err != nil {
		return Undefined, err
	}
	if v.kind == StringKind {
		return v, nil
	}
	if text == "" {
		return Undefined, nil
	}
	return deep(fromText([]byte(text))), nil
}

// deep reads all levels of a lazy value. Its nesting is bounded: Stringify made it.
func deep(v Value) Value {
	switch v.kind {
	case ArrayKind:
		l := v.List()
		for i, item := range l.Items {
			l.Items[i] = deep(item)
		}
		return OfList(l)
	case ObjectKind:
		o := v.Object()
		for i, m := range o.members {
			o.members[i].Value = deep(m.Value)
		}
		return OfObject(o)
	}
	return v
}

// Func gives a function, nil for all else.
func (v Value) Func() *Function {
	f, _ := v.ref.(*Function)
	return f
}

// IsSequence reports an array that the evaluator made as a result sequence.
func (v Value) IsSequence() bool {
	l, ok := v.ref.(*List)
	return ok && l.Sequence
}

// List gives the array as a List with its flags, reading its text where that has
// not been done; nil where v is no array. Items must not be changed by others
// than the maker.
func (v Value) List() *List {
	if v.kind != ArrayKind {
		return nil
	}
	switch r := v.ref.(type) {
	case *List:
		return r
	case *document:
		return r.list(int(v.num), false)
	case *shared:
		return r.asList()
	}
	return nil
}

// Object gives the object with its members read, nil where v is no object. It
// must not be changed by others than the maker.
func (v Value) Object() *Object {
	if v.kind != ObjectKind {
		return nil
	}
	switch r := v.ref.(type) {
	case *Object:
		return r
	case *document:
		return r.object(int(v.num), false)
	case *shared:
		return r.asObject()
	case *Tuple:
		return r.object()
	}
	return nil
}

// Items gives an array's items, nil for all else. The slice must not be changed.
func (v Value) Items() []Value {
	if l := v.List(); l != nil {
		return l.Items
	}
	return nil
}

// Len counts an array's items or an object's members; 0 for all else.
func (v Value) Len() int {
	switch v.kind {
	case ArrayKind:
		if d, ok := v.ref.(*document); ok {
			return d.count(int(v.num))
		}
		return len(v.List().Items)
	case ObjectKind:
		return v.Object().Len()
	}
	return 0
}

// Get gives an object's member, undefined where there is none or v is no object.
func (v Value) Get(name string) Value {
	if v.kind != ObjectKind {
		return Undefined
	}
	switch r := v.ref.(type) {
	case *document:
		return r.member(int(v.num), name)
	case *Object:
		return r.Get(name)
	case *shared:
		return r.get(name)
	case *Tuple:
		return r.object().Get(name)
	}
	return Undefined
}

// Share gives v such that reading it many times costs one reading of its text:
// what is bound to a variable is shared.
func (v Value) Share() Value {
	if d, ok := v.ref.(*document); ok {
		v.ref = &shared{doc: d, at: int(v.num)}
	}
	return v
}

// Same reports JavaScript's === : containers and functions are the same only
// where they are one.
func (v Value) Same(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case NumberKind:
		return v.num == w.num
	case BoolKind:
		return v.num == w.num
	case StringKind:
		return v.str == w.str
	case ArrayKind, ObjectKind, FunctionKind:
		return v.ref == w.ref && v.num == w.num
	}
	return true
}
