package execlog

import (
	"strings"

	"stile/asl/history"
)

const (
	levelAll   = "ALL"
	levelError = "ERROR"
	levelOff   = "OFF"
)

// wanted are the events that a level takes (AWS's table "Log levels for Step Functions
// execution events").
func wanted(events []history.Event, level string) (out []history.Event) {
	if level == levelAll {
		return events
	}
	for _, ev := range events {
		if Fatal(ev.Type) || level == levelError && Failure(ev.Type) {
			out = append(out, ev)
		}
	}
	return out
}

// Fatal reports whether an event's type is of level FATAL: an execution that did not
// succeed.
func Fatal(kind string) bool {
	return kind == "ExecutionFailed" || kind == "ExecutionAborted" || kind == "ExecutionTimedOut"
}

// Failure reports whether an event's type is of level ERROR.
func Failure(kind string) bool {
	return kind == "FailStateEntered" || strings.HasSuffix(kind, "Failed") || strings.HasSuffix(kind, "Aborted") || strings.HasSuffix(kind, "TimedOut")
}
