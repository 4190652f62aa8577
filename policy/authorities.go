package policy

import "crypto/x509"

// Authorities may be implemented by Values whose host knows who signs callers'
// certificates.
type Authorities interface {
	// ClientAuthorities gives the roots of callers' certificates, nil for the machine's
	// own list; lacking says why they cannot be known now.
	ClientAuthorities() (roots *x509.CertPool, lacking string)
}

// ClientAuthorities gives the roots of callers' certificates, as Authorities does.
func (c *Compiler) ClientAuthorities() (roots *x509.CertPool, lacking string) {
	if v, ok := c.values.(Authorities); ok {
		return v.ClientAuthorities()
	}
	return nil, ""
}
