package crypto

import (
	"crypto/x509"
	"time"

	"stile/policy/expr/clr"
)

func certificateSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{
		{Type: typeContent, Enum: "Unknown=0 Cert=1 SerializedCert=2 Pfx=3 Pkcs12=3 SerializedStore=4 Pkcs7=5 Authenticode=6"},
		{Type: typeNameType, Enum: "SimpleName EmailName UpnName DnsName DnsFromAlternativeName UrlName"},
		{Type: typeName, Members: []clr.MemberSpec{
			clr.Line("string Name", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return m.Text(distinguishedName(a[0].(*distinguished).raw))
			}),
			clr.Line("byte[] RawData", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return append([]byte{}, a[0].(*distinguished).raw...)
			}),
		}},
		{Type: typePublicKey, Members: []clr.MemberSpec{
			clr.Line("AsymmetricAlgorithm Key", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				key := a[0].(*publicKey).c.publicRSA()
				if key == nil {
					m.Throw(clr.TypeNotSupported, "The certificate key algorithm is not supported.")
				}
				return key
			}),
			clr.Line("Oid Oid", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return oidOf(a[0].(*publicKey).c.info.algorithm)
			}),
			clr.Line("RSA GetRSAPublicKey()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return a[0].(*publicKey).c.publicRSA()
			}),
		}},
		{Type: typeCertificate, Bases: "IDisposable", Members: append(baseMembers(), baseTexts()...)},
		{Type: TypeCertificate2, Bases: "X509Certificate", Members: append(certificateMembers(), certificateTexts()...)},
		{Type: typeRSACertificates, Members: []clr.MemberSpec{
			clr.Line("ext RSA GetRSAPrivateKey(X509Certificate2)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return needCertificate(m, a[0]).privateRSA()
			}),
			clr.Line("ext RSA GetRSAPublicKey(X509Certificate2)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return needCertificate(m, a[0]).publicRSA()
			}),
			clr.Line("ext X509Certificate2 CopyWithPrivateKey(X509Certificate2, RSA privateKey)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return needCertificate(m, a[0]).withKey(m, a[1])
			}),
			clr.Line("ext bool VerifyNoRevocation(X509Certificate2)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return needCertificate(m, a[0]).verify(m, false)
			}),
		}},
	}
}

// publicKey is X509Certificate2.PublicKey.
type publicKey struct{ c *Certificate }

// RuntimeType names the .NET type.
func (*publicKey) RuntimeType() *clr.Type { return typePublicKey }

func oidOf(value string) clr.Value { return &oid{value, friendly(value)} }

func needCertificate(m *clr.Machine, v clr.Value) *Certificate {
	c, ok := v.(*Certificate)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: certificate")
	}
	return c
}

// textLine is a member without arguments that gives text.
func textLine(sig string, f func(c *Certificate) string) clr.MemberSpec {
	return clr.Line("string "+sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(f(a[0].(*Certificate))) })
}

// bytesLine is a member without arguments that gives bytes.
func bytesLine(sig string, f func(c *Certificate) []byte) clr.MemberSpec {
	return clr.Line("byte[] "+sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		b := f(a[0].(*Certificate))
		m.Grow(len(b))
		return append([]byte{}, b...)
	})
}

func baseTexts() []clr.MemberSpec {
	subject := func(c *Certificate) string { return distinguishedName(c.leaf.RawSubject) }
	issuer := func(c *Certificate) string { return distinguishedName(c.leaf.RawIssuer) }
	serial := func(c *Certificate) string { return upperHex(c.info.serial) }
	return []clr.MemberSpec{
		textLine("Subject", subject), textLine("Issuer", issuer),
		textLine("GetName()", func(c *Certificate) string { return encodedName(c.leaf.RawSubject) }),
		textLine("GetIssuerName()", func(c *Certificate) string { return encodedName(c.leaf.RawIssuer) }),
		textLine("GetSerialNumberString()", serial),
		textLine("GetCertHashString()", func(c *Certificate) string { return Thumbprint(c.leaf.Raw) }),
		textLine("GetRawCertDataString()", func(c *Certificate) string { return upperHex(c.leaf.Raw) }),
		textLine("GetPublicKeyString()", func(c *Certificate) string { return upperHex(c.info.key) }),
		textLine("GetKeyAlgorithm()", func(c *Certificate) string { return c.info.algorithm }),
		textLine("GetKeyAlgorithmParametersString()", func(c *Certificate) string { return upperHex(c.info.parameters) }),
		textLine("GetEffectiveDateString()", func(c *Certificate) string { return localDate(c.leaf.NotBefore).String() }),
		textLine("GetExpirationDateString()", func(c *Certificate) string { return localDate(c.leaf.NotAfter).String() }),
		textLine("GetFormat()", func(*Certificate) string { return "X509" }),
		textLine("ToString()", (*Certificate).String),
	}
}

func baseMembers() []clr.MemberSpec {
	hash := func(m *clr.Machine, a []clr.Value) []byte {
		d, _ := algorithm(m, a[1])
		return d.sum(m, a[0].(*Certificate).leaf.Raw)
	}
	return []clr.MemberSpec{
		bytesLine("GetCertHash()", func(c *Certificate) []byte { return thumbprint(c.leaf.Raw) }),
		bytesLine("GetRawCertData()", func(c *Certificate) []byte { return c.leaf.Raw }),
		bytesLine("GetSerialNumber()", func(c *Certificate) []byte { return reversed(c.info.serial) }),
		bytesLine("GetPublicKey()", func(c *Certificate) []byte { return c.info.key }),
		bytesLine("GetKeyAlgorithmParameters()", func(c *Certificate) []byte { return c.info.parameters }),
		clr.Line("byte[] GetCertHash(HashAlgorithmName hashAlgorithm)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return hash(m, a) }),
		clr.Line("string GetCertHashString(HashAlgorithmName hashAlgorithm)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return upperHex(hash(m, a))
		}),
		clr.Line("byte[] Export(X509ContentType contentType)", export),
		clr.Line("byte[] Export(X509ContentType contentType, string password)", export),
		clr.Line("bool Equals(X509Certificate other)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			other, ok := a[1].(*Certificate)
			mine := a[0].(*Certificate)
			return ok && string(mine.leaf.RawIssuer) == string(other.leaf.RawIssuer) && string(mine.info.serial) == string(other.info.serial)
		}),
		clr.Line("string ToString(bool fVerbose)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(a[0].(*Certificate).String())
		}),
	}
}

// export gives the certificate alone: a private key is never read.
func export(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	c := a[0].(*Certificate)
	if a[1].(clr.Enum).N != 1 {
		fail(m, "Invalid content type.")
	}
	m.Grow(len(c.leaf.Raw))
	return append([]byte{}, c.leaf.Raw...)
}

func certificateTexts() []clr.MemberSpec {
	return []clr.MemberSpec{
		textLine("Thumbprint", func(c *Certificate) string { return Thumbprint(c.leaf.Raw) }),
		textLine("SerialNumber", func(c *Certificate) string { return upperHex(c.info.serial) }),
		textLine("FriendlyName", func(*Certificate) string { return "" }),
		bytesLine("RawData", func(c *Certificate) []byte { return c.leaf.Raw }),
	}
}

func certificateMembers() []clr.MemberSpec {
	date := func(name string, f func(c *x509.Certificate) time.Time) clr.MemberSpec {
		return clr.Line("DateTime "+name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return localDate(f(a[0].(*Certificate).leaf))
		})
	}
	return []clr.MemberSpec{
		clr.Line("new(byte[] rawData)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, _ := a[0].([]byte)
			return readCertificate(m, b)
		}),
		clr.Line("new(X509Certificate certificate)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			c := *needCertificate(m, a[0])
			return &c
		}),
		date("NotBefore", func(c *x509.Certificate) time.Time { return c.NotBefore }),
		date("NotAfter", func(c *x509.Certificate) time.Time { return c.NotAfter }),
		clr.Line("X500DistinguishedName SubjectName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return &distinguished{a[0].(*Certificate).leaf.RawSubject}
		}),
		clr.Line("X500DistinguishedName IssuerName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return &distinguished{a[0].(*Certificate).leaf.RawIssuer}
		}),
		clr.Line("int Version", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(a[0].(*Certificate).leaf.Version)
		}),
		clr.Line("bool Archived", constant(false)),
		clr.Line("bool HasPrivateKey", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Certificate).key != nil }),
		clr.Line("Oid SignatureAlgorithm", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return oidOf(a[0].(*Certificate).info.signature)
		}),
		clr.Line("PublicKey PublicKey", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return &publicKey{a[0].(*Certificate)} }),
		clr.Line("AsymmetricAlgorithm PrivateKey", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*Certificate).privateRSA()
		}),
		clr.Line("string GetNameInfo(X509NameType nameType, bool forIssuer)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			n := a[1].(clr.Enum).N
			if n < nameSimple || n > nameURL {
				m.Throw(clr.TypeArgument, "Value was invalid.\nParameter name: nameType")
			}
			return m.Text(a[0].(*Certificate).nameInfo(int(n), a[2] == true))
		}),
		clr.Line("bool Verify()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*Certificate).verify(m, true)
		}),
		clr.Line("static X509ContentType GetCertContentType(byte[] rawData)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, _ := a[0].([]byte)
			readCertificate(m, b)
			return clr.Enum{Type: typeContent, N: 1}
		}),
	}
}
