package backend

import (
	"errors"
	"io"
	"net/http"
)

// maxRedirects bounds how many redirects one call follows.
const maxRedirects = 10

var errRedirects = errors.New("too many redirects")

// send sends req and, where asked (forward-request's follow-redirects), goes
// where the answer points. Credentials stand in any header here, so another
// origin is never followed to, and a request with a body is never sent again:
// there the redirect is the answer.
func send(t http.RoundTripper, req *http.Request, follow bool) (*http.Response, error) {
	for n := maxRedirects; ; n-- {
		resp, err := t.RoundTrip(req)
		if err != nil || !follow || !redirected(resp.StatusCode) || req.Body != nil {
			return resp, err
		}
		to, err := resp.Location()
		if err != nil || to.Scheme != req.URL.Scheme || to.Host != req.URL.Host {
			return resp, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		resp.Body.Close()
		if n == 0 {
			return nil, errRedirects
		}
		req = req.Clone(req.Context())
		req.URL = to
	}
}

func redirected(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
