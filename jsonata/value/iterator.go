package value

// Iterator walks an array's items without reading the array as a whole.
type Iterator struct {
	items  []Value
	cursor cursor
}

// Iterate begins a walk over an array's items; over none where v is no array.
func (v Value) Iterate() Iterator {
	if d, ok := v.ref.(*document); ok && v.kind == ArrayKind {
		return Iterator{cursor: d.walk(int(v.num))}
	}
	return Iterator{items: v.Items()}
}

// Next gives the next item; ok is false at the end.
func (it *Iterator) Next() (item Value, ok bool) {
	if d := it.cursor.doc; d != nil {
		p, ok := it.cursor.item()
		if !ok {
			return Undefined, false
		}
		return d.value(p), true
	}
	if len(it.items) == 0 {
		return Undefined, false
	}
	item, it.items = it.items[0], it.items[1:]
	return item, true
}
