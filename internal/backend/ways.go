package backend

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"stile/internal/reach"
	"stile/policy/exchange"
)

// maxWays bounds how many ways of their own keep connections open.
const maxWays = 64

// traits are what sets a call's way out apart from the plain one.
type traits struct {
	certificate       *tls.Certificate
	anyChain, anyName bool
	// host is whom the server's certificate must be for where its chain is not checked:
	// crypto/tls then checks neither.
	host  string
	proxy *exchange.Proxy
	// version is http-version; empty and "1" are HTTP/1.1.
	version string
	// wait is how long to wait for "100 Continue"; 0: it is not asked for.
	wait time.Duration
}

// traitsOf gives an exchange's: what policies ask for, else what its backend's
// entity says.
func traitsOf(ex *exchange.Exchange) traits {
	b := &ex.Backend
	t := traits{certificate: b.ClientCertificate, proxy: b.Proxy, wait: b.Forwarding.ContinueTimeout}
	if v := b.Forwarding.HTTPVersion; v != "1" {
		t.version = v
	}
	if e := b.Entity; e != nil {
		t.anyChain, t.anyName = e.AnyChain, e.AnyName
		if t.certificate == nil {
			t.certificate = e.Credentials.Certificate
		}
		if t.proxy == nil {
			t.proxy = e.Proxy
		}
	}
	return t
}

// to are the traits of one hop.
func (t traits) to(u *url.URL) traits {
	if t.anyChain && !t.anyName {
		t.host = u.Hostname()
	}
	return t
}

// away are the traits of a redirect to another origin: nothing of this backend's own
// goes along.
func (t traits) away() traits {
	t.certificate, t.anyChain, t.anyName = nil, false, false
	return t
}

// way is traits as a key: no secret stands in it.
type way struct {
	certificate, proxy [sha256.Size]byte
	anyChain, anyName  bool
	host, version      string
	wait               time.Duration
}

func (t traits) key() (k way) {
	k = way{anyChain: t.anyChain, anyName: t.anyName, host: t.host, version: t.version, wait: t.wait}
	if c := t.certificate; c != nil && len(c.Certificate) > 0 {
		k.certificate = sha256.Sum256(c.Certificate[0])
	}
	if p := t.proxy; p != nil {
		level := "configured"
		if p.Tainted {
			level = "computed"
		}
		k.proxy = sha256.Sum256([]byte(level + "\x00" + p.URL + "\x00" + p.User.Reveal() + "\x00" + p.Password.Reveal()))
	}
	return k
}

// ownWays are the ways out with traits: a pair for each, so that no connection is
// shared with calls of another or of none.
type ownWays struct {
	mu    sync.Mutex
	all   map[way]transports
	order []way // oldest first
}

// with gives the ways out that have the traits; none gives t itself.
func (t transports) with(x traits) transports {
	key := x.key()
	if key == (way{}) || t.own == nil {
		return t
	}
	o := t.own
	o.mu.Lock()
	defer o.mu.Unlock()
	if made, ok := o.all[key]; ok {
		return made
	}
	if len(o.order) >= maxWays {
		old := o.all[o.order[0]]
		delete(o.all, o.order[0])
		o.order = o.order[1:]
		for _, way := range []http.RoundTripper{old.inside, old.public} {
			way.(*http.Transport).CloseIdleConnections()
		}
	}
	made := transports{trusted: t.trusted, inside: x.transport(reach.Inside, t.roots), public: x.transport(reach.Public, t.roots)}
	o.all[key], o.order = made, append(o.order, key)
	return made
}

// transport makes one way out. Behind a proxy the dialled address is the proxy's.
func (x traits) transport(level reach.Level, base *tls.Config) *http.Transport {
	if x.proxy != nil {
		level = reach.Inside
		if x.proxy.Tainted {
			level = reach.Public
		}
	}
	t := NewTransport(level)
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig = base.Clone()
	if x.certificate != nil {
		t.TLSClientConfig.Certificates = []tls.Certificate{*x.certificate}
	}
	x.trust(t.TLSClientConfig)
	if x.proxy != nil {
		at, err := proxyURL(x.proxy)
		t.Proxy = func(*http.Request) (*url.URL, error) { return at, err }
	}
	if x.wait > 0 {
		t.ExpectContinueTimeout = x.wait
	}
	switch x.version {
	case "2":
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true)
	case "2or1":
		t.Protocols.SetHTTP2(true)
	}
	return t
}

// trust leaves out the checks of the server's certificate that the entity turned off.
func (x traits) trust(c *tls.Config) {
	c.InsecureSkipVerify = x.anyChain || x.anyName
	switch roots := c.RootCAs; {
	case x.anyChain && !x.anyName:
		c.VerifyConnection = func(s tls.ConnectionState) error { return s.PeerCertificates[0].VerifyHostname(x.host) }
	case x.anyName && !x.anyChain:
		c.VerifyConnection = func(s tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, c := range s.PeerCertificates[1:] {
				between.AddCert(c)
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
			return err
		}
	}
}

var errProxy = errors.New("the proxy's address is not http://host[:port]")

func proxyURL(p *exchange.Proxy) (*url.URL, error) {
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, errProxy
	}
	if user := p.User.Reveal(); user != "" {
		u.User = url.UserPassword(user, p.Password.Reveal())
	}
	return u, nil
}

// judge refuses a target that is written as a number and may not be called, where a
// proxy would dial it. What a name resolves to is the proxy's to judge.
func (t transports) judge(u *url.URL, made bool, p *exchange.Proxy) error {
	addr, err := netip.ParseAddr(u.Hostname())
	if p == nil || err != nil {
		return nil
	}
	level := reach.Inside
	if made && (t.trusted == nil || !t.trusted(origin(u))) {
		level = reach.Public
	}
	return reach.Check(addr, level)
}
