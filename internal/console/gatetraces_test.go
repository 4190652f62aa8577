package console

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/gatetrace"
	"stile/policy/exchange"
)

// traceShelf is three traces of two APIs, and one of a request that reached none.
type traceShelf struct{ asked []string }

func (*traceShelf) traces() []*gatetrace.Trace {
	one := func(id, api string, status int, value string) *gatetrace.Trace {
		t := &gatetrace.Trace{Summary: gatetrace.Summary{ID: id, API: api, Method: "GET", Path: "/" + api + "/<7>", Status: status, Start: epoch, Policies: 1},
			Request:  gatetrace.Message{Method: "GET", URL: "http://gate.example/" + api, Headers: []gatetrace.Field{}},
			Response: gatetrace.Message{Status: status, Headers: []gatetrace.Field{}, Body: &gatetrace.Body{Text: value, Length: int64(len(value))}},
			Steps: []gatetrace.Step{{Decision: exchange.Decision{Policy: "set-header", Scope: "api", Section: "inbound", File: "p.xml", Line: 3, Outcome: "ok"},
				Changes:  []gatetrace.Change{{What: exchange.OfRequestHeader, Name: "X-A", After: &value}},
				Counters: []exchange.Counter{{Name: "remaining", Value: 9}}}}}
		if api != "" {
			t.Operation = "get"
		}
		return t
	}
	return []*gatetrace.Trace{one("four", "", 404, "4"), one("three", "orders", 200, "<b>"), one("two", "payroll", 200, "2"), one("one", "orders", 429, "1")}
}

func (b *traceShelf) Get(id string) (*gatetrace.Trace, error) {
	for _, t := range b.traces() {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, gatetrace.ErrNotFound
}

func (b *traceShelf) List(n int, see func(*gatetrace.Summary) bool) (out []gatetrace.Summary, err error) {
	for _, t := range b.traces() {
		if len(out) < n && see(&t.Summary) {
			out = append(out, t.Summary)
		}
	}
	return out, nil
}

func (*traceShelf) Operations() []GateOperation {
	return []GateOperation{{"orders", "get", "GET", "/orders/{id}", "K"}, {"payroll", "get", "GET", "/payroll", "K"}}
}

func (*traceShelf) Locate(_, path string) (api, operation string, ok bool) {
	return "orders", "get", strings.HasPrefix(path, "/orders")
}

func (b *traceShelf) DebugToken(_ context.Context, api string, life time.Duration) (string, time.Time, error) {
	b.asked = append(b.asked, api+" "+life.String())
	return "p=tracing", epoch.Add(life), nil
}

// ordersAlone may trace one API.
func ordersAlone(action string, resources []string) bool {
	return action == "apim:Trace" && resources[len(resources)-1] == "api/orders"
}

func gateConsole(may allowing) (*traceShelf, func(method, path, body string) *httptest.ResponseRecorder) {
	b, cfg := &traceShelf{}, config(newFake())
	cfg.GateTraces, cfg.Gate, cfg.Permissions = b, b, may
	h := New(cfg)
	return b, func(method, path, body string) *httptest.ResponseRecorder { return do(h, method, path, body) }
}

// TestGateTracesAreForWhoMayTrace: what a caller may not trace is not there.
func TestGateTracesAreForWhoMayTrace(t *testing.T) {
	for name, may := range map[string]allowing{"all": nil, "orders": ordersAlone, "nothing": func(string, []string) bool { return false }} {
		_, ask := gateConsole(may)
		var page struct{ Traces []gatetrace.Summary }
		if err := json.Unmarshal(ask("GET", "/-/v1/gateway/traces", "").Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, s := range page.Traces {
			ids = append(ids, s.ID)
		}
		want := map[string]string{"all": "four three two one", "orders": "three one", "nothing": ""}[name]
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: list %q, want %q", name, got, want)
		}
		for _, id := range []string{"one", "two", "three", "four"} {
			status := 404
			if strings.Contains(want, id) {
				status = 200
			}
			for _, path := range []string{"/-/v1/gateway/traces/" + id, "/traces/" + id, "/-/v1/gateway/traces/" + id + "/diff?with=" + id, "/traces/diff?a=" + id + "&b=" + id} {
				if got := ask("GET", path, "").Code; got != status {
					t.Errorf("%s: %s gives %d, want %d", name, path, got, status)
				}
			}
		}
	}
	_, ask := gateConsole(nil)
	if got := ask("GET", "/-/v1/gateway/traces?api=orders&status=429", "").Body.String(); !strings.Contains(got, `"one"`) || strings.Contains(got, `"three"`) {
		t.Error(got)
	}
	if got := ask("GET", "/-/v1/gateway/traces/latest", "").Body.String(); !strings.Contains(got, `"id":"four"`) {
		t.Error(got)
	}
}

const azure = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/svc/gateways/managed/"

// TestDebugCredentials: by our own way and by API Management's.
func TestDebugCredentials(t *testing.T) {
	b, ask := gateConsole(ordersAlone)
	for _, tt := range []struct {
		path, body string
		status     int
		asked      string
	}{
		{"/-/v1/gateway/debug-tokens", `{"api":"orders"}`, 200, "orders 1h0m0s"},
		{"/-/v1/gateway/debug-tokens", `{"api":"orders","expires":"10m"}`, 200, "orders 10m0s"},
		{"/-/v1/gateway/debug-tokens", `{"method":"GET","path":"/orders/7"}`, 200, "orders 1h0m0s"},
		{"/-/v1/gateway/debug-tokens", `{"method":"GET","path":"/elsewhere"}`, 404, ""},
		{"/-/v1/gateway/debug-tokens", `{"api":"orders","expires":"2h"}`, 400, ""},
		{"/-/v1/gateway/debug-tokens", `{"api":"payroll"}`, 403, ""},
		{"/-/v1/gateway/debug-tokens", `{"api":"orders;rev=2"}`, 200, "orders 1h0m0s"}, // decided on what it opens
		{azure + "listDebugCredentials?api-version=2024-05-01", `{"credentialsExpireAfter":"PT30M","apiId":"/subscriptions/s/apis/orders;rev=2","purposes":["tracing"]}`, 200, "orders 30m0s"},
		{azure + "listDebugCredentials", `{"apiId":"/apis/orders","purposes":["tracing"]}`, 200, "orders 1h0m0s"},
		{azure + "listDebugCredentials", `{"credentialsExpireAfter":"PT2H","apiId":"/apis/orders","purposes":["tracing"]}`, 400, ""},
		{azure + "listDebugCredentials", `{"apiId":"/apis/orders","purposes":["other"]}`, 400, ""},
		{azure + "listDebugCredentials", `{"apiId":"orders","purposes":["tracing"]}`, 400, ""},
		{azure + "listDebugCredentials", `{"apiId":"/apis/payroll","purposes":["tracing"]}`, 403, ""},
	} {
		b.asked = nil
		w := ask("POST", tt.path, tt.body)
		if got := strings.Join(b.asked, ""); w.Code != tt.status || got != tt.asked || tt.status == 200 && !strings.Contains(w.Body.String(), `"token":"p=tracing"`) {
			t.Errorf("%s %s: %d %s, asked %q", tt.path, tt.body, w.Code, w.Body, got)
		}
	}
	if w := ask("POST", azure+"listTrace", `{"traceId":"one"}`); w.Code != 200 || !strings.Contains(w.Body.String(), `"serviceName":"svc","traceId":"one","traceEntries":{"inbound":[`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask("POST", azure+"listTrace", `{"traceId":"two"}`); w.Code != 404 {
		t.Errorf("another's trace: %d", w.Code)
	}
}

func TestTracePages(t *testing.T) {
	_, ask := gateConsole(nil)
	for path, wants := range map[string][]string{
		"/traces":                    {"/traces/three", "orders / get", "/orders/&lt;7&gt;"},
		"/traces/three":              {"set-header", "p.xml:3", "request header X-A", "remaining 9", "&lt;b&gt;", "/traces/diff?a=one&amp;b=three"},
		"/traces/diff?a=one&b=three": {"changed", "set-header", "answer", "429", "&lt;b&gt;"},
		"/traces/diff?a=one&b=one":   {"differ in nothing"},
	} {
		w := ask("GET", path, "")
		for _, want := range wants {
			if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %d, lacks %q", path, w.Code, want)
			}
		}
	}
	if w := do(New(config(newFake())), "GET", "/traces", ""); w.Code != 404 {
		t.Errorf("a server without traces: %d", w.Code)
	}
}
