package cli

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// refusal is a failure with what a caller needs to try again.
type refusal struct {
	*failure
	status int
	code   string
	// after is what the server asks to wait; zero where it does not say.
	after time.Duration
}

func (r *refusal) Unwrap() error { return r.failure }

// retryAfter reads Retry-After in seconds; its other form, a date, no server of ours writes.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// attempts is how often a request is sent that the server puts off, and longestPause
// how long is waited between two of them at most, whatever the server asks.
const (
	attempts     = 8
	firstPause   = 250 * time.Millisecond
	longestPause = 60 * time.Second
)

// again is call, and sends again what the server puts off (429, 503), and what a
// broken connection left unanswered: whoever uses it sends what may be done twice.
func (c *command) again(ctx context.Context, method, path string, in, out any) error {
	return c.finish(ctx, ctx, method, path, in, out)
}

// finish is again, where the end of wait ends the pauses alone and a request that is
// under way goes on.
func (c *command) finish(ctx, wait context.Context, method, path string, in, out any) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := c.call(ctx, method, path, in, out)
		asked, put := putOff(err)
		if !put || n == attempts || wait.Err() != nil {
			return err
		}
		if asked == 0 {
			asked, pause = pause, 2*pause
		}
		select {
		case <-time.After(min(asked, longestPause)):
		case <-wait.Done():
			return err
		}
	}
}

// putOff says whether a request may be sent again, and how long the server asks to
// wait before.
func putOff(err error) (time.Duration, bool) {
	var r *refusal
	if errors.As(err, &r) {
		return r.after, r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable
	}
	var f *failure
	return 0, errors.As(err, &f) && f.code == exitUnreachable
}
