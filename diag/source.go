package diag

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Source is a document's text with its name; it turns byte offsets into places.
type Source struct {
	file  string
	text  string
	lines []int // byte offset of each line's start
	// from is the document that text was made of, and origins the places in it, by
	// offset in text; nil where text is the document itself.
	from    *Source
	origins []Origin
}

// Origin says where in another document the text from a byte offset on comes from:
// line and column from 1.
type Origin struct{ Offset, Line, Column int }

// NewDerived indexes a text that was made of another document, such as JSON of YAML:
// its places and excerpts are those of the document. origins are sorted by offset;
// what stands behind one and before the next has the one's place.
func NewDerived(from *Source, text string, origins []Origin) *Source {
	s := NewSource(from.file, text)
	s.from, s.origins = from, origins
	return s
}

// NewSource indexes the lines of text once. A line ends at LF; a CR before it
// belongs to the line end.
func NewSource(file, text string) *Source {
	s := &Source{file: file, text: text, lines: []int{0}}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// File is the name given to NewSource.
func (s *Source) File() string { return s.file }

// Text is the whole document.
func (s *Source) Text() string { return s.text }

// Derived says that the text was made of another document: its own lines are not
// those of its places.
func (s *Source) Derived() bool { return s.from != nil }

// Place gives line and column, from 1, of a byte offset; an offset past the end
// is the place just behind the last character.
func (s *Source) Place(offset int) (line, column int) {
	offset = min(max(offset, 0), len(s.text))
	if s.from != nil {
		i, found := slices.BinarySearchFunc(s.origins, offset, func(o Origin, at int) int { return o.Offset - at })
		if !found {
			i--
		}
		if i < 0 {
			return 1, 1
		}
		return s.origins[i].Line, s.origins[i].Column
	}
	lo, hi := 0, len(s.lines)
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if s.lines[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1, utf8.RuneCountInString(s.text[s.lines[lo]:offset]) + 1
}

// Line gives the text of a line from 1, without its line end; empty if there is none.
func (s *Source) Line(n int) string {
	if s.from != nil {
		return s.from.Line(n)
	}
	if n < 1 || n > len(s.lines) {
		return ""
	}
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n] - 1
	}
	return strings.TrimSuffix(s.text[s.lines[n-1]:end], "\r")
}

// At fills in place and excerpt of d from a byte offset of s.
func (s *Source) At(offset int, d Diagnostic) Diagnostic {
	d.File = s.file
	d.Line, d.Column = s.Place(offset)
	d.Excerpt = s.Line(d.Line)
	if d.Severity == "" {
		d.Severity = Error
	}
	return d
}

// Nearest finds the candidate closest to name by edit distance, for "did you
// mean" hints; ok is false if none is near enough to be a slip of the hand.
func Nearest(name string, candidates []string) (best string, ok bool) {
	limit := max(1, len(name)/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c), limit); d <= limit {
			best, ok, limit = c, true, d-1
		}
		if limit < 0 {
			break
		}
	}
	return best, ok
}

// distance counts insertions, deletions, replacements and swaps of neighbours; it
// stops counting past limit.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) > limit {
		return limit + 1
	}
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
