package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/openapi"
	"stile/internal/policies"
	"stile/policy"
	"stile/policy/exchange"
)

// bombMemory is how much one bomb may make the gateway allocate, all told. The budgets of
// an expression and of a buffered body are far below it; what the bombs ask for is far above.
const bombMemory = 80 << 20

// TestBombs: input and documents that ask for much more than they are worth end within the
// budgets, fail closed, and leave the gateway as it was.
func TestBombs(t *testing.T) {
	expression := func(text string) string {
		return "<set-variable name=\"x\" value=\"" + strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(text) + "\" />"
	}
	read := expression(`@(context.Request.Body.As<JObject>().ToString())`)
	validated := `<validate-content unspecified-content-type-action="prevent" max-size="4000000" size-exceeded-action="prevent"><content type="application/json" validate-as="json" action="prevent" /></validate-content>`
	billion := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">` + entities() + `]><x>&j;</x>`
	for _, b := range []struct {
		name, inbound, kind string
		headers             []exchange.Param
		body                string
	}{
		{name: "gzip, read as JSON", inbound: read, kind: "application/json", headers: []exchange.Param{{Name: "Content-Encoding", Value: "gzip"}}, body: zeros(256 << 20)},
		{name: "gzip, read as text", inbound: expression(`@(JObject.Parse(context.Request.Body.As<string>()).ToString())`), kind: "text/plain", headers: []exchange.Param{{Name: "Content-Encoding", Value: "gzip"}}, body: zeros(256 << 20)},
		{name: "gzip, validated", inbound: validated, kind: "application/json", headers: []exchange.Param{{Name: "Content-Encoding", Value: "gzip"}}, body: zeros(256 << 20)},
		{name: "deep JSON, validated", inbound: validated, kind: "application/json", body: strings.Repeat(`[`, 1_000_000) + strings.Repeat(`]`, 1_000_000)},
		{name: "deep JSON", inbound: read, kind: "application/json", body: strings.Repeat(`{"a":`, 1_000_000) + "1" + strings.Repeat("}", 1_000_000)},
		{name: "deep JSON array", inbound: expression(`@(context.Request.Body.As<JArray>().ToString())`), kind: "application/json", body: strings.Repeat(`[`, 2_000_000)},
		{name: "wide JSON", inbound: read, kind: "application/json", body: `{"a":[` + strings.Repeat("1,", 8_000_000) + "1]}"},
		{name: "deep JSON into XML", inbound: `<json-to-xml apply="always" consider-accept-header="false" />`, kind: "application/json", body: strings.Repeat(`{"a":`, 1_000_000) + "1" + strings.Repeat("}", 1_000_000)},
		{name: "billion laughs", inbound: expression(`@(context.Request.Body.As<XElement>().ToString())`), kind: "application/xml", body: billion},
		{name: "billion laughs into JSON", inbound: `<xml-to-json kind="direct" apply="always" consider-accept-header="false" />`, kind: "application/xml", body: billion},
		{name: "deep XML", inbound: expression(`@(context.Request.Body.As<XDocument>().ToString())`), kind: "application/xml", body: strings.Repeat("<a>", 1_000_000) + strings.Repeat("</a>", 1_000_000)},
		{name: "attributes of XML", inbound: expression(`@(context.Request.Body.As<XElement>().ToString())`), kind: "application/xml", body: "<a" + manyAttributes(400_000) + "/>"},
		{name: "catastrophic regex", inbound: expression(`@(Regex.IsMatch(new string('a', 40) + "!", "^(a+)+$") || Regex.IsMatch(new string('a', 5000) + "!", "(a*)*(\\1b)+$"))`)},
		{name: "endless while", inbound: expression(`@{ var i = 0; while (true) { i++; } return i; }`)},
		{name: "endless for", inbound: expression(`@{ var s = 0; for (;;) { s += 1; } return s; }`)},
		{name: "string that doubles", inbound: expression(`@{ var s = "ab"; for (var i = 0; i < 64; i++) { s = s + s; } return s; }`)},
		{name: "long string", inbound: expression(`@(new string('x', 2000000000))`)},
		{name: "padded string", inbound: expression(`@("x".PadLeft(2000000000))`)},
		{name: "replaced string", inbound: expression(`@{ var s = "aa"; for (var i = 0; i < 40; i++) { s = s.Replace("a", "aaaaaaaa"); } return s; }`)},
		{name: "list that grows", inbound: expression(`@{ var l = new List<string>(); while (true) { l.Add("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"); } return l.Count; }`)},
		{name: "LINQ product", inbound: expression(`@(Enumerable.Range(0, 100000).SelectMany(a => Enumerable.Range(0, 100000)).Count())`)},
		{name: "LINQ range", inbound: expression(`@(Enumerable.Range(0, 2000000000).Sum(x => (long)x))`)},
		{name: "LINQ list", inbound: expression(`@(Enumerable.Repeat("x", 2000000000).ToList().Count)`)},
		{name: "recursion", inbound: expression(`@{ Func<int, int> f = null; f = n => f(n + 1); return f(0); }`)},
		{name: "array", inbound: expression(`@(new int[2000000000].Length)`)},
		{name: "Liquid loops", inbound: `<set-body template="liquid">{% for a in (1..100000) %}{% for b in (1..100000) %}{{ a }}{{ b }}{% endfor %}{% endfor %}</set-body>`},
		{name: "Liquid that doubles", inbound: `<set-body template="liquid">{% assign s = "aaaaaaaa" %}{% for i in (1..60) %}{% assign s = s | Append: s %}{% endfor %}{{ s }}</set-body>`},
		{name: "token of huge claims", inbound: `<validate-jwt header-name="Authorization"><issuer-signing-keys><key>` + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)) + `</key></issuer-signing-keys></validate-jwt>`,
			headers: []exchange.Param{{Name: "Authorization", Value: "Bearer " + hugeToken(8<<20)}}},
		{name: "token of deep claims", inbound: `<validate-jwt header-name="Authorization" require-signed-tokens="false" require-expiration-time="false"><required-claims><claim name="a"><value>1</value></claim></required-claims></validate-jwt>`,
			headers: []exchange.Param{{Name: "Authorization", Value: "Bearer " + deepToken(40_000)}}},
		{name: "token of huge claims, read", inbound: expression(`@(context.Request.Headers.GetValueOrDefault("Authorization", "").AsJwt().Claims["a"][0])`),
			headers: []exchange.Param{{Name: "Authorization", Value: "Bearer " + deepToken(200_000)}}},
	} {
		t.Run(b.name, func(t *testing.T) {
			g := bombed(t, b.inbound)
			ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", URL: exchange.URL{Path: "/a/x"}}}
			for _, h := range b.headers {
				ex.Request.Header.Add(h.Name, h.Value)
			}
			if b.kind != "" {
				ex.Request.Header.Set("Content-Type", b.kind)
			}
			ex.Request.Body = exchange.Text(b.body)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := g.Do(t.Context(), ex); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if ex.Response.StatusCode < 400 || ex.LastError == nil {
				t.Errorf("status %d, last error %v", ex.Response.StatusCode, ex.LastError)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > bombMemory {
				t.Errorf("%d MiB were allocated", made>>20)
			}
			t.Logf("%d, %d MiB: %s", ex.Response.StatusCode, (after.TotalAlloc-before.TotalAlloc)>>20, short(ex.LastError))
			next := &exchange.Exchange{Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/a/good"}}}
			if err := g.Do(t.Context(), next); err != nil || next.Response.StatusCode != 200 {
				t.Errorf("the next request: %d, %v", next.Response.StatusCode, err)
			}
		})
	}
}

func short(e *exchange.LastError) string {
	if e == nil {
		return ""
	}
	return e.Source + " " + e.Reason + ": " + e.Message[:min(len(e.Message), 120)]
}

// bombed is a gateway whose one operation begins with inbound; a panic fails the test.
func bombed(t *testing.T, inbound string) *gateway.Gateway {
	t.Helper()
	source := func(scope policy.Scope, file, text string) *policy.Source {
		return &policy.Source{File: file, Text: text, Scope: scope}
	}
	operation := func(id, method, path string) *apim.Operation {
		return &apim.Operation{Operation: exchange.Operation{ID: id, Method: method, URLTemplate: path}}
	}
	api := &apim.API{API: exchange.API{ID: "a", Name: "a", Path: "a", Revision: "1", IsCurrentRevision: true, ServiceURL: "http://backend"},
		Operations: []*apim.Operation{operation("x", "POST", "/x"), operation("good", "GET", "/good")}}
	described, faults := openapi.Read(diag.NewSource("a.json", `{"openapi":"3.0.1","info":{"title":"a","version":"1"},"paths":{"/x":{"post":{"operationId":"x","requestBody":{"content":{"application/json":`+
		`{"schema":{"$ref":"#/components/schemas/Tree"}}}},"responses":{}}}},"components":{"schemas":{"Tree":{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}}}}`))
	if described == nil || faults.HasErrors() {
		t.Fatal(faults)
	}
	api.Operations[0].Contract = described.Operations[0]
	api.Operations[0].Policy = source(policy.Operation, "x.xml", "<policies><inbound><base />"+inbound+"</inbound><backend><base /></backend><outbound><base /></outbound></policies>")
	svc := &apim.Service{APIs: []*apim.API{api}, Policy: source(policy.Global, "policy.xml", pipelineGlobal)}
	snapshot, faults := gateway.Compile(svc, policies.Table(), gateway.CompileOptions{Revision: "1"})
	if snapshot == nil {
		t.Fatal(faults)
	}
	g := gateway.New(gateway.Config{Now: time.Now, NewGUID: newGUID, Rand: randomUint64, Counters: policies.NewCounters(),
		Tokens: gateway.NewTokens(identity.NewVerifier(nil, nil, time.Now)),
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response.StatusCode = 200
			return nil
		})})
	g.Swap(snapshot)
	return g
}

// zeros is so much nothing, packed.
func zeros(n int) string {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	block := make([]byte, 1<<20)
	for range n >> 20 {
		_, _ = w.Write(block)
	}
	_ = w.Close()
	return b.String()
}

func entities() string {
	var b strings.Builder
	for c := 'b'; c <= 'j'; c++ {
		fmt.Fprintf(&b, "<!ENTITY %c %q>", c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	return b.String()
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d='x'", i)
	}
	return b.String()
}

func hugeToken(n int) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"HS256"}`)) + "." + part(fmt.Appendf(nil, `{"exp":9999999999,"a":%q}`, strings.Repeat("x", n))) + "." + part(make([]byte, 32))
}

func deepToken(depth int) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(`{"a":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+"}")) + "."
}
