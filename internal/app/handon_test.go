package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"stile/internal/backend"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/observe"
	"stile/internal/policies"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/jsonval"
	"stile/policy/exchange"
)

// handOn sends the token of a state on to the backend.
const handOn = `<set-header name="Authorization" exists-action="override"><value>@(context.Request.Headers.GetValueOrDefault("Authorization", ""))</value></set-header>`

// wayOfCalls is the way of a state's call from its dispatch to a backend, with the
// product's policies on a project, and no engine.
func wayOfCalls(t testing.TB, dir string, transport http.RoundTripper, identify func(sfn.TaskCall) task.Identity,
	authorize func(*exchange.Exchange) *exchange.PermissionDenied) *task.Runner {
	t.Helper()
	p, faults := files.Load(dir)
	if p == nil || faults.HasErrors() {
		t.Fatal(faults)
	}
	snapshot, faults := gateway.Compile(p.APIM, policies.Table(), gateway.CompileOptions{Revision: "test"})
	if snapshot == nil {
		t.Fatal(faults)
	}
	cfg := backend.Config{Transport: transport, Now: time.Now, Span: observe.NewSpanID}
	g := gateway.New(gateway.Config{Backend: backend.NewMux(cfg, backend.NewClient(cfg), nil), Counters: policies.NewCounters(),
		Authorize: authorize,
		Now:       time.Now, NewGUID: newGUID, Rand: randomUint64})
	g.Swap(snapshot)
	r, err := task.New(task.Config{Gateway: g, Map: func(string) (task.Target, bool) { return task.Target{Gateway: true}, true },
		Identify: identify, Now: time.Now, NewGUID: newGUID,
		Connection: func(string) (task.Connection, bool) { return task.Connection{Name: "c"}, true }}, task.Table())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTokenOfAStateIsHandedOn: a plain forward signs nothing and sends no token; a
// policy that hands it on sends it, and one that has read it does.
func TestTokenOfAStateIsHandedOn(t *testing.T) {
	var got []string
	back := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["Authorization"] }))
	t.Cleanup(back.Close)
	const read = `<set-variable name="seen" value="@(context.Request.Headers.GetValueOrDefault(&quot;Authorization&quot;, &quot;&quot;))" />`
	for _, tt := range []struct {
		name, policy string
		minted       int
		sent         bool
	}{
		{"plain", "", 0, false},
		{"handed on", handOn, 1, true},
		{"read", read, 1, true},
		{"read and taken away", read + `<set-header name="Authorization" exists-action="delete" />`, 1, false},
		{"taken away", `<set-header name="Authorization" exists-action="delete" />`, 0, false},
	} {
		minted := 0
		dir := folder(t, back.URL, invoke, "apim/apis/shop/policy.xml", shopPolicy(tt.policy))
		way := wayOfCalls(t, dir, nil, func(sfn.TaskCall) task.Identity {
			return task.Identity{Principal: exchange.NewPrincipal(exchange.Claims{Role: "one-role"}), Bearer: func() string { minted++; return "token" }}
		}, func(*exchange.Exchange) *exchange.PermissionDenied { return nil })
		got = nil
		done := make(chan sfn.TaskResult, 1)
		way.Start(t.Context(), sfn.TaskCall{Resource: invoke, ExecutionName: "e", State: "Reserve", Attempt: 1,
			Parameters: jsonval.MustParse(`{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/reserve"}`)}, func(r sfn.TaskResult) { done <- r })
		if r := <-done; r.Error != "" {
			t.Fatalf("%s: %s: %s", tt.name, r.Error, r.Cause)
		}
		if sent := len(got) == 1 && got[0] == "Bearer token"; sent != tt.sent || minted != tt.minted || !sent && len(got) > 0 {
			t.Errorf("%s: minted %d, sent %q", tt.name, minted, got)
		}
	}
}
