package crypto

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"

	"stile/policy/expr/clr"
)

// distinguished is X500DistinguishedName.
type distinguished struct{ raw []byte }

// RuntimeType names the .NET type.
func (*distinguished) RuntimeType() *clr.Type { return typeName }

// keyOf is the name of an attribute's type in a distinguished name.
func keyOf(id asn1.ObjectIdentifier) string {
	s := id.String()
	if strings.HasPrefix(s, "2.5.4.") || s == "0.9.2342.19200300.100.1.25" || s == "1.2.840.113549.1.9.1" {
		if name, ok := friendly(s).(string); ok {
			return name
		}
	}
	return "OID." + s
}

// relativeNames reads the parts of a name in their encoded order.
func relativeNames(raw []byte) pkix.RDNSequence {
	var out pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &out); err != nil {
		return nil
	}
	return out
}

// distinguishedName writes a name as X500DistinguishedName.Name does: the last part
// first, ", " between parts, " + " inside one, and quotes where a value needs them.
func distinguishedName(raw []byte) string {
	parts := namedParts(raw)
	slices.Reverse(parts)
	return strings.Join(parts, ", ")
}

// encodedName writes a name in its encoded order, as the older GetName does.
func encodedName(raw []byte) string { return strings.Join(namedParts(raw), ", ") }

func namedParts(raw []byte) (parts []string) {
	for _, set := range relativeNames(raw) {
		var pairs []string
		for _, p := range set {
			pairs = append(pairs, keyOf(p.Type)+"="+quoted(attribute(p.Value)))
		}
		parts = append(parts, strings.Join(pairs, " + "))
	}
	return parts
}

// attribute is a value's text; what is no text is # and its bytes in hexadecimal.
func attribute(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case asn1.RawValue:
		return "#" + strings.ToUpper(hex.EncodeToString(v.FullBytes))
	case []byte:
		return "#" + strings.ToUpper(hex.EncodeToString(v))
	}
	b, err := asn1.Marshal(v)
	if err != nil {
		return ""
	}
	return "#" + strings.ToUpper(hex.EncodeToString(b))
}

func quoted(s string) string {
	if s != "" && !strings.ContainsAny(s, ",+=\"\n<>#;") && strings.TrimSpace(s) == s {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// attributeOf finds the first value of a type in a name.
func attributeOf(raw []byte, id string) (string, bool) {
	for _, set := range relativeNames(raw) {
		for _, p := range set {
			if s, ok := p.Value.(string); ok && p.Type.String() == id {
				return s, true
			}
		}
	}
	return "", false
}

// The numbers of X509NameType.
const (
	nameSimple = iota
	nameEmail
	nameUPN
	nameDNS
	nameDNSAlternative
	nameURL
)

const (
	oidCommonName = "2.5.4.3"
	oidEmail      = "1.2.840.113549.1.9.1"
)

// nameInfo is X509Certificate2.GetNameInfo.
func (c *Certificate) nameInfo(kind int, forIssuer bool) string {
	raw, extension := c.leaf.RawSubject, "2.5.29.17"
	if forIssuer {
		raw, extension = c.leaf.RawIssuer, "2.5.29.18"
	}
	if kind == nameSimple {
		for _, id := range []string{oidCommonName, "2.5.4.11", "2.5.4.10", oidEmail} {
			if s, ok := attributeOf(raw, id); ok {
				return s
			}
		}
		for _, set := range relativeNames(raw) {
			for _, p := range set {
				if s, ok := p.Value.(string); ok {
					return s
				}
			}
		}
	}
	if s, ok := c.alternative(extension, kind); ok {
		return s
	}
	id := map[int]string{nameEmail: oidEmail, nameDNS: oidCommonName}[kind]
	s, _ := attributeOf(raw, id)
	return s
}

// alternative finds the first alternative name of a kind (RFC 5280, 4.2.1.6).
func (c *Certificate) alternative(extension string, kind int) (string, bool) {
	tag := map[int]int{nameSimple: 1, nameEmail: 1, nameDNS: 2, nameDNSAlternative: 2, nameURL: 6, nameUPN: 0}[kind]
	for _, e := range c.leaf.Extensions {
		if e.Id.String() != extension {
			continue
		}
		var list []asn1.RawValue
		if _, err := asn1.Unmarshal(e.Value, &list); err != nil {
			return "", false
		}
		for _, n := range list {
			if n.Tag != tag {
				continue
			}
			if kind != nameUPN {
				return string(n.Bytes), true
			}
			if s, ok := principalName(n); ok {
				return s, true
			}
		}
	}
	return "", false
}

// principalName reads Microsoft's user principal name out of an otherName.
func principalName(n asn1.RawValue) (string, bool) {
	var id asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(n.Bytes, &id)
	if err != nil || id.String() != "1.3.6.1.4.1.311.20.2.3" {
		return "", false
	}
	var outer, inner asn1.RawValue
	if _, err := asn1.Unmarshal(rest, &outer); err != nil {
		return "", false
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &inner); err != nil || inner.Tag != asn1.TagUTF8String {
		return "", false
	}
	return string(inner.Bytes), true
}
