package console

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/internal/telemetry"
)

func spanAt(id, parent, kind string, from, to int) telemetry.Span {
	at := time.UnixMilli(1_000_000)
	return telemetry.Span{TraceID: "t", SpanID: id, ParentID: parent, Name: id, Kind: kind, Status: "ok",
		Start: at.Add(time.Duration(from) * time.Millisecond), End: at.Add(time.Duration(to) * time.Millisecond)}
}

func TestWaterfall(t *testing.T) {
	denied := spanAt("rate-limit", "call", telemetry.KindPolicy, 30, 31)
	denied.Status = "error"
	denied.Attributes = telemetry.Attributes{{Name: "code.filepath", Value: "apim/policy.xml"}, {Name: "code.lineno", Value: "6"}}
	spans := []telemetry.Span{denied, spanAt("call", "Charge", telemetry.KindExchange, 25, 95), spanAt("Charge", "x", telemetry.KindState, 20, 100),
		spanAt("Reserve", "x", telemetry.KindState, 10, 20), spanAt("POST", "elsewhere", telemetry.KindExchange, 0, 10),
		spanAt("x", "POST", telemetry.KindExecution, 5, 100)}
	v := layTrace(spans, "x")
	var got []string
	for _, l := range v.Lanes {
		got = append(got, fmt.Sprintf("%s %s %d+%d", l.Name, l.Since, l.X, l.W))
		for _, r := range l.Rows {
			got = append(got, fmt.Sprintf("%d %s %s %d+%d %s", r.Depth, r.Name, r.Class, r.X, r.W, r.Where))
		}
	}
	want := []string{"POST +0.00 ms 0+100", "Reserve +10 ms 100+100", "Charge +20 ms 200+800",
		"1 call succeeded 250+700 ", "2 rate-limit failed 300+10 apim/policy.xml:6"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// While the execution goes on, it has no span of its own.
	if open := layTrace(spans[:5], "x"); len(open.Lanes) != 3 || open.Lanes[2].Name != "Charge" {
		t.Errorf("%+v", open.Lanes)
	}
}

// TestWaterfallShowsEachSpanOnce takes any spans, circles among them.
func TestWaterfallShowsEachSpanOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		var spans []telemetry.Span
		for i := range n {
			parent := rapid.IntRange(-1, n-1).Draw(t, "parent")
			from := rapid.IntRange(0, 100).Draw(t, "from")
			spans = append(spans, spanAt(fmt.Sprint(i), fmt.Sprint(parent), telemetry.KindState, from, from+rapid.IntRange(0, 100).Draw(t, "took")))
		}
		own := fmt.Sprint(rapid.IntRange(-2, n-1).Draw(t, "own"))
		v := layTrace(spans, own)
		seen := map[string]int{}
		for _, l := range v.Lanes {
			for _, s := range append(l.Rows, l.spanView) {
				seen[s.ID]++
				if s.X < 0 || s.W < 1 || s.X+s.W > 1000 {
					t.Fatalf("a bar from %d of %d", s.X, s.W)
				}
			}
		}
		for _, s := range spans {
			if want := map[bool]int{true: 0, false: 1}[s.SpanID == own]; seen[s.SpanID] != want {
				t.Fatalf("span %s is shown %d times, want %d", s.SpanID, seen[s.SpanID], want)
			}
		}
	})
}
