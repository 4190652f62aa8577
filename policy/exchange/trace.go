package exchange

import (
	"encoding/hex"
	"strings"
)

// Trace is the W3C trace context of an exchange: TraceID 32 hex digits, SpanID
// 16 (this exchange's own span), ParentID 16 or empty (the caller's span).
type Trace struct{ TraceID, SpanID, ParentID string }

// ParseTraceparent reads a W3C traceparent header (version 00); ok is false for
// anything else, also for ids of zeros only.
func ParseTraceparent(h string) (traceID, spanID string, ok bool) {
	parts := strings.Split(h, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || len(parts[1]) != 32 || len(parts[2]) != 16 {
		return "", "", false
	}
	for _, p := range parts[:3] {
		if _, err := hex.DecodeString(p); err != nil || strings.ToLower(p) != p {
			return "", "", false
		}
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// Traceparent is the header to send on, with this exchange's span as parent.
func (t Trace) Traceparent() string {
	if t.TraceID == "" {
		return ""
	}
	return "00-" + t.TraceID + "-" + t.SpanID + "-01"
}
