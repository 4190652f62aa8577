package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

const gate = "https://gate.example"

func shop() *apim.Service {
	orders := newAPI("orders", "orders", "http://orders.internal/v1/",
		"list", "GET", "/", "one", "GET", "/{id}", "create", "POST", "/", "special", "GET", "/special",
		"lines", "GET", "/{id}/lines/{line}", "report", "GET", "/report-{year}.{format}", "files", "GET", "/files/{*path}", "any", "PUT", "/*")
	deep := newAPI("deep", "orders/deep", "http://deep.internal", "root", "GET", "/")
	free := newAPI("free", "free", "http://free.internal", "get", "GET", "/x")
	free.SubscriptionRequired = false
	open := newAPI("open", "open", "http://open.internal", "get", "GET", "/x")
	named := newAPI("named", "named", "http://named.internal", "get", "GET", "/x")
	named.KeyHeader, named.KeyQuery = "X-Key", "k"
	suspended := newSubscription("late", "", "late-key")
	suspended.State = "suspended"
	return &apim.Service{
		Policy:   source(policy.Global, "policy.xml", forwarding),
		APIs:     []*apim.API{orders, deep, free, open, named},
		Products: []*apim.Product{newProduct("starter", true, "orders", "free"), newProduct("public", false, "open")},
		Subscriptions: []*apim.Subscription{newSubscription("demo", "product/starter", "demo-key", "demo-key-2"),
			newSubscription("all", "", "all-key"), newSubscription("one", "api/named", "one-key"), suspended},
	}
}

func TestRouting(t *testing.T) {
	h := newHost(t, shop(), nil)
	for _, tt := range []struct{ request, operation, forwarded, matched string }{
		{"GET /orders", "orders/list", "http://orders.internal/v1/", ""},
		{"GET /orders/", "orders/list", "http://orders.internal/v1/", ""},
		{"GET /ORDERS/Special", "orders/special", "http://orders.internal/v1/Special", ""},
		{"GET /orders/7", "orders/one", "http://orders.internal/v1/7", "id=7"},
		{"GET /orders/a%20b?x=1&y=a+b", "orders/one", "http://orders.internal/v1/a%20b?x=1&y=a%20b", "id=a b"},
		{"GET /orders/%61%7e", "orders/one", "http://orders.internal/v1/a~", "id=a~"},
		{"GET /orders//7", "orders/one", "http://orders.internal/v1/7", "id=7"},
		{"GET /orders/7/lines/2", "orders/lines", "http://orders.internal/v1/7/lines/2", "id=7,line=2"},
		{"GET /orders/report-2026.tar.gz", "orders/report", "http://orders.internal/v1/report-2026.tar.gz", "year=2026,format=tar.gz"},
		{"GET /orders/report-.x", "orders/one", "http://orders.internal/v1/report-.x", "id=report-.x"},
		{"GET /orders/files/a/b.txt", "orders/files", "http://orders.internal/v1/files/a/b.txt", "path=a/b.txt"},
		{"GET /orders/files", "orders/files", "http://orders.internal/v1/files", "path="},
		{"PUT /orders/what/ever", "orders/any", "http://orders.internal/v1/what/ever", ""},
		{"PUT /orders", "orders/any", "http://orders.internal/v1/", ""},
		{"POST /orders", "orders/create", "http://orders.internal/v1/", ""},
		{"GET /orders/deep", "deep/root", "http://deep.internal/", ""},
		{"GET /orders/deeper", "orders/one", "http://orders.internal/v1/deeper", "id=deeper"},
		{"GET /orders;rev=1/7", "orders/one", "http://orders.internal/v1/7", "id=7"},
		{"GET /orders/deep/x", "deep/-", "", ""},
		{"DELETE /orders/7", "orders/-", "", ""},
		{"GET /", "-", "", ""},
		{"GET /order", "-", "", ""},
	} {
		t.Run(tt.request, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.request, " ")
			ex := h.call(t, method, gate+path, "all-key")
			got := "-"
			if ex.API != nil {
				got = ex.API.ID + "/-"
				if ex.Operation != nil {
					got = ex.API.ID + "/" + ex.Operation.ID
				}
			}
			if got != tt.operation {
				t.Fatalf("reached %s, want %s", got, tt.operation)
			}
			if strings.HasSuffix(tt.operation, "-") {
				if ex.Response.StatusCode != 404 || body(t, ex) != `{ "statusCode": 404, "message": "Resource not found" }` {
					t.Errorf("answer %d %s", ex.Response.StatusCode, body(t, ex))
				}
				if ex.LastError.Source != "configuration" || ex.LastError.Reason != "OperationNotFound" {
					t.Errorf("last error %+v", ex.LastError)
				}
				return
			}
			if got := body(t, ex); got != method+" "+tt.forwarded {
				t.Errorf("forwarded %s, want %s", got, tt.forwarded)
			}
			var matched []string
			for _, p := range ex.Request.Matched {
				matched = append(matched, p.Name+"="+p.Value)
			}
			if diff := cmp.Diff(tt.matched, strings.Join(matched, ",")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusedPaths(t *testing.T) {
	h := newHost(t, shop(), nil)
	for _, path := range []string{"/orders/../free/x", "/orders/%2e%2e/free/x", "/orders/.%2E;v=1/x", "/./orders", "/orders/%2Fx", "/orders/%5cx",
		"/orders/\\x", "/orders/%00", "/orders/%0d%0a", "/orders/%c0%ae", "/orders/%zz", "/orders/%4", "orders", "", "/" + strings.Repeat("a", maxPath)} {
		ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: path}}}
		if err := h.Do(t.Context(), ex); err != nil || ex.Response.StatusCode != 400 || ex.Operation != nil {
			t.Errorf("%q: %v, %d", path, err, ex.Response.StatusCode)
		}
	}
}

func TestSubscriptionKeys(t *testing.T) {
	const missing, invalid = "SubscriptionKeyNotFound", "SubscriptionKeyInvalid"
	h := newHost(t, shop(), nil)
	for _, tt := range []struct {
		name, path, key     string
		reason              string
		subscription, under string
	}{
		{"none", "/orders", "", missing, "", ""},
		{"unknown", "/orders", "nonsense", invalid, "", ""},
		{"product's first", "/orders", "demo-key", "", "demo", "starter"},
		{"product's second", "/orders", "demo-key-2", "", "demo", "starter"},
		{"all APIs", "/orders", "all-key", "", "all", ""},
		{"another API's", "/orders", "one-key", invalid, "", ""},
		{"product without the API", "/orders/deep", "demo-key", invalid, "", ""},
		{"suspended", "/orders", "late-key", invalid, "", ""},
		{"free API, none", "/free/x", "", "", "", ""},
		{"free API, product's", "/free/x", "demo-key", "", "demo", "starter"},
		{"free API, unknown", "/free/x", "nonsense", invalid, "", ""},
		{"open product, none", "/open/x", "", "", "", "public"},
		{"open product, all APIs", "/open/x", "all-key", "", "all", ""},
		{"open product, another's", "/open/x", "demo-key", invalid, "", ""},
		{"no operation, no key needed", "/callbacks/t/x/y", "", "-", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ex := h.call(t, "GET", gate+tt.path, tt.key)
			if tt.reason == "-" {
				if ex.Response.StatusCode != 404 {
					t.Errorf("status %d", ex.Response.StatusCode)
				}
				return
			}
			if tt.reason != "" {
				wantRefusal(t, ex, tt.reason)
				return
			}
			var sub, product string
			if ex.Subscription != nil {
				sub = ex.Subscription.ID
				if ex.Subscription.Key.Reveal() != tt.key {
					t.Error("the exchange does not hold the request's key")
				}
			}
			if ex.Product != nil {
				product = ex.Product.ID
			}
			if ex.Response.StatusCode != 200 || sub != tt.subscription || product != tt.under {
				t.Errorf("status %d, subscription %q, product %q", ex.Response.StatusCode, sub, product)
			}
			if ex.Request.Header.Has(DefaultKeyHeader) {
				t.Error("the key was left in the request")
			}
		})
	}
}

func wantRefusal(t *testing.T, ex *exchange.Exchange, reason string) {
	t.Helper()
	text := map[string]string{
		"SubscriptionKeyNotFound": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
		"SubscriptionKeyInvalid":  "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
	}[reason]
	if ex.Response.StatusCode != 401 || body(t, ex) != `{ "statusCode": 401, "message": "`+text+`" }` {
		t.Errorf("answer %d %s", ex.Response.StatusCode, body(t, ex))
	}
	want := `AzureApiManagementKey realm="https://gate.example/` + ex.API.Path + `",name="Ocp-Apim-Subscription-Key",type="header"`
	if diff := cmp.Diff(want, ex.Response.Header.Get("WWW-Authenticate")); diff != "" {
		t.Error(diff)
	}
	if ex.LastError == nil || ex.LastError.Source != "authorization" || ex.LastError.Reason != reason || ex.LastError.Message != text {
		t.Errorf("last error %+v", ex.LastError)
	}
	if ex.Verdict == nil || ex.Verdict.Policy != "authorization" || ex.Verdict.Status != 401 || ex.Verdict.Revision != "r1" {
		t.Errorf("verdict %+v", ex.Verdict)
	}
}

func TestKeyNamesAndQuery(t *testing.T) {
	h := newHost(t, shop(), nil)
	ex := h.call(t, "GET", gate+"/named/x?a=1&K=all-key&b=2", "")
	if got := body(t, ex); got != "GET http://named.internal/x?a=1&b=2" {
		t.Errorf("the key was forwarded: %s", got)
	}
	if got := ex.Request.OriginalURL.QueryString(); got != "?a=1&b=2" {
		t.Errorf("the key stands in records: %s", got)
	}
	ex = h.call(t, "GET", gate+"/named/x", "all-key")
	if ex.LastError == nil || ex.LastError.Reason != "SubscriptionKeyNotFound" {
		t.Error("a key under another API's name was taken")
	}
	if !strings.Contains(ex.Response.Header.Get("WWW-Authenticate"), `name="X-Key"`) {
		t.Error("the refusal names another header")
	}
}

// TestOnErrorSeesRefusals: on-error of the effective document runs for refusals
// before any policy, and may change the answer.
func TestOnErrorSeesRefusals(t *testing.T) {
	svc := shop()
	svc.APIs[0].Policy = source(policy.API, "apis/orders/policy.xml",
		doc("", "", `<stamp name="X-Seen" value="by on-error" />`))
	h := newHost(t, svc, nil)
	for path, want := range map[string]string{"/orders": "authorization SubscriptionKeyNotFound", "/orders/a/b/c": "configuration OperationNotFound"} {
		ex := h.call(t, "GET", gate+path, "")
		if got := ex.LastError.Source + " " + ex.LastError.Reason; got != want || ex.Response.Header.Get("X-Seen") != "by on-error" {
			t.Errorf("%s: last error %s, want %s; headers %v", path, got, want, ex.Response.Header.Names())
		}
	}
}

func TestPrincipal(t *testing.T) {
	asked := 0
	var deny *exchange.PermissionDenied
	svc := shop()
	svc.APIs[0].Policy = source(policy.API, "p.xml", doc(`<stamp name="Ran" value="1" />`, "", ""))
	h := newHost(t, svc, nil, func(c *Config) {
		c.Authorize = func(ex *exchange.Exchange) *exchange.PermissionDenied {
			asked++
			if ex.API.ID != "orders" || ex.Operation.ID != "list" || len(ex.Decisions) != 0 {
				t.Errorf("asked too late or about something else: %+v", ex.Operation)
			}
			return deny
		}
	})
	call := func(subscription string) (*exchange.Exchange, error) {
		ex := &exchange.Exchange{Principal: exchange.NewPrincipal(exchange.Claims{Role: "r"}), SubscriptionID: subscription,
			Request: exchange.Request{Method: "GET", URL: exchange.URL{Scheme: "https", Host: "acme.azure-api.net", Path: "/orders"}}}
		return ex, h.Do(t.Context(), ex)
	}
	ex, err := call("demo")
	if err != nil || ex.Response.StatusCode != 200 || ex.Subscription.ID != "demo" || ex.Product.ID != "starter" || asked != 1 {
		t.Errorf("allowed call: %v, %d, asked %d", err, ex.Response.StatusCode, asked)
	}
	for _, sub := range []string{"one", "late", "gone"} {
		if ex, err := call(sub); err != nil || ex.Response.StatusCode != 401 || ex.LastError.Reason != "SubscriptionKeyInvalid" {
			t.Errorf("subscription %s: %v, %d", sub, err, ex.Response.StatusCode)
		}
	}
	if ex, _ := call(""); ex.LastError == nil || ex.LastError.Reason != "SubscriptionKeyNotFound" {
		t.Error("a role without a subscription passed")
	}
	deny = &exchange.PermissionDenied{Action: "apim:Invoke", Role: "r"}
	ex, err = call("demo")
	var denied *exchange.PermissionDenied
	if !errors.As(err, &denied) || denied != deny || len(ex.Decisions) != 0 {
		t.Errorf("denied call: %v after %d policies", err, len(ex.Decisions))
	}
	h.cfg.Authorize = nil
	if _, err := call("demo"); err == nil {
		t.Error("a Principal passed where nobody decides")
	}
}

func TestPanicAndLoop(t *testing.T) {
	svc := shop()
	svc.APIs[2].Policy = source(policy.API, "p.xml", doc("<burst />", "", ""))
	h := newHost(t, svc, nil)
	if ex := h.call(t, "GET", gate+"/free/x", ""); ex.Response.StatusCode != 500 || body(t, ex) != `{ "statusCode": 500, "message": "Internal server error" }` {
		t.Errorf("after a panic: %d %s", ex.Response.StatusCode, body(t, ex))
	}
	h.cfg.NewGUID = func() string { panic("no GUIDs") }
	if ex := h.call(t, "GET", gate+"/free/x", ""); ex.Response.StatusCode != 500 {
		t.Errorf("after a panic of the gateway's own: %d", ex.Response.StatusCode)
	}
	h = newHost(t, shop(), nil)
	ex := &exchange.Exchange{Hops: MaxHops + 1, Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/free/x"}}}
	if err := h.Do(t.Context(), ex); err != nil || ex.Response.StatusCode != http.StatusLoopDetected {
		t.Errorf("a loop: %v, %d", err, ex.Response.StatusCode)
	}
	empty := New(Config{Now: h.cfg.Now, NewGUID: h.cfg.NewGUID, Rand: h.cfg.Rand})
	ex = &exchange.Exchange{}
	if err := empty.Do(t.Context(), ex); err != nil || ex.Response.StatusCode != 503 {
		t.Errorf("without a snapshot: %v, %d", err, ex.Response.StatusCode)
	}
}

func TestTraceIsJoined(t *testing.T) {
	h := newHost(t, shop(), nil)
	ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/free/x"}}}
	ex.Request.Header.Set("traceparent", "00-0123456789abcdef0123456789abcdef-00f067aa0ba902b7-01")
	if err := h.Do(t.Context(), ex); err != nil {
		t.Fatal(err)
	}
	if ex.Trace.TraceID != "0123456789abcdef0123456789abcdef" || ex.Trace.ParentID != "00f067aa0ba902b7" || len(ex.Trace.SpanID) != 16 || ex.Trace.SpanID == ex.Trace.ParentID {
		t.Errorf("continued: %+v", ex.Trace)
	}
	ex = h.call(t, "GET", gate+"/free/x", "")
	if len(ex.Trace.TraceID) != 32 || len(ex.Trace.SpanID) != 16 || ex.Trace.ParentID != "" {
		t.Errorf("new: %+v", ex.Trace)
	}
	ex = &exchange.Exchange{Trace: exchange.Trace{TraceID: "aa", SpanID: "bb", ParentID: "cc"}, Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/free/x"}}}
	if err := h.Do(t.Context(), ex); err != nil || ex.Trace != (exchange.Trace{TraceID: "aa", SpanID: "bb", ParentID: "cc"}) {
		t.Errorf("given by the caller: %v %+v", err, ex.Trace)
	}
}

func TestCancelledCallGivesItsError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := newHost(t, shop(), exchange.CallerFunc(func(ctx context.Context, _ *exchange.Exchange) error {
		cancel()
		return ctx.Err()
	}))
	ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/free/x"}}}
	if err := h.Do(ctx, ex); !errors.Is(err, context.Canceled) {
		t.Errorf("Do gave %v", err)
	}
	if len(h.seen) != 1 {
		t.Errorf("observed %d times", len(h.seen))
	}
}
