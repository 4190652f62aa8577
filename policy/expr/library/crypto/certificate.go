package crypto

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"stile/policy/exchange"
	"stile/policy/expr/clr"
)

const certificates = space + "X509Certificates."

var (
	typeCertificate     = clr.Class(certificates + "X509Certificate")
	typeName            = clr.Class(certificates + "X500DistinguishedName")
	typePublicKey       = clr.Class(certificates + "PublicKey")
	typeContent         = clr.EnumType(certificates + "X509ContentType")
	typeNameType        = clr.EnumType(certificates + "X509NameType")
	typeRSACertificates = clr.Statics(certificates + "RSACertificateExtensions")
)

// TypeCertificate2 is X509Certificate2.
var TypeCertificate2 = clr.Class(certificates + "X509Certificate2")

// Certificate is an X509Certificate2: a certificate, those that came with it, and its
// private key where there is one.
type Certificate struct {
	leaf  *x509.Certificate
	chain [][]byte
	key   crypto.PrivateKey
	info  certificateInfo
}

// RuntimeType names the .NET type.
func (*Certificate) RuntimeType() *clr.Type { return TypeCertificate2 }

// certificateInfo holds the fields that the standard library's form does not keep.
type certificateInfo struct {
	serial               []byte // as encoded, big endian
	signature, algorithm string // OIDs
	parameters, key      []byte // of the algorithm in DER; the subject's public key's bits
}

// certificateWork is what reading a certificate costs in steps.
const certificateWork = 200

// Open gives a certificate out of its chain in DER; nil where the chain is empty. One
// that cannot be read throws a CryptographicException.
func Open(m *clr.Machine, chain [][]byte, key crypto.PrivateKey) clr.Value {
	if len(chain) == 0 {
		return nil
	}
	m.Work(certificateWork)
	m.Grow(2 * len(chain[0]))
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		fail(m, "Cannot find the requested object.")
	}
	c := &Certificate{leaf: leaf, chain: chain, key: key}
	var outer struct {
		TBS struct {
			Raw       asn1.RawContent
			Version   int `asn1:"optional,explicit,default:0,tag:0"`
			Serial    asn1.RawValue
			Algorithm pkix.AlgorithmIdentifier
			Issuer    asn1.RawValue
			Validity  asn1.RawValue
			Subject   asn1.RawValue
			Public    struct {
				Algorithm pkix.AlgorithmIdentifier
				Key       asn1.BitString
			}
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(chain[0], &outer); err == nil {
		tbs := outer.TBS
		c.info = certificateInfo{serial: tbs.Serial.Bytes, signature: outer.Algorithm.Algorithm.String(),
			algorithm: tbs.Public.Algorithm.Algorithm.String(), parameters: tbs.Public.Algorithm.Parameters.FullBytes,
			key: tbs.Public.Key.RightAlign()}
	}
	return c
}

// Stored gives a certificate of the deployment.
func Stored(m *clr.Machine, c exchange.Certificate) clr.Value { return Open(m, c.Chain, c.Key) }

// Thumbprint is what X509Certificate2.Thumbprint gives of a certificate in DER.
func Thumbprint(der []byte) string { return upperHex(thumbprint(der)) }

// String is ToString(): what .NET prints of a certificate.
func (c *Certificate) String() string {
	line := func(title, text string) string { return "[" + title + "]\n  " + text + "\n" }
	return line("Subject", distinguishedName(c.leaf.RawSubject)) + "\n" + line("Issuer", distinguishedName(c.leaf.RawIssuer)) + "\n" +
		line("Serial Number", upperHex(c.info.serial)) + "\n" + line("Not Before", localDate(c.leaf.NotBefore).String()) + "\n" +
		line("Not After", localDate(c.leaf.NotAfter).String()) + "\n" + line("Thumbprint", Thumbprint(c.leaf.Raw))
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// localDate is a time of the certificate in the server's zone, UTC, as .NET has it.
func localDate(t time.Time) clr.DateTime {
	return clr.DateTime{Ticks: clr.TicksOf(t.UTC()), Kind: clr.KindLocal}
}

// privateRSA gives the private key for use; nil where there is none of RSA.
func (c *Certificate) privateRSA() clr.Value {
	if key, ok := c.key.(*rsa.PrivateKey); ok {
		return &RSA{public: &key.PublicKey, private: key}
	}
	return nil
}

func (c *Certificate) publicRSA() clr.Value {
	if key, ok := c.leaf.PublicKey.(*rsa.PublicKey); ok {
		return &RSA{public: key}
	}
	return nil
}

// verify asks the deployment whether the chain ends in something that it trusts; one
// that cannot tell trusts nothing. Nobody here knows what was revoked: whoever asks for
// that of a chain that is good otherwise gets an exception, not a yes.
func (c *Certificate) verify(m *clr.Machine, revocation bool) clr.Value {
	m.Work(rsaWork)
	ex := m.Env.Exchange
	if ex == nil || ex.Deployment == nil || ex.Deployment.Trusts == nil || !ex.Deployment.Trusts(c.chain, m.Now()) {
		return false
	}
	if revocation {
		fail(m, "The revocation status of the certificate is not known here; VerifyNoRevocation() asks for the chain alone.")
	}
	return true
}

// readCertificate reads DER or PEM, as X509Certificate2's constructor does.
func readCertificate(m *clr.Machine, b []byte) clr.Value {
	if len(b) == 0 {
		m.Throw(clr.TypeArgument, "Array cannot be empty or null.\nParameter name: rawData")
	}
	m.Work(len(b) / 64)
	if strings.HasPrefix(strings.TrimSpace(string(b)), "-----BEGIN") {
		for _, p := range pemBlocks(string(b)) {
			if p.label == "CERTIFICATE" {
				return Open(m, [][]byte{p.der}, nil)
			}
		}
	}
	return Open(m, [][]byte{append([]byte{}, b...)}, nil)
}

// withKey is RSACertificateExtensions.CopyWithPrivateKey.
func (c *Certificate) withKey(m *clr.Machine, key clr.Value) clr.Value {
	r, ok := key.(*RSA)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: privateKey")
	}
	own, _ := c.leaf.PublicKey.(*rsa.PublicKey)
	switch private := r.privateKey(m); {
	case c.key != nil:
		m.Throw(clr.TypeInvalidOperation, "The certificate already has an associated private key.")
	case !sameKey(own, &private.PublicKey):
		m.Throw(clr.TypeArgument, "The provided key does not match the public key for this certificate.\nParameter name: privateKey")
	default:
		out := *c
		out.key = private
		return &out
	}
	return nil
}

// reversed gives the bytes of a number little endian, as GetSerialNumber does.
func reversed(b []byte) []byte {
	out := append([]byte{}, b...)
	slices.Reverse(out)
	return out
}
