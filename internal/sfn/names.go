package sfn

import "strings"

// LegalName reports whether AWS takes a name: it forbids white space, brackets,
// wildcards, some punctuation, control characters, surrogates and noncharacters
// (CreateStateMachine's page of the service model). Its length is not looked at.
func LegalName(name string) bool {
	for _, r := range name {
		if strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) || r <= 0x20 || r >= 0x7F && r <= 0xA0 ||
			r >= 0xFFFD && r <= 0xFFFF || r >= 0x10FFFE || isSpace(r) {
			return false
		}
	}
	return true
}

func isSpace(r rune) bool {
	switch r {
	case 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}
