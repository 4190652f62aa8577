package doctree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"stile/diag"
)

// ParseJSON reads one JSON text strictly: no duplicate members, nothing behind
// it, valid UTF-8. A byte order mark at its beginning is passed over.
func ParseJSON(src *diag.Source) (*Node, diag.List) {
	text := strings.TrimPrefix(src.Text(), "\ufeff")
	r := &jsonReader{src: src, text: text, base: len(src.Text()) - len(text)}
	switch {
	case len(text) > MaxBytes:
		return nil, diag.List{place(src, 1, 1, CodeSyntax, fmt.Sprintf("the document is larger than %d bytes", MaxBytes), "")}
	case !utf8.ValidString(text):
		return nil, diag.List{place(src, 1, 1, CodeSyntax, "the text is not valid UTF-8", "save it as UTF-8")}
	}
	r.dec = json.NewDecoder(bytes.NewReader([]byte(text)))
	r.dec.UseNumber()
	root, err := r.value(0)
	if err == nil {
		if _, err2 := r.dec.Token(); !errors.Is(err2, io.EOF) {
			r.at(r.next(), CodeSyntax, "text behind the end of the JSON value", "remove it")
		}
	} else {
		r.syntax(err)
	}
	return root, r.faults.Sort()
}

type jsonReader struct {
	src    *diag.Source
	text   string
	base   int
	dec    *json.Decoder
	faults diag.List
	nodes  int
	keys   keySets
	// last, line and column are the place that was asked for last: counting goes on from
	// there, so that one long line costs no more than many.
	last, line, column int
}

// place gives line and column of an offset in the source.
func (r *jsonReader) place(offset int) (line, column int) {
	if r.src.Derived() || offset < r.last {
		return r.src.Place(offset)
	}
	if r.line == 0 {
		r.line, r.column = 1, 1
	}
	text := r.src.Text()
	for _, c := range text[r.last:min(offset, len(text))] {
		if r.column++; c == '\n' {
			r.line, r.column = r.line+1, 1
		}
	}
	r.last = offset
	return r.line, r.column
}

var errTooLarge = fmt.Errorf("more than %d values, or nested deeper than %d", MaxNodes, MaxDepth)

// next is the offset where the next token begins.
func (r *jsonReader) next() int {
	i := int(r.dec.InputOffset())
	for i < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[i]) >= 0 {
		i++
	}
	return i
}

func (r *jsonReader) at(offset int, code, message, hint string) {
	r.faults = append(r.faults, r.src.At(r.base+offset, diag.Diagnostic{Code: code, Message: message, Hint: hint}))
}

func (r *jsonReader) syntax(err error) {
	offset := r.next()
	var se *json.SyntaxError
	if errors.As(err, &se) && se.Offset > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
		offset = max(offset, min(int(se.Offset)-1, len(r.text)))
	}
	message := strings.TrimPrefix(err.Error(), "json: ")
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message, offset = "the text ends too early", len(r.text)
	}
	r.at(offset, CodeSyntax, "not readable JSON: "+message, "")
}

func (r *jsonReader) value(depth int) (*Node, error) {
	start := r.next()
	tok, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	if r.nodes++; r.nodes > MaxNodes || depth > MaxDepth {
		return nil, errTooLarge
	}
	n := &Node{}
	n.Line, n.Column = r.place(r.base + start)
	switch t := tok.(type) {
	case nil:
	case bool:
		n.Kind, n.Text = Bool, fmt.Sprint(t)
	case json.Number:
		n.Kind, n.Text = Number, t.String()
	case string:
		n.Kind, n.Text = String, t
	case json.Delim:
		return n, r.compound(n, t, depth)
	}
	return n, nil
}

func (r *jsonReader) compound(n *Node, open json.Delim, depth int) error {
	n.Kind = List
	if open == '{' {
		n.Kind = Map
	}
	for r.dec.More() {
		if n.Kind == List {
			it, err := r.value(depth + 1)
			if err != nil {
				return err
			}
			n.Items = append(n.Items, it)
			continue
		}
		if err := r.member(n, depth); err != nil {
			return err
		}
	}
	_, err := r.dec.Token()
	return err
}

func (r *jsonReader) member(n *Node, depth int) error {
	start := r.next()
	tok, err := r.dec.Token()
	if err != nil {
		return err
	}
	name, _ := tok.(string)
	m := Member{Name: name}
	m.Line, m.Column = r.place(r.base + start)
	if m.Value, err = r.value(depth + 1); err != nil {
		return err
	}
	if r.keys.twice(n, name) {
		r.at(start, CodeDuplicate, "the member "+quoted(name)+" stands twice", "remove one of them")
		return nil
	}
	n.Members = append(n.Members, m)
	return nil
}
