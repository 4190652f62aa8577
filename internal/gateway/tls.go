package gateway

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"stile/internal/apim"
)

// authorities are the roots of callers' certificates, and a digest of their texts.
type authorities struct {
	roots   *x509.CertPool // nil: the machine's own list
	lacking string
	sum     [sha256.Size]byte
}

// readAuthorities resolves and reads the roots of callers' certificates. Where one has
// no value, who asks for trust is refused.
func (c *compiler) readAuthorities(svc *apim.Service) (a authorities) {
	if len(svc.Listener.Authorities) == 0 {
		return a
	}
	a.roots = x509.NewCertPool()
	all := sha256.New()
	for _, from := range svc.Listener.Authorities {
		v, lacking := c.resolve(from.Ref, from.Place, "what asks whether a client certificate is trusted")
		if lacking != "" {
			a.lacking = lacking
			continue
		}
		_, _ = all.Write([]byte(v.Reveal()))
		if !a.roots.AppendCertsFromPEM([]byte(v.Reveal())) {
			a.lacking = "it is not PEM text of certificates"
			c.fault(from.Place, CodeCertificate, "an authority of gateway-tls cannot be used: "+a.lacking, "the secret is PEM text of one or more certificates")
		}
	}
	a.sum = [sha256.Size]byte(all.Sum(nil))
	return a
}

// ClientAuthorities gives the roots of callers' certificates.
func (v *values) ClientAuthorities() (roots *x509.CertPool, lacking string) {
	return v.authorities.roots, v.authorities.lacking
}

// listener finds what the gateway proves over TLS.
func (c *compiler) listener() {
	l := &c.svc.Listener
	for _, id := range l.Certificates {
		found, ok := c.snap.values.certificates[id]
		switch {
		case !ok:
			c.fault(l.Place, CodeNoSuch, "gateway-tls names certificate "+id+", which is not there", "add it to certificates of stile.yaml")
		case found.TLS != nil:
			c.snap.proofs = append(c.snap.proofs, found.TLS)
		}
	}
}

var errNoCertificate = errors.New("the gateway has no certificate")

// TLSConfig is that of the gateway's listener over TLS. It proves the current
// snapshot's certificates, else fallback (nil: none, and no connection is taken), and
// asks for a client certificate where the configuration does not say otherwise. What a
// client shows is judged by policies alone.
func (g *Gateway) TLSConfig(fallback *tls.Certificate) *tls.Config {
	before := proving(nil, fallback, true)
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := before
		if s := g.Snapshot(); s != nil {
			if now = s.tls.Load(); now == nil {
				// Two connections may make one each; sessions are resumed with the one kept.
				s.tls.CompareAndSwap(nil, proving(s.proofs, fallback, !s.service.Listener.NoClientCertificates))
				now = s.tls.Load()
			}
		}
		if len(now.Certificates) == 0 {
			return nil, errNoCertificate
		}
		return now, nil
	}}
}

// proving makes the settings of connections; of several certificates the handshake
// takes the one that is for the host, else the first.
func proving(proofs []*tls.Certificate, fallback *tls.Certificate, ask bool) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if ask {
		c.ClientAuth = tls.RequestClientCert
	}
	for _, p := range proofs {
		c.Certificates = append(c.Certificates, *p)
	}
	if len(proofs) == 0 && fallback != nil {
		c.Certificates = []tls.Certificate{*fallback}
	}
	return c
}

// maxCertificate is how long a caller's certificate may be in a field of a hop.
const maxCertificate = 16 << 10

// clientCertificate gives the chain that the caller showed: over this connection, or
// in the field that a trusted hop passes it on in. A hop's own certificate is never
// the caller's, and the field of anybody else counts for nothing.
func clientCertificate(r *http.Request, header string, hop bool) (chain [][]byte, problem string) {
	if hop && header != "" {
		values := r.Header.Values(header)
		switch {
		case len(values) == 0:
			return nil, ""
		case len(values) > 1 || len(values[0]) > maxCertificate:
			return nil, "Bad request: the field of the client certificate is malformed."
		}
		text := strings.TrimSpace(values[0])
		if header == "client-cert" { // RFC 9440: a byte sequence of RFC 8941
			if len(text) < 2 || text[0] != ':' || text[len(text)-1] != ':' {
				return nil, "Bad request: the field of the client certificate is malformed."
			}
			text = text[1 : len(text)-1]
		}
		der, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			_, err = x509.ParseCertificate(der)
		}
		if err != nil {
			return nil, "Bad request: the field of the client certificate is malformed."
		}
		return [][]byte{der}, ""
	}
	if r.TLS != nil {
		for _, c := range r.TLS.PeerCertificates {
			chain = append(chain, bytes.Clone(c.Raw))
		}
	}
	return chain, ""
}
