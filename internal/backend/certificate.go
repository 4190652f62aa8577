package backend

import (
	"crypto/sha256"
	"crypto/tls"
	"net/http"
	"sync"

	"stile/internal/reach"
)

// maxProven bounds how many client certificates keep connections open.
const maxProven = 64

// provenTransports are the ways out with a client certificate: a pair for each, so
// that no connection is shared with calls of another or of none.
type provenTransports struct {
	mu    sync.Mutex
	all   map[[sha256.Size]byte]transports
	order [][sha256.Size]byte // oldest first
}

// with gives the ways out that prove the gateway by the certificate; nil is t itself.
func (t transports) with(c *tls.Certificate) transports {
	if c == nil || t.proven == nil || len(c.Certificate) == 0 {
		return t
	}
	key := sha256.Sum256(c.Certificate[0])
	p := t.proven
	p.mu.Lock()
	defer p.mu.Unlock()
	if made, ok := p.all[key]; ok {
		return made
	}
	if len(p.order) >= maxProven {
		old := p.all[p.order[0]]
		delete(p.all, p.order[0])
		p.order = p.order[1:]
		for _, way := range []http.RoundTripper{old.inside, old.public} {
			way.(*http.Transport).CloseIdleConnections()
		}
	}
	made := transports{trusted: t.trusted, inside: provenBy(reach.Inside, t.roots, c), public: provenBy(reach.Public, t.roots, c)}
	p.all[key], p.order = made, append(p.order, key)
	return made
}

func provenBy(level reach.Level, base *tls.Config, c *tls.Certificate) *http.Transport {
	way := NewTransport(level)
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	way.TLSClientConfig = base.Clone()
	way.TLSClientConfig.Certificates = []tls.Certificate{*c}
	return way
}
