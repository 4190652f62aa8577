package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/secret"
	"stile/internal/telemetry"
	"stile/policy"
	"stile/policy/exchange"
)

// taken is a sink that keeps lines.
type taken struct{ lines []telemetry.Record }

func (*taken) Exchange(*telemetry.Exchange) {}
func (*taken) Spans([]telemetry.Span)       {}
func (t *taken) Log(r telemetry.Record)     { t.lines = append(t.lines, r) }
func (*taken) Event(telemetry.Event)        {}

// TestMeasures: metrics are counted and lines go to the exporters alone, secrets
// masked; verbose lines stay.
func TestMeasures(t *testing.T) {
	own, exporter, mask := &taken{}, &taken{}, secret.NewMasker(time.Now)
	mask.Keep("test", secret.NewValue("topsecret-value"))
	at := time.Unix(5, 0)
	s := &seeing{metrics: &telemetry.Metrics{}, sinks: telemetry.Fan{own, exporter}, mask: mask, now: func() time.Time { return at }}
	m := measures{func() *seeing { return s }}
	m.Metric(policy.Metric{Namespace: "n", Name: "m", Value: 2, Dimensions: []exchange.Param{{Name: "k", Value: "topsecret-value"}}})
	m.Line(policy.Line{Source: "a", Severity: "verbose", Message: "x"})
	m.Line(policy.Line{Source: "a", Severity: "error", Message: "x", Metadata: []exchange.Param{{Name: "k", Value: "v"}}, Trace: exchange.Trace{TraceID: "t", SpanID: "s"}})
	want := []telemetry.Record{{Time: at, Level: slog.LevelError, Message: "x", TraceID: "t", SpanID: "s",
		Attributes: telemetry.Attributes{{Name: "source", Value: "a"}, {Name: "k", Value: "v"}}}}
	if diff := cmp.Diff(want, exporter.lines); diff != "" || len(own.lines) != 0 {
		t.Errorf("%s; the first sink has %d lines", diff, len(own.lines))
	}
	f := s.metrics.Snapshot()
	if len(f) != 1 || f[0].Namespace != "n" || f[0].Series[0].Sum != 2 || f[0].Series[0].Values[0] == "topsecret-value" {
		t.Errorf("%+v", f)
	}
}
