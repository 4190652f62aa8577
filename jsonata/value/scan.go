package value

import "strings"

// The functions below walk JSON text that jsonval has validated; they check
// nothing.

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return i
}

// skipScalar passes a value that is no container.
func skipScalar(s string, i int) int {
	if s[i] == '"' {
		return skipString(s, i)
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
	text  string
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

// name notes a name, which stands between quotes.
func (o *opened) name(name string, escaped bool) {
	hash := len(name) * 11
	if len(name) > 0 {
		hash += int(name[0]) + 5*int(name[len(name)-1])
	}
	bit := uint64(1) << (hash & 63)
	o.twice = o.twice || escaped || o.names&bit != 0
	o.names |= bit
}

// structural are the bytes that index stops at.
var structural = [256]bool{'"': true, '{': true, '[': true, '}': true, ']': true}

// index finds the containers of a text.
func index(text string) *document {
	d := &document{text: text}
	d.spans = d.few[:0]
	if n := len(text) / 32; n > len(d.few) {
		d.spans = make([]span, 0, n)
	}
	var room [16]opened
	open := room[:0]
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !structural[c] {
			continue
		}
		switch {
		case c == '"':
			start, escaped := i, false
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
					escaped = true
				}
			}
			i++
			at := i
			if text[at] <= ' ' {
				at = skipSpace(text, at)
			}
			if text[at] == ':' {
				open[len(open)-1].name(text[start+1:i-1], escaped)
			}
			i--
		case c|0x20 == '{': // and [
			open = append(open, opened{span: uint32(len(d.spans))})
			d.spans = append(d.spans, span{start: uint32(i)})
		case c|0x20 == '}': // and ]
			o := &open[len(open)-1]
			open = open[:len(open)-1]
			s := &d.spans[o.span]
			s.end, s.next, s.distinct = uint32(i+1), uint32(len(d.spans)), !o.twice
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
	return cursor{d, skipSpace(d.text, int(d.spans[at].start)+1), at + 1}
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
		c.at = skipSpace(text, c.at)
	}
	if text[c.at] == ',' {
		if c.at++; text[c.at] <= ' ' {
			c.at = skipSpace(text, c.at)
		}
	}
	return p, true
}

// member gives the next member's name, as between its quotes, and its place.
func (c *cursor) member() (name string, p place, ok bool) {
	text := c.doc.text
	if text[c.at] == '}' {
		return "", p, false
	}
	end := skipString(text, c.at)
	name = text[c.at+1 : end-1]
	if c.at = end; text[c.at] != ':' {
		c.at = skipSpace(text, c.at)
	}
	if c.at++; text[c.at] <= ' ' {
		c.at = skipSpace(text, c.at)
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
	var found place
	for c := d.walk(at); ; {
		n, p, ok := c.member()
		if !ok {
			break
		}
		if n == name || len(n) > len(name) && strings.IndexByte(n, '\\') >= 0 && unquote(n) == name {
			found = p
			if d.spans[at].distinct {
				break
			}
		}
	}
	if found.end == 0 {
		return Undefined
	}
	return d.value(found)
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

// shared remembers what was read of a lazy container, from the second reading on.
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
	if s.object == nil {
		if s.uses++; s.uses == 1 {
			return s.doc.member(s.at, name)
		}
	}
	return s.asObject().Get(name)
}
