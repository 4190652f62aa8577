package policies

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

type metricSink chan policy.Metric

func (m metricSink) Metric(x policy.Metric) { m <- x }
func (m metricSink) Line(policy.Line)       {}

// pieces is a backend's stream: each Read gives what was sent, and none waits for more.
type pieces struct {
	in  chan string
	end error
}

func (p *pieces) Read(b []byte) (int, error) {
	text, ok := <-p.in
	if !ok {
		return 0, p.end
	}
	return copy(b, text), nil
}

func (*pieces) Close() error { return nil }

const streamPolicy = `<policies><inbound>
<llm-token-limit counter-key="k" tokens-per-minute="100" estimate-prompt-tokens="false" remaining-tokens-variable-name="left" />
<llm-emit-token-metric><dimension name="API ID" /></llm-emit-token-metric>
</inbound><backend><forward-request buffer-response="false" /></backend><outbound /></policies>`

// TestStreamPassesWhileItCounts: each piece of a streamed answer is handed on before
// the next one is there, and the tokens count once, when it ends or is cut.
func TestStreamPassesWhileItCounts(t *testing.T) {
	doc, list := policy.Compile(policy.Source{File: "p.xml", Text: streamPolicy, Scope: policy.API}, Table(), policy.Fixed{})
	if doc == nil {
		t.Fatal(list)
	}
	p := policy.Link(nil, nil, doc, nil)
	counters := NewCounters()
	for name, c := range map[string]struct {
		end   error
		close bool
		total float64
	}{
		"whole": {end: io.EOF, total: 9 + 2}, "broken": {end: errors.New("cut"), total: 9 + 2}, "closed": {close: true, total: 9 + 1},
	} {
		body := &pieces{in: make(chan string, 1), end: c.end}
		metrics := make(metricSink, 10)
		ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", Body: exchange.Text(`{"stream":true,"messages":[{"role":"user","content":"Hello"}]}`)}, API: &exchange.API{ID: "a"}}
		env := &policy.Env{Now: func() time.Time { return epoch }, Counters: counters, Telemetry: metrics,
			Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
				ex.Response.StatusCode, ex.Response.Body = 200, exchange.Stream(body, -1)
				ex.Response.Header.Set("Content-Type", "text/event-stream; charset=utf-8")
				return nil
			})}
		ctx, cancel := context.WithCancel(context.Background())
		p.Run(ctx, ex, env)
		if !ex.Response.Body.Streaming() {
			t.Fatalf("%s: the answer was buffered: %v", name, ex.LastError)
		}
		out, buf := ex.Response.Body.Reader(), make([]byte, 200)
		const first = "data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n"
		body.in <- first
		if n, err := out.Read(buf); string(buf[:n]) != first || err != nil {
			t.Errorf("%s: the first piece is %q, %v", name, buf[:n], err)
		}
		if len(metrics) != 0 {
			t.Errorf("%s: counted before the end", name)
		}
		cancel()
		if !c.close {
			body.in <- "data: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}"
			close(body.in)
			if _, err := io.Copy(io.Discard, out); !errors.Is(err, c.end) && c.end != io.EOF {
				t.Errorf("%s: ended with %v", name, err)
			}
		}
		out.Close()
		if got := (<-metrics).Value; got != c.total {
			t.Errorf("%s: %v tokens, want %v", name, got, c.total)
		}
		if len(metrics) != 2 {
			t.Errorf("%s: %d more metrics, want 2", name, len(metrics))
		}
	}
	res, err := counters.Take(context.Background(), "llm-token-limit/k", 0, 100, time.Minute, epoch)
	if err != nil || res.Remaining != 100-11-11-10 {
		t.Errorf("remaining %d, %v", res.Remaining, err)
	}
}
