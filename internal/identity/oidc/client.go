package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"stile/internal/identity"
)

const (
	answerLimit = 10 * time.Second
	maxDocument = 1 << 20
)

// ways holds requests to what the issuer permits, at the address that is dialled.
type ways struct {
	issuer string
	to     identity.Ways
}

func (w ways) RoundTrip(r *http.Request) (*http.Response, error) {
	level, err := identity.Permitted(w.issuer, r.URL.String())
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper's duty; nothing of it was read
		}
		return nil, err
	}
	return w.to.At(level).RoundTrip(r)
}

func newClient(issuer string, transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: ways{issuer, identity.NewWays(transport)}, Timeout: answerLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answerOf sends a request and reads an answer of at most 1 MiB.
func answerOf(c *http.Client, req *http.Request) (status int, kind string, body []byte, err error) {
	resp, err := c.Do(req)
	if err != nil {
		var u *url.Error // it would tell the query
		if errors.As(err, &u) {
			err = u.Err
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("no answer in time")
		}
		return 0, "", nil, fmt.Errorf("%s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument+1)); err == nil && len(body) > maxDocument {
		err = fmt.Errorf("%s: the answer is larger than %d bytes", req.URL.Host, maxDocument)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), body, err
}
