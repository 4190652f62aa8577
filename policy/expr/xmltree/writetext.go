package xmltree

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// check notes the first character that cannot stand in XML.
func (w *writer) check(r rune, n int) {
	if w.err == nil && (!IsChar(r) || r == utf8.RuneError && n == 1) {
		w.err = fmt.Errorf("%s is an invalid character", strings.TrimSuffix(shown(r), ",")+",")
	}
}

func (w *writer) text(s string) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '&':
			w.b = append(w.b, "&amp;"...)
		case c == '<':
			w.b = append(w.b, "&lt;"...)
		case c == '>':
			w.b = append(w.b, "&gt;"...)
		case c == '\r' && !w.layout.Prefixes:
			// As XmlWriter does with its default handling of new lines.
			if i+1 >= len(s) || s[i+1] != '\n' {
				w.b = append(w.b, '\n')
			}
		case c >= 0x20 && c < 0x80:
			w.b = append(w.b, c)
		default:
			i += w.wide(s[i:])
			continue
		}
		i++
	}
}

func (w *writer) wide(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	w.check(r, n)
	w.b = append(w.b, s[:n]...)
	return n
}

func (w *writer) value(s string) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '&':
			w.b = append(w.b, "&amp;"...)
		case c == '<':
			w.b = append(w.b, "&lt;"...)
		case c == '>':
			w.b = append(w.b, "&gt;"...)
		case c == '"':
			w.b = append(w.b, "&quot;"...)
		case c == '\n':
			w.b = append(w.b, "&#xA;"...)
		case c == '\r':
			w.b = append(w.b, "&#xD;"...)
		case c == '\t' && !w.layout.Prefixes:
			w.b = append(w.b, "&#x9;"...)
		case c >= 0x20 && c < 0x80:
			w.b = append(w.b, c)
		default:
			i += w.wide(s[i:])
			continue
		}
		i++
	}
}
