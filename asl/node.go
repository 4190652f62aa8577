package asl

import (
	"stile/diag"
	"stile/jsonval"
)

// node is one JSON value of a definition with its place.
type node struct {
	kind        jsonval.Kind
	offset, end int    // in the source
	text        string // decoded, of a string
	items       []*node
	members     []member
}

type member struct {
	name   string
	offset int // of the name
	value  *node
}

// nested says that other nodes stand inside n.
func (n *node) nested() bool { return len(n.members)+len(n.items) > 0 }

// get gives the first member of that name; nil where there is none.
func (n *node) get(name string) *node {
	for i := range n.members {
		if n.members[i].name == name {
			return n.members[i].value
		}
	}
	return nil
}

// doubled says that another member before m has m's exact name.
func (n *node) doubled(m member) bool {
	for i := range n.members {
		if n.members[i].offset == m.offset {
			return false
		}
		if n.members[i].name == m.name {
			return true
		}
	}
	return false
}

// value gives the node's JSON as written.
func (n *node) value(src *diag.Source) jsonval.Value {
	v, err := jsonval.ParseString(src.Text()[n.offset:n.end])
	if err != nil {
		panic("asl: a node's text was validated before: " + err.Error())
	}
	return v
}

// parseNodes reads the whole source. Errors are *jsonval.SyntaxError.
func parseNodes(src *diag.Source) (*node, error) {
	text := src.Text()
	if _, err := jsonval.ParseString(text); err != nil {
		return nil, err
	}
	r := &nodeReader{text: text}
	r.space()
	return r.node(), nil
}

// nodeReader walks validated text, so it checks nothing.
type nodeReader struct {
	text string
	pos  int
}

func (r *nodeReader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *nodeReader) node() *node {
	n := &node{offset: r.pos}
	switch r.text[r.pos] {
	case '{':
		n.kind = jsonval.ObjectKind
		for r.open(); r.text[r.pos] != '}'; r.next() {
			m := member{offset: r.pos}
			m.name = r.str()
			r.space()
			r.pos++ // :
			r.space()
			m.value = r.node()
			n.members = append(n.members, m)
		}
		r.pos++
	case '[':
		n.kind = jsonval.ArrayKind
		for r.open(); r.text[r.pos] != ']'; r.next() {
			n.items = append(n.items, r.node())
		}
		r.pos++
	case '"':
		n.kind = jsonval.String
		n.text = r.str()
	default:
		for r.pos < len(r.text) && !endsWord(r.text[r.pos]) {
			r.pos++
		}
		n.kind = wordKind(r.text[n.offset])
	}
	n.end = r.pos
	return n
}

func (r *nodeReader) open() {
	r.pos++
	r.space()
}

func (r *nodeReader) next() {
	r.space()
	if r.text[r.pos] == ',' {
		r.pos++
		r.space()
	}
}

func (r *nodeReader) str() string {
	start := r.pos
	for r.pos++; r.text[r.pos] != '"'; r.pos++ {
		if r.text[r.pos] == '\\' {
			r.pos++
		}
	}
	r.pos++
	v, err := jsonval.ParseString(r.text[start:r.pos])
	if err != nil {
		panic("asl: a string's text was validated before: " + err.Error())
	}
	s, _ := v.Str()
	return s
}

func endsWord(c byte) bool {
	switch c {
	case ',', ']', '}', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

func wordKind(c byte) jsonval.Kind {
	switch c {
	case 't':
		return jsonval.True
	case 'f':
		return jsonval.False
	case 'n':
		return jsonval.Null
	}
	return jsonval.Number
}
