package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/backend"
	"stile/policy"
	"stile/policy/exchange"
)

// The tests' own policies: enough to see what the gateway does, and no more.
func table(t testing.TB) *policy.Table {
	t.Helper()
	attributes := func(names ...string) policy.Schema {
		var s policy.Schema
		for _, n := range names {
			s.Attributes = append(s.Attributes, policy.Attribute{Name: n, Required: true, Expression: true})
		}
		return s
	}
	tab, err := policy.NewTable([]policy.Descriptor{
		{Name: "forward-request", Sections: policy.BackendSection, Scopes: policy.AnyScope, Doc: "Calls the backend.",
			Compile: func(*policy.Compiler, *policy.Element) policy.Run {
				return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
					return policy.Forward(ctx, ex, env, policy.ForwardOptions{})
				}
			}},
		{Name: "stamp", Sections: policy.AnySection, Scopes: policy.AnyScope, Schema: attributes("name", "value"), Doc: "Adds a header.",
			Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
				name, value, responding := c.Value(e, "name").Constant(), c.Value(e, "value"), c.Responding()
				return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
					v, err := value.Text(ex, env)
					h := &ex.Request.Header
					if responding {
						h = &ex.Response.Header
					}
					h.Add(name, v)
					return err
				}
			}},
		{Name: "deny", Sections: policy.AnySection, Scopes: policy.AnyScope, Schema: attributes("status"), Doc: "Refuses.",
			Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
				status, _ := strconv.Atoi(c.Value(e, "status").Constant())
				return func(context.Context, *exchange.Exchange, *policy.Env) error {
					return &policy.Denied{Status: status, Reason: "Denied", Message: "No."}
				}
			}},
		{Name: "count", Sections: policy.Inbound, Scopes: policy.AnyScope, Doc: "Takes one of five.",
			Compile: func(*policy.Compiler, *policy.Element) policy.Run {
				return func(ctx context.Context, _ *exchange.Exchange, env *policy.Env) error {
					res, err := env.Counters.Take(ctx, "k", 1, 5, time.Hour, env.Now())
					if err == nil && !res.Allowed {
						err = &policy.Denied{Status: 429, Reason: "RateLimitExceeded", Message: "Too many."}
					}
					return err
				}
			}},
		{Name: "burst", Sections: policy.AnySection, Scopes: policy.AnyScope, Doc: "Panics.",
			Compile: func(*policy.Compiler, *policy.Element) policy.Run {
				return func(context.Context, *exchange.Exchange, *policy.Env) error { panic("burst") }
			}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func source(scope policy.Scope, file, text string) *policy.Source {
	return &policy.Source{File: file, Text: text, Scope: scope}
}

// doc makes a document whose sections inherit, with the given policies before.
func doc(inbound, outbound, onError string) string {
	return "<policies><inbound>" + inbound + "<base /></inbound><backend><base /></backend><outbound>" + outbound +
		"<base /></outbound><on-error>" + onError + "<base /></on-error></policies>"
}

const forwarding = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"

func newAPI(id, path, service string, operations ...string) *apim.API {
	a := &apim.API{API: exchange.API{ID: id, Name: id, Path: path, ServiceURL: service, Revision: "1", IsCurrentRevision: true, SubscriptionRequired: true}}
	for i := 0; i+2 < len(operations); i += 3 {
		a.Operations = append(a.Operations, &apim.Operation{Operation: exchange.Operation{
			ID: operations[i], Name: operations[i], Method: operations[i+1], URLTemplate: operations[i+2]}})
	}
	return a
}

func newProduct(id string, subscription bool, apis ...string) *apim.Product {
	return &apim.Product{Product: exchange.Product{ID: id, Name: id, SubscriptionRequired: subscription}, APIs: apis}
}

func newSubscription(id, scope string, keys ...string) *apim.Subscription {
	s := &apim.Subscription{Subscription: exchange.Subscription{ID: id, Name: id, Scope: scope}, State: apim.Active}
	for _, k := range keys {
		s.Keys = append(s.Keys, apim.NewKey(k))
	}
	return s
}

func compile(t testing.TB, svc *apim.Service, opts CompileOptions) *Snapshot {
	t.Helper()
	s, faults := Compile(svc, table(t), opts)
	if s == nil {
		t.Fatal(faults)
	}
	return s
}

func compileFaults(t testing.TB, svc *apim.Service) diag.List {
	t.Helper()
	s, faults := Compile(svc, table(t), CompileOptions{})
	if (s == nil) != faults.HasErrors() {
		t.Fatalf("snapshot %v with faults %v", s != nil, faults)
	}
	return faults
}

// counters allows a number of takes of any key, for ever.
type counters struct{ taken atomic.Int64 }

func (c *counters) Take(_ context.Context, _ string, n, limit int64, _ time.Duration, _ time.Time) (policy.CounterResult, error) {
	total := c.taken.Add(n)
	return policy.CounterResult{Allowed: total <= limit, Remaining: limit - total}, nil
}

// host is the surroundings of a gateway under test.
type host struct {
	*Gateway
	seen     []*exchange.Exchange // by Observe; only where tests run one exchange at a time
	counters counters
	ids      atomic.Uint64
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newHost makes a gateway over a backend; a nil one answers 200 with the method
// and URL that it was called with.
func newHost(t testing.TB, svc *apim.Service, back exchange.Caller, change ...func(*Config)) *host {
	t.Helper()
	if back == nil {
		back = exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			target, err := backend.Target(ex)
			if err != nil {
				return err
			}
			ex.Response = exchange.Response{StatusCode: http.StatusOK, Body: exchange.Text(ex.Request.Method + " " + target.String())}
			return nil
		})
	}
	h := &host{}
	cfg := Config{Backend: back, Counters: &h.counters, Now: func() time.Time { return noon },
		NewGUID: func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", h.ids.Add(1)) },
		Rand:    func() uint64 { return h.ids.Add(1) },
		Observe: func(ex *exchange.Exchange, _ time.Time) { h.seen = append(h.seen, ex) }}
	for _, f := range change {
		f(&cfg)
	}
	h.Gateway = New(cfg)
	h.Swap(compile(t, svc, CompileOptions{Revision: "r1"}))
	return h
}

// call sends a request in this process, key in its header.
func (h *host) call(t testing.TB, method, target, key string) *exchange.Exchange {
	t.Helper()
	u, err := exchange.ParseURL(target)
	if err != nil {
		t.Fatal(err)
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: method, URL: u}}
	if key != "" {
		ex.Request.Header.Set(DefaultKeyHeader, key)
	}
	if err := h.Do(t.Context(), ex); err != nil {
		t.Fatal(err)
	}
	return ex
}

func body(t testing.TB, ex *exchange.Exchange) string {
	t.Helper()
	b, err := ex.Response.Body.Bytes()
	if err != nil && !errors.Is(err, exchange.ErrBodyConsumed) {
		t.Fatal(err)
	}
	return string(b)
}
