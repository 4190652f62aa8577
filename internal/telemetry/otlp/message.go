package otlp

import (
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"stile/internal/telemetry"
)

// eventName is the attribute that makes a record an event.
const eventName = "event.name"

func scope(version string) *common.InstrumentationScope {
	return &common.InstrumentationScope{Name: "stile", Version: version}
}

// span gives OpenTelemetry's form of a span; ok is false where its ids are no ids.
func span(sp *telemetry.Span) (out *trace.Span, ok bool) {
	traceID, ok1 := id(sp.TraceID, 16)
	spanID, ok2 := id(sp.SpanID, 8)
	if !ok1 || !ok2 {
		return nil, false
	}
	out = &trace.Span{TraceId: traceID, SpanId: spanID, Name: valid(sp.Name), Kind: kind(sp.Kind),
		StartTimeUnixNano: nanos(sp.Start), EndTimeUnixNano: nanos(sp.End),
		Attributes: append(keyValues(sp.Attributes), text("stile.kind", sp.Kind)), Status: &trace.Status{}}
	if parent, ok := id(sp.ParentID, 8); ok {
		out.ParentSpanId = parent
	}
	if sp.Status == "error" {
		out.Status.Code = trace.Status_STATUS_CODE_ERROR
		out.Status.Message = valid(sp.Attributes.Get(telemetry.AttrErrorType))
	}
	return out, true
}

func id(s string, size int) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && len(b) == size
}

func kind(k string) trace.Span_SpanKind {
	switch k {
	case telemetry.KindExchange:
		return trace.Span_SPAN_KIND_SERVER
	case telemetry.KindBackend:
		return trace.Span_SPAN_KIND_CLIENT
	}
	return trace.Span_SPAN_KIND_INTERNAL
}

func nanos(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(0, t.UnixNano()))
}

// keyValues gives attributes that have a value; those that OpenTelemetry defines as
// numbers go out as numbers.
func keyValues(as telemetry.Attributes) []*common.KeyValue {
	out := make([]*common.KeyValue, 0, len(as)+1)
	for _, a := range as {
		if a.Value == "" {
			continue
		}
		switch a.Name {
		case telemetry.AttrStatusCode, telemetry.AttrLine, telemetry.AttrAttempt:
			if n, err := strconv.ParseInt(a.Value, 10, 64); err == nil {
				out = append(out, &common.KeyValue{Key: a.Name, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}})
				continue
			}
		}
		out = append(out, text(a.Name, a.Value))
	}
	return out
}

func text(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: valid(name), Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: valid(value)}}}
}

// valid: protobuf refuses a whole message for one string that is not UTF-8.
func valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func record(r *telemetry.Record, observed time.Time) *logs.LogRecord {
	out := &logs.LogRecord{TimeUnixNano: nanos(r.Time), ObservedTimeUnixNano: nanos(observed), SeverityText: r.Level.String(),
		SeverityNumber: severity(r.Level), Body: text("", r.Message).Value, Attributes: keyValues(r.Attributes),
		EventName: valid(r.Attributes.Get(eventName))}
	if t, ok := id(r.TraceID, 16); ok {
		out.TraceId = t
	}
	if s, ok := id(r.SpanID, 8); ok {
		out.SpanId = s
	}
	return out
}

func severity(l slog.Level) logs.SeverityNumber {
	switch {
	case l < slog.LevelInfo:
		return logs.SeverityNumber_SEVERITY_NUMBER_DEBUG
	case l < slog.LevelWarn:
		return logs.SeverityNumber_SEVERITY_NUMBER_INFO
	case l < slog.LevelError:
		return logs.SeverityNumber_SEVERITY_NUMBER_WARN
	}
	return logs.SeverityNumber_SEVERITY_NUMBER_ERROR
}

func points(families []telemetry.Family, start, now time.Time) []*metrics.Metric {
	var out []*metrics.Metric
	for _, f := range families {
		if len(f.Series) == 0 {
			continue
		}
		m := &metrics.Metric{Name: f.Name, Description: f.Help, Unit: f.Unit}
		if f.Namespace != "" {
			m.Name = valid(f.Namespace + "." + f.Name)
		}
		switch f.Kind {
		case telemetry.KindHistogram:
			m.Data = &metrics.Metric_Histogram{Histogram: &metrics.Histogram{
				AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, DataPoints: distributions(f, start, now)}}
		case telemetry.KindGauge:
			m.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: numbers(f, start, now)}}
		default:
			m.Data = &metrics.Metric_Sum{Sum: &metrics.Sum{IsMonotonic: true,
				AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, DataPoints: numbers(f, start, now)}}
		}
		out = append(out, m)
	}
	return out
}

func numbers(f telemetry.Family, start, now time.Time) (out []*metrics.NumberDataPoint) {
	for _, s := range f.Series {
		out = append(out, &metrics.NumberDataPoint{Attributes: labels(f.Labels, s.Values), StartTimeUnixNano: nanos(start),
			TimeUnixNano: nanos(now), Value: &metrics.NumberDataPoint_AsDouble{AsDouble: s.Value}})
	}
	return out
}

func distributions(f telemetry.Family, start, now time.Time) (out []*metrics.HistogramDataPoint) {
	for _, s := range f.Series {
		p := &metrics.HistogramDataPoint{Attributes: labels(f.Labels, s.Values), StartTimeUnixNano: nanos(start), TimeUnixNano: nanos(now),
			Count: s.Count, Sum: &s.Sum, BucketCounts: s.Buckets, ExplicitBounds: f.Bounds}
		if s.Count > 0 {
			p.Min, p.Max = &s.Min, &s.Max
		}
		out = append(out, p)
	}
	return out
}

func labels(names, values []string) (out []*common.KeyValue) {
	for i, n := range names {
		out = append(out, text(n, values[i]))
	}
	return out
}
