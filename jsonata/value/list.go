package value

// List is an array with the marks that jsonata-js keeps on its arrays.
type List struct {
	Items []Value
	// Sequence marks a result sequence: one item stands for itself, none for
	// undefined.
	Sequence bool
	// KeepSingleton keeps a sequence of one item an array.
	KeepSingleton bool
	// Cons marks what an array constructor made: a path does not flatten it.
	Cons bool
	// Outer marks the array that wraps an input array.
	Outer bool
	// Tuples marks a stream of tuples; only the evaluator sees one.
	Tuples bool
}

// NewSequence makes a sequence of the items given.
func NewSequence(items ...Value) *List { return &List{Items: items, Sequence: true} }

// NewShort makes an empty sequence that is likely to stay short.
func NewShort() *List {
	l := &struct {
		list List
		room [2]Value
	}{}
	l.list.Sequence, l.list.Items = true, l.room[:0]
	return &l.list
}

// Push appends an item as it is.
func (l *List) Push(v Value) { l.Items = append(l.Items, v) }

// PushFlat appends the items of an array, or v itself where it is none.
// Undefined adds nothing.
func (l *List) PushFlat(v Value) {
	switch {
	case v.IsUndefined():
	case v.IsArray():
		l.Items = append(l.Items, v.Items()...)
	default:
		l.Items = append(l.Items, v)
	}
}

// Append joins two values as $append does: undefined adds nothing, what is no
// array counts as an array of one; the result is a plain array. Neither operand is
// changed.
func Append(a, b Value) Value {
	if a.IsUndefined() {
		return b
	}
	if b.IsUndefined() {
		return a
	}
	out := &List{}
	out.PushFlat(a)
	out.PushFlat(b)
	return OfList(out)
}

// Unwrap gives what a sequence stands for outside: undefined for none, the item
// for one unless it keeps its singleton, itself for more. Other values are
// themselves.
func Unwrap(v Value) Value {
	l, ok := v.ref.(*List)
	if !ok || !l.Sequence || l.Tuples {
		return v
	}
	switch len(l.Items) {
	case 0:
		return Undefined
	case 1:
		if !l.KeepSingleton {
			return l.Items[0]
		}
	}
	return v
}
