package app

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"stile/internal/apim"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/kv/kvtest"
	"stile/internal/policies"
	"stile/policy"
	"stile/policy/exchange"
)

// The pipeline that the figures are of: a subscription key, a header that is rewritten, a
// rate limit, a token of an issuer whose keys are known, and three expressions.
const (
	pipelineGlobal  = `<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>`
	pipelineProduct = `<policies><inbound><rate-limit calls="1000000000" renewal-period="60" /><base /></inbound><backend><base /></backend><outbound><base /></outbound></policies>`
	pipelineAPI     = `<policies><inbound><base /><validate-jwt header-name="Authorization"><openid-config url="https://login.example/.well-known/openid-configuration" />` +
		`<audiences><audience>orders</audience></audiences><required-claims><claim name="scope"><value>write</value></claim></required-claims></validate-jwt></inbound>` +
		`<backend><base /></backend><outbound><base /></outbound></policies>`
	pipelineOperation = `<policies><inbound><base /><set-header name="X-Client" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>` +
		`<set-variable name="method" value="@(context.Request.Method)" />` +
		`<choose><when condition="@(context.Request.Headers.GetValueOrDefault(&quot;X-Kind&quot;, &quot;&quot;) == &quot;none&quot;)"><return-response /></when></choose></inbound>` +
		`<backend><base /></backend><outbound><base /></outbound></policies>`
)

// pipeline is a gateway of that pipeline, and what a request of it carries.
type pipeline struct {
	gateway *gateway.Gateway
	token   string
	ex      exchange.Exchange
}

func newPipeline(tb testing.TB) *pipeline {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	const issuer = "https://login.example"
	get := func(_ context.Context, url, _ string) ([]byte, error) {
		switch url {
		case issuer + "/.well-known/openid-configuration":
			return fmt.Appendf(nil, `{"issuer":%q,"jwks_uri":"%s/keys"}`, issuer, issuer), nil
		case issuer + "/keys":
			return fmt.Appendf(nil, `{"keys":[{"kty":"RSA","kid":"one","alg":"RS256","use":"sig","n":%q,"e":%q}]}`,
				encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())), nil
		}
		return nil, errors.New("no such document")
	}
	signed := encode([]byte(`{"alg":"RS256","kid":"one","typ":"JWT"}`)) + "." +
		encode(fmt.Appendf(nil, `{"iss":%q,"aud":"orders","sub":"ann","scope":"write","exp":%d}`, issuer, time.Now().Add(time.Hour).Unix()))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	p := &pipeline{token: "Bearer " + signed + "." + encode(signature)}
	p.gateway = gateway.New(gateway.Config{Now: time.Now, NewGUID: newGUID, Rand: randomUint64, Counters: policies.NewCounters(),
		Tokens: gateway.NewTokens(identity.NewVerifier(nil, get, time.Now)),
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response.StatusCode = 200
			return nil
		})})
	p.swap(tb, 1, 1, "", "")
	return p
}

// swap takes up a configuration of so many APIs of one operation, and of so many
// subscriptions, with comments in the global document and in that of one operation.
func (p *pipeline) swap(tb testing.TB, apis, subscriptions int, global, one string) {
	tb.Helper()
	source := func(scope policy.Scope, file, text string) *policy.Source {
		return &policy.Source{File: file, Text: text, Scope: scope}
	}
	svc := &apim.Service{Policy: source(policy.Global, "policy.xml", pipelineGlobal+global)}
	product := &apim.Product{Product: exchange.Product{ID: "starter", Name: "Starter", State: "Published", SubscriptionRequired: true},
		Policy: source(policy.Product, "product.xml", pipelineProduct)}
	for i := range apis {
		id, text := fmt.Sprint("orders", i), pipelineOperation
		if i == 0 {
			text += one
		}
		svc.APIs = append(svc.APIs, &apim.API{API: exchange.API{ID: id, Name: id, Path: id, Revision: "1", IsCurrentRevision: true, SubscriptionRequired: true, ServiceURL: "http://backend"},
			Policy: source(policy.API, id+".xml", pipelineAPI),
			Operations: []*apim.Operation{{Operation: exchange.Operation{ID: "get", Method: "GET", URLTemplate: "/{id}"},
				Policy: source(policy.Operation, id+"-get.xml", text)}}})
		product.APIs = append(product.APIs, id)
	}
	svc.Products = []*apim.Product{product}
	for i := range subscriptions {
		x := &apim.Subscription{State: apim.Active, Keys: []apim.Key{apim.NewKey(fmt.Sprint("key-", i))}}
		x.ID, x.Scope = fmt.Sprint("s", i), "product/starter"
		svc.Subscriptions = append(svc.Subscriptions, x)
	}
	snapshot, faults := gateway.Compile(svc, policies.Table(), gateway.CompileOptions{Revision: "r", Previous: p.gateway.Snapshot()})
	if snapshot == nil || len(faults) > 0 {
		tb.Fatal(faults)
	}
	p.gateway.Swap(snapshot)
}

// request runs one exchange, which is made before; its fields are made each time.
func (p *pipeline) request(tb testing.TB) {
	p.ex = exchange.Exchange{ID: "4f6fd0c1-6f3c-4f6e-8f4b-9d1f3f0f6b9a", Started: p.ex.Started,
		Trace: exchange.Trace{TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331"}}
	ex := &p.ex
	ex.Request.Method, ex.Request.URL = "GET", exchange.URL{Scheme: "http", Host: "127.0.0.1", Port: 80, Path: "/orders0/7"}
	ex.Request.OriginalURL = ex.Request.URL
	h := &ex.Request.Header
	h.Grow(8)
	h.Add("Host", "gate")
	h.Add(gateway.DefaultKeyHeader, "key-0")
	h.Add("Authorization", p.token)
	h.Add("X-Client", "spoofed")
	if err := p.gateway.Do(context.Background(), ex); err != nil || ex.Response.StatusCode != 200 {
		tb.Fatal(err, ex.Response.StatusCode, ex.LastError)
	}
}

// TestPipelineAllocations: what such a request allocates from the gateway's door to its
// answer. The bound is 12.
func TestPipelineAllocations(t *testing.T) {
	p := newPipeline(t)
	p.request(t)
	if n := len(p.ex.Decisions); n != 6 || p.ex.Subject != "ann" || p.ex.Request.Header.Get("X-Client") != "s0" || p.ex.Variables["method"] != "GET" {
		t.Fatalf("%d decisions, subject %q, X-Client %q, %v", n, p.ex.Subject, p.ex.Request.Header.Get("X-Client"), p.ex.Variables)
	}
	n := testing.AllocsPerRun(500, func() { p.request(t) })
	t.Logf("%v allocations", n)
	if n > 12 && !raced {
		t.Errorf("%v allocations, at most 12 are expected", n)
	}
}

// BenchmarkUnitPipeline is one such request.
func BenchmarkUnitPipeline(b *testing.B) {
	PaceCollector() // as the server does
	p := newPipeline(b)
	b.ReportAllocs()
	kvtest.CPU(b, func() {
		for b.Loop() {
			p.request(b)
		}
	})
}

// BenchmarkUnitReloadedPairs tells how much CPU a request costs after a project was taken up
// again as against before: the median of 20 pairs whose halves take turns. There are 10,000
// operations and 50,000 subscriptions; one document changed since, or the global one did,
// or, in few, there were ten of each before.
func BenchmarkUnitReloadedPairs(b *testing.B) {
	const pairs, requests = 20, 20_000
	PaceCollector()
	for _, c := range []struct {
		name, global, one string
		apis, keys        int
	}{{"document", "", "<!-- edited -->", 10_000, 50_000}, {"global", "<!-- edited -->", "", 10_000, 50_000}, {"few", "", "", 10, 10}} {
		b.Run(c.name, func(b *testing.B) {
			before, after := newPipeline(b), newPipeline(b)
			before.swap(b, c.apis, c.keys, "", "")
			after.swap(b, 10_000, 50_000, "", "")
			after.swap(b, 10_000, 50_000, c.global, c.one)
			runtime.GC()
			cost := func(p *pipeline) float64 {
				from := cpuTime()
				for range requests {
					p.request(b)
				}
				return float64(cpuTime() - from)
			}
			var ratios []float64
			for b.Loop() {
				for range pairs {
					x := cost(before)
					ratios = append(ratios, cost(after)/x)
				}
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "median-ratio")
		})
	}
}

// cpuTime is the CPU time of this thread's process, user and system, in nanoseconds.
func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // with a valid pointer it does not fail
	return u.Utime.Nano() + u.Stime.Nano()
}
