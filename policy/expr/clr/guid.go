package clr

import (
	"encoding/hex"
	"strings"
)

// GUID is System.Guid, its bytes in the order of the text.
type GUID [16]byte

// String gives the D format.
func (g GUID) String() string {
	h := hex.EncodeToString(g[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Format is Guid.ToString(format).
func (g GUID) Format(m *Machine, f string) string {
	s := g.String()
	switch strings.ToUpper(f) {
	case "", "D":
		return s
	case "N":
		return strings.ReplaceAll(s, "-", "")
	case "B":
		return "{" + s + "}"
	case "P":
		return "(" + s + ")"
	}
	m.Throw(TypeFormat, `Format String can be only "D", "d", "N", "n", "P", "p", "B", "b", "X" or "x".`)
	return ""
}

// ReadGUID reads the N, D, B and P formats.
func ReadGUID(s string) (g GUID, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) > 2 && (s[0] == '{' && s[len(s)-1] == '}' || s[0] == '(' && s[len(s)-1] == ')') {
		s = s[1 : len(s)-1]
	}
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		return g, false
	}
	copy(g[:], b)
	return g, true
}

// ParseGUID is Guid.Parse.
func ParseGUID(m *Machine, s string) GUID {
	g, ok := ReadGUID(s)
	if !ok {
		m.Throw(TypeFormat, "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).")
	}
	return g
}

// Swapped turns between the text's order and the order of ToByteArray, whose first
// three fields are little-endian.
func (g GUID) Swapped() GUID {
	g[0], g[1], g[2], g[3] = g[3], g[2], g[1], g[0]
	g[4], g[5] = g[5], g[4]
	g[6], g[7] = g[7], g[6]
	return g
}
