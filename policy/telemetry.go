package policy

import (
	"context"

	"stile/policy/exchange"
)

// Telemetry takes what policies measure and write for whoever runs the gateway. It
// never makes an exchange wait.
type Telemetry interface {
	// Metric counts one measurement of emit-metric and its like.
	Metric(m Metric)
	// Line takes what the trace policy writes.
	Line(l Line)
}

// Metric is one measurement: a value under a name inside a namespace, with dimensions
// in the order of the document.
type Metric struct {
	Namespace, Name string
	Value           float64
	Dimensions      []exchange.Param
}

// Line is a line of the trace policy. Severity is verbose, information or error.
type Line struct {
	Source, Severity, Message string
	Metadata                  []exchange.Param
	Trace                     exchange.Trace
}

// EventLog takes the messages of log-to-eventhub. It never makes an exchange wait:
// what it cannot take it drops and counts.
type EventLog interface {
	// Log takes a message for the logger of that id. partition is a partition's id, key
	// what events of one partition have in common; both may be empty. ok is false where
	// there is no such logger.
	Log(ctx context.Context, logger, partition, key string, message []byte) (ok bool)
}

// Logging may be implemented by Values, so that a document that names a logger which
// is not there is refused. Without it every logger is taken to be there.
type Logging interface {
	// Loggers lists the ids of the service's loggers, sorted.
	Loggers() []string
}

// Loggers lists the loggers that documents may name; known is false where the host
// does not say.
func (c *Compiler) Loggers() (ids []string, known bool) {
	l, ok := c.values.(Logging)
	if !ok {
		return nil, false
	}
	return l.Loggers(), true
}
