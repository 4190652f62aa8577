package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stile/asl/history/historytest"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/kv/kvtest"
	"stile/internal/policies"
	"stile/policy"
	"stile/policy/exchange"
)

// BenchmarkUnitExchange is one request through the policies of examples/orders:
// POST /orders with a subscription key, in process, the backend answering at once.
func BenchmarkUnitExchange(b *testing.B) {
	p, faults := files.Load("../../examples/orders")
	if p == nil || faults.HasErrors() {
		b.Fatal(faults)
	}
	addBuiltIn(p.APIM, "http://127.0.0.1:7400")
	snapshot, faults := gateway.Compile(p.APIM, policies.Table(), gateway.CompileOptions{Revision: "bench"})
	if snapshot == nil {
		b.Fatal(faults)
	}
	g := gateway.New(gateway.Config{
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response = exchange.Response{StatusCode: http.StatusAccepted, Body: exchange.Text(`{"id":"e1"}`)}
			ex.Response.Header.Set("Content-Type", "application/json")
			return nil
		}),
		// The product's own limit must not end the measurement.
		Counters: unlimited{policies.NewCounters()},
		Now:      time.Now, NewGUID: newGUID, Rand: randomUint64,
	})
	g.Swap(snapshot)
	b.ReportAllocs()
	kvtest.CPU(b, func() {
		for b.Loop() {
			ex := &exchange.Exchange{Variables: map[string]any{}}
			ex.Request.Method = http.MethodPost
			ex.Request.URL, _ = exchange.ParseURL("http://127.0.0.1:7480/orders")
			ex.Request.Header.Set("Ocp-Apim-Subscription-Key", "demo-key")
			ex.Request.Header.Set("Content-Type", "application/json")
			ex.Request.Body = exchange.Text(`{"sku":"sku-1","quantity":2,"amount":120}`)
			if err := g.Do(b.Context(), ex); err != nil || ex.Response.StatusCode != http.StatusAccepted {
				b.Fatal(err, ex.Response.StatusCode)
			}
		}
	})
}

const benchDefinition = `{"StartAt":"A","States":{` +
	`"A":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"bench.example","Method":"GET","Path":"/bench/one"},"Next":"B"},` +
	`"B":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"bench.example","Method":"GET","Path":"/bench/one"},"Next":"C"},` +
	`"C":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"bench.example","Method":"GET","Path":"/bench/one"},"Next":"D"},` +
	`"D":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"bench.example","Method":"GET","Path":"/bench/one"},"Next":"E"},` +
	`"E":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","Parameters":{"ApiEndpoint":"bench.example","Method":"GET","Path":"/bench/one"},"End":true}}}`

// benchProject writes a project whose only operation answers by a policy.
func benchProject(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for name, text := range map[string]string{
		"stile.yaml":                          "name: bench\nmap:\n  bench.example:\n    gateway: self\n",
		"apim/apis/bench/apiInformation.json": `{"properties":{"displayName":"bench","path":"bench","subscriptionRequired":false,"serviceUrl":"http://127.0.0.1:9"}}`,
		"apim/apis/bench/specification.yaml":  "openapi: 3.0.1\ninfo: {title: bench, version: '1'}\npaths:\n  /one:\n    get:\n      operationId: one\n      responses: {'200': {description: ok}}\n",
		"apim/apis/bench/policy.xml":          `<policies><inbound><base /><return-response><set-status code="200" reason="OK" /></return-response></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`,
		"workflows/five.asl.json":             benchDefinition,
		"workflows/five.workflow.yaml":        "role: bench-role\n",
		"roles/bench-role.json":               `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"}]}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// BenchmarkUnitFiveTasks is one execution of five Tasks that call an operation of
// the gateway, started and awaited over the wire API, with an fsync before every
// answer. 16 run at once, so that commit groups are shared as under load.
func BenchmarkUnitFiveTasks(b *testing.B) {
	o := Options{Dirs: []string{benchProject(b)}}
	o.Control, o.ControlTLS, o.Gateway = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	o.Account, o.Region, o.Data = "111111111111", "us-east-1", b.TempDir()
	ready := make(chan Ready, 1)
	o.Ready = func(r Ready) { ready <- r }
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- Dev(ctx, o) }()
	var url string
	select {
	case r := <-ready:
		url = r.Console
	case err := <-ended:
		b.Fatal(err)
	}
	b.SetParallelism(8)
	b.ReportAllocs()
	kvtest.CPU(b, func() {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				fiveTasks(b, url)
			}
		})
	})
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

func fiveTasks(b *testing.B, url string) {
	var started, seen struct{ ExecutionArn, Status string }
	wire(b, url, "StartExecution", map[string]string{
		"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:five"}, &started)
	for seen.Status != "SUCCEEDED" {
		wire(b, url, "DescribeExecution", map[string]string{"executionArn": started.ExecutionArn}, &seen)
		if seen.Status != "RUNNING" && seen.Status != "SUCCEEDED" {
			b.Errorf("status %s", seen.Status)
			return
		}
	}
}

func wire(b testing.TB, url, action string, in, out any) {
	b.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, url+"/", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Errorf("%s: %d %s %v", action, resp.StatusCode, text, err)
		return
	}
	if action == "GetExecutionHistory" {
		historytest.Answer(b, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		b.Error(err)
	}
}

// unlimited asks the counters as the product does and lets every call through.
type unlimited struct{ policy.Counters }

func (u unlimited) Take(ctx context.Context, key string, n, _ int64, window time.Duration, now time.Time) (policy.CounterResult, error) {
	return u.Counters.Take(ctx, key, n, 1<<40, window, now)
}
