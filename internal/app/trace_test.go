package app

import (
	"encoding/json"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// TestOneTraceOverARestart starts an execution by the gateway, restarts while it
// waits, and lets it end: one tree, each thing that happened once in it.
func TestOneTraceOverARestart(t *testing.T) {
	backend, _ := answering(t)
	data := t.TempDir()
	dir := folder(t, backend, await,
		"apim/apis/shop/specification.yaml", "openapi: 3.0.1\ninfo: {title: shop, version: '1'}\npaths:\n"+
			"  /reserve:\n    post:\n      operationId: reserve\n      responses: {'200': {description: ok}}\n"+
			"  /orders:\n    post:\n      operationId: place\n      responses: {'202': {description: ok}}\n",
		"apim/apis/shop/operations/place/policy.xml",
		`<policies><inbound><base /><set-backend-service base-url="stile://workflows/one" /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`)
	p := dev(t, dir, data)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	status, text := send(t, "POST", p.Gateway+"/shop/orders", "{}", "traceparent", parent)
	var placed struct{ ID string }
	if err := json.Unmarshal([]byte(text), &placed); err != nil || status != 202 {
		t.Fatal(status, text, err)
	}
	arn := sfn.ExecutionARN("us-east-1", "111111111111", "one", placed.ID)
	p.until(arn, "it waits", has("TaskSubmitted"))
	p.shut()
	p = dev(t, dir, data)
	if got, text := send(t, "POST", p.callback(), "{}"); got != 200 {
		t.Fatal(got, text)
	}
	p.until(arn, "end", ended)
	p.shut() // spans are written
	p = dev(t, dir, data)

	var got struct{ Spans []telemetry.Span }
	_, text = send(t, "GET", p.Console+"/-/v1/traces/"+strings.Split(parent, "-")[1], "")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err, text)
	}
	kinds, ids, roots := map[string]int{}, map[string]bool{}, 0
	for _, s := range got.Spans {
		kinds[s.Kind]++
		ids[s.SpanID] = true
	}
	for _, s := range got.Spans {
		if s.ParentID == strings.Split(parent, "-")[2] {
			roots++
		} else if !ids[s.ParentID] {
			t.Errorf("%s %s has parent %q, which is not in the trace", s.Kind, s.Name, s.ParentID)
		}
	}
	// Policies: set-backend-service and forward-request of place, forward-request of reserve.
	for kind, n := range map[string]int{"exchange": 2, "execution": 1, "state": 1, "backend": 2, "policy": 3} {
		if kinds[kind] != n {
			t.Errorf("%d spans of kind %s, want %d", kinds[kind], kind, n)
		}
	}
	if roots != 1 {
		t.Errorf("%d roots", roots)
	}
}
