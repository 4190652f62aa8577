package files

import (
	"fmt"
	"slices"
	"strings"

	"stile/internal/config/doctree"
	"stile/jsonpath"
)

// CodeIndex is the fault of a field of index that cannot be one.
const CodeIndex = "STL-C026"

// maxIndex is how many fields a state machine's executions are found by at most.
const maxIndex = 16

// IndexField is one entry of index: a name, and the place of its value.
type IndexField struct {
	Name string
	// Output says that Path is in the output, else it is in the input.
	Output bool
	Path   *jsonpath.Reference
}

// index reads {NAME: $.input.PATH} and {NAME: $.output.PATH}.
func (m *StateMachine) index(r *doctree.Reader) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.Map {
			r.Fault(n, doctree.CodeValue, "index is a map of names and paths", "write for example `index: {sku: $.input.sku}`")
			return
		}
		for i, member := range n.Members {
			switch {
			case i == maxIndex:
				r.FaultAt(member.Line, member.Column, CodeIndex, fmt.Sprintf("a state machine has at most %d fields", maxIndex), "remove those that nobody searches by")
			case i < maxIndex:
				m.indexField(r, member)
			}
		}
		slices.SortFunc(m.Index, func(a, b IndexField) int { return strings.Compare(a.Name, b.Name) })
	}
}

func (m *StateMachine) indexField(r *doctree.Reader, member doctree.Member) {
	if !fieldName(member.Name) {
		r.FaultAt(member.Line, member.Column, CodeIndex, "a field's name has 1 to 64 letters, digits, - and _, and begins with a letter", "give the field another name")
	}
	var text string
	faults := len(r.Faults())
	if r.NonEmpty(&text)(member.Value); len(r.Faults()) > faults {
		return
	}
	f := IndexField{Name: member.Name}
	rest, ok := strings.CutPrefix(text, "$.input")
	if !ok {
		rest, ok = strings.CutPrefix(text, "$.output")
		f.Output = true
	}
	if !ok || rest == "" || rest[0] != '.' && rest[0] != '[' {
		r.Fault(member.Value, CodeIndex, "a field's place is below $.input or $.output", "write for example $.input.sku")
		return
	}
	path, err := jsonpath.CompileReference("$" + rest)
	if err != nil {
		r.Fault(member.Value, CodeIndex, "this is no reference path: names and indexes alone lead to a field", "write for example $.input.customer.id or $.input.items[0]")
		return
	}
	f.Path = path
	m.Index = append(m.Index, f)
}

// indexable warns where there is nothing to be found.
func (m *StateMachine) indexable(r *doctree.Reader, root *doctree.Node) {
	if n := root.Get("index"); n != nil && m.Type == "EXPRESS" {
		r.Warn(n.Line, n.Column, CodeIndex, "EXPRESS executions are not listed, so that they are found by no field", "remove index")
	}
}

func fieldName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '-' && c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
