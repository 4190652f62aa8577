package clientcert

import (
	"crypto/x509/pkix"
	"slices"
	"strings"
)

// nameTypes are the attribute types of names by their keywords, RFC 4514's and .NET's.
var nameTypes = map[string]string{
	"CN": "2.5.4.3", "SN": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7", "S": "2.5.4.8", "ST": "2.5.4.8",
	"STREET": "2.5.4.9", "O": "2.5.4.10", "OU": "2.5.4.11", "T": "2.5.4.12", "TITLE": "2.5.4.12", "G": "2.5.4.42", "GN": "2.5.4.42",
	"I": "2.5.4.43", "DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"E": "1.2.840.113549.1.9.1", "EMAIL": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

// sameName compares a name as it is written, CN=a, O=b, with that of a certificate.
// Writers list it from either end: both orders are taken. Case does not matter.
func sameName(text string, names []pkix.AttributeTypeAndValue) bool {
	want, ok := readName(text)
	if !ok || len(want) != len(names) {
		return false
	}
	fits := func(at func(i int) int) bool {
		for i, w := range want {
			n := names[at(i)]
			value, text := n.Value.(string)
			if !text || n.Type.String() != w[0] || !strings.EqualFold(value, w[1]) {
				return false
			}
		}
		return true
	}
	return fits(func(i int) int { return i }) || fits(func(i int) int { return len(names) - 1 - i })
}

// readName takes TYPE=VALUE parts apart; each is the type's OID and the value. A value
// may stand in quotes, and a backslash escapes what follows it.
func readName(text string) (out [][2]string, ok bool) {
	for rest := strings.TrimSpace(text); rest != ""; {
		kind, after, found := strings.Cut(rest, "=")
		kind = strings.ToUpper(strings.TrimSpace(kind))
		oid, known := nameTypes[kind]
		if number, dotted := strings.CutPrefix(kind, "OID."); dotted || kind != "" && kind[0] >= '0' && kind[0] <= '9' {
			oid, known = number, true
		}
		if !found || !known {
			return nil, false
		}
		value, left, whole := nameValue(strings.TrimLeft(after, " "))
		if !whole {
			return nil, false
		}
		out, rest = append(out, [2]string{oid, value}), strings.TrimLeft(left, " ")
	}
	return out, len(out) > 0
}

// nameValue reads a value up to the comma, plus sign or semicolon that ends it.
func nameValue(text string) (value, rest string, ok bool) {
	var b strings.Builder
	quoted, end := false, 0 // end: how much of b is not space that only fills up
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
			end = b.Len()
		case c == '"' && quoted && i+1 < len(text) && text[i+1] == '"':
			i++
			b.WriteByte('"')
			end = b.Len()
		case c == '"':
			quoted = !quoted
			end = b.Len()
		case !quoted && slices.Contains([]byte(",+;"), c):
			return b.String()[:end], text[i+1:], true
		default:
			b.WriteByte(c)
			if quoted || c != ' ' {
				end = b.Len()
			}
		}
	}
	return b.String()[:end], "", !quoted
}
