package policytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"stile/internal/backend"
	"stile/internal/breaker"
	"stile/internal/cache"
	"stile/policy"
	"stile/policy/exchange"
)

// world is all that a case sees: time, randomness, backends. One goroutine has it.
type world struct {
	host      *Host
	test      *Case
	gateway   exchange.Caller
	tokens    *tokens
	keyHeader string
	clock     time.Time
	random    *rand.PCG
	guids     uint64
	spans     uint64
	// used counts how often each answer was given; calls are those of the request
	// under way.
	used     []int
	calls    []made
	panicked string
}

// made is a call to a backend that was made.
type made struct {
	method, url string
	header      http.Header
	body        []byte
	// listed is false where the case has no answer for it.
	listed bool
}

func (h *Host) world(c *Case, p Project) *world {
	w := &world{host: h, test: c, clock: c.clock, random: rand.NewPCG(1, 2), used: make([]int, len(c.backend)), keyHeader: h.keyHeader(h.service.API(c.api.text))}
	w.tokens = newTokens(w, h.cfg.Issuer)
	b := backend.Config{Transport: roundTripper{w}, Now: w.now, Span: w.span, Breakers: new(breaker.Memory),
		Trusted: func(string) bool { return true }}
	local := exchange.CallerFunc(w.local)
	mux := backend.NewMux(b, timed{backend.NewClient(b)}, map[string]exchange.Caller{"workflows": local, "callbacks": local})
	w.gateway = h.cfg.Gateway(p, policy.Env{Backend: mux, Counters: h.cfg.Counters(), Cache: cache.NewMemory(0, 0), External: cache.NewMemory(0, 0), Tokens: w.tokens,
		Identity: fixedTokens{}, Authorizations: fixedTokens{}, Events: taken{}, Sleep: w.sleep, InOrder: true, Now: w.now, NewGUID: w.guid, Rand: w.random.Uint64})
	return w
}

func (w *world) now() time.Time { return w.clock }

// sleep passes time.
func (w *world) sleep(_ context.Context, d time.Duration) error {
	w.clock = w.clock.Add(d)
	return nil
}

// guid counts: the first is that of the first request.
func (w *world) guid() string {
	w.guids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", w.guids)
}

func (w *world) span() string {
	w.spans++
	return fmt.Sprintf("%016x", w.spans)
}

// fixedTokens gives tokens of managed identities and of the credential manager that
// tell what they are for.
type fixedTokens struct{}

// Token names the resource.
func (fixedTokens) Token(_ context.Context, resource, _ string) (string, error) {
	return "test-token-for-" + resource, nil
}

// taken takes every event.
type taken struct{}

// Log drops it.
func (taken) Log(context.Context, string, string, string, []byte) bool { return true }

// timeoutKey is where a call's timeout stands in its context.
type timeoutKey struct{}

// timed tells the backends of a test how long the policy waits for them.
type timed struct{ next *backend.Client }

// Do calls on.
func (t timed) Do(ctx context.Context, ex *exchange.Exchange) error {
	return t.next.Do(context.WithValue(ctx, timeoutKey{}, ex.Backend.Forwarding.Timeout), ex)
}

type roundTripper struct{ w *world }

// RoundTrip answers a call out of the case's list.
func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	call := made{method: req.Method, url: req.URL.String(), header: req.Header.Clone()}
	if call.header.Get("Host") == "" && req.Host != "" && req.Host != req.URL.Host {
		call.header.Set("Host", req.Host)
	}
	if req.Body != nil {
		var err error
		call.body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	timeout, _ := req.Context().Value(timeoutKey{}).(time.Duration)
	a, err := r.w.answer(call, timeout)
	if err != nil {
		return nil, err
	}
	h := make(http.Header, len(a.answer))
	for _, f := range a.answer {
		h[http.CanonicalHeaderKey(f.Name)] = append(h[http.CanonicalHeaderKey(f.Name)], f.Value)
	}
	reason := a.reason
	if reason == "" {
		reason = http.StatusText(a.status)
	}
	resp := &http.Response{Status: strconv.Itoa(a.status) + " " + reason, StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, ContentLength: int64(len(a.body)), Body: io.NopCloser(bytes.NewReader(a.body)), Request: req}
	if req.Method == http.MethodHead {
		resp.Body, resp.ContentLength = http.NoBody, -1
	}
	return resp, nil
}

// local answers for backends inside the process: workflows.
func (w *world) local(_ context.Context, ex *exchange.Exchange) error {
	call := made{method: ex.Request.Method, url: ex.Backend.BaseURL, header: http.Header{}}
	ex.Request.Header.EachMade(func(name, value string) { call.header.Add(name, value) })
	body, err := ex.Request.Body.Bytes()
	if err != nil {
		return err
	}
	call.body = bytes.Clone(body)
	a, err := w.answer(call, ex.Backend.Forwarding.Timeout)
	if err != nil {
		return err
	}
	ex.Response = exchange.Response{StatusCode: a.status, Reason: a.reason, Body: exchange.Bytes(bytes.Clone(a.body))}
	for _, f := range a.answer {
		ex.Response.Header.Add(f.Name, f.Value)
	}
	return nil
}

// fetch gets a document for validate-jwt.
func (w *world) fetch(_ context.Context, url string) ([]byte, error) {
	a, err := w.answer(made{method: http.MethodGet, url: url, header: http.Header{}}, 0)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered with status %d", a.status)
	}
	return a.body, nil
}

var (
	errUnlisted   = errors.New("the test lists no answer for this call")
	errConnection = errors.New("the test lets the connection fail")
)

// answer finds the answer to a call and notes the call. Time passes while a backend
// takes its own.
func (w *world) answer(c made, timeout time.Duration) (*listed, error) {
	for i, l := range w.test.backend {
		if l.times > 0 && w.used[i] >= l.times || !l.takes(c.method, c.url) || !sameFields(l.headers, c.header.Values) {
			continue
		}
		w.used[i]++
		c.listed = true
		w.calls = append(w.calls, c)
		late := timeout > 0 && l.after >= timeout
		switch {
		case late || l.broken == brokenTimeout:
			w.clock = w.clock.Add(max(timeout, 0))
			return nil, context.DeadlineExceeded
		case l.broken == brokenConnection:
			w.clock = w.clock.Add(l.after)
			return nil, errConnection
		}
		w.clock = w.clock.Add(l.after)
		return l, nil
	}
	w.calls = append(w.calls, c)
	return nil, errUnlisted
}

// lists reports whether the case has an answer that names a URL for a call, without
// giving it.
func (w *world) lists(method, url string) bool {
	for i, l := range w.test.backend {
		if l.url != "" && (l.times == 0 || w.used[i] < l.times) && l.takes(method, url) {
			return true
		}
	}
	return false
}

func (l *listed) takes(method, url string) bool {
	return (l.method == "" || strings.EqualFold(l.method, method)) && (l.url == "" || matchURL(l.url, url))
}

// matchURL holds a URL against a pattern in which * stands for any text. A pattern
// without a query takes any query.
func matchURL(pattern, url string) bool {
	if !strings.Contains(pattern, "?") {
		url, _, _ = strings.Cut(url, "?")
	}
	return glob(pattern, url)
}

// glob matches with * alone.
func glob(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(part):], more
	}
}

// Authorization names the connection.
func (fixedTokens) Authorization(_ context.Context, q policy.AuthorizationQuery) (*exchange.Authorization, error) {
	return &exchange.Authorization{AccessToken: exchange.Redact("test-token-for-" + q.Provider + "/" + q.Authorization)}, nil
}
