package policy

import (
	"strings"

	"stile/diag"
)

// span is a stretch of a tree's text with where it came from. The spans of a
// tree cover its text; a tree without named values has none.
type span struct {
	from, to int // in the tree's text
	src      int // where it begins in the user's text
	// name is the named value that made this stretch, empty for the user's own text.
	name   string
	secret bool
}

// origin maps an offset of the tree's text to the user's text, and tells the
// stretch that it lies in. Every place inside a named value is the place of its
// {{name}}.
func (t *Tree) origin(at int) (src int, s span) {
	lo, hi := 0, len(t.spans)
	if hi == 0 {
		return at, span{}
	}
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; t.spans[mid].from <= at {
			lo = mid
		} else {
			hi = mid
		}
	}
	s = t.spans[lo]
	if s.name != "" {
		return s.src, s
	}
	return s.src + at - s.from, s
}

// place fills in file, line, column and excerpt of d, and hides text of secrets.
func (t *Tree) place(at, width int, d diag.Diagnostic) diag.Diagnostic {
	src, s := t.origin(at)
	d = t.src.At(src, d)
	d.Width = width
	if s.name != "" {
		d.Width = len(s.name) + 4
		d.Message += " (in the text of named value " + s.name + ")"
	}
	if s.secret {
		d.Message = "the text of secret named value " + s.name + " does not fit here"
		d.Hint = "check that the secret's text is what this place needs; it is not shown"
	}
	if rest := len([]rune(d.Excerpt)) - d.Column + 1; d.Width > rest {
		d.Width = max(rest, 1)
	}
	d.Message, d.Hint = t.hide(d.Message), t.hide(d.Hint)
	return d
}

// line gives the place of an offset in the user's text.
func (t *Tree) line(at int) (line, column int) {
	src, _ := t.origin(at)
	return t.src.Place(src)
}

// hide replaces the texts of secrets by ***.
func (t *Tree) hide(text string) string { return hide(text, t.secrets) }

func hide(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

// shown gives the tree's text from one offset to another with secrets hidden.
func (t *Tree) shown(from, to int) string {
	if len(t.spans) == 0 {
		return t.text[from:to]
	}
	var b strings.Builder
	for _, s := range t.spans {
		lo, hi := max(s.from, from), min(s.to, to)
		if lo >= hi {
			continue
		}
		if s.secret {
			b.WriteString("***")
		} else {
			b.WriteString(t.text[lo:hi])
		}
	}
	return b.String()
}
