package notify

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"stile/jsonval"
)

// Types of events.
const (
	HealthChanged      = "stile.execution.health"
	ExecutionStarted   = "stile.execution.started"
	ExecutionSucceeded = "stile.execution.succeeded"
	ExecutionFailed    = "stile.execution.failed"
	ExecutionTimedOut  = "stile.execution.timed-out"
	ExecutionAborted   = "stile.execution.aborted"
	CallbackOpened     = "stile.callback.opened"
	CallbackCompleted  = "stile.callback.completed"
	CallbackRefused    = "stile.callback.refused"
	SlowRaised         = "stile.slow.raised"
	SlowCleared        = "stile.slow.cleared"
)

// Kinds are what `notify[].on` of stile.yaml names.
const (
	KindHealth    = "health" // slowness among it
	KindExecution = "execution"
	KindCallback  = "callback"
)

// KindOf gives an event type's kind, "" for an unknown type.
func KindOf(eventType string) string {
	switch {
	case eventType == HealthChanged, strings.HasPrefix(eventType, "stile.slow."):
		return KindHealth
	case strings.HasPrefix(eventType, "stile.execution."):
		return KindExecution
	case strings.HasPrefix(eventType, "stile.callback."):
		return KindCallback
	}
	return ""
}

// Event is one CloudEvent 1.0. Source and ID together name it for ever.
type Event struct {
	ID, Type, Source string
	// Subject is what it is about: an execution's ARN, say. May be empty.
	Subject string
	Time    time.Time
	Data    jsonval.Value
}

// JSON is the event in CloudEvents' structured JSON.
func (e Event) JSON() []byte {
	var o jsonval.Object
	o.AddString("specversion", "1.0").AddString("id", e.ID).AddString("source", e.Source).AddString("type", e.Type)
	if e.Subject != "" {
		o.AddString("subject", e.Subject)
	}
	o.AddString("time", e.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00")).AddString("datacontenttype", "application/json")
	if e.Data.Exists() {
		o.Add("data", e.Data)
	}
	return o.Value().Raw()
}

// Record is an event in the outbox.
type Record struct {
	// Seq is its place: records are in the order of their commit.
	Seq      uint64
	At       time.Time
	ID, Type string
	// Body is the event's JSON.
	Body []byte
}

const recordFormat = 1

// Append appends the event's outbox record to b: a format byte, the time, id, type
// and JSON.
func Append(b []byte, e Event) []byte {
	b = append(b, recordFormat)
	b = binary.AppendVarint(b, e.Time.UnixMilli())
	for _, text := range [3]string{e.ID, e.Type, string(e.JSON())} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

var errRecord = errors.New("notify: damaged outbox record")

// Decode reads an outbox record.
func Decode(seq uint64, b []byte) (Record, error) {
	if len(b) == 0 || b[0] != recordFormat {
		return Record{}, errRecord
	}
	at, n := binary.Varint(b[1:])
	if n <= 0 {
		return Record{}, errRecord
	}
	b = b[1+n:]
	var texts [3]string
	for i := range texts {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return Record{}, errRecord
		}
		texts[i], b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	return Record{Seq: seq, At: time.UnixMilli(at), ID: texts[0], Type: texts[1], Body: []byte(texts[2])}, nil
}
