package gateway

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// TestDebugTokensStayHere: the token reaches no policy and no backend, and the answer
// says what became of it, whatever the policies did.
func TestDebugTokensStayHere(t *testing.T) {
	for token, want := range map[string]string{"good": TraceIDHeader, "old": DebugExpiredHeader, "foreign": DebugWrongHeader, "": ""} {
		var sent []string
		back := exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			sent = append(ex.Request.Header.Names(), "and no more")
			ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text("fine")}
			return nil
		})
		svc := &apim.Service{APIs: []*apim.API{newAPI("shop", "shop", "http://shop.example", "get", "GET", "/items/{id}")}}
		svc.APIs[0].SubscriptionRequired = false
		h := newHost(t, svc, back, func(c *Config) {
			c.Record = func(ex *exchange.Exchange, token string) Debugging {
				if ex.API == nil || ex.API.ID != "shop" {
					t.Error("asked before the API was found")
				}
				return map[string]Debugging{"good": DebugTrace, "old": DebugExpired, "foreign": DebugWrongAPI}[token]
			}
		})
		ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/shop/items/7"}}}
		if token != "" {
			ex.Request.Header.Add(DebugHeader, token)
		}
		if err := h.Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		if all := strings.ToLower(strings.Join(sent, " ")); all == "" || strings.Contains(all, "debug") {
			t.Errorf("%q: the backend got %q", token, sent)
		}
		for _, name := range []string{TraceIDHeader, DebugExpiredHeader, DebugWrongHeader} {
			if got := ex.Response.Header.Has(name); got != (name == want) {
				t.Errorf("%q: %s is there: %v", token, name, got)
			}
		}
		r := h.seen[0].Recording
		if (r != nil) != (token == "good") {
			t.Errorf("%q: recorded %v", token, r)
		}
		if r != nil && (ex.Response.Header.Get(TraceIDHeader) != ex.ID || r.Came.Method != "GET" || r.Went.Status != 200 ||
			len(r.Steps) != 1 || r.Steps[0].Policy != "forward-request" || r.Steps[0].Outcome != "ok") {
			t.Errorf("%+v", r)
		}
	}
}

// TestRefusedRequestsAreRecorded: what never came to an operation has a trace too.
func TestRefusedRequestsAreRecorded(t *testing.T) {
	svc := &apim.Service{APIs: []*apim.API{newAPI("shop", "shop", "http://shop.example", "get", "GET", "/items/{id}")}}
	h := newHost(t, svc, nil, func(c *Config) {
		c.Record = func(*exchange.Exchange, string) Debugging { return DebugRecord }
	})
	for target, status := range map[string]int{"/shop/items/7": 401, "/shop/nothing": 404, "/nowhere": 404} {
		h.seen = nil
		ex := h.call(t, "GET", target, "")
		if r := h.seen[0].Recording; r == nil || r.Went.Status != status || ex.Response.Header.Has(TraceIDHeader) {
			t.Errorf("%s: %+v", target, r)
		}
	}
}

// TestKeysOfNoVersionAreNotRecorded: a request that names no version reaches no API, and
// its key is in no record.
func TestKeysOfNoVersionAreNotRecorded(t *testing.T) {
	a := newAPI("shop", "shop", "http://shop.example", "get", "GET", "/items")
	a.KeyHeader, a.KeyQuery, a.VersionScheme, a.VersionName, a.Version = "X-Partner", "pin", "Header", "Api-Version", "v1"
	h := newHost(t, &apim.Service{APIs: []*apim.API{a}}, nil, func(c *Config) {
		c.Record = func(*exchange.Exchange, string) Debugging { return DebugRecord }
	})
	u, err := exchange.ParseURL("/shop/items?pin=opensesame&a=b")
	if err != nil {
		t.Fatal(err)
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: u}}
	ex.Request.Header.Set("X-Partner", "opensesame")
	if err := h.Do(t.Context(), ex); err != nil {
		t.Fatal(err)
	}
	came := h.seen[0].Recording.Came
	if text := fmt.Sprint(came.URL, came.Header); ex.Response.StatusCode != 404 || strings.Contains(text, "opensesame") || !strings.Contains(text, "a=b") {
		t.Errorf("%d %s", ex.Response.StatusCode, text)
	}
}
