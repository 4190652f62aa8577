package app

import (
	"strings"
	"testing"
	"time"

	"stile/internal/observe"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// TestWithoutTracesMetricsCount: the counters of executions, states and exchanges are
// there without spans, and no span is kept.
func TestWithoutTracesMetricsCount(t *testing.T) {
	backend, _ := answering(t)
	dir := folder(t, backend, invoke, "stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\ntelemetry: {traces: false}\n")
	p := dev(t, dir, t.TempDir())
	arn := p.start("one")
	if e := p.until(arn, "end", ended); count(e, "ExecutionSucceeded") != 1 {
		t.Fatalf("%+v", e)
	}
	// The end is told right after it became durable.
	var text string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if _, text = send(t, "GET", p.Console+"/metrics", ""); strings.Contains(text, "stile_executions_total{") {
			break
		}
	}
	for _, want := range []string{`stile_executions_total{state_machine="one",status="SUCCEEDED"} 1`, `stile_state_visits_total{state_machine="one",`,
		`stile_state_duration_seconds_count{state_machine="one",`, `stile_execution_duration_seconds_count{state_machine="one"} 1`,
		`stile_exchanges_total{api="shop",operation="reserve",via="state",status="2xx",verdict="none"} 1`, `stile_backend_calls_total{`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if _, traces := send(t, "GET", p.Console+"/-/v1/traces", ""); strings.Contains(traces, "one") {
		t.Errorf("traces are kept: %s", traces)
	}
}

// bareSeeing is what is seen of a project without traces and exporters.
func bareSeeing(t *testing.T, mask *secret.Masker) *seeing {
	t.Helper()
	s, err := openSeeing(t.Context(), seeingConfig{now: time.Now, mask: mask})
	if err != nil {
		t.Fatal(err)
	}
	s.watch(telemetry.NewSlow(0, 0))
	return s
}

// TestCountedNamesAreMasked: a label has no secret, with spans or without.
func TestCountedNamesAreMasked(t *testing.T) {
	const canary = "canary-in-a-name-77aa"
	mask := secret.NewMasker(time.Now)
	mask.Keep("test", secret.NewValue(canary))
	s := bareSeeing(t, mask)
	s.Visit(&telemetry.Visit{Machine: "m-" + canary, State: "s-" + canary, Outcome: "ok"})
	s.Ended(&observe.Ended{ARN: "arn", Machine: "m-" + canary, Status: sfn.Succeeded})
	n := 0
	for _, f := range s.metrics.Snapshot() {
		for _, one := range f.Series {
			n++
			if strings.Contains(strings.Join(one.Values, " "), canary) {
				t.Errorf("%s: %q", f.Name, one.Values)
			}
		}
	}
	if n < 4 {
		t.Errorf("%d series", n)
	}
}

// TestCountingAllocations: an exchange of which nothing but numbers is wanted leaves
// next to nothing behind, and a visit nothing.
func TestCountingAllocations(t *testing.T) {
	mask := secret.NewMasker(time.Now)
	mask.Keep("test", secret.NewValue("canary-in-no-name-11bb"))
	s := bareSeeing(t, mask)
	if !s.bare() {
		t.Fatal("somebody wants more")
	}
	ex := &exchange.Exchange{Calls: []exchange.Call{{Backend: "payments", Status: 200, Duration: time.Millisecond}},
		Decisions: []exchange.Decision{{Policy: "forward-request", Duration: time.Millisecond}}}
	if n := testing.AllocsPerRun(100, func() { s.exchange(ex, time.Now()) }); n > 1 {
		t.Errorf("%v allocations for an exchange, want at most 1", n)
	}
	visit := &telemetry.Visit{Machine: "orders", State: "Charge", Type: "Pass", Outcome: "ok"}
	if n := testing.AllocsPerRun(100, func() { s.Visit(visit) }); n > 0 {
		t.Errorf("%v allocations for a visit", n)
	}
}
