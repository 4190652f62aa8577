package secret

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"stile/internal/reach"
)

// maxAnswer bounds what a source reads of a server's answer, in bytes.
const maxAnswer = 1 << 20

// Client makes the HTTP client of a source: it follows no redirect, so that
// credentials go nowhere but to the server that was named. A nil transport is the
// network: a server may be inside, and an address of a metadata service is dialled
// only where machine says so of the request's host, which then is where the machine
// gives credentials out. A nil machine says it of none.
func Client(transport http.RoundTripper, machine func(host string) bool) *http.Client {
	if transport == nil {
		own := &http.Transport{ResponseHeaderTimeout: DefaultTimeout, IdleConnTimeout: 2 * time.Minute}
		transport = network{servers: reach.Transport(reach.Inside), own: own, machine: machine}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// network sends to the machine's own endpoints unjudged and past any proxy, and
// everything else to where internal/reach lets it.
type network struct {
	servers, own http.RoundTripper
	machine      func(host string) bool
}

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.machine != nil && n.machine(r.URL.Hostname()) {
		return n.own.RoundTrip(r)
	}
	return n.servers.RoundTrip(r)
}

// Exchange sends a request and gives the status and the body, which may hold
// secrets. Its error is a Reason.
func Exchange(c *http.Client, req *http.Request) (status int, body []byte, err error) {
	res, err := c.Do(req)
	if err != nil {
		return 0, nil, errors.New(Reason(err))
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, errors.New(Reason(err))
	case len(body) > maxAnswer:
		return 0, nil, errors.New("its answer is larger than " + strconv.Itoa(maxAnswer) + " bytes")
	}
	return res.StatusCode, body, nil
}

// Endpoint reads a server's address: https, or http where it is on this machine,
// so that no credential crosses a network in the clear. The error does not quote
// the address, which may hold a password.
func Endpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("is no address of a server: write https://HOST[:PORT]")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("must begin with https://, unless the server is on this machine")
	}
	return u, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
