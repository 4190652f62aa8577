package value

import (
	"bytes"

	"stile/jsonval"
)

// The functions below walk JSON text that jsonval has validated; they check
// nothing.

// skipScalar passes a value that is no container.
func skipScalar(s []byte, i int) int {
	if s[i] == '"' {
		return jsonval.SkipString(s, i)
	}
	for ; i < len(s); i++ {
		if c := s[i]; c == ',' || c|0x20 == '}' || c <= ' ' {
			return i
		}
	}
	return i
}

// document is a JSON text with the places of its containers, so that one pass over
// the text pays for all later ones.
type document struct {
	text  []byte
	spans []span // in the order in which they begin
	few   [8]span
}

// span is a container: where it begins and ends, which container is the next that
// is not inside it, and whether its names are known to differ, which lets a search
// end at the first that fits.
type span struct {
	start, end, next uint32
	distinct         bool
}

// opened is a container whose end was not reached yet, with a bit for each of its
// names.
type opened struct {
	span  uint32
	twice bool // two names may be the same
	names uint64
}

// structural are the bytes that index stops at.
var structural = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}

// index finds the containers of a text.
func index(text []byte) *document {
	d := &document{text: text}
	d.spans = d.few[:0]
	if n := len(text) / 32; n > len(d.few) {
		d.spans = make([]span, 0, n)
	}
	var (
		room [16]opened
		open = room[:0]
		in   opened // the innermost
	)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !structural[c] {
			continue
		}
		switch {
		case c == '"':
			start, escaped := i+1, false
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
					escaped = true
				}
			}
			at := i + 1
			if text[at] <= ' ' {
				at = jsonval.SkipSpace(text, at)
			}
			if text[at] == ':' {
				// the length and the ends of a name choose its bit
				hash := (i - start) * 11
				if i > start {
					hash += int(text[start]) + 5*int(text[i-1])
				}
				bit := uint64(1) << (hash & 63)
				if escaped || in.names&bit != 0 {
					in.twice = true
				}
				in.names |= bit
			}
		case c|0x20 == '{': // and [
			open = append(open, in)
			in = opened{span: uint32(len(d.spans))}
			d.spans = append(d.spans, span{start: uint32(i)})
		case c|0x20 == '}': // and ]
			s := &d.spans[in.span]
			s.end, s.next, s.distinct = uint32(i+1), uint32(len(d.spans)), !in.twice
			in, open = open[len(open)-1], open[:len(open)-1]
		}
	}
	return d
}

// container gives the value of a document's container.
func (d *document) container(at int) Value {
	kind := ObjectKind
	if d.text[d.spans[at].start] == '[' {
		kind = ArrayKind
	}
	return Value{kind: kind, num: float64(at), ref: d}
}

// cursor walks the items or members of a container.
type cursor struct {
	doc  *document
	at   int // in the text
	next int // container
}

func (d *document) walk(at int) cursor {
	return cursor{d, jsonval.SkipSpace(d.text, int(d.spans[at].start)+1), at + 1}
}

// place is where a value stands: in the text, or among the containers.
type place struct{ start, end, container int }

// item gives the next item's place; ok is false at the end.
func (c *cursor) item() (p place, ok bool) {
	text := c.doc.text
	switch b := text[c.at]; {
	case b|0x20 == '}':
		return p, false
	case b|0x20 == '{':
		s := &c.doc.spans[c.next]
		p = place{c.at, int(s.end), c.next}
		c.next = int(s.next)
	default:
		p = place{c.at, skipScalar(text, c.at), -1}
	}
	c.at = p.end
	if text[c.at] != ',' {
		c.at = jsonval.SkipSpace(text, c.at)
	}
	if text[c.at] == ',' {
		if c.at++; text[c.at] <= ' ' {
			c.at = jsonval.SkipSpace(text, c.at)
		}
	}
	return p, true
}

// member gives the next member's name, as between its quotes, and its place.
func (c *cursor) member() (name []byte, p place, ok bool) {
	text := c.doc.text
	if text[c.at] == '}' {
		return nil, p, false
	}
	end := jsonval.SkipString(text, c.at)
	name = text[c.at+1 : end-1]
	if c.at = end; text[c.at] != ':' {
		c.at = jsonval.SkipSpace(text, c.at)
	}
	if c.at++; text[c.at] <= ' ' {
		c.at = jsonval.SkipSpace(text, c.at)
	}
	p, _ = c.item()
	return name, p, true
}

// value gives what stands at a place.
func (d *document) value(p place) Value {
	if p.container >= 0 {
		return d.container(p.container)
	}
	return fromScalar(d.text[p.start:p.end])
}

// member gives the member of that name, the last where it stands twice.
func (d *document) member(at int, name string) Value {
	found, ok := d.find(at, name)
	if !ok {
		return Undefined
	}
	return d.value(found)
}

// find gives the place of the member of that name.
func (d *document) find(at int, name string) (found place, ok bool) {
	for c := d.walk(at); ; {
		n, p, more := c.member()
		if !more {
			return found, ok
		}
		if string(n) == name || len(n) > len(name) && bytes.IndexByte(n, '\\') >= 0 && unquote(n) == name {
			found, ok = p, true
			if d.spans[at].distinct {
				return found, ok
			}
		}
	}
}

func (d *document) count(at int) int {
	n := 0
	for c := d.walk(at); ; n++ {
		if _, ok := c.item(); !ok {
			return n
		}
	}
}

// list reads one level of an array; share makes its containers shared.
func (d *document) list(at int, share bool) *List {
	l := &List{}
	if n := d.count(at); n > 0 {
		l.Items = make([]Value, 0, n)
	}
	for c := d.walk(at); ; {
		p, ok := c.item()
		if !ok {
			return l
		}
		v := d.value(p)
		if share {
			v = v.Share()
		}
		l.Items = append(l.Items, v)
	}
}

// object reads one level of an object; share makes its containers shared.
func (d *document) object(at int, share bool) *Object {
	o := &Object{}
	for c := d.walk(at); ; {
		n, p, ok := c.member()
		if !ok {
			return o
		}
		v := d.value(p)
		if share {
			v = v.Share()
		}
		o.Set(unquote(n), v)
	}
}

// shared remembers what was read of a lazy container, from some readings on.
type shared struct {
	doc    *document
	at     int
	uses   int
	list   *List
	object *Object
}

func (s *shared) asList() *List {
	if s.list == nil {
		s.list = s.doc.list(s.at, true)
	}
	return s.list
}

func (s *shared) asObject() *Object {
	if s.object == nil {
		s.object = s.doc.object(s.at, true)
	}
	return s.object
}

func (s *shared) get(name string) Value {
	// containers are passed in one step, so that a walk costs little
	const walks = 8
	if s.object == nil {
		if s.uses++; s.uses <= walks {
			return s.doc.member(s.at, name)
		}
	}
	return s.asObject().Get(name)
}
