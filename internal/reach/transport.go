package reach

import (
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Transport is the network for documents that are fetched: keys, discovery
// documents, secrets. It goes through the proxy that the environment names
// (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). Without one each address is judged when it is
// dialled. With one the dialled address is the proxy's, which the user wrote out, so
// that it may be inside; of the target an address that is written as a number is
// judged, and what a name resolves to is the proxy's to judge.
func Transport(level Level) http.RoundTripper {
	return newTransport(level, http.ProxyFromEnvironment)
}

func newTransport(level Level, proxy func(*http.Request) (*url.URL, error)) http.RoundTripper {
	t := &transport{level: level, proxy: proxy, direct: plain(level), proxied: plain(Inside)}
	t.proxied.Proxy = proxy
	return t
}

type transport struct {
	level           Level
	proxy           func(*http.Request) (*url.URL, error)
	direct, proxied *http.Transport
}

func plain(level Level) *http.Transport {
	return &http.Transport{DialContext: Dial(level), ForceAttemptHTTP2: true, MaxIdleConns: 16, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10}
}

// RoundTrip sends a request to where the level lets it go.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	err := t.judge(r.URL)
	if err == nil {
		var via *url.URL
		if via, err = t.proxy(r); err == nil && via != nil {
			return t.proxied.RoundTrip(r)
		}
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper's duty; nothing of it was read
		}
		return nil, err
	}
	return t.direct.RoundTrip(r)
}

func (t *transport) judge(u *url.URL) error {
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return Check(ip, t.level)
	}
	return nil
}
