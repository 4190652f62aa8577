package jsonval

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions below walk text that Parse has validated; they check nothing.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for ; ; i++ {
			switch b[i] {
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			case '"':
				i = skipString(b, i) - 1
			}
		}
	}
	for i < len(b) {
		switch b[i] {
		case ',', ']', '}', ':', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	return i
}

// SkipSpace gives the first place from i on in a text that Parse has taken where no
// space stands. Evaluators that index Raw themselves walk with it and SkipString.
func SkipSpace(b []byte, i int) int { return skipSpace(b, i) }

// SkipString gives the place behind the string that begins at i.
func SkipString(b []byte, i int) int { return skipString(b, i) }

// Surrogates is what becomes of half a surrogate pair in a JSON string, which no
// UTF-8 text has.
type Surrogates bool

// ReplaceSurrogates makes it U+FFFD, as Str does. KeepSurrogates makes it the three
// bytes that WTF-8 has for it (ED A0 80 to ED BF BF), for languages in whose
// strings it may stand.
const (
	ReplaceSurrogates Surrogates = false
	KeepSurrogates    Surrogates = true
)

// Unquote decodes what stands between the quotes of a string in a text that Parse
// has taken.
func Unquote(b []byte, lone Surrogates) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	return unescape(b, lone)
}

func unquote(b []byte) string { return unescape(b, ReplaceSurrogates) }

func unescape(b []byte, lone Surrogates) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			out = append(out, b[i])
			i++
			continue
		}
		switch c := b[i+1]; c {
		case 'u':
			r := rune(hex4(b[i+2:]))
			i += 6
			if utf16.IsSurrogate(r) {
				if i+5 < len(b) && b[i] == '\\' && b[i+1] == 'u' {
					if r2 := utf16.DecodeRune(r, rune(hex4(b[i+2:]))); r2 != utf8.RuneError {
						out = utf8.AppendRune(out, r2)
						i += 6
						continue
					}
				}
				if lone == KeepSurrogates {
					out = append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
					continue
				}
				r = utf8.RuneError
			}
			out = utf8.AppendRune(out, r)
			continue
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		i += 2
	}
	return string(out)
}

func hex4(b []byte) uint16 {
	var n uint16
	for _, c := range b[:4] {
		n <<= 4
		switch {
		case c >= 'a':
			n |= uint16(c-'a') + 10
		case c >= 'A':
			n |= uint16(c-'A') + 10
		default:
			n |= uint16(c - '0')
		}
	}
	return n
}
