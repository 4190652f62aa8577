package gateway

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// CodeCertificate is the fault of a certificate whose text cannot be used.
const CodeCertificate = "STL-C025"

// certificate is one that policies may name, and a digest of its text: what tells
// it from another version.
type certificate struct {
	policy.Certificate
	sum [sha256.Size]byte
}

// readCertificates resolves and reads the service's certificates. One without a
// value, or with one that cannot be used, is lacking: what uses it is refused.
func (c *compiler) readCertificates(svc *apim.Service) map[string]certificate {
	out := map[string]certificate{}
	for _, n := range svc.Certificates {
		v, lacking := c.resolve(n.Ref, n.Place, "what uses the certificate "+n.ID)
		made := certificate{Certificate: policy.Certificate{ID: n.ID, Lacking: lacking}}
		if lacking == "" {
			made.sum = sha256.Sum256([]byte(v.Reveal()))
			made.read([]byte(v.Reveal()))
			if made.Lacking != "" {
				c.fault(n.Place, CodeCertificate, "the certificate "+n.ID+" cannot be used: "+made.Lacking,
					"the secret is PEM text: the certificate, those that signed it, and its private key")
			}
		}
		out[n.ID] = made
	}
	return out
}

// read reads PEM text; what is wrong with it goes into Lacking, without the text.
func (c *certificate) read(text []byte) {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		c.Lacking = "it is not PEM text of a certificate and its private key"
		return
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			c.Lacking = "its first certificate cannot be read"
			return
		}
	}
	sum := sha1.Sum(pair.Certificate[0]) // a name that API Management gives, no protection
	c.TLS, c.Thumbprint = &pair, strings.ToUpper(hex.EncodeToString(sum[:]))
	c.Public, _ = pair.Leaf.PublicKey.(crypto.PublicKey)
}

// Certificate gives a certificate by its id.
func (v *values) Certificate(id string) (policy.Certificate, bool) {
	c, ok := v.certificates[id]
	return c.Certificate, ok
}

// Certificates lists the ids, in no order.
func (v *values) Certificates() []string {
	out := make([]string, 0, len(v.certificates))
	for id := range v.certificates {
		out = append(out, id)
	}
	return out
}

// ManagedIdentity reports whether Env.Identity will give tokens.
func (v *values) ManagedIdentity() bool { return v.identity }

// ExternalCache reports whether Env.External will be there.
func (v *values) ExternalCache() bool { return v.external }

// sameCredentials reports whether a document that was compiled with old may go on.
func (v *values) sameCredentials(old *values) bool {
	if !slices.Equal(v.Loggers(), old.Loggers()) || v.identity != old.identity || v.external != old.external || v.authorities.sum != old.authorities.sum || v.authorities.lacking != old.authorities.lacking || len(v.certificates) != len(old.certificates) {
		return false
	}
	for id, c := range v.certificates {
		o, ok := old.certificates[id]
		if !ok || o.sum != c.sum || o.Lacking != c.Lacking {
			return false
		}
	}
	return true
}

// deployment is context.Deployment: the stored certificates in order of their ids,
// those without a value left out.
func deployment(v *values) *exchange.Deployment {
	d := &exchange.Deployment{GatewayID: "managed", Trusts: v.trusts}
	for _, id := range slices.Sorted(maps.Keys(v.certificates)) {
		if c := v.certificates[id]; c.TLS != nil {
			d.Certificates = append(d.Certificates, exchange.Certificate{ID: id, Chain: c.TLS.Certificate, Key: c.TLS.PrivateKey})
		}
	}
	return d
}

// trusts tells whether a chain in DER leads to one of the roots of callers'
// certificates at a time; where those have no value nothing does.
func (v *values) trusts(chain [][]byte, now time.Time) bool {
	roots, lacking := v.ClientAuthorities()
	if lacking != "" || len(chain) == 0 {
		return false
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return false
	}
	between := x509.NewCertPool()
	for _, der := range chain[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}
