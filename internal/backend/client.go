// Package backend sends an exchange to the service behind the gateway and brings
// its answer back, streaming both ways.
//
// It is not a policy (forward-request decides when, and how long to wait) and not
// the rules of pools and circuits (breaker). gateway takes its Mux as Env.Backend; app builds it. net/http's client
// stands inside for now and shows nowhere outside.
//
// Invariants: an error means that no complete answer was had, and a body that
// ends before its time ends with an error; hop-by-hop fields never pass; no
// redirect is followed unless the context asks, and to another origin without
// credentials; no address is dialled that internal/reach refuses; every call,
// local ones too, adds one exchange.Call with a span of its own.
package backend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/internal/breaker"
	"stile/internal/reach"
	"stile/policy/exchange"
)

// Config of a Client and a Mux.
type Config struct {
	// Transport overrides the network for tests; nil means NewTransport.
	Transport http.RoundTripper
	Now       func() time.Time
	// Span makes the id of a call's span, 16 hex digits.
	Span func() string
	// Trusted says whether the configuration itself names an origin, scheme://host
	// with port. A URL that an expression made may lead into the host or its network
	// only there; nil trusts none.
	Trusted func(origin string) bool
	// Breakers remembers circuits and turns; nil is one of the Mux's own.
	Breakers *breaker.Memory
}

// HopsHeader counts the gateways that a request came through; it is how a loop
// between gateways is seen.
const HopsHeader = "Stile-Hops"

// Client sends exchanges whose backend is an http or https URL.
type Client struct{ ways transports }

// NewClient makes a Client.
func NewClient(cfg Config) *Client { return &Client{newTransports(cfg)} }

// NewTransport makes the network side: HTTP/1.1, no proxy from the environment,
// no transparent decompression. Each address is judged when it is dialled.
func NewTransport(level reach.Level) *http.Transport {
	t := &http.Transport{
		DialContext:            reach.Dial(level),
		DisableCompression:     true,
		MaxIdleConns:           8192,
		MaxIdleConnsPerHost:    2048,
		IdleConnTimeout:        60 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// Do sends ex to ex.Backend.BaseURL followed by ex.Request.URL's path and query,
// and fills ex.Response with status, header and a streaming body; an answer to
// HEAD keeps its Content-Length as a field. Errors are *Error.
func (c *Client) Do(ctx context.Context, ex *exchange.Exchange) error {
	target, err := Target(ex)
	if err != nil {
		return &Error{Kind: BadTarget, URL: ex.Backend.BaseURL, Err: err}
	}
	return c.send(ctx, ex, target)
}

// send is Do to a target that is known.
func (c *Client) send(ctx context.Context, ex *exchange.Exchange, target *url.URL) error {
	req := new(http.Request).WithContext(ctx)
	req.Method, req.URL, req.Host, req.Header = ex.Request.Method, target, target.Host, make(http.Header, ex.Request.Header.Len()+1)
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.1", 1, 1
	copyRequestHeader(req, ex)
	askUpgrade(req, ex.Request.Upgrade)
	if err := setBody(req, ex); err != nil {
		return &Error{Kind: ConnectionFailure, URL: target.Scheme + "://" + target.Host, Err: err}
	}
	own := traitsOf(ex)
	if own.wait > 0 && req.Body != nil {
		req.Header["Expect"] = []string{"100-continue"}
	}
	credentials(req, ex.Backend.Entity)
	resp, err := c.ways.send(req, ex.Backend.Tainted, ex.Backend.Forwarding.FollowRedirects, own)
	if err != nil {
		return wrap(ctx, target, err)
	}
	fill(ex, resp)
	return nil
}

// Target is the URL that Do sends ex to.
func Target(ex *exchange.Exchange) (*url.URL, error) {
	if u, ok := plainTarget(ex); ok {
		return u, nil
	}
	return anyTarget(ex)
}

func anyTarget(ex *exchange.Exchange) (*url.URL, error) {
	base, err := url.Parse(webURL(ex.Backend.BaseURL))
	switch {
	case ex.Backend.BaseURL == "":
		return nil, errors.New("the operation has no backend: the API has no serviceUrl and no policy set one")
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return nil, errors.New("the backend is not an absolute http or https URL")
	}
	rest, query := ex.Request.URL.Path, strings.TrimPrefix(ex.Request.URL.QueryString(), "?")
	raw := strings.TrimRight(base.EscapedPath(), "/")
	if rest != "" && rest[0] != '/' {
		raw += "/"
	}
	raw += rest
	if raw == "" {
		raw = "/"
	}
	if base.Path, err = url.PathUnescape(raw); err != nil {
		return nil, errors.New("the path has a broken escape")
	}
	base.RawPath = raw
	if base.RawQuery != "" && query != "" {
		query = base.RawQuery + "&" + query
	} else if query == "" {
		query = base.RawQuery
	}
	base.RawQuery, base.Fragment, base.User = query, "", nil
	return base, nil
}

// plainTarget is Target where base and request are spelled out, as most are: the two
// are put together without reading them again.
func plainTarget(ex *exchange.Exchange) (*url.URL, bool) {
	base, err := exchange.ParseURL(ex.Backend.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || strings.ContainsAny(ex.Backend.BaseURL, "?#@%[") || strings.Contains(base.Path, "%") {
		return nil, false
	}
	rest := ex.Request.URL.Path
	if strings.Contains(rest, "%") || rest != "" && rest[0] != '/' {
		return nil, false
	}
	_, authority, _ := strings.Cut(ex.Backend.BaseURL, "://")
	if i := strings.IndexByte(authority, '/'); i >= 0 {
		authority = authority[:i]
	}
	path := strings.TrimRight(base.Path, "/")
	if path == "" {
		path = rest
	} else {
		path += rest
	}
	if path == "" {
		path = "/"
	}
	return &url.URL{Scheme: base.Scheme, Host: authority, Path: path, RawPath: path,
		RawQuery: strings.TrimPrefix(ex.Request.URL.QueryString(), "?")}, true
}

// hopByHop are the fields of one connection (RFC 9110 section 7.6.1), those that
// the wire writes itself, and those that this package sets. Upgrade is among them: it
// passes where the exchange itself asks for it (upgrade.go).
var hopByHop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Http2-Settings": true, "Content-Length": true,
}

// WireHost is the spelling of the Host field that came with the request: it is
// replaced by the backend's own host. A policy that sets `Host` keeps its value.
const WireHost = "host"

func copyRequestHeader(req *http.Request, ex *exchange.Exchange) {
	named := connectionNames(&ex.Request.Header)
	values := make([]string, 0, ex.Request.Header.Len()+3)
	one := func(v string) []string { // of one piece of memory for all fields
		values = append(values, v)
		return values[len(values)-1 : len(values) : len(values)]
	}
	// A state's own token goes to no backend that a policy did not hand it to: who has
	// it can call this gateway as that state.
	ex.Request.Header.EachMade(func(name, value string) {
		key := http.CanonicalHeaderKey(name)
		switch {
		case hopByHop[key] || slices.Contains(named, key) || key == HopsHeader || key == "Traceparent":
		case key == "Host":
			if name != WireHost {
				req.Host = value
			}
		default:
			if have := req.Header[key]; have != nil {
				req.Header[key] = append(have, value)
				return
			}
			req.Header[key] = one(value)
		}
	})
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // keeps net/http from writing its own
	}
	if ex.API != nil && ex.Request.Client.IsValid() {
		chain := append(req.Header["X-Forwarded-For"], ex.Request.Client.Unmap().String())
		req.Header["X-Forwarded-For"] = one(strings.Join(chain, ", "))
	}
	req.Header[HopsHeader] = one(strconv.Itoa(ex.Hops + 1))
	if n := len(ex.Calls); n > 0 {
		t := exchange.Trace{TraceID: ex.Trace.TraceID, SpanID: ex.Calls[n-1].Span}
		if h := t.Traceparent(); h != "" {
			req.Header["Traceparent"] = one(h)
		}
	}
}

func connectionNames(h *exchange.Header) []string {
	if !h.Has("Connection") {
		return nil
	}
	var out []string
	for _, v := range h.Values("Connection") {
		for _, n := range strings.Split(v, ",") {
			out = append(out, http.CanonicalHeaderKey(strings.TrimSpace(n)))
		}
	}
	return out
}

// setBody gives the request its body: the stream itself, or bytes where
// forward-request asked to keep them for another try. A stream that was sent or
// read away before is an error, never an empty body.
func setBody(req *http.Request, ex *exchange.Exchange) error {
	b := ex.Request.Body
	if ex.Backend.Forwarding.BufferRequest && b.Streaming() {
		if _, err := b.Bytes(); err != nil {
			return err
		}
	}
	n := b.Length()
	if n == 0 {
		return nil
	}
	consumed, body := b.Consumed(), b.Reader()
	if consumed {
		// Bytes in memory can be sent after a policy consumed them; a stream cannot.
		kept, err := io.ReadAll(body)
		if err != nil || int64(len(kept)) != n {
			return exchange.ErrBodyConsumed
		}
		body = io.NopCloser(bytes.NewReader(kept))
	}
	req.Body, req.ContentLength = body, n
	return nil
}

// fewFields is how many fields most answers have at most.
const fewFields = 16

func fill(ex *exchange.Exchange, resp *http.Response) {
	out := exchange.Response{StatusCode: resp.StatusCode}
	if _, reason, ok := strings.Cut(resp.Status, " "); ok && reason != http.StatusText(resp.StatusCode) {
		out.Reason = reason
	}
	named := nominated(resp.Header.Values("Connection"))
	names := make([]string, 0, fewFields)
	for name := range resp.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	out.Header.Grow(len(names))
	for _, name := range names {
		if hopByHop[name] || name == HopsHeader || named[name] {
			continue
		}
		for _, v := range resp.Header[name] {
			out.Header.Add(name, v)
		}
	}
	if ex.Request.Method == http.MethodHead && resp.ContentLength >= 0 {
		out.Header.Add("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	}
	if t, ok := tunnel(ex, resp); ok {
		out.Tunnel = t
	} else if resp.ContentLength != 0 && resp.Body != nil && resp.Body != http.NoBody {
		out.Body = exchange.Stream(resp.Body, resp.ContentLength)
	} else if resp.Body != nil {
		resp.Body.Close()
	}
	ex.Response = out
}

// nominated are the fields that lists of Connection name, as they are spelled in an
// http.Header.
func nominated(lists []string) map[string]bool {
	var out map[string]bool
	for _, list := range lists {
		for n := range strings.SplitSeq(list, ",") {
			if out == nil {
				out = map[string]bool{}
			}
			out[http.CanonicalHeaderKey(strings.TrimSpace(n))] = true
		}
	}
	return out
}
