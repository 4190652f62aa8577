package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"stile/internal/reach"
)

const (
	answerLimit = 10 * time.Second
	maxDocument = 1 << 20
)

// permitted says how far an address may lead that an issuer's documents name: as
// far as the issuer itself on its own host, else to public hosts over https.
func permitted(issuer, target string) (reach.Level, error) {
	own, err := url.Parse(issuer)
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

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ways holds requests to permitted, at the address that is dialled.
type ways struct {
	issuer         string
	inside, public http.RoundTripper
}

func (w ways) RoundTrip(r *http.Request) (*http.Response, error) {
	level, err := permitted(w.issuer, r.URL.String())
	if err != nil {
		return nil, err
	}
	if level == reach.Inside {
		return w.inside.RoundTrip(r)
	}
	return w.public.RoundTrip(r)
}

func newClient(issuer string, transport http.RoundTripper) *http.Client {
	w := ways{issuer: issuer, inside: transport, public: transport}
	if transport == nil {
		w.inside, w.public = network(reach.Inside), network(reach.Public)
	}
	return &http.Client{Transport: w, Timeout: answerLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func network(level reach.Level) http.RoundTripper {
	return &http.Transport{DialContext: reach.Dial(level), ForceAttemptHTTP2: true, MaxIdleConns: 4,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: answerLimit, MaxResponseHeaderBytes: 64 << 10}
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
