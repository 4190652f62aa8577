package crypto

import (
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeOid      = clr.Class(space + "Oid")
	typeOidGroup = clr.EnumType(space + "OidGroup")
)

// oid is Oid; either text may be null.
type oid struct{ value, name clr.Value }

// RuntimeType names the .NET type.
func (*oid) RuntimeType() *clr.Type { return typeOid }

// oidNames are the friendly names that Windows and .NET share.
var oidNames = [][2]string{
	{"1.2.840.113549.1.1.1", "RSA"}, {"1.2.840.113549.1.1.4", "md5RSA"}, {"1.2.840.113549.1.1.5", "sha1RSA"},
	{"1.2.840.113549.1.1.7", "RSAES_OAEP"}, {"1.2.840.113549.1.1.10", "RSASSA-PSS"}, {"1.2.840.113549.1.1.11", "sha256RSA"},
	{"1.2.840.113549.1.1.12", "sha384RSA"}, {"1.2.840.113549.1.1.13", "sha512RSA"},
	{"1.2.840.10045.2.1", "ECC"}, {"1.2.840.10045.4.3.2", "sha256ECDSA"}, {"1.2.840.10045.4.3.3", "sha384ECDSA"},
	{"1.2.840.10045.4.3.4", "sha512ECDSA"}, {"1.2.840.113549.2.5", "md5"}, {"1.3.14.3.2.26", "sha1"},
	{"2.16.840.1.101.3.4.2.1", "sha256"}, {"2.16.840.1.101.3.4.2.2", "sha384"}, {"2.16.840.1.101.3.4.2.3", "sha512"},
	{"2.16.840.1.101.3.4.1.2", "aes128"}, {"2.16.840.1.101.3.4.1.22", "aes192"}, {"2.16.840.1.101.3.4.1.42", "aes256"},
	{"1.2.840.113549.3.7", "3des"}, {"1.3.14.3.2.7", "des"}, {"1.3.101.112", "Ed25519"},
	{"2.5.4.3", "CN"}, {"2.5.4.6", "C"}, {"2.5.4.7", "L"}, {"2.5.4.8", "S"}, {"2.5.4.9", "STREET"}, {"2.5.4.10", "O"}, {"2.5.4.11", "OU"},
	{"2.5.4.4", "SN"}, {"2.5.4.5", "SERIALNUMBER"}, {"2.5.4.12", "T"}, {"2.5.4.13", "Description"}, {"2.5.4.17", "PostalCode"},
	{"2.5.4.18", "POBox"}, {"2.5.4.20", "Phone"}, {"2.5.4.42", "G"}, {"2.5.4.43", "I"}, {"2.5.4.46", "dnQualifier"},
	{"0.9.2342.19200300.100.1.25", "DC"}, {"1.2.840.113549.1.9.1", "E"},
	{"2.5.29.14", "Subject Key Identifier"}, {"2.5.29.15", "Key Usage"}, {"2.5.29.17", "Subject Alternative Name"},
	{"2.5.29.19", "Basic Constraints"}, {"2.5.29.37", "Enhanced Key Usage"},
	{"1.3.6.1.5.5.7.3.1", "Server Authentication"}, {"1.3.6.1.5.5.7.3.2", "Client Authentication"},
}

// friendly gives the name of an OID, null where it has none here.
func friendly(value string) clr.Value {
	for _, p := range oidNames {
		if p[0] == value {
			return p[1]
		}
	}
	return nil
}

// valueOf gives the OID of a friendly name without regard to case, else null.
func valueOf(name string) clr.Value {
	for _, p := range oidNames {
		if strings.EqualFold(p[1], name) {
			return p[0]
		}
	}
	return nil
}

func oidSpecs() []clr.TypeSpec {
	groups := "All HashAlgorithm EncryptionAlgorithm PublicKeyAlgorithm SignatureAlgorithm Attribute ExtensionOrAttribute " +
		"EnhancedKeyUsage Policy Template KeyDerivationFunction"
	return []clr.TypeSpec{{Type: typeOidGroup, Enum: groups}, {Type: typeOid, Members: []clr.MemberSpec{
		clr.Line("new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &oid{} }),
		clr.Line("new(string oid)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if v := valueOf(text(a[0])); v != nil {
				return &oid{v, a[0]}
			}
			return &oid{a[0], friendly(text(a[0]))}
		}),
		clr.Line("new(string value, string friendlyName)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return &oid{a[0], a[1]} }),
		clr.Line("new(Oid oid)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			o, ok := a[0].(*oid)
			if !ok {
				m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: oid")
			}
			return &oid{o.value, o.name}
		}),
		clr.Line("string Value", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*oid).value }),
		clr.Line("set string Value", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*oid).value = a[1]
			return nil
		}),
		clr.Line("string FriendlyName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			o := a[0].(*oid)
			if o.name == nil {
				return friendly(text(o.value))
			}
			return o.name
		}),
		clr.Line("set string FriendlyName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*oid).name = a[1]
			return nil
		}),
		clr.Line("static Oid FromOidValue(string oidValue, OidGroup group)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s := needText(m, a[0], "oidValue")
			name := friendly(s)
			if name == nil {
				fail(m, "The OID value is invalid.")
			}
			return &oid{s, name}
		}),
		clr.Line("static Oid FromFriendlyName(string friendlyName, OidGroup group)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s := needText(m, a[0], "friendlyName")
			v := valueOf(s)
			if v == nil {
				fail(m, "No OID value matches this name.")
			}
			return &oid{v, s}
		}),
	}}}
}
