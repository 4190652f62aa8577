package policy

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// entity reads an entity reference at the start of s, which begins with '&'. It
// gives the text it stands for and its length in s; n is 0 where none is there.
func entity(s string) (text string, n int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return "", 0
	}
	switch name := s[1:end]; name {
	case "lt":
		text = "<"
	case "gt":
		text = ">"
	case "amp":
		text = "&"
	case "quot":
		text = `"`
	case "apos":
		text = "'"
	default:
		if text = charReference(name); text == "" {
			return "", 0
		}
	}
	return text, end + 1
}

// charReference decodes "#10" and "#xA"; empty where it names no character.
func charReference(name string) string {
	if name[0] != '#' {
		return ""
	}
	digits, base := name[1:], 10
	if len(digits) > 1 && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base = digits[1:], 16
	}
	code, err := strconv.ParseUint(digits, base, 21)
	if err != nil || code == 0 || !utf8.ValidRune(rune(code)) {
		return ""
	}
	return string(rune(code))
}

// decoded is text with a map back to the offsets it came from.
type decoded struct {
	text string
	base int
	// cuts list where an entity shortened the text: from text offset at on, the
	// source lies shift bytes further. Sorted.
	cuts []cut
}

type cut struct{ at, shift int }

// source gives the offset in the tree's text of an offset in d.text.
func (d decoded) source(at int) int {
	shift := 0
	for _, c := range d.cuts {
		if c.at > at {
			break
		}
		shift = c.shift
	}
	return d.base + at + shift
}

// decode replaces the entity references of raw, which lies at base in the tree's
// text. Where keep is not nil, a reference inside a kept span [from,to) of raw
// stays as it is written.
func decode(raw string, base int, keep [][2]int) decoded {
	if strings.IndexByte(raw, '&') < 0 {
		return decoded{text: raw, base: base}
	}
	d := decoded{base: base}
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); {
		for len(keep) > 0 && keep[0][1] <= i {
			keep = keep[1:]
		}
		kept := len(keep) > 0 && keep[0][0] <= i
		if raw[i] != '&' || kept {
			b.WriteByte(raw[i])
			i++
			continue
		}
		text, n := entity(raw[i:])
		if n == 0 {
			b.WriteByte('&')
			i++
			continue
		}
		b.WriteString(text)
		i += n
		d.cuts = append(d.cuts, cut{at: b.Len(), shift: i - b.Len()})
	}
	d.text = b.String()
	return d
}

// escaped reports whether raw can be XML's own spelling of its text: no bare
// angle bracket, and each ampersand begins an entity reference.
func escaped(raw string) bool {
	if strings.IndexByte(raw, '<') >= 0 {
		return false
	}
	for i := 0; ; {
		at := strings.IndexByte(raw[i:], '&')
		if at < 0 {
			return true
		}
		_, n := entity(raw[i+at:])
		if n == 0 {
			return false
		}
		i += at + n
	}
}
