package liquid

import "strings"

// tokenKind is what a stretch of a template is.
type tokenKind uint8

const (
	textToken   tokenKind = iota
	tagToken              // {% name markup %}
	outputToken           // {{ markup }}
)

// token is a stretch of the template. at and end bound it with its braces; text is
// the literal text, or the markup between the braces without hyphens, which begins
// at inner.
type token struct {
	kind           tokenKind
	at, end, inner int
	text           string
	// name is a tag's; text is what stands behind it then.
	name string
}

// Fault is what is amiss in a template, at a byte offset of its text. A Warning
// does not keep the template from rendering.
type Fault struct {
	At, Width     int
	Message, Hint string
	Warning       bool
}

// scanner splits a template. Hyphens trim as DotLiquid 2.0 does: one before takes
// blanks and tabs away, one behind takes a line end, or blanks and tabs.
type scanner struct {
	s      string
	i      int
	tokens []token
	faults []Fault
}

func (sc *scanner) scan() {
	for sc.i < len(sc.s) {
		n := strings.Index(sc.s[sc.i:], "{")
		for n >= 0 && !opens(sc.s[sc.i+n:]) {
			next := strings.Index(sc.s[sc.i+n+1:], "{")
			if next < 0 {
				n = -1
				break
			}
			n += next + 1
		}
		if n < 0 {
			sc.literal(len(sc.s))
			return
		}
		sc.literal(sc.i + n)
		if !sc.markup() {
			return
		}
	}
}

func opens(s string) bool { return strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "{%") }

// literal takes the text up to an offset.
func (sc *scanner) literal(to int) {
	from := sc.i
	sc.i = to
	text := sc.s[from:to]
	if to+2 < len(sc.s) && opens(sc.s[to:]) && sc.s[to+2] == '-' {
		text = strings.TrimRight(text, " \t")
	}
	if text != "" {
		sc.tokens = append(sc.tokens, token{kind: textToken, at: from, end: to, inner: from, text: text})
	}
}

// markup takes a tag or an output at sc.i; false where it is not ended.
func (sc *scanner) markup() bool {
	t := token{kind: outputToken, at: sc.i, inner: sc.i + 2}
	closer := "}}"
	if sc.s[sc.i+1] == '%' {
		t.kind, closer = tagToken, "%}"
	}
	end := closes(sc.s[t.inner:], closer)
	if end < 0 {
		what, must := "output", "}}"
		if t.kind == tagToken {
			what, must = "tag", "%}"
		}
		sc.faults = append(sc.faults, Fault{At: t.at, Width: 2, Message: "the " + what + " of the template is not ended", Hint: "end it with " + must})
		sc.i = len(sc.s)
		return false
	}
	stop := t.inner + end
	t.end = stop + 2
	if strings.HasPrefix(sc.s[t.inner:stop], "-") {
		t.inner++
	}
	t.text = sc.s[t.inner:max(stop, t.inner)]
	sc.i = t.end
	if strings.HasSuffix(t.text, "-") {
		t.text = t.text[:len(t.text)-1]
		sc.i += trimmed(sc.s[t.end:])
	}
	if t.kind == tagToken {
		sc.named(&t)
	}
	sc.tokens = append(sc.tokens, t)
	if t.kind == tagToken && verbatim(t.name) {
		sc.verbatim(&t)
	}
	return true
}

// closes finds the end of a tag, passing over quoted text.
func closes(s, closer string) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\'':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				// A quote without its pair, as in {{ it's }}: the next end is taken.
				return index(s, i, closer)
			}
			i += n + 1
		case strings.HasPrefix(s[i:], closer):
			return i
		}
	}
	return -1
}

func index(s string, from int, what string) int {
	if n := strings.Index(s[from:], what); n >= 0 {
		return from + n
	}
	return -1
}

// trimmed is how much a hyphen behind takes of the text that follows.
func trimmed(s string) int {
	switch {
	case strings.HasPrefix(s, "\n"):
		return 1
	case strings.HasPrefix(s, "\r\n"):
		return 2
	}
	return len(s) - len(strings.TrimLeft(s, " \t"))
}

// named splits a tag's markup into its name and the rest.
func (sc *scanner) named(t *token) {
	lead := len(t.text) - len(strings.TrimLeft(t.text, blanks))
	n := lead
	for n < len(t.text) && wordByte(t.text[n]) {
		n++
	}
	t.name = t.text[lead:n]
	t.inner += n
	t.text = t.text[n:]
	if t.name == "" {
		sc.faults = append(sc.faults, Fault{At: t.at, Width: 2, Message: "the tag has no name", Hint: "write {% name … %}"})
	}
}

const blanks = " \t\r\n\v\f"

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func verbatim(name string) bool { return name == "raw" || name == "literal" || name == "comment" }

// verbatim takes the text up to the end tag of raw, literal or comment as it is.
func (sc *scanner) verbatim(t *token) {
	for from := sc.i; ; {
		n := index(sc.s, from, "{%")
		if n < 0 {
			sc.i = len(sc.s) // the parser tells that the tag is not closed
			return
		}
		inner := strings.TrimLeft(strings.TrimPrefix(sc.s[n+2:], "-"), blanks)
		if rest, ok := strings.CutPrefix(inner, "end"+t.name); ok && (rest == "" || !wordByte(rest[0])) {
			sc.literal(n)
			return
		}
		from = n + 2
	}
}
