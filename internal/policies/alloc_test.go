package policies

import (
	"context"
	"strings"
	"testing"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// TestPipelineAllocations counts what a request allocates in a pipeline of the
// kind that most APIs have. The bound is what it takes now: the run's state, the
// decisions, the map of variables and its entry, two header fields, the counter's
// key, and forward-request's context with its timer.
func TestPipelineAllocations(t *testing.T) {
	t.Run("literals", func(t *testing.T) { countAllocations(t, `order`, `false`, `yes`, 12) })
	t.Run("expressions", func(t *testing.T) {
		countAllocations(t, `@(context.Request.Method)`, `@(context.Request.Method == "GET")`, `@("ye" + "s")`, 24)
	})
}

func countAllocations(t *testing.T, kind, condition, ok string, most float64) {
	compile := func(scope policy.Scope, text string) *policy.Document {
		doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: scope, Text: text}, Table(), policy.Fixed{})
		if len(list) > 0 {
			t.Fatal(list)
		}
		return doc
	}
	p := policy.Link(compile(policy.Global, `<policies><inbound /><backend><forward-request /></backend><outbound /></policies>`),
		compile(policy.Product, `<policies><inbound><rate-limit calls="1000" renewal-period="60" /><base /></inbound><backend><base /></backend><outbound><base /></outbound></policies>`),
		compile(policy.API, `<policies><inbound><base /><set-header name="X-From"><value>gateway</value></set-header></inbound>
			<backend><base /></backend><outbound><base /><set-header name="X-Served-By"><value>stile</value></set-header></outbound></policies>`),
		compile(policy.Operation, `<policies><inbound><base /><set-variable name="kind" value="`+kind+`" />
			<choose><when condition="`+strings.ReplaceAll(condition, `"`, "&quot;")+`"><return-response /></when>
			<otherwise><set-variable name="ok" value="`+strings.ReplaceAll(ok, `"`, "&quot;")+`" /></otherwise></choose>
			</inbound><backend><base /></backend><outbound><base /></outbound></policies>`))
	api, op := &exchange.API{ID: "orders"}, &exchange.Operation{ID: "place"}
	product, sub := &exchange.Product{ID: "starter"}, &exchange.Subscription{ID: "demo"}
	now := epoch
	env := &policy.Env{Now: func() time.Time { now = now.Add(time.Second); return now }, Counters: NewCounters(),
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response.StatusCode = 200
			return nil
		})}
	ctx := context.Background()
	var ex *exchange.Exchange
	n := testing.AllocsPerRun(1000, func() {
		ex = &exchange.Exchange{Request: exchange.Request{Method: "POST"}, API: api, Operation: op, Product: product, Subscription: sub}
		p.Run(ctx, ex, env)
	})
	if ex.Response.StatusCode != 200 || len(ex.Decisions) != 7 {
		t.Fatalf("%d with %d decisions", ex.Response.StatusCode, len(ex.Decisions))
	}
	t.Logf("%v allocations", n)
	if n > most {
		t.Errorf("%v allocations, at most %v expected", n, most)
	}
}
