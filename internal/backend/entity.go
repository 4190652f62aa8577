package backend

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"stile/internal/breaker"
	"stile/policy/exchange"
)

// ReasonOpen is LastError.Reason of a call to a backend whose circuit is open, or to
// a pool none of whose members may be called.
const ReasonOpen = "BackendCircuitOpen"

// Reasons of calls without an answer, as LastError spells them.
const reasonTimeout, reasonConnection = "Timeout", "BackendConnectionFailure"

// longestRetryAfter bounds how long a backend's Retry-After keeps its circuit open.
const longestRetryAfter = 24 * time.Hour

// entity sends ex to a backend entity: to the member of a pool whose turn it is, if
// its circuit lets the call in. The exchange's backend is as before afterwards.
func (m *Mux) entity(ctx context.Context, ex *exchange.Exchange, e *exchange.Entity) error {
	now, outer := m.cfg.Now(), ex.Backend
	var call breaker.Call
	if len(e.Pool) > 0 {
		at, chosen, open, first := m.breakers.Choose(e, now)
		if at < 0 {
			return refused(e, e.Pool[first].Backend.Entity, open, now)
		}
		call = chosen
		ex.Backend = e.Pool[at].Backend
		ex.Backend.Forwarding, ex.Backend.ClientCertificate, ex.Backend.Proxy = outer.Forwarding, outer.ClientCertificate, outer.Proxy
		defer func() { ex.Backend = outer }()
		e = ex.Backend.Entity
	} else {
		let, open, ok := m.breakers.Enter(e, now)
		if !ok {
			return refused(nil, e, open, now)
		}
		call = let
	}
	if e != nil && e.Lacking != "" {
		return &exchange.Refusal{Status: http.StatusServiceUnavailable, Reason: "SecretUnavailable", Public: "Service unavailable",
			Message: "backend " + e.ID + ": " + e.Lacking, File: e.File, Line: e.Line, Backend: e.ID}
	}
	err := m.call(ctx, ex)
	if o, counts := outcome(ctx, ex, err, m.cfg.Now()); counts {
		call.Done(o, m.cfg.Now())
	}
	return err
}

// refused is the answer for an open circuit: of e itself, or of the member of pool
// that closes first.
func refused(pool, e *exchange.Entity, open breaker.Open, now time.Time) error {
	wait := open.Until.Sub(now)
	seconds := int64((wait + time.Second - 1) / time.Second)
	what := fmt.Sprintf("Backend '%s'", e.ID)
	if pool != nil {
		what = fmt.Sprintf("Backend pool '%s'", pool.ID)
	}
	line := e.Line
	for i := range e.Rules {
		if r := &e.Rules[i]; r.Name == open.Rule && r.Line > 0 {
			line = r.Line
		}
	}
	message := fmt.Sprintf("%s is temporarily unavailable: rule '%s' of backend '%s' (%s:%d) holds its circuit open for %d s more",
		what, open.Rule, e.ID, e.File, line, seconds)
	return &exchange.Refusal{Status: http.StatusServiceUnavailable, Reason: ReasonOpen, Message: message,
		Public: "Service is temporarily unavailable.", RetryAfter: wait, File: e.File, Line: line, Backend: e.ID, Rule: open.Rule,
		Header: []exchange.Param{{Name: "Retry-After", Value: strconv.FormatInt(seconds, 10)}}}
}

// outcome is how a call went, as rules see it. What the caller caused, by leaving or
// by a body that cannot be sent, does not count.
func outcome(ctx context.Context, ex *exchange.Exchange, err error, now time.Time) (o breaker.Outcome, counts bool) {
	var denied *exchange.Refusal
	var failed *Error
	switch {
	case err == nil:
		return breaker.Outcome{Status: ex.Response.StatusCode, RetryAfter: retryAfter(ex.Response.Header.Get("Retry-After"), now)}, true
	case errors.As(err, &denied), errors.Is(err, exchange.ErrBodyConsumed), errors.Is(err, exchange.ErrBodyTooLarge):
		return o, false
	case errors.Is(context.Cause(ctx), exchange.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return breaker.Outcome{Reason: reasonTimeout}, true
	case ctx.Err() != nil, errors.As(err, &failed) && failed.Kind == Cancelled:
		return o, false
	}
	return breaker.Outcome{Reason: reasonConnection}, true
}

// retryAfter reads a Retry-After field: seconds, or a date.
func retryAfter(field string, now time.Time) time.Duration {
	field = strings.TrimSpace(field)
	if n, err := strconv.ParseInt(field, 10, 64); err == nil && n > 0 {
		return time.Duration(min(n, int64(longestRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(field); err == nil && at.After(now) {
		return min(at.Sub(now), longestRetryAfter)
	}
	return 0
}

// credentials adds what the entity proves the gateway with, in place of what the
// request has of the same names.
func credentials(req *http.Request, e *exchange.Entity) {
	if e == nil {
		return
	}
	c := &e.Credentials
	if a := c.Authorization.Reveal(); a != "" {
		req.Header["Authorization"] = []string{a}
	}
	for i, p := range c.Header {
		key := http.CanonicalHeaderKey(p.Name)
		if i == 0 || http.CanonicalHeaderKey(c.Header[i-1].Name) != key {
			delete(req.Header, key)
		}
		req.Header[key] = append(req.Header[key], p.Value.Reveal())
	}
	if len(c.Query) == 0 {
		return
	}
	target := *req.URL
	var query []string
	for pair := range strings.SplitSeq(target.RawQuery, "&") {
		if name, _, _ := strings.Cut(pair, "="); pair != "" && !named(c.Query, name) {
			query = append(query, pair)
		}
	}
	for _, p := range c.Query {
		query = append(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value.Reveal()))
	}
	target.RawQuery = strings.Join(query, "&")
	req.URL = &target
}

func named(list []exchange.SecretParam, name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	for _, p := range list {
		if strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}
