// Package diag is the one shape in which every document of Stile reports its
// faults: a code, a severity, a place (file, line, column), the words, and a
// hint that says what to change.
//
// It is not an error type for running systems: executions fail with error names
// and causes, exchanges with statuses and last errors. Every parser and checker
// (asl, policy, config, files …) returns diag.List; the command line, the
// console and the wire only print it.
//
// Invariants: lines and columns start at 1 and count bytes' runes (a column is a
// count of code points); a List that was Sorted is in file, line, column order;
// a parser reports every fault it can find, never only the first.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a document with this diagnostic may be used.
type Severity string

// The severities: a document with an Error is not taken; a Warning is shown; a Note
// is shown and says that nothing is amiss.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Diagnostic is one fault of one document.
type Diagnostic struct {
	// Code names the kind of fault and is stable: STL-A… (ASL), STL-P… (policy),
	// STL-E… (expressions), STL-C… (stile.yaml and folders), STL-X… (across files),
	// or a vendor's own code where the wire has one (SCHEMA_VALIDATION_FAILED).
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	// File is the path as the user named it; empty where the text came over a wire.
	File string `json:"file,omitempty"`
	// Line and Column start at 1; zero where no place is known.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Path locates the fault inside the document, vendor's spelling: for ASL a
	// JSON pointer such as /States/Charge/Next.
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	// Hint says what to change; may be empty.
	Hint string `json:"hint,omitempty"`
	// Excerpt is the source line at Line, without its line end.
	Excerpt string `json:"excerpt,omitempty"`
	// Width is how many columns the caret line marks; zero is taken as one.
	Width int `json:"-"`
}

// String gives the one-line form "file:line:col: message [code]".
func (d Diagnostic) String() string {
	return d.place() + d.Message + " [" + d.Code + "]"
}

func (d Diagnostic) place() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File)
		b.WriteByte(':')
	}
	if d.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", d.Line, d.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	return b.String()
}

// Text gives the form for people: title, place, excerpt with a caret, hint.
func (d Diagnostic) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s[%s]: %s\n", d.Severity, d.Code, d.Message)
	if d.File != "" || d.Line > 0 {
		fmt.Fprintf(&b, "  --> %s\n", strings.TrimSuffix(strings.TrimSpace(d.place()), ":"))
	}
	if d.Excerpt != "" && d.Line > 0 {
		num := fmt.Sprint(d.Line)
		pad := strings.Repeat(" ", len(num))
		fmt.Fprintf(&b, "%s |\n%s | %s\n%s | %s%s\n", pad, num, d.Excerpt, pad,
			caretIndent(d.Excerpt, d.Column), strings.Repeat("^", max(d.Width, 1)))
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "  = help: %s\n", d.Hint)
	}
	return b.String()
}

// caretIndent keeps tabs, so that the caret stands under its column on any terminal.
func caretIndent(line string, col int) string {
	var b strings.Builder
	n := 1
	for _, r := range line {
		if n >= col {
			break
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
		n++
	}
	for ; n < col; n++ {
		b.WriteByte(' ')
	}
	return b.String()
}

// List is the faults of one or more documents.
type List []Diagnostic

// HasErrors reports whether any diagnostic has severity Error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Errors counts the diagnostics of severity Error.
func (l List) Errors() int {
	n := 0
	for _, d := range l {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Notes counts the diagnostics of severity Note.
func (l List) Notes() int {
	n := 0
	for _, d := range l {
		if d.Severity == Note {
			n++
		}
	}
	return n
}

// Sort orders by file, line, column, code, message, in place, and returns the
// list without exact repeats (a fragment's fault is found wherever it is included).
func (l List) Sort() List {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(l)
}

// Error makes a List an error whose text is its one-line forms; nil-safe callers
// test HasErrors first.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}
