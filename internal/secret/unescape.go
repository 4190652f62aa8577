package secret

import (
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// escaping is one way that text is written inside other text.
type escaping struct {
	sign byte // without it in the text nothing is escaped
	// one gives what the escape at the beginning of text stands for, and its length;
	// 0 where there is none.
	one func(text []byte) (plain []byte, n int)
}

// escapings lists those that the Masker undoes.
var escapings = []escaping{
	{'%', percent},
	{'+', func(text []byte) ([]byte, int) {
		if text[0] == '+' {
			return []byte{' '}, 1
		}
		return percent(text)
	}},
	{'\\', backslash},
	{'&', entity},
}

// unescape undoes one escaping and keeps where each byte came from; ok is false
// where nothing was escaped.
func unescape(text []byte, at []span, one func([]byte) ([]byte, int)) (plain []byte, places []span, ok bool) {
	plain, places = make([]byte, 0, len(text)), make([]span, 0, len(text))
	for i := 0; i < len(text); {
		p, n := one(text[i:])
		if n == 0 {
			p, n = text[i:i+1], 1
		} else {
			ok = true
		}
		place := span{int32(i), int32(i + n)}
		if at != nil {
			place = span{at[i].from, at[i+n-1].to}
		}
		for range p {
			places = append(places, place)
		}
		plain = append(plain, p...)
		i += n
	}
	return plain, places, ok
}

func percent(text []byte) ([]byte, int) {
	if text[0] != '%' {
		return nil, 0
	}
	n, ok := hex(text, 1, 2)
	if !ok {
		return nil, 0
	}
	return []byte{byte(n)}, 3
}

func hex(text []byte, from, digits int) (n uint64, ok bool) {
	if from+digits > len(text) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[from:from+digits]), 16, 32)
	return n, err == nil
}

// backslash reads the escapes of JSON and of Go's quoted text.
func backslash(text []byte) ([]byte, int) {
	if text[0] != '\\' || len(text) < 2 {
		return nil, 0
	}
	switch c := text[1]; c {
	case 'n':
		return []byte{'\n'}, 2
	case 'r':
		return []byte{'\r'}, 2
	case 't':
		return []byte{'\t'}, 2
	case 'b':
		return []byte{'\b'}, 2
	case 'f':
		return []byte{'\f'}, 2
	case 'a':
		return []byte{'\a'}, 2
	case 'v':
		return []byte{'\v'}, 2
	case '"', '\\', '/', '\'':
		return []byte{c}, 2
	case 'x':
		if n, ok := hex(text, 2, 2); ok {
			return []byte{byte(n)}, 4
		}
	case 'u':
		return unicodeEscape(text)
	case 'U':
		if n, ok := hex(text, 2, 8); ok && n <= utf8.MaxRune {
			return utf8.AppendRune(nil, rune(n)), 10
		}
	}
	return nil, 0
}

func unicodeEscape(text []byte) ([]byte, int) {
	n, ok := hex(text, 2, 4)
	if !ok {
		return nil, 0
	}
	r := rune(n)
	if utf16.IsSurrogate(r) && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if low, ok := hex(text, 8, 4); ok {
			if both := utf16.DecodeRune(r, rune(low)); both != utf8.RuneError {
				return utf8.AppendRune(nil, both), 12
			}
		}
	}
	return utf8.AppendRune(nil, r), 6
}

// longestEntity bounds how far the end of an HTML entity is sought.
const longestEntity = 12

func entity(text []byte) ([]byte, int) {
	if text[0] != '&' {
		return nil, 0
	}
	for i := 2; i < min(len(text), longestEntity); i++ {
		if text[i] != ';' {
			continue
		}
		raw := string(text[:i+1])
		if plain := html.UnescapeString(raw); plain != raw {
			return []byte(plain), i + 1
		}
		break
	}
	return nil, 0
}
