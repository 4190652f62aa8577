package sfn

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// ExecutionSpan is the span id of an execution, 16 hex digits: whoever computes
// it, before or after a crash, gets the same.
func ExecutionSpan(arn string) string { return span("execution", arn) }

// StateSpan is the span id of one visit of a state, named by the history id of
// its Entered event.
func StateSpan(arn string, entered int64) string {
	return span("state", arn+"\x00"+strconv.FormatInt(entered, 10))
}

func span(kind, text string) string {
	var room [320]byte // of an ordinary ARN
	sum := sha256.Sum256(append(append(append(append(room[:0], "stile span\x00"...), kind...), 0), text...))
	var id [16]byte
	hex.Encode(id[:], sum[:8])
	return string(id[:])
}
