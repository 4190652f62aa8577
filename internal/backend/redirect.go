package backend

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects bounds how many redirects one call follows.
const maxRedirects = 10

var errRedirects = errors.New("too many redirects")

// carried are the fields that go along to another origin. Credentials may stand in
// any header here (a policy or a connection names it), so it is a list of what is
// known to be none.
var carried = []string{"Accept", "Accept-Language", "Range", "User-Agent", "Traceparent", HopsHeader}

// send sends req and, where asked (forward-request's follow-redirects), goes where
// the answer points. Each hop goes its own way out: one to another origin comes
// from data, carries no credentials, and is held to public addresses unless the
// configuration names that origin. Never followed, the redirect then being the
// answer: from https to http, a request with a body, and to another origin what is
// neither GET nor HEAD.
func (t transports) send(req *http.Request, made, follow bool, x traits) (*http.Response, error) {
	for n := maxRedirects; ; n-- {
		if err := t.judge(req.URL, made, x.proxy); err != nil {
			return nil, err
		}
		resp, err := t.with(x.to(req.URL)).to(req.URL, made).RoundTrip(req)
		if err != nil || !follow || !redirected(resp.StatusCode) || req.Body != nil {
			return resp, err
		}
		to, err := resp.Location()
		if err != nil || to.Host == "" || to.Scheme != "https" && (to.Scheme != "http" || req.URL.Scheme != "http") {
			return resp, nil
		}
		away := !sameOrigin(to, req.URL)
		if away && req.Method != http.MethodGet && req.Method != http.MethodHead {
			return resp, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		resp.Body.Close()
		if n == 0 {
			return nil, errRedirects
		}
		next := req.Clone(req.Context())
		next.URL, to.User = to, nil
		if away {
			made, x = true, x.away()
			next.Host, next.Header = to.Host, http.Header{"User-Agent": nil}
			for _, name := range carried {
				if v, ok := req.Header[name]; ok {
					next.Header[name] = v
				}
			}
		}
		req = next
	}
}

// origin is scheme://host with the port as it is written.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func redirected(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
