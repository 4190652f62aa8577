package library

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Strings are WTF-8: UTF-8 in which a lone surrogate may stand, as three bytes.

// decoded gives the characters of s; a lone surrogate is one.
func decoded(s string) []rune {
	if utf8.ValidString(s) {
		return []rune(s)
	}
	out := make([]rune, 0, len(s))
	for i := 0; i < len(s); {
		r, n := next(s[i:])
		out = append(out, r)
		i += n
	}
	return out
}

func next(s string) (r rune, size int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 && surrogate(s) {
		return rune(s[0]&0xf)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return r, n
}

func surrogate(s string) bool {
	return len(s) > 2 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2]&0xc0 == 0x80
}

// encoded gives the string of characters. Two surrogates that make a pair become
// one character.
func encoded(rs []rune) string {
	var b strings.Builder
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		switch {
		case r < 0xd800 || r > 0xdfff:
			b.WriteRune(r)
		case r < 0xdc00 && i+1 < len(rs) && rs[i+1] >= 0xdc00 && rs[i+1] <= 0xdfff:
			b.WriteRune((r-0xd800)<<10 + rs[i+1] - 0xdc00 + 0x10000)
			i++
		default:
			b.Write([]byte{0xe0 | byte(r>>12), 0x80 | byte(r>>6)&0x3f, 0x80 | byte(r)&0x3f})
		}
	}
	return b.String()
}

// length counts characters.
func length(s string) int {
	if utf8.ValidString(s) {
		return utf8.RuneCountInString(s)
	}
	return len(decoded(s))
}

// units counts the UTF-16 units of characters.
func units(rs []rune) int {
	n := len(rs)
	for _, r := range rs {
		if r > 0xffff {
			n++
		}
	}
	return n
}

// unit finds the character at a place counted in UTF-16 units.
func unit(rs []rune, at float64) int {
	n := 0.0
	for i, r := range rs {
		if n >= at {
			return i
		}
		n++
		if r > 0xffff {
			n++
		}
	}
	return len(rs)
}

// slice is JavaScript's: places are cut to integers, negative ones count from the end.
func slice[T any](list []T, start, end float64) []T {
	size := float64(len(list))
	place := func(n float64) int {
		if n = math.Trunc(n); n < 0 {
			n += size
		}
		return int(min(max(n, 0), size))
	}
	from, to := place(start), place(end)
	return list[min(from, to):to]
}
