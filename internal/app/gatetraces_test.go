package app

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stile/internal/gatetrace"
	"stile/internal/gateway"
	"stile/policy/exchange"
)

// tracingPolicy is a policy document of the shop with the header X-From.
func tracingPolicy(from string) string {
	return shopPolicy(`<rate-limit-by-key calls="100" renewal-period="60" counter-key="k" /><choose><when condition="@(context.Request.Method == &quot;POST&quot;)">` +
		`<set-header name="X-From" exists-action="override"><value>` + from + `</value></set-header></when></choose>`)
}

// TestTracesThroughAnEdit: the whole way of a person who edits a policy: call, look,
// edit, replay, compare; by the command line, on a running server.
func TestTracesThroughAnEdit(t *testing.T) {
	if CLI == nil {
		t.Fatal("package app_test has lent no command line")
	}
	backend, _ := answering(t)
	dir := folder(t, backend, invoke, "apim/apis/shop/policy.xml", tracingPolicy("one"),
		"stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\nsubscriptions: [{id: demo, dev-keys: [demo-key-of-the-test]}]\n")
	data := t.TempDir()
	p := dev(t, dir, data)
	ask := func(args ...string) string {
		t.Helper()
		return CLI(p.Console, nil, nil, args...)
	}
	wants := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("lacks %q:\n%s", want, text)
			}
		}
	}
	saved := filepath.Join(t.TempDir(), "call.json")
	wants(ask("api", "call", "shop/reserve", "-d", `{"sku":"s"}`, "-H", "X-Trial: 1", "-H", "Authorization: Bearer canary-of-the-caller", "--key", "demo", "--project", dir, "--trace", "--save", saved),
		"200 OK", "Content-Type: application/json", `{"reservation":"r-1"}`, "Apim-Trace-Id: ", "Authorization is not kept", "stile trace ")
	kept, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(kept), "canary-of-the-caller") || strings.Contains(string(kept), "demo-key-of-the-test") {
		t.Errorf("the file holds a credential: %s", kept)
	}
	shown := ask("trace")
	wants(shown, "200  POST /shop/reserve  shop/reserve", "rate-limit-by-key", "limit 100, remaining 99", "apim/apis/shop/policy.xml:1",
		`request header X-From: (none) → "one"`, `context.Request.Method == "POST" = bool True`, "forward-request", `status: (none) → "200"`, "backend POST")
	raw := ask("trace", "-o", "json")
	for _, secret := range []string{"canary-of-the-caller", "demo-key-of-the-test", "p=tracing"} {
		if strings.Contains(shown+raw, secret) {
			t.Errorf("the trace holds %s", secret)
		}
	}
	wants(ask("api", "replay", saved, "--key", "demo", "--project", dir, "--diff"), "the same answer, and the same decisions")

	write(t, dir, "apim/apis/shop/policy.xml", tracingPolicy("two"))
	p.tells("taken up")
	edited := ask("api", "replay", saved, "--key", "demo", "--project", dir, "--diff")
	wants(edited, "the same answer, and the same decisions") // what the backend was sent differs, not what was answered
	var call struct{ Trace struct{ ID string } }
	if err := json.Unmarshal(kept, &call); err != nil {
		t.Fatal(err)
	}
	wants(ask("trace", "diff", call.Trace.ID, "latest"), "~ set-header  inbound, api", `request header X-From: "one" → "two"`)
	write(t, dir, "apim/apis/shop/policy.xml", shopPolicy(`<return-response><set-status code="418" reason="No" /></return-response>`))
	p.tells("taken up")
	wants(ask("api", "replay", saved, "--key", "demo", "--project", dir, "--diff"), `status: "200" → "418"`, "- rate-limit-by-key", "+ return-response", "decision 1: ")
	wants(ask("trace", "list", "--api", "shop", "--status", "418"), "POST /shop/reserve", "418")

	p.shut() // what waits is kept
	p = dev(t, dir, data)
	wants(ask("trace", call.Trace.ID), "200  POST /shop/reserve")
	wants(ask("audit"), "apim:Trace", "api/shop")
}

// TestDebugTokensOverTheWire: who has a token gets the id of a trace, who has none for
// this API is told.
func TestDebugTokensOverTheWire(t *testing.T) {
	backend, _ := answering(t)
	p := dev(t, folder(t, backend, invoke), t.TempDir())
	const azure = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/local/gateways/managed/"
	status, text := send(t, "POST", p.Console+azure+"listDebugCredentials?api-version=2024-05-01", `{"credentialsExpireAfter":"PT1H","apiId":"/x/apis/shop","purposes":["tracing"]}`,
		"Content-Type", "application/json")
	var minted struct{ Token string }
	if err := json.Unmarshal([]byte(text), &minted); err != nil || status != 200 || !strings.HasPrefix(minted.Token, "p=tracing&aid=shop&ex=") {
		t.Fatal(status, text, err)
	}
	call := func(token string) http.Header {
		t.Helper()
		return headersOf(t, p.Gateway+"/shop/reserve", gateway.DebugHeader, token)
	}
	if h := call("p=tracing&aid=shop&ex=20990101000000&sn=AAAA"); h[gateway.DebugExpiredHeader] == nil || h[gateway.TraceIDHeader] != nil {
		t.Errorf("a made up token: %v", h)
	}
	h := call(minted.Token)
	if h[gateway.TraceIDHeader] == nil {
		t.Fatalf("no trace: %v", h)
	}
	status, text = send(t, "POST", p.Console+azure+"listTrace", `{"traceId":"`+h[gateway.TraceIDHeader][0]+`"}`, "Content-Type", "application/json")
	var found gatetrace.Azure
	if err := json.Unmarshal([]byte(text), &found); err != nil || status != 200 || found.ServiceName != "local" || len(found.TraceEntries["inbound"]) < 2 {
		t.Errorf("%d %s %v", status, text, err)
	}
	if status, _ := send(t, "POST", p.Console+azure+"listDebugCredentials", `{"apiId":"/x/apis/none","purposes":["tracing"]}`, "Content-Type", "application/json"); status != 404 {
		t.Errorf("a token for an API that is not there: %d", status)
	}
}

// TestServeTracesWhatHasAToken: without one nothing is recorded.
func TestServeTracesWhatHasAToken(t *testing.T) {
	traces := &gateTraces{tokens: gatetrace.NewTokens(time.Now)}
	token, _ := traces.tokens.Make("shop", time.Minute)
	for _, tt := range []struct {
		api, token string
		all        bool
		want       gateway.Debugging
	}{
		{"shop", "", false, gateway.DebugNothing}, {"shop", token, false, gateway.DebugTrace}, {"shop;rev=2", token, false, gateway.DebugTrace},
		{"other", token, false, gateway.DebugWrongAPI}, {"", token, false, gateway.DebugWrongAPI}, {"shop", "x", false, gateway.DebugExpired},
		{"shop", "", true, gateway.DebugRecord}, {"", "", true, gateway.DebugRecord}, {"shop", token, true, gateway.DebugTrace}, {"other", token, true, gateway.DebugWrongAPI},
	} {
		traces.all = tt.all
		ex := &exchange.Exchange{}
		if tt.api != "" {
			ex.API = &exchange.API{ID: tt.api}
		}
		if got := traces.record(ex, tt.token); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// headersOf gives the header of the answer to a POST.
func headersOf(t *testing.T, url, name, value string) http.Header {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(name, value)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header
}
