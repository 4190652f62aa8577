package app

import (
	"log/slog"

	"stile/internal/telemetry"
	"stile/policy"
)

// measures takes what policies measure and write: metrics are counted, lines of the
// trace policy go to the exporters.
type measures struct{ seeing func() *seeing }

func (s *server) measures() measures { return measures{func() *seeing { return s.seeing }} }

// Metric counts a measurement; secrets in its dimensions are masked.
func (m measures) Metric(x policy.Metric) {
	s := m.seeing()
	labels, values := make([]string, len(x.Dimensions)), make([]string, len(x.Dimensions))
	for i, d := range x.Dimensions {
		labels[i], values[i] = s.mask.MaskString(d.Name), s.mask.MaskString(d.Value)
	}
	s.metrics.Custom.Observe(x.Namespace, x.Name, labels, values, x.Value)
}

// Line exports a line. Verbose ones stay here, as API Management's diagnostics keep
// them back unless they are asked for.
func (m measures) Line(x policy.Line) {
	level := slog.LevelInfo
	switch x.Severity {
	case "verbose":
		return
	case "error":
		level = slog.LevelError
	}
	s := m.seeing()
	r := telemetry.Record{Time: s.now(), Level: level, Message: x.Message, TraceID: x.Trace.TraceID, SpanID: x.Trace.SpanID,
		Attributes: telemetry.Attributes{{Name: "source", Value: x.Source}}}
	for _, p := range x.Metadata {
		r.Attributes = append(r.Attributes, telemetry.Attribute{Name: p.Name, Value: p.Value})
	}
	s.sinks[1:].Log(r) // the first one counts the server's own lines
}
