package gateway

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/backend"
	"stile/internal/breaker"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// pooled is a service with a pool of two and what they need.
func pooled(t *testing.T) *apim.Service {
	rule := []exchange.BreakerRule{{Name: "busy", Count: 1, Interval: time.Minute, Trip: time.Minute, Line: 5,
		Statuses: []exchange.StatusRange{{Min: 500, Max: 599}}}}
	one := &apim.Backend{Backend: exchange.Backend{ID: "one", BaseURL: "http://one"}, Place: apim.Place{File: "one.json", Line: 2}, Rules: rule,
		Header: []apim.Credential{{Name: "X-Key", Value: apim.Text{Text: "k-{{key}}"}}}}
	two := &apim.Backend{Backend: exchange.Backend{ID: "two", BaseURL: "http://two"}, Place: apim.Place{File: "two.json", Line: 2}, Rules: rule,
		Authorization: &apim.Authorization{Scheme: "Bearer", Parameter: apim.Text{Ref: secretRef(t, "env://TWO")}}}
	pool := &apim.Backend{Backend: exchange.Backend{ID: "pool"}, Place: apim.Place{File: "pool.json", Line: 1},
		Pool: []apim.PoolMember{{ID: "one", Priority: 1, Weight: 1}, {ID: "two", Priority: 2, Weight: 1}}}
	api := newAPI("orders", "orders", "http://plain", "place", "GET", "/")
	api.SubscriptionRequired = false
	api.Policy = source(policy.API, "api.xml", doc(`<use id="pool" />`, "", ""))
	return &apim.Service{APIs: []*apim.API{api}, Backends: []*apim.Backend{one, two, pool},
		NamedValues: []*apim.NamedValue{{ID: "key", DisplayName: "key", Value: "1"}}}
}

// withUse is the tests' table and a policy that chooses a backend.
func withUse(t *testing.T) *policy.Table {
	tab, err := policy.NewTable(append(table(t).Descriptors(), policy.Descriptor{Name: "use", Sections: policy.Inbound, Scopes: policy.AnyScope, Doc: "Chooses.",
		Schema: policy.Schema{Attributes: []policy.Attribute{{Name: "id", Required: true}}},
		Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
			b, _ := c.Backend(c.Value(e, "id").Constant())
			return func(_ context.Context, ex *exchange.Exchange, _ *policy.Env) error {
				ex.Backend = b
				return nil
			}
		}}))
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func secretsOf(value string) func(secret.Ref) (secret.Value, error) {
	return func(secret.Ref) (secret.Value, error) {
		if value == "" {
			return secret.Value{}, errors.New("TWO is not set")
		}
		return secret.NewValue(value), nil
	}
}

// TestCircuitsSurviveAReload: what opened stays open under the next snapshot, whose
// documents are those of the last; the verdict names the backend's rule.
func TestCircuitsSurviveAReload(t *testing.T) {
	svc, tab := pooled(t), withUse(t)
	first, faults := Compile(svc, tab, CompileOptions{Revision: "1", Secrets: secretsOf("token")})
	if first == nil {
		t.Fatal(faults)
	}
	var called []string
	memory := new(breaker.Memory)
	wire := exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		e := ex.Backend.Entity
		called = append(called, ex.Backend.ID)
		for _, p := range e.Credentials.Header {
			called = append(called, p.Name+"="+p.Value.Reveal())
		}
		if a := e.Credentials.Authorization.Reveal(); a != "" {
			called = append(called, a)
		}
		ex.Response.StatusCode = 503
		return nil
	})
	now := time.Unix(1000, 0)
	clock := func() time.Time { return now }
	mux := backend.NewMux(backend.Config{Now: clock, Span: func() string { return "1" }, Breakers: memory}, wire, nil)
	h := newHost(t, &apim.Service{}, mux, func(c *Config) { c.Now = clock })
	h.Swap(first)
	for range 2 {
		if ex := h.call(t, "GET", "/orders", ""); ex.Response.StatusCode != 503 || ex.Verdict != nil {
			t.Fatalf("%d, %+v", ex.Response.StatusCode, ex.Verdict)
		}
	}
	if got := strings.Join(called, " "); got != "one X-Key=k-1 two Bearer token" {
		t.Errorf("called %s", got)
	}
	next, faults := Compile(pooled(t), tab, CompileOptions{Revision: "2", Previous: first, Secrets: secretsOf("token")})
	if next == nil {
		t.Fatal(faults)
	}
	if first.apis[0].document != next.apis[0].document {
		t.Error("the same backends made the documents compile anew")
	}
	h.Swap(next)
	called = nil
	ex := h.call(t, "GET", "/orders", "")
	v := ex.Verdict
	if v == nil || len(called) > 0 || v.Backend != "one" || v.Rule != "busy" || v.File != "one.json" || v.Line != 5 || v.Status != 503 || v.Policy != "forward-request" {
		t.Fatalf("called %v, verdict %+v", called, v)
	}
	if ex.Response.Header.Get("Retry-After") != "60" || ex.LastError.Reason != backend.ReasonOpen || v.RetryAfter != time.Minute {
		t.Errorf("Retry-After %s, last error %+v", ex.Response.Header.Get("Retry-After"), ex.LastError)
	}
	changed, _ := Compile(pooled(t), tab, CompileOptions{Revision: "3", Previous: next, Secrets: secretsOf("other")})
	if changed.apis[0].document == next.apis[0].document {
		t.Error("a new secret of a backend left its documents as they were")
	}
	if !next.HasBackend("pool") || next.HasBackend("none") {
		t.Error("HasBackend")
	}
}

// TestBackendWithoutItsSecret: its own calls are refused, and nothing else.
func TestBackendWithoutItsSecret(t *testing.T) {
	svc := pooled(t)
	s, faults := Compile(svc, withUse(t), CompileOptions{Secrets: secretsOf("")})
	if s == nil || !strings.Contains(faults.Error(), "TWO is not set") {
		t.Fatal(faults)
	}
	if b := s.values.backends["two"]; b.Entity.Lacking == "" {
		t.Error("the backend lacks nothing")
	}
	if b := s.values.backends["one"]; b.Entity.Lacking != "" {
		t.Error(b.Entity.Lacking)
	}
	if refs := Secrets(svc); len(refs) != 1 {
		t.Errorf("secrets are %v", refs)
	}
}

// TestPoolFaults: what a pool cannot hold.
func TestPoolFaults(t *testing.T) {
	svc := pooled(t)
	svc.Backends = append(svc.Backends, &apim.Backend{Backend: exchange.Backend{ID: "outer"},
		Pool: []apim.PoolMember{{ID: "pool", Weight: 1}, {ID: "oen", Weight: 1}, {ID: "one", Weight: 1}, {ID: "one", Weight: 1}}})
	svc.Backends[0].Header[0].Value.Text = "{{nokey}}"
	svc.Backends[0].CertificateIDs = []string{"none"}
	s, faults := Compile(svc, withUse(t), CompileOptions{Secrets: secretsOf("x")})
	if s != nil {
		t.Error("it was taken")
	}
	for _, want := range []string{"holds pool, which is a pool", "names backend oen, which is not there", "names backend one twice",
		"uses the named value nokey", "names certificate none"} {
		if !strings.Contains(faults.Error(), want) {
			t.Errorf("no fault says %q:\n%v", want, diag.List(faults))
		}
	}
}

// TestPanicBeside: what panics beside the exchanges ends, and nothing else does.
func TestPanicBeside(t *testing.T) {
	var told any
	b := newBeside(func(v any, _ []byte) { told = v })
	if !b.start(func(context.Context) { panic("burst") }) {
		t.Error("not started")
	}
	if b.close(t.Context()); told != "burst" || b.under.Load() != 0 {
		t.Errorf("told %v, %d under way", told, b.under.Load())
	}
}

// TestBeside: what is left to run is bounded, counted, and ends with the gateway.
func TestBeside(t *testing.T) {
	g := New(Config{Now: time.Now, NewGUID: func() string { return "g" }, Rand: func() uint64 { return 1 }})
	hold := make(chan struct{})
	ended := make(chan error, MaxBeside)
	for range MaxBeside {
		if !g.beside.start(func(ctx context.Context) {
			select {
			case <-hold:
			case <-ctx.Done():
			}
			ended <- ctx.Err()
		}) {
			t.Fatal("too few may run")
		}
	}
	if g.beside.start(func(context.Context) { t.Error("one too many") }) {
		t.Error("one too many was started")
	}
	if got := g.Beside(); got != (Beside{Under: MaxBeside, Started: MaxBeside, Dropped: 1}) {
		t.Errorf("%+v", got)
	}
	hold <- struct{}{}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	g.Close(over)
	for range MaxBeside - 1 {
		if err := <-ended; err == nil {
			t.Error("a call went on after the gateway closed")
		}
	}
	if g.beside.start(func(context.Context) {}) || g.Beside().Under != 0 {
		t.Error("something runs in a closed gateway")
	}
}
