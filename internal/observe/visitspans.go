package observe

import (
	"strings"
	"time"

	"stile/asl/history"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// visitSpans makes a span of each visit that ends, and of the execution.
type visitSpans struct{ list []telemetry.Span }

// feed takes events that follow those before, and gives the spans that ended with
// them.
func (v *visits) feed(events []history.Event) []telemetry.Span {
	var made visitSpans
	v.follow(events, &made)
	return made.list
}

func (s *visitSpans) visit(v *visits, w *visit, end time.Time, status string) {
	attributes := telemetry.Attributes{{Name: telemetry.AttrStateType, Value: w.kind},
		{Name: "stile.execution", Value: v.exec.Name}, {Name: telemetry.AttrStateMachine, Value: v.machine}}
	if w.wait != "" {
		attributes = append(attributes, telemetry.Attribute{Name: telemetry.AttrStateWait, Value: w.wait})
	}
	parent := v.exec.Span
	if w.container != 0 {
		parent = sfn.StateSpan(v.exec.ARN, w.container)
	}
	s.list = append(s.list, telemetry.Span{TraceID: v.exec.TraceID, SpanID: sfn.StateSpan(v.exec.ARN, w.entered), ParentID: parent,
		Name: w.name, Kind: telemetry.KindState, Start: w.start, End: end, Status: status, Attributes: attributes})
}

// lost makes none: a span has a beginning. The observer reads the history first.
func (s *visitSpans) lost(*visits, *history.Event, time.Time, string) {}

func (s *visitSpans) ended(v *visits, e *history.Event, end time.Time) {
	status := "error"
	if e.Type == "ExecutionSucceeded" {
		status = "ok"
	}
	fault := ""
	if e.Details.Error != nil {
		fault = *e.Details.Error
	}
	s.list = append(s.list, telemetry.Span{TraceID: v.exec.TraceID, SpanID: v.exec.Span, ParentID: v.exec.ParentSpan,
		Name: v.machine, Kind: telemetry.KindExecution, Start: v.start, End: end, Status: status, Attributes: EndAttributes(v.exec.ARN, v.exec.Name, v.machine, endStatus[e.Type], fault)})
}

// EndAttributes are those of an execution that ended; fault is its error's name.
func EndAttributes(arn, name, machine, status, fault string) telemetry.Attributes {
	out := telemetry.Attributes{{Name: "aws.step_functions.execution.arn", Value: arn}, {Name: "stile.execution", Value: name},
		{Name: telemetry.AttrStateMachine, Value: machine}, {Name: telemetry.AttrExecutionStatus, Value: status}}
	if fault != "" {
		out = append(out, telemetry.Attribute{Name: telemetry.AttrErrorType, Value: fault})
	}
	return out
}

// ExecutionName is an execution's name by its ARN: an EXPRESS execution's has a UUID
// behind it.
func ExecutionName(arn sfn.ARN) string {
	name, _, _ := strings.Cut(arn.Sub, ":")
	return name
}
