package telemetry

import (
	"net/http"
	"strconv"
	"time"
)

// RetryAfter reads a Retry-After field, in seconds or as a date (RFC 9110 10.2.3);
// 0 where it says nothing.
func RetryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(min(n, 86_400))*time.Second)
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
