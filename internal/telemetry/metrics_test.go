package telemetry

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMetricsCountFromManyGoroutines(t *testing.T) {
	var m Metrics
	c := m.Counter("c", "1", "help", "who")
	h := m.Histogram("h", "s", "help", []float64{1, 10})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 1000 {
				c.Add(1, fmt.Sprint(g%2))
				h.Observe(float64(i % 20))
			}
		})
	}
	all.Wait()
	got := m.Snapshot()
	if s := got[0].Series; len(s) != 2 || s[0].Value != 4000 || s[1].Value != 4000 || s[0].Values[0] != "0" {
		t.Errorf("counter: %+v", s)
	}
	want := []uint64{8 * 100, 8 * 450, 8 * 450} // 0 and 1; 2 to 10; 11 to 19
	if s := got[1].Series[0]; s.Count != 8000 || !slices.Equal(s.Buckets, want) || s.Sum != 8*9500 || s.Min != 0 || s.Max != 19 {
		t.Errorf("histogram: %+v", s)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	var m Metrics
	c := m.Counter("c", "1", "help", "a", "b")
	for i := range maxSeries + 500 {
		c.Add(1, "x", fmt.Sprint(i))
		c.Add(1, "x", fmt.Sprint(i)) // again, as a known or a new one
	}
	series := m.Snapshot()[0].Series
	if len(series) != maxSeries+1 {
		t.Fatalf("%d series", len(series))
	}
	i := slices.IndexFunc(series, func(s Series) bool { return s.Values[0] == Other })
	if i < 0 || series[i].Values[1] != Other || series[i].Value != 1000 {
		t.Errorf("beyond the bound: %+v", series[max(i, 0)])
	}
}

// TestMetersTakeNoFreeText feeds the meters what a client can choose and finds none
// of it in a label.
func TestMetersTakeNoFreeText(t *testing.T) {
	var m Metrics
	meters := NewMeters(&m)
	const free = "chosen-by-a-client"
	n := int64(7)
	meters.Exchange(&Exchange{ID: free, Method: free, Path: "/" + free, Subject: free, Client: free, Via: ViaEdge, Status: 429, Error: free,
		Execution: free, RequestBytes: &n, Verdict: &Verdict{Policy: "rate-limit", Reason: free}, Durations: Durations{Total: Millis(time.Second)},
		Calls: []BackendCall{{"payments", 200, time.Second}, {"", 0, time.Second}}})
	meters.Spans([]Span{{Name: "Charge", Kind: KindState, Status: "error", Attributes: Attributes{{AttrStateMachine, "order"}, {AttrExecution, free}}},
		{Name: "order", Kind: KindExecution, Status: "ok", Attributes: Attributes{{AttrStateMachine, "order"}, {AttrExecutionStatus, "SUCCEEDED"}, {AttrExecution, free}}},
		{Name: free, Kind: KindExchange}})
	meters.Log(Record{Level: slog.LevelWarn, Message: free, Attributes: Attributes{{free, free}}})
	var text strings.Builder
	for _, f := range m.Snapshot() {
		for _, s := range f.Series {
			fmt.Fprintln(&text, f.Name, s.Values, s.Value, s.Count, s.Sum)
		}
	}
	for _, want := range []string{"stile.exchanges [none none edge 4xx rate-limit] 1 ", "stile.exchange.duration [none none edge] 0 1 1\n",
		"stile.backend.calls [none none] 1 ", "stile.backend.calls [payments 2xx] 1 ", "stile.state.visits [order Charge error] 1 ",
		"stile.executions [order SUCCEEDED] 1 ", "stile.log.lines [warn] 1 "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), free) {
		t.Errorf("free text became a label:\n%s", text.String())
	}
}

// TestCountingAllocatesNothing: a family that knows its series is found without one.
func TestCountingAllocatesNothing(t *testing.T) {
	var m Metrics
	meters := NewMeters(&m)
	visit := &Visit{Machine: "orders", State: "Charge", Outcome: "ok", Took: time.Second}
	x := &Exchange{API: "shop", Operation: "reserve", Via: ViaState, Status: 200, Calls: []BackendCall{{"payments", 200, time.Second}}}
	if n := testing.AllocsPerRun(100, func() {
		meters.Visit(visit)
		meters.Execution("orders", "SUCCEEDED", time.Second)
		meters.Exchange(x)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestVisitsWithoutATimeCount: the count is exact, the distribution of what was seen.
func TestVisitsWithoutATimeCount(t *testing.T) {
	var m Metrics
	meters := NewMeters(&m)
	meters.Visit(&Visit{Machine: "orders", State: "Charge", Outcome: "ok", Took: -1})
	meters.Execution("orders", "SUCCEEDED", -1)
	for _, f := range m.Snapshot() {
		switch f.Name {
		case "stile.state.visits", "stile.executions":
			if len(f.Series) != 1 || f.Series[0].Value != 1 {
				t.Errorf("%s: %+v", f.Name, f.Series)
			}
		case "stile.state.duration", "stile.execution.duration":
			if len(f.Series) != 0 {
				t.Errorf("%s: %+v", f.Name, f.Series)
			}
		}
	}
}
