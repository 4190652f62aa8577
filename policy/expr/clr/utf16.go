package clr

import (
	"unicode/utf16"
	"unicode/utf8"
)

// .NET strings are UTF-16. They are kept here as UTF-8, with a lone surrogate in
// the three bytes that UTF-8 would give it (WTF-8), so that cutting a pair in two
// and joining it again loses nothing. Text that leaves the package is made valid.

// Ascii reports whether code units and bytes are the same.
func Ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Units gives the UTF-16 code units of s.
func Units(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			out = append(out, uint16(c))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if n == 1 {
			if c == 0xed && i+2 < len(s) {
				out = append(out, 0xd000|uint16(s[i+1]&0x3f)<<6|uint16(s[i+2]&0x3f))
				i += 3
				continue
			}
			r = utf8.RuneError
		}
		out = utf16.AppendRune(out, r)
		i += n
	}
	return out
}

// FromUnits is the inverse of units.
func FromUnits(u []uint16) string {
	out := make([]byte, 0, len(u))
	for i := 0; i < len(u); i++ {
		r := rune(u[i])
		if !utf16.IsSurrogate(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		if i+1 < len(u) {
			if p := utf16.DecodeRune(r, rune(u[i+1])); p != utf8.RuneError {
				out = utf8.AppendRune(out, p)
				i++
				continue
			}
		}
		out = append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f|0x80, 0x80|byte(r)&0x3f)
	}
	return string(out)
}

// Length is String.Length.
func Length(s string) int {
	if Ascii(s) {
		return len(s)
	}
	n := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < 0x80, c >= 0xc0 && c < 0xf0:
			n++
		case c >= 0xf0:
			n += 2
		}
	}
	return n
}

// Slice cuts code units [from, to).
func Slice(s string, from, to int) string {
	if Ascii(s) {
		return s[from:to]
	}
	return FromUnits(Units(s)[from:to])
}

// UnitAt gives one code unit.
func UnitAt(s string, i int) Char {
	if Ascii(s) {
		return Char(s[i])
	}
	return Char(Units(s)[i])
}

// UnitIndex turns a byte index of s into an index of code units.
func UnitIndex(s string, at int) int {
	if at < 0 {
		return at
	}
	return Length(s[:at])
}

// ByteIndex turns an index of code units into a byte index.
func ByteIndex(s string, unit int) int {
	if Ascii(s) {
		return unit
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i]&0xc0 == 0x80 {
			continue
		}
		if n >= unit {
			return i
		}
		n++
		if s[i] >= 0xf0 {
			n++
		}
	}
	return len(s)
}

// Valid replaces what UTF-8 does not allow.
func Valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string(utf16.Decode(Units(s)))
}

// Text gives the character as a string.
func (c Char) Text() string { return FromUnits([]uint16{uint16(c)}) }
