package policy

import (
	"crypto"
	"crypto/tls"
	"slices"
	"strings"
)

// Certificate is a stored certificate that policies name by certificate-id or by
// thumbprint.
type Certificate struct {
	ID string
	// Thumbprint is the hex SHA-1 of the certificate, in upper case.
	Thumbprint string
	// TLS is the chain with its private key; Public is the first one's public key. Both
	// are nil where Lacking is set.
	TLS    *tls.Certificate
	Public crypto.PublicKey
	// Lacking is why it cannot be used now; what needs it is refused.
	Lacking string
}

// Certified may be implemented by Values whose host keeps certificates.
type Certified interface {
	Certificate(id string) (Certificate, bool)
	// Certificates lists the ids.
	Certificates() []string
}

// Certificate gives an entry of Stored.
func (f Fixed) Certificate(id string) (Certificate, bool) {
	c, ok := f.Stored[id]
	return c, ok
}

// Certificates lists the keys of Stored, in no order.
func (f Fixed) Certificates() []string {
	ids := make([]string, 0, len(f.Stored))
	for id := range f.Stored {
		ids = append(ids, id)
	}
	return ids
}

// Certificate gives a stored certificate by its id.
func (c *Compiler) Certificate(id string) (Certificate, bool) {
	if v, ok := c.values.(Certified); ok {
		return v.Certificate(id)
	}
	return Certificate{}, false
}

// CertificateHint names the nearest id.
func (c *Compiler) CertificateHint(id string) string {
	var ids []string
	if v, ok := c.values.(Certified); ok {
		ids = v.Certificates()
	}
	if len(ids) == 0 {
		return "name it in stile.yaml: certificates: [{id: " + id + `, secret: {secret: "kv://VAULT/NAME"}}]`
	}
	slices.Sort(ids)
	return nearest(id, ids, "the certificates are")
}

// ByThumbprint gives the function that finds a certificate when a request runs;
// spaces, colons and case of the thumbprint do not matter.
func (c *Compiler) ByThumbprint() func(thumbprint string) (Certificate, bool) {
	v, _ := c.values.(Certified)
	return func(thumbprint string) (Certificate, bool) {
		if v == nil {
			return Certificate{}, false
		}
		want := strings.NewReplacer(" ", "", ":", "").Replace(thumbprint)
		for _, id := range v.Certificates() {
			if found, _ := v.Certificate(id); found.Thumbprint != "" && strings.EqualFold(found.Thumbprint, want) {
				return found, true
			}
		}
		return Certificate{}, false
	}
}
