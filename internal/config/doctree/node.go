// Package doctree reads YAML and JSON into one small tree that knows where each
// key and value stands, and checks such a tree against a list of known keys.
//
// It is not a codec for Go structs and not the JSON value of evaluators (that is
// jsonval): it serves the documents that people write beside their workflows and
// APIs, where a fault must name file, line and column. config and files call it.
//
// Invariants: a parser reports every fault it can and never panics on any input;
// a tree holds at most MaxNodes nodes, aliases counted each time they are used;
// a key stands once in a map.
package doctree

import (
	"strconv"
	"strings"

	"stile/diag"
	"stile/jsonval"
)

// MaxNodes bounds a document's tree; MaxDepth how deep it nests; MaxBytes its text.
const (
	MaxNodes = 200_000
	MaxDepth = 200
	MaxBytes = 8 << 20
)

// Codes of this package's faults.
const (
	CodeSyntax     = "STL-C001" // not readable YAML or JSON
	CodeUnknownKey = "STL-C002"
	CodeValue      = "STL-C003" // a value of the wrong kind or outside its range
	CodeMissing    = "STL-C004"
	CodeDuplicate  = "STL-C005"
	CodeNotUsed    = "STL-C006" // warning: a file or property that Stile reads past
)

// Kind is what a Node is.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
)

// String names a kind for messages.
func (k Kind) String() string {
	return [...]string{"null", "true or false", "a number", "text", "a list", "a map"}[k]
}

// Node is one value with its place.
type Node struct {
	Kind Kind
	// Text is a scalar's text: a string decoded, a number in JSON's spelling, true
	// or false.
	Text         string
	Line, Column int
	Members      []Member
	Items        []*Node
}

// Member is one key of a map with its value.
type Member struct {
	Name         string
	Line, Column int
	Value        *Node
}

// Get gives the value of a key, nil where there is none or n is no map; it is
// safe on nil.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if n.Members[i].Name == name {
			return n.Members[i].Value
		}
	}
	return nil
}

// JSON gives the tree as compact JSON text, members in the document's order.
func (n *Node) JSON() []byte { return n.appendJSON(nil) }

func (n *Node) appendJSON(b []byte) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	switch n.Kind {
	case Bool, Number:
		return append(b, n.Text...)
	case String:
		return jsonval.AppendString(b, n.Text)
	case List:
		b = append(b, '[')
		for i, it := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = it.appendJSON(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(jsonval.AppendString(b, m.Name), ':')
			b = m.Value.appendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// LinedJSON gives the tree as JSON text in which every key and item begins on
// the line where it stands in the source, as far as the order of lines allows:
// a fault found in the JSON names the right line of a YAML document.
func (n *Node) LinedJSON() []byte {
	text, _ := n.JSONWithOrigins()
	return text
}

// JSONWithOrigins is LinedJSON with the place of every key and value, for
// diag.NewDerived.
func (n *Node) JSONWithOrigins() ([]byte, []diag.Origin) {
	w := &liner{line: 1}
	w.node(n)
	return append(w.b, '\n'), w.origins
}

type liner struct {
	b       []byte
	line    int
	origins []diag.Origin
}

func (w *liner) to(line int) {
	for w.line < line {
		w.b = append(w.b, '\n')
		w.line++
	}
}

func (w *liner) from(line, column int) {
	w.origins = append(w.origins, diag.Origin{Offset: len(w.b), Line: line, Column: column})
}

func (w *liner) node(n *Node) {
	if n != nil {
		w.from(n.Line, n.Column)
	}
	if n == nil || n.Kind != Map && n.Kind != List {
		w.b = n.appendJSON(w.b)
		return
	}
	open, end := byte('{'), byte('}')
	if n.Kind == List {
		open, end = '[', ']'
	}
	w.b = append(w.b, open)
	for i, m := range n.Members {
		w.comma(i)
		w.to(m.Line)
		w.from(m.Line, m.Column)
		w.b = append(jsonval.AppendString(w.b, m.Name), ':', ' ')
		w.node(m.Value)
	}
	for i, it := range n.Items {
		w.comma(i)
		w.to(it.Line)
		w.node(it)
	}
	w.b = append(w.b, end)
}

func (w *liner) comma(i int) {
	if i > 0 {
		w.b = append(w.b, ',', ' ')
	}
}

// place makes a diagnostic at a line and column of src.
func place(src *diag.Source, line, column int, code, message, hint string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, File: src.File(), Line: line, Column: column,
		Message: message, Hint: hint, Excerpt: src.Line(line)}
}

// numberText gives a YAML or JSON number in JSON's spelling.
func numberText(text string) (string, bool) {
	if jsonval.IsText(text) {
		return text, true
	}
	clean := strings.ReplaceAll(text, "_", "")
	if n, err := strconv.ParseInt(clean, 0, 64); err == nil {
		return strconv.FormatInt(n, 10), true
	}
	if f, err := strconv.ParseFloat(clean, 64); err == nil {
		if v := jsonval.OfFloat(f); !v.IsNull() {
			return string(v.Raw()), true
		}
	}
	return "", false
}
