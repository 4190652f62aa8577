package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/gatetrace"
	"stile/policy/exchange"
)

func oneTrace(id, from string) *gatetrace.Trace {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	step := func(depth int, policy, outcome string, line int) gatetrace.Step {
		return gatetrace.Step{Depth: depth, Decision: exchange.Decision{Policy: policy, Scope: "api", Section: "inbound", File: "p.xml", Line: line, Outcome: outcome,
			Start: at, Duration: time.Millisecond}}
	}
	t := &gatetrace.Trace{Summary: gatetrace.Summary{ID: id, Start: at, Duration: 2 * time.Millisecond, Method: "GET", Path: "/orders/7", API: "orders", Operation: "get", Status: 429, Policies: 3},
		Subscription: "demo", Error: &gatetrace.Fault{Reason: "RateLimitExceeded", Message: "no\x1b[2J more"},
		Request:  gatetrace.Message{Method: "GET", URL: "http://gate/orders/7?a=1", Headers: []gatetrace.Field{{Name: "X-Id", Value: "1"}, {Name: "Authorization", Value: "Bearer ***"}}},
		Response: gatetrace.Message{Status: 429, Headers: []gatetrace.Field{}, Body: &gatetrace.Body{Text: "slow", Length: 4}}}
	t.Steps = []gatetrace.Step{step(0, "choose", "ok", 3), step(1, "set-header", "ok", 4), step(0, "rate-limit", "denied", 6)}
	t.Steps[0].Detail = "when"
	t.Steps[0].Values = []gatetrace.Evaluated{{Expression: "true", Type: "bool", Value: "True"}}
	t.Steps[1].Changes = []gatetrace.Change{{What: exchange.OfRequestHeader, Name: "X-From", After: &from}}
	t.Steps[2].Status, t.Steps[2].Counters = 429, []exchange.Counter{{Name: "remaining", Value: 0}}
	return t
}

// gateAPI answers what the commands ask of a server; the gateway is another one.
func gateAPI(t *testing.T, gate http.HandlerFunc) *http.ServeMux {
	t.Helper()
	g := httptest.NewServer(gate)
	t.Cleanup(g.Close)
	mux := http.NewServeMux()
	give := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(v) }
	}
	a, b := oneTrace("t1", "one"), oneTrace("t2", "two")
	mux.HandleFunc("GET /-/v1/version", give(map[string]string{"gateway": g.URL}))
	mux.HandleFunc("GET /-/v1/gateway/traces/{id}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("id") {
		case "t1":
			give(a)(w, r)
		case "latest", "t2":
			give(b)(w, r)
		default:
			w.WriteHeader(404)
			fmt.Fprint(w, `{"error":{"code":"NotFound","message":"no such trace"}}`)
		}
	})
	mux.HandleFunc("GET /-/v1/gateway/traces", give(map[string]any{"traces": []gatetrace.Summary{b.Summary}}))
	mux.HandleFunc("GET /-/v1/gateway/traces/t1/diff", give(gatetrace.Diff(a, b)))
	mux.HandleFunc("GET /-/v1/gateway/operations", give(map[string]any{"operations": []map[string]string{
		{"api": "orders", "operation": "get", "method": "GET", "path": "/orders/{id}?a={a}", "keyHeader": "X-Gate"}}}))
	mux.HandleFunc("POST /-/v1/gateway/debug-tokens", give(map[string]string{"token": "p=tracing", "api": "orders", "expires": "soon"}))
	return mux
}

func TestTraceIsATable(t *testing.T) {
	api := gateAPI(t, func(http.ResponseWriter, *http.Request) {})
	want := `429  GET /orders/7  orders/get  2.00 ms
trace t2  2026-03-04 12:00:00.000Z  subscription demo
RateLimitExceeded: no` + "\uFFFD" + `[2J more
SECTION  POLICY        SCOPE  DECISION    AT       TOOK     NOTE
inbound  choose        api    ok          p.xml:3  1.00 ms  when
    true = bool True
inbound    set-header  api    ok          p.xml:4  1.00 ms
    request header X-From: (none) → "two"
inbound  rate-limit    api    denied 429  p.xml:6  1.00 ms  remaining 0
`
	if got := run(t, App{}, api, "", "trace"); got.code != 0 || cmp.Diff(want, got.out) != "" {
		t.Errorf("%d %s\n%s", got.code, got.err, cmp.Diff(want, got.out))
	}
	if got := run(t, App{}, api, "", "trace", "diff", "t1", "t2", "--exit-code"); got.code != exitDiffers ||
		!strings.Contains(got.out, "~ set-header  inbound, api  p.xml:4\n    request header X-From: \"one\" → \"two\"\n") {
		t.Errorf("%+v", got)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"trace", "list", "--api", "orders"}, 0, "GET /orders/7"}, {[]string{"trace", "gone"}, exitNotFound, "no such trace"},
		{[]string{"trace", "token", "--api", "orders"}, 0, "p=tracing\n"}, {[]string{"trace", "token"}, exitUsage, "--api"},
		{[]string{"trace", "a", "b"}, exitUsage, "one ID"}, {[]string{"api", "call"}, exitUsage, "TARGET"},
		{[]string{"api", "call", "orders/none"}, exitNotFound, "no operation"}, {[]string{"api", "call", "orders/get"}, exitUsage, "--param"},
		{[]string{"api", "call", "/x", "-H", "bad"}, exitUsage, "NAME: VALUE"}, {[]string{"api", "replay", "gone"}, exitNotFound, "no such trace"},
	} {
		if got := run(t, App{}, api, "", tt.args...); got.code != tt.code || !strings.Contains(got.out+got.err, tt.want) {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}

// TestCallsAreSavedAndRepeated: what is sent, what is kept, and what differs.
func TestCallsAreSavedAndRepeated(t *testing.T) {
	var sent string
	status := 200
	api := gateAPI(t, func(w http.ResponseWriter, r *http.Request) {
		sent = fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Header.Get("X-Gate"), " ", r.Header.Get("X-Id"), " ", r.Header.Get("Authorization"), " ", r.Header.Get("Apim-Debug-Authorization"))
		if r.Header.Get("Apim-Debug-Authorization") != "" {
			w.Header().Set("Apim-Trace-Id", "t1")
		}
		w.Header().Set("X-Answer", "1")
		w.WriteHeader(status)
		fmt.Fprint(w, "fine")
	})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stile.yaml"), []byte("name: x\nsubscriptions: [{id: demo, dev-keys: [the-demo-key]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "call.json")
	got := run(t, App{}, api, "", "api", "call", "orders/get", "--param", "id=a b", "--param", "a=1", "-H", "X-Id: 9", "-H", "Authorization: Bearer mine", "--key", "demo", "--project", dir, "--trace", "--save", file)
	if want := "GET /orders/a%20b?a=1 the-demo-key 9 Bearer mine p=tracing"; got.code != 0 || sent != want || !strings.Contains(got.out, "200 OK\n") || !strings.Contains(got.out, "\nfine\n") {
		t.Errorf("sent %q\n%+v", sent, got)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(text), "mine") || strings.Contains(string(text), "the-demo-key") || !strings.Contains(string(text), `"key": "demo"`) {
		t.Errorf("%s %v", text, err)
	}
	got = run(t, App{}, api, "", "api", "replay", file, "--project", dir, "--exit-code")
	if want := "GET /orders/a%20b?a=1  9  p=tracing"; got.code != 0 || sent != want || !strings.Contains(got.out, "the same answer, and the same decisions") {
		t.Errorf("sent %q\n%+v", sent, got)
	}
	status = 500
	got = run(t, App{}, api, "", "api", "replay", file, "--project", dir, "--exit-code", "--diff")
	if got.code != exitDiffers || !strings.Contains(got.out, `status: "200" → "500"`) {
		t.Errorf("%+v", got)
	}
	got = run(t, App{}, api, "", "api", "replay", "t1", "--project", dir)
	if want := "GET /orders/7?a=1 "; !strings.HasPrefix(sent, want) || !strings.Contains(got.out, "differs: status, header Content-Type, header X-Answer, body") || !strings.Contains(got.err, "Authorization was a credential") {
		t.Errorf("sent %q\n%+v", sent, got)
	}
}
