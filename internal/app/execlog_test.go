package app

import (
	"log/slog"
	"testing"
	"time"

	"stile/internal/execlog"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
)

// linesOnly is a sink that keeps lines of the log.
type linesOnly struct{ got []telemetry.Record }

func (*linesOnly) Exchange(*telemetry.Exchange) {}
func (*linesOnly) Spans([]telemetry.Span)       {}
func (*linesOnly) Event(telemetry.Event)        {}
func (l *linesOnly) Log(r telemetry.Record)     { l.got = append(l.got, r) }

// TestExecutionLogsAreExported: a record is a line in the execution's trace, at the
// level of its event.
func TestExecutionLogsAreExported(t *testing.T) {
	to := &linesOnly{}
	at := time.UnixMilli(1700000000123)
	records := []execlog.Record{
		{Group: "/g", Type: "ExecutionStarted", ExecutionARN: "arn", TraceID: "0af7651916cd43dd8448eb211c80319c", Time: at, Text: jsonval.MustParse(`{"id":"1"}`)},
		{Group: "/g", Type: "TaskTimedOut", ExecutionARN: "arn", Time: at, Text: jsonval.MustParse(`{"id":"2"}`)},
	}
	if err := exported(to)(records); err != nil {
		t.Fatal(err)
	}
	if len(to.got) != 2 || to.got[0].Level != slog.LevelInfo || to.got[1].Level != slog.LevelError {
		t.Fatalf("%+v", to.got)
	}
	r := to.got[0]
	if r.Message != `{"id":"1"}` || r.Attributes.Get("aws.log.group.names") != "/g" || r.Attributes.Get("stile.execution.arn") != "arn" ||
		r.TraceID != records[0].TraceID || r.SpanID != sfn.ExecutionSpan("arn") || !r.Time.Equal(at) || to.got[1].SpanID != "" {
		t.Errorf("%+v", r)
	}
}
