package schema

import (
	"strings"
	"unicode/utf8"

	"stile/jsonval"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of values, as a set: one bit each.
const (
	Null Kind = 1 << iota
	Boolean
	Number
	String
	Array
	Object
)

// Value is one JSON value with its place in the text.
type Value struct {
	Kind Kind
	// Text is a string decoded, a number as it is written, true or false.
	Text string
	// Names and Items are an object's members in order; an array has Items alone.
	Names []string
	Items []*Value
	at    int // offset in the text
}

// MaxDepth is how deep a value may nest.
const MaxDepth = 128

// SyntaxError is a text that is no JSON, or nests too deep.
type SyntaxError struct {
	Reason         string
	Line, Position int
}

// Error gives the reason with its place.
func (e *SyntaxError) Error() string { return e.Reason + place(e.Line, e.Position) }

// Parse reads one JSON text strictly. The error is a *SyntaxError.
func Parse(text []byte) (*Value, error) {
	p := &parser{bytes: text, text: string(text)}
	if !utf8.ValidString(p.text) {
		return nil, &SyntaxError{Reason: "The text is not valid UTF-8.", Line: 1, Position: 1}
	}
	if _, err := jsonval.Parse(text); err != nil {
		at := 0
		if e, ok := err.(*jsonval.SyntaxError); ok {
			at = e.Offset
		}
		line, position := p.place(at)
		return nil, &SyntaxError{"The text is not JSON: " + err.Error() + ".", line, position}
	}
	v := p.value(0)
	if p.deep {
		line, position := p.place(p.i)
		return nil, &SyntaxError{"The text nests too deep.", line, position}
	}
	return v, nil
}

// parser makes a tree of a text that is known to be JSON.
type parser struct {
	bytes []byte
	text  string
	i     int
	deep  bool
}

func (p *parser) space() {
	for p.i < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.i]) >= 0 {
		p.i++
	}
}

func (p *parser) value(depth int) *Value {
	p.space()
	v := &Value{at: p.i}
	if depth > MaxDepth {
		p.deep = true
	}
	if p.deep {
		return v
	}
	switch c := p.text[p.i]; c {
	case '{', '[':
		v.Kind = Array
		if c == '{' {
			v.Kind = Object
		}
		p.items(v, c+2, depth)
	case '"':
		v.Kind, v.Text = String, p.str()
	case 't':
		v.Kind, v.Text = Boolean, "true"
		p.i += 4
	case 'f':
		v.Kind, v.Text = Boolean, "false"
		p.i += 5
	case 'n':
		v.Kind, v.Text = Null, "null"
		p.i += 4
	default:
		v.Kind = Number
		for p.i < len(p.text) && strings.IndexByte("+-.eE0123456789", p.text[p.i]) >= 0 {
			p.i++
		}
		v.Text = p.text[v.at:p.i]
	}
	return v
}

// items reads an array's or object's items up to its end; } and ] stand two behind
// their openings.
func (p *parser) items(v *Value, end byte, depth int) {
	p.i++
	for p.space(); !p.deep && p.text[p.i] != end; p.space() {
		if p.text[p.i] == ',' {
			p.i++
			p.space()
		}
		if v.Kind == Object {
			v.Names = append(v.Names, p.str())
			p.space()
			p.i++ // the colon
		}
		v.Items = append(v.Items, p.value(depth+1))
	}
	p.i++
}

func (p *parser) str() string {
	end := jsonval.SkipString(p.bytes, p.i)
	raw := p.text[p.i+1 : end-1]
	p.i = end
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return jsonval.Unquote([]byte(raw), jsonval.ReplaceSurrogates)
}

// place gives line and position of an offset, both from 1.
func (p *parser) place(at int) (line, position int) {
	before := p.text[:min(at, len(p.text))]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// Get gives the member of an object; with fold, names are compared without regard
// to case. nil where there is none. Of namesakes the last one counts.
func (v *Value) Get(name string, fold bool) *Value {
	for i := len(v.Names) - 1; i >= 0; i-- {
		if v.Names[i] == name || fold && strings.EqualFold(v.Names[i], name) {
			return v.Items[i]
		}
	}
	return nil
}

// TextValue is a string that stands nowhere.
func TextValue(text string) *Value { return &Value{Kind: String, Text: text} }
