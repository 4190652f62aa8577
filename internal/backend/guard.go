package backend

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"

	"stile/internal/reach"
)

// transports are the two ways out: level Inside for backends that the
// configuration writes out, level Public for addresses that data or an expression
// made. They share no connection.
type transports struct {
	inside, public http.RoundTripper
	trusted        func(origin string) bool
	// own are those with traits, made when first asked for; roots is their TLS
	// otherwise, nil for the machine's.
	own   *ownWays
	roots *tls.Config
}

func newTransports(cfg Config) transports {
	t := transports{inside: cfg.Transport, public: cfg.Transport, trusted: cfg.Trusted}
	if cfg.Transport == nil {
		t.own = &ownWays{all: map[way]transports{}}
		t.inside, t.public = NewTransport(reach.Inside), NewTransport(reach.Public)
	}
	return t
}

// to chooses the way to a URL's origin; made says that data or an expression made the
// address.
func (t transports) to(u *url.URL, made bool) http.RoundTripper {
	if made && (t.trusted == nil || !t.trusted(origin(u))) {
		return t.public
	}
	return t.inside
}

// refusedAddress reports whether err is that of an address that may not be called.
func refusedAddress(err error) bool {
	var refused *reach.Refused
	return errors.As(err, &refused)
}
