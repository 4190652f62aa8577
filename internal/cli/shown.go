package cli

import (
	"strings"
	"unicode"
)

// shown is text that a client, a backend or a file has written, as a terminal may get
// it: without what commands the terminal or turns the line round. Lines and tabs stay.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // the last two: directions of Unicode
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
