package doctree

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"stile/diag"
)

// Reader checks a tree against what a document may say and gathers the faults.
type Reader struct {
	src    *diag.Source
	faults diag.List
	// Loose makes unknown keys a warning "not used": for folders that another tool
	// extracted, where Stile reads less than there is.
	Loose bool
}

// NewReader makes a Reader for the document that src is.
func NewReader(src *diag.Source) *Reader { return &Reader{src: src} }

// Faults gives what was found, sorted.
func (r *Reader) Faults() diag.List { return r.faults.Sort() }

// Source is the document.
func (r *Reader) Source() *diag.Source { return r.src }

// Fault reports an error at a node; a nil node is the document's beginning.
func (r *Reader) Fault(n *Node, code, message, hint string) {
	line, column := 1, 1
	if n != nil {
		line, column = n.Line, n.Column
	}
	r.faults = append(r.faults, place(r.src, line, column, code, message, hint))
}

// FaultAt reports an error at a line and column.
func (r *Reader) FaultAt(line, column int, code, message, hint string) {
	r.faults = append(r.faults, place(r.src, line, column, code, message, hint))
}

// Warn reports a warning at a line and column.
func (r *Reader) Warn(line, column int, code, message, hint string) {
	d := place(r.src, line, column, code, message, hint)
	d.Severity = diag.Warning
	r.faults = append(r.faults, d)
}

// Field is one key that a map may have. Read is not called where the key is
// absent or null; a nil Read accepts any value and reads past it.
type Field struct {
	Name     string
	Required bool
	Read     func(*Node)
	// Later names the key as one of another version: it is refused with that reason.
	Later bool
}

// Map checks that n is a map of the given fields and reads them in the document's
// order. what names the map in messages, such as "stile.yaml" or "a sample".
func (r *Reader) Map(n *Node, what string, fields ...Field) {
	if n == nil || n.Kind != Map {
		r.wrong(n, what+" must be a map of keys")
		return
	}
	for _, m := range n.Members {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == m.Name })
		switch {
		case i < 0:
			r.unknown(m, what, fields)
		case fields[i].Later:
			r.FaultAt(m.Line, m.Column, CodeUnknownKey, "the key "+quoted(m.Name)+" of "+what+" is not in this version",
				"remove it; known keys: "+names(fields))
		case m.Value.Kind == Null:
			if fields[i].Required {
				r.Fault(m.Value, CodeMissing, quoted(m.Name)+" of "+what+" has no value", "")
			}
		case fields[i].Read != nil:
			fields[i].Read(m.Value)
		}
	}
	for _, f := range fields {
		if f.Required && n.Get(f.Name) == nil {
			r.Fault(n, CodeMissing, what+" has no "+quoted(f.Name), "add "+quoted(f.Name))
		}
	}
}

func (r *Reader) unknown(m Member, what string, fields []Field) {
	if r.Loose {
		r.Warn(m.Line, m.Column, CodeNotUsed, "the property "+quoted(m.Name)+" of "+what+" is not used", "")
		return
	}
	var known []string
	for _, f := range fields {
		if !f.Later {
			known = append(known, f.Name)
		}
	}
	hint := "known keys: " + names(fields)
	if near, ok := diag.Nearest(m.Name, known); ok {
		hint = "did you mean " + quoted(near) + "?"
	}
	d := place(r.src, m.Line, m.Column, CodeUnknownKey, "unknown key "+quoted(m.Name)+" in "+what, hint)
	d.Width = utf8.RuneCountInString(m.Name)
	r.faults = append(r.faults, d)
}

func names(fields []Field) string {
	var out []string
	for _, f := range fields {
		if !f.Later {
			out = append(out, f.Name)
		}
	}
	return strings.Join(out, ", ")
}

func (r *Reader) wrong(n *Node, message string) {
	if n != nil {
		message += ", not " + n.Kind.String()
	}
	r.Fault(n, CodeValue, message, "")
}

// Text gives a Read that takes text (a number or a boolean as it is written).
func (r *Reader) Text(to *string) func(*Node) {
	return func(n *Node) {
		if n.Kind == List || n.Kind == Map {
			r.wrong(n, "this must be text")
			return
		}
		*to = n.Text
	}
}

// NonEmpty gives a Read that takes text that is not empty.
func (r *Reader) NonEmpty(to *string) func(*Node) {
	return func(n *Node) {
		r.Text(to)(n)
		if n.Kind <= String && strings.TrimSpace(n.Text) == "" {
			r.Fault(n, CodeValue, "this must not be empty", "")
		}
	}
}

// Bool gives a Read that takes true or false.
func (r *Reader) Bool(to *bool) func(*Node) {
	return func(n *Node) {
		if n.Kind != Bool {
			r.wrong(n, "this must be true or false")
			return
		}
		*to = n.Text == "true"
	}
}

// Int gives a Read that takes a whole number.
func (r *Reader) Int(to *int) func(*Node) {
	return func(n *Node) {
		v, err := strconv.Atoi(n.Text)
		if n.Kind != Number || err != nil {
			r.wrong(n, "this must be a whole number")
			return
		}
		*to = v
	}
}

// OneOf gives a Read that takes one of the given words.
func (r *Reader) OneOf(to *string, words ...string) func(*Node) {
	return func(n *Node) {
		if n.Kind == String && slices.Contains(words, n.Text) {
			*to = n.Text
			return
		}
		hint := "write one of: " + strings.Join(words, ", ")
		if near, ok := diag.Nearest(n.Text, words); ok {
			hint = "did you mean " + quoted(near) + "?"
		}
		r.Fault(n, CodeValue, quoted(n.Text)+" is not allowed here", hint)
	}
}

// Each gives a Read that takes a list and reads every item.
func (r *Reader) Each(item func(*Node)) func(*Node) {
	return func(n *Node) {
		if n.Kind != List {
			r.wrong(n, "this must be a list")
			return
		}
		for _, it := range n.Items {
			item(it)
		}
	}
}

// Texts gives a Read that takes a list of text, or one text alone.
func (r *Reader) Texts(to *[]string) func(*Node) {
	return func(n *Node) {
		if n.Kind == String {
			*to = append(*to, n.Text)
			return
		}
		r.Each(func(it *Node) {
			var s string
			r.Text(&s)(it)
			*to = append(*to, s)
		})(n)
	}
}

func quoted(s string) string { return strconv.Quote(s) }
