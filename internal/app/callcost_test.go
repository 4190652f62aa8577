package app

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"stile/diag"
	"stile/internal/identity"
	"stile/internal/kv/kvtest"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
)

// instant is a network that answers at once.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	const body = `{"ok":true}`
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: r,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {"Mon, 23 Nov 2026 01:00:00 GMT"}, "Content-Length": {"11"}}}, nil
}

// stateCall gives one http:invoke of a state by the product's own parts, without
// engine and network.
func stateCall(t testing.TB) func() {
	t.Helper()
	dir := folder(t, "http://127.0.0.1:9", invoke)
	p := &project{roles: map[string]*identity.Role{}}
	role, faults := identity.ParseRole(diag.NewSource("roles/one-role.json", roleAllowing("api/**")))
	if role == nil {
		t.Fatal(faults)
	}
	p.roles["one-role"] = role
	issuer, err := identity.OpenIssuer(actKeys{}, "http://127.0.0.1:7400", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{project: func() *project { return p }, issuer: issuer, mask: secret.NewMasker(nil), now: time.Now, log: slog.New(slog.DiscardHandler)}
	way := wayOfCalls(t, dir, instant{}, a.identify, a.authorize)
	call := sfn.TaskCall{Resource: "arn:aws:states:::http:invoke", ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:one:e1",
		StateMachineName: "one", ExecutionName: "e1", State: "Reserve", RoleARN: "arn:aws:iam::111111111111:role/one-role", Command: 3, Attempt: 1, Send: 1,
		TraceID: strings.Repeat("a", 32), Span: strings.Repeat("b", 16), IdempotencyKey: strings.Repeat("k", 43),
		Parameters: jsonval.MustParse(`{"ApiEndpoint":"https://shop.example/shop/reserve","Method":"POST","Authentication":{"ConnectionArn":` +
			`"arn:aws:events:us-east-1:111111111111:connection/c/1"},"RequestBody":{"id":"` + strings.Repeat("0123456789", 18) + `"}}`)}
	done := make(chan sfn.TaskResult, 1)
	return func() {
		way.Start(t.Context(), call, func(r sfn.TaskResult) { done <- r })
		if r := <-done; r.Error != "" || !r.Call.Exists() {
			t.Fatalf("%s: %s", r.Error, r.Cause)
		}
	}
}

// TestAStateCallIsCheap bounds what one call allocates on its way, some ten pieces of
// which are the test's own network.
func TestAStateCallIsCheap(t *testing.T) {
	call := stateCall(t)
	if n := testing.AllocsPerRun(200, call); n > 80 {
		t.Errorf("a state's call costs %v allocations", n)
	}
}

// BenchmarkUnitStateCall is a state's call from its dispatch to its result: role,
// policies, the exchange with a backend that answers at once, the records of it.
func BenchmarkUnitStateCall(b *testing.B) {
	call := stateCall(b)
	b.ReportAllocs()
	kvtest.CPU(b, func() {
		for b.Loop() {
			call()
		}
	})
}
