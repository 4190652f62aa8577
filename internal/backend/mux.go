package backend

import (
	"context"
	"net/url"
	"strings"

	"stile/internal/breaker"
	"stile/policy/exchange"
)

// Scheme begins the base URLs of backends inside this process.
const Scheme = "stile://"

// Mux sends an exchange by its backend's base URL: stile://HOST/… to the caller
// that answers HOST, everything else to HTTP. It records the call.
type Mux struct {
	cfg      Config
	http     exchange.Caller
	local    map[string]exchange.Caller
	breakers *breaker.Memory
}

// NewMux makes a Mux; local's keys are hosts of stile:// URLs, such as workflows
// and callbacks.
func NewMux(cfg Config, http exchange.Caller, local map[string]exchange.Caller) *Mux {
	m := &Mux{cfg: cfg, http: http, local: local, breakers: cfg.Breakers}
	if m.breakers == nil {
		m.breakers = new(breaker.Memory)
	}
	return m
}

// Do sends ex to its backend, or to a member where that is a pool. An error for a
// circuit that is open is an *exchange.Refusal, and no call is made then.
func (m *Mux) Do(ctx context.Context, ex *exchange.Exchange) error {
	if e := ex.Backend.Entity; e != nil {
		return m.entity(ctx, ex, e)
	}
	return m.call(ctx, ex)
}

// call appends a Call to ex.Calls with a span of its own, sends ex, and completes
// the Call with status or error and the time to the answer's head.
func (m *Mux) call(ctx context.Context, ex *exchange.Exchange) error {
	start := m.cfg.Now()
	next, name, target := m.route(ex)
	ex.Calls = append(ex.Calls, exchange.Call{Span: m.cfg.Span(), Backend: ex.Backend.ID, Method: ex.Request.Method, URL: name, Start: start})
	at := len(ex.Calls) - 1
	err := do(ctx, ex, next, target)
	c := &ex.Calls[at]
	c.Duration = m.cfg.Now().Sub(start)
	if err != nil {
		c.Error = err.Error()
		return err
	}
	c.Status = ex.Response.StatusCode
	return nil
}

// do spares our own client reading the target again; target is nil where there is none.
func do(ctx context.Context, ex *exchange.Exchange, next exchange.Caller, target *url.URL) error {
	if c, ok := next.(*Client); ok && target != nil {
		return c.send(ctx, ex, target)
	}
	return next.Do(ctx, ex)
}

// route gives the caller and the URL as records show it: without query, which
// may carry keys. The target is that of a backend that HTTP reaches.
func (m *Mux) route(ex *exchange.Exchange) (exchange.Caller, string, *url.URL) {
	rest, ok := strings.CutPrefix(ex.Backend.BaseURL, Scheme)
	if !ok {
		target, err := Target(ex)
		if err != nil {
			return m.http, ex.Backend.BaseURL, nil
		}
		return m.http, target.Scheme + "://" + target.Host + target.EscapedPath(), target
	}
	host, _, _ := strings.Cut(rest, "/")
	if c, ok := m.local[host]; ok {
		return c, ex.Backend.BaseURL, nil
	}
	return unknown{}, ex.Backend.BaseURL, nil
}

type unknown struct{}

// Do refuses: nothing answers under this name.
func (unknown) Do(_ context.Context, ex *exchange.Exchange) error {
	return &Error{Kind: BadTarget, URL: ex.Backend.BaseURL, Err: errUnknown}
}
