package identity

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"stile/internal/reach"
)

// Permitted says how far an address may lead that a document at origin names: as
// far as that document's own host, which the configuration wrote out, on that host;
// else to public hosts, over https.
func Permitted(origin, target string) (reach.Level, error) {
	own, err := url.Parse(origin)
	if err != nil {
		return 0, errors.New("the issuer cannot be read")
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.User != nil {
		return 0, errors.New("the provider names an address that cannot be called")
	}
	ip, notIP := netip.ParseAddr(u.Hostname())
	level := reach.Public
	if strings.EqualFold(u.Host, own.Host) && (u.Scheme == own.Scheme || u.Scheme == "https") {
		level = reach.Inside
	}
	switch {
	case level == reach.Public && u.Scheme != "https":
		return 0, fmt.Errorf("%s is neither the issuer's host nor https", u.Host)
	case level == reach.Inside && u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return 0, fmt.Errorf("%s is called over https, or over http on this machine", u.Host)
	case notIP == nil:
		return level, reach.Check(ip, level)
	}
	return level, nil
}

// Ways is the network of documents that lead to others: it sends at the level that
// Permitted gave. Redirects are the caller's not to follow.
type Ways struct{ inside, public http.RoundTripper }

// NewWays makes Ways; transport overrides the network, nil dials what
// internal/reach lets through.
func NewWays(transport http.RoundTripper) Ways {
	if transport != nil {
		return Ways{transport, transport}
	}
	return Ways{reach.Transport(reach.Inside), reach.Transport(reach.Public)}
}

// At is the network at a level.
func (w Ways) At(level reach.Level) http.RoundTripper {
	if level == reach.Inside {
		return w.inside
	}
	return w.public
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
