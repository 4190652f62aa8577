package xmltree

import "unicode"

// IsChar tells the characters that XML may hold.
func IsChar(r rune) bool {
	return r >= 0x20 && r <= 0xd7ff || r == '\t' || r == '\n' || r == '\r' || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

// IsNameStart tells the characters that a name without a colon may begin with.
func IsNameStart(r rune) bool {
	if r < 0x80 {
		return r == '_' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)
}

// IsNameChar tells the characters that may follow.
func IsNameChar(r rune) bool {
	if r < 0x80 {
		return r == '-' || r == '.' || r >= '0' && r <= '9' || IsNameStart(r)
	}
	return r == 0xb7 || unicode.IsLetter(r) || unicode.In(r, unicode.Nl, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Lm)
}

// BadName gives the first character that keeps s from being a name without a
// colon, and where it is; ok where there is none. An empty s is no name.
func BadName(s string) (r rune, at int, ok bool) {
	for i, r := range s {
		if i == 0 && !IsNameStart(r) || i > 0 && !IsNameChar(r) {
			return r, i, false
		}
	}
	return 0, 0, s != ""
}

// Blank tells text that is white space alone, or empty.
func Blank(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
