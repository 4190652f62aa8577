package gateway

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// maxPath bounds a request's path, in bytes.
const maxPath = 8 << 10

var (
	errPathForm   = errors.New("the path does not begin with / or is too long")
	errPathEscape = errors.New("the path has a broken escape")
	errPathChar   = errors.New("the path has a character that is not allowed: NUL, control, backslash, encoded slash, or invalid UTF-8")
	errPathDots   = errors.New("the path has a dot segment")
)

// Canonical gives the one form of a request's path that routing, permissions and
// the backend share: escapes that need not be are decoded, the others are in
// upper case, bytes that need one get one, and slashes that follow each other
// are one. Paths that two parties could read in two ways are refused: NUL and
// other controls, encoded slashes, backslashes in any form, `.` and `..`
// segments in any form, invalid UTF-8.
func Canonical(raw string) (string, error) {
	if raw == "" || raw[0] != '/' || len(raw) > maxPath {
		return "", errPathForm
	}
	if plain(raw) {
		return raw, nil
	}
	out := make([]byte, 0, len(raw))
	decoded := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c, escaped := raw[i], false
		if c == '%' {
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return "", errPathEscape
			}
			c, escaped = unhex(raw[i+1])<<4|unhex(raw[i+2]), true
			i += 2
		}
		switch {
		case c < 0x20 || c == 0x7f || c == '\\' || escaped && c == '/' || !escaped && (c == '#' || c == '?'):
			return "", errPathChar
		case !escaped && c == '/' && len(out) > 0 && out[len(out)-1] == '/':
			continue
		case unreserved(c) || !escaped && strings.IndexByte("/!$&'()*+,;=:@", c) >= 0:
			out = append(out, c)
		default:
			out = append(out, '%', upperHex[c>>4], upperHex[c&15])
		}
		decoded = append(decoded, c)
	}
	if !utf8.Valid(decoded) {
		return "", errPathChar
	}
	if dotSegment(string(decoded)) {
		return "", errPathDots
	}
	return string(out), nil
}

// plain reports whether a path is canonical as it is, without allocating.
func plain(p string) bool {
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '/' && i > 0 && p[i-1] == '/' || c != '/' && c != ':' && c != '@' && !unreserved(c) || c == '.' && p[i-1] == '/' {
			return false
		}
	}
	return true
}

// dotSegment looks for segments that are `.` or `..`, with or without path
// parameters behind them (`..;x` is one to some servers).
func dotSegment(p string) bool {
	for seg := range strings.SplitSeq(p, "/") {
		seg, _, _ = strings.Cut(seg, ";")
		if seg == "." || seg == ".." {
			return true
		}
	}
	return false
}

const upperHex = "0123456789ABCDEF"

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
