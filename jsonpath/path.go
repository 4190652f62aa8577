// Package jsonpath compiles and evaluates the JSONPath dialect of AWS Step
// Functions: Jayway's, with its functions and filters, and the narrower
// reference paths that name exactly one place and may be written to.
//
// It is not RFC 9535 (Jayway differs in filters, multiple names and slices) and
// knows nothing of "$$" or of variables: package asl strips those before it
// compiles. asl is its only caller.
//
// Invariants: a compiled Path never changes and may be shared between
// goroutines; Eval of any path on any value ends without panic, within MaxWork
// and with a result of at most MaxBytes; a definite path gives a value or *NotFound, an
// indefinite one gives an array, maybe empty.
package jsonpath

import (
	"fmt"
	"strconv"
	"strings"

	"stile/jsonval"
)

// MaxWork bounds one Eval: a visit of a node costs 1, and 1 more for every 256
// bytes of its text, since a visit may scan it. MaxBytes bounds what an
// indefinite path collects.
const (
	MaxWork  = 2_000_000
	MaxBytes = 16 << 20
)

// Path is a compiled path.
type Path struct {
	text     string
	segs     []segment
	definite bool
}

type segKind uint8

const (
	segNames segKind = iota
	segWildcard
	segIndexes
	segSlice
	segFilter
	segFunction
)

// segment is one part of a path after "$" or "@".
type segment struct {
	kind     segKind
	deep     bool // after ".."
	names    []string
	indexes  []int
	from, to *int
	filter   filter
	function string
}

// SyntaxError says why a text is no path, and at which byte.
type SyntaxError struct {
	Offset int
	Reason string
}

// Error gives the reason with its offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset) }

// NotFound is what a definite path gives where the value is not there. Its words
// are Jayway's, as AWS prints them.
type NotFound struct {
	reason  string
	pastEnd bool
	unfit   bool
}

// Unfit says that an index, slice or filter met a value that it cannot apply to, which
// AWS tells in Jayway's words alone.
func (e *NotFound) Unfit() bool { return e.unfit }

// PastEnd says that the path ends with an index, which the array there is too short for.
func (e *NotFound) PastEnd() bool { return e.pastEnd }

// Error gives "No results for path: …", "Missing property in path …" and the like.
func (e *NotFound) Error() string { return e.reason }

// LimitError says that an evaluation went beyond MaxWork or MaxBytes.
type LimitError struct{ reason string }

// Error names the limit.
func (e *LimitError) Error() string { return e.reason }

// Compile reads a path that begins with "$". Errors are *SyntaxError.
func Compile(text string) (*Path, error) {
	p := &parser{text: text}
	if !strings.HasPrefix(text, "$") {
		return nil, &SyntaxError{0, "a path begins with $"}
	}
	p.pos = 1
	segs, err := p.segments()
	if err != nil {
		return nil, err
	}
	if p.pos != len(text) {
		return nil, p.fail("unexpected " + quoteRest(text[p.pos:]))
	}
	return &Path{text: text, segs: segs, definite: definite(segs)}, nil
}

// Text is the path as given to Compile.
func (p *Path) Text() string { return p.text }

// Definite says that the path names at most one value.
func (p *Path) Definite() bool { return p.definite }

func definite(segs []segment) bool {
	if n := len(segs); n > 0 && segs[n-1].kind == segFunction {
		return true
	}
	for i := range segs {
		if !segs[i].definite(i == len(segs)-1) {
			return false
		}
	}
	return true
}

// definite: several names at the end make one merged object, as in Jayway.
func (s *segment) definite(leaf bool) bool {
	if s.deep {
		return false
	}
	switch s.kind {
	case segNames:
		return len(s.names) == 1 || leaf
	case segIndexes:
		return len(s.indexes) == 1
	case segFunction:
		return true
	}
	return false
}

// Eval evaluates on root. A definite path gives the value or *NotFound; an
// indefinite one an array of all matches in document order. *LimitError is the
// only other error.
func (p *Path) Eval(root jsonval.Value) (jsonval.Value, error) {
	e := &evaluator{root: root, budget: MaxWork}
	return e.path(p.segs, p.definite, root)
}

// trail writes segments in Jayway's normal form: $['a'][0].
func trail(segs []segment) string {
	var b strings.Builder
	b.WriteByte('$')
	for i := range segs {
		s := &segs[i]
		if s.deep {
			b.WriteString("..")
		}
		switch s.kind {
		case segNames:
			b.WriteByte('[')
			for j, n := range s.names {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString("'" + n + "'")
			}
			b.WriteByte(']')
		case segIndexes:
			b.WriteByte('[')
			for j, n := range s.indexes {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteString(strconv.Itoa(n))
			}
			b.WriteByte(']')
		case segWildcard:
			b.WriteString("[*]")
		case segSlice:
			b.WriteString("[" + bound(s.from) + ":" + bound(s.to) + "]")
		case segFilter:
			b.WriteString("[?]")
		case segFunction:
			b.WriteString("." + s.function + "()")
		}
	}
	return b.String()
}

func bound(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func quoteRest(s string) string {
	if r := []rune(s); len(r) > 12 {
		s = string(r[:12]) + "…"
	}
	return strconv.Quote(s)
}
