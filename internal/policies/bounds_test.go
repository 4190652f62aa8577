package policies

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"stile/internal/cache"
	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr/clr"
)

// runDocument compiles a document with values and runs it over ex.
func runDocument(t *testing.T, values policy.Values, scope policy.Scope, text string, ex *exchange.Exchange, env *policy.Env) {
	t.Helper()
	doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: scope, Text: text}, Table(), values)
	if doc == nil {
		t.Fatal(list)
	}
	if env.Now == nil {
		env.Now = func() time.Time { return epoch }
	}
	policy.Link(nil, nil, doc, nil).Run(t.Context(), ex, env)
}

// TestContentURLsAreBounded: the caller's Host field, put in for each of the backend's
// addresses, makes no more than the gateway buffers.
func TestContentURLsAreBounded(t *testing.T) {
	for name, back := range map[string]string{"plain": "http://b/ ", "escaped": `http:\/\/b\/ `} {
		body := strings.Repeat(back, 20_000)
		ex := &exchange.Exchange{Request: exchange.Request{OriginalURL: exchange.URL{Scheme: "http", Host: strings.Repeat("h", 60_000)}},
			Backend: exchange.Backend{BaseURL: "http://b"}, Response: exchange.Response{StatusCode: 200, Body: exchange.Text(body)}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := redirectContent(ex, response, true); err != exchange.ErrBodyTooLarge {
			t.Errorf("%s: %v", name, err)
		}
		if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 8*exchange.MaxBuffered {
			t.Errorf("%s: %d MB were made", name, (after.TotalAlloc-before.TotalAlloc)>>20)
		}
	}
}

// TestLongNumbers: a number of a body is written as it stands, however long it is; to
// compute with it would take its sender's bytes squared.
func TestLongNumbers(t *testing.T) {
	long := strings.Repeat("7", 4<<20)
	for number, want := range map[string]string{long: long, "-" + long: "-" + long, "-0": "0", "0": "0", "1.50": "1.5", "1e2": "100"} {
		ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", Body: exchange.Text(`{"a":` + number + `}`)}}
		runDocument(t, policy.Fixed{}, policy.API, `<policies><inbound><json-to-xml apply="always" consider-accept-header="false" /></inbound></policies>`, ex, &policy.Env{})
		got, err := ex.Request.Body.Bytes()
		if err != nil || ex.LastError != nil || !strings.Contains(string(got), "<a>"+want+"</a>") {
			t.Errorf("%.20s: %.100s, %v, %.200v", number, got, err, ex.LastError)
		}
	}
}

// TestManySmallValues: a body of very many values is refused before the tree of them has
// filled the memory.
func TestManySmallValues(t *testing.T) {
	body := "[" + strings.Repeat("1,", 2<<20) + "1]"
	ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", Body: exchange.Text(body)}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	runDocument(t, policy.Fixed{}, policy.API, `<policies><inbound><json-to-xml apply="always" consider-accept-header="false" /></inbound></policies>`, ex, &policy.Env{})
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; ex.LastError == nil || made > 1100<<20 {
		t.Errorf("%d MB were made, %+v", made>>20, ex.LastError)
	}
}

// TestCachedValuesAreCounted: a cache is bounded in bytes, also where .NET writes a value
// as the name of its type.
func TestCachedValuesAreCounted(t *testing.T) {
	long := make([]byte, maxCached+1)
	for name, v := range map[string]any{
		"bytes":    long,
		"array":    &clr.Array{Elem: clr.TypeObject, Items: []any{long}},
		"list":     &clr.List{Elem: clr.TypeObject, Items: []any{string(long)}},
		"response": &exchange.Response{StatusCode: 200, Body: exchange.Bytes(long)},
	} {
		if n := sizeOf(v); n <= maxCached {
			t.Errorf("%s counts %d bytes", name, n)
		}
	}
	ex := &exchange.Exchange{Variables: map[string]any{"b": long}}
	store := cache.NewMemory(0, 0)
	runDocument(t, policy.Fixed{}, policy.API, `<policies><inbound>
		<cache-store-value key="k" value="@(context.Variables[&quot;b&quot;])" duration="60" /></inbound></policies>`, ex, &policy.Env{Cache: store})
	if _, _, ok, _ := store.Get(context.Background(), `value "k"`, epoch); ok || ex.LastError != nil {
		t.Errorf("kept %v, %+v", ok, ex.LastError)
	}
}

// TestRewriteStaysInItsPlace: no parameter of a caller leads out of the template's path.
func TestRewriteStaysInItsPlace(t *testing.T) {
	for value, want := range map[string]string{
		"7":                    "/orders/7/lines",
		"a/b":                  "/orders/a%2Fb/lines",
		"../../admin":          "-",
		"..;/..;/admin":        "-",
		"x/..;v=1/../admin":    "-",
		`..\..\admin`:          "-",
		"a\r\nX: y":            "-",
		"%2e%2e/admin":         "/orders/%252e%252e%2Fadmin/lines",
		"q?x=1#f":              "/orders/q%3Fx=1%23f/lines",
		"\x00":                 "-",
		"..":                   "-",
		".;a":                  "-",
		"a;b=c":                "/orders/a%3Bb=c/lines",
		"caf\u00e9 \U0001f600": "/orders/caf%C3%A9%20%F0%9F%98%80/lines",
	} {
		ex := &exchange.Exchange{Operation: &exchange.Operation{URLTemplate: "/x?id={id}"},
			Request: exchange.Request{URL: exchange.URL{Path: "/x"}, Matched: []exchange.Param{{Name: "id", Value: value}}}}
		got := "-"
		if err := rewrite(ex, "/orders/{id}/lines", false, true); err == nil {
			got = ex.Request.URL.Path
		}
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// spaced are values of a workspace.
type spaced struct {
	policy.Fixed
	workspace string
}

func (s spaced) Workspace() string { return s.workspace }

type tokenSource func() string

func (f tokenSource) Token(context.Context, string, string) (string, error) { return f(), nil }

// TestWorkspacesShareNothing: a workspace's counters and cached values are its own, and
// the service's identities and authorizations are not for it.
func TestWorkspacesShareNothing(t *testing.T) {
	const text = `<policies><inbound>
		<rate-limit-by-key calls="1" renewal-period="60" counter-key="k" />
		<quota-by-key calls="1" renewal-period="300" counter-key="k" />
		<cache-lookup-value key="k" variable-name="v" default-value="none" />
		<cache-store-value key="k" value="kept" duration="60" /></inbound></policies>`
	env := &policy.Env{Cache: cache.NewMemory(0, 0), Counters: NewCounters()}
	for _, w := range []string{"", "a", "b"} {
		ex := &exchange.Exchange{}
		runDocument(t, spaced{workspace: w}, policy.API, text, ex, env)
		if ex.LastError != nil || ex.Variables["v"] != "none" {
			t.Errorf("workspace %q: %+v, %v", w, ex.LastError, ex.Variables["v"])
		}
	}
	for _, element := range []string{`<authentication-managed-identity resource="r" />`,
		`<send-service-bus-message queue-name="q" namespace="n.servicebus.windows.net"><payload>p</payload></send-service-bus-message>`,
		`<get-authorization-context provider-id="p" authorization-id="a" context-variable-name="v" />`} {
		for _, w := range []string{"", "a"} {
			asked := 0
			given := tokenSource(func() string { asked++; return "token" })
			env := &policy.Env{Identity: given, Authorizations: authorizationSource(func() { asked++ }),
				Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error { ex.Response.StatusCode = 201; return nil })}
			ex := &exchange.Exchange{}
			runDocument(t, spaced{workspace: w}, policy.API, "<policies><inbound>"+element+"</inbound></policies>", ex, env)
			if (asked == 1) != (w == "") || (ex.LastError == nil) != (w == "") {
				t.Errorf("workspace %q, %s: asked %d times, %+v", w, element, asked, ex.LastError)
			}
		}
	}
}

type authorizationSource func()

func (f authorizationSource) Authorization(context.Context, policy.AuthorizationQuery) (*exchange.Authorization, error) {
	f()
	return &exchange.Authorization{AccessToken: exchange.Redact("gho_opaque")}, nil
}

// TestServiceBusTokenStaysWithAzure: a namespace that data names gets no token elsewhere.
func TestServiceBusTokenStaysWithAzure(t *testing.T) {
	for host, want := range map[string]int{"n.servicebus.windows.net": 1, "evil.example": 0, "servicebus.windows.net.evil.example": 0, "xservicebus.windows.net": 0} {
		called := 0
		ex := &exchange.Exchange{Variables: map[string]any{"n": host}}
		runDocument(t, equipped{}, policy.API, `<policies><inbound><send-service-bus-message queue-name="q"
			namespace="@((string)context.Variables[&quot;n&quot;])"><payload>p</payload></send-service-bus-message></inbound></policies>`, ex,
			&policy.Env{Identity: tokenSource(func() string { return "token" }), Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
				called++
				ex.Response.StatusCode = 201
				return nil
			})})
		if called != want {
			t.Errorf("%s: %d calls, %+v", host, called, ex.LastError)
		}
	}
}

// TestRecordingKnowsTokens: tokens that policies fetch are among what a trace hides, also
// out of policies that run side by side.
func TestRecordingKnowsTokens(t *testing.T) {
	const inner = `<get-authorization-context provider-id="p" authorization-id="a" context-variable-name="v" />`
	for _, text := range []string{inner, `<authentication-managed-identity resource="r" output-token-variable-name="v" />`,
		`<wait><choose><when condition="@(true)">` + inner + `</when></choose></wait>`} {
		ex := &exchange.Exchange{Recording: &exchange.Recording{}}
		runDocument(t, equipped{}, policy.API, "<policies><inbound>"+text+"</inbound></policies>", ex,
			&policy.Env{Identity: tokenSource(func() string { return "gho_opaque" }), Authorizations: authorizationSource(func() {})})
		if ex.LastError != nil || len(ex.Recording.Secrets) != 1 || ex.Recording.Secrets[0] != "gho_opaque" {
			t.Errorf("%s: secrets %q, %+v", text, ex.Recording.Secrets, ex.LastError)
		}
	}
}
