package value

import "bytes"

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

// Verdict is what Probe says of an item.
type Verdict uint8

// The verdicts: there is no item any more; the item has no such member; the member
// is the constant, or another; only a full evaluation can tell.
const (
	End Verdict = iota
	Missing
	Equals
	Differs
	Unsure
)

// Probe goes to the next item and compares its member of a name with a number,
// string, boolean or null. The item is given with Equals and Differs alone.
func (it *Iterator) Probe(name string, constant *Value) (item Value, verdict Verdict) {
	d := it.cursor.doc
	if d == nil {
		return it.probe(name, constant)
	}
	p, ok := it.cursor.item()
	if !ok {
		return Undefined, End
	}
	if p.container < 0 || d.text[p.start] != '{' {
		return Undefined, Unsure
	}
	m, ok := d.find(p.container, name)
	switch {
	case !ok:
		return Undefined, Missing
	case m.container >= 0 && d.text[m.start] == '[':
		return Undefined, Unsure
	case m.container < 0 && d.equal(m, constant):
		return d.container(p.container), Equals
	}
	return d.container(p.container), Differs
}

// equal compares a scalar's text with a constant.
func (d *document) equal(m place, constant *Value) bool {
	text := d.text[m.start:m.end]
	switch constant.kind {
	case NumberKind:
		return (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && parseNumber(text) == constant.num
	case StringKind:
		if text[0] != '"' {
			return false
		}
		text = text[1 : len(text)-1]
		return string(text) == constant.str && bytes.IndexByte(text, '\\') < 0 || bytes.IndexByte(text, '\\') >= 0 && unquote(text) == constant.str
	}
	return fromScalar(text).Same(*constant)
}

func (it *Iterator) probe(name string, constant *Value) (item Value, verdict Verdict) {
	item, ok := it.Next()
	if !ok {
		return Undefined, End
	}
	if !item.IsObject() || item.IsTuple() {
		return Undefined, Unsure
	}
	v := item.Get(name)
	switch {
	case v.IsUndefined():
		return Undefined, Missing
	case v.IsArray():
		return Undefined, Unsure
	case v.Same(*constant):
		return item, Equals
	}
	return item, Differs
}

// At gives item i of an array of text that was not read yet; ok is false where v is
// none, or has no such item.
func (v Value) At(i int) (item Value, ok bool) {
	d, lazy := v.ref.(*document)
	if !lazy || v.kind != ArrayKind {
		return Undefined, false
	}
	for c := d.walk(int(v.num)); ; i-- {
		p, more := c.item()
		if !more {
			return Undefined, false
		}
		if i == 0 {
			return d.value(p), true
		}
	}
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
