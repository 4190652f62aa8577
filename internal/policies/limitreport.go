package policies

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// report is how a rate limit tells the caller, and later policies, what is left.
type report struct {
	retryHeader, retryVariable         string
	remainingHeader, remainingVariable string
	totalHeader                        string
}

func newReport(c *policy.Compiler, e *policy.Element) report {
	for _, attr := range []string{"retry-after-header-name", "remaining-calls-header-name", "total-calls-header-name"} {
		if a := e.Attr(attr); a != nil {
			if wrong := checkFieldName(a.Value); wrong != "" {
				c.Fault(a, policy.CodeValue, wrong, "choose another header")
			}
		}
	}
	text := func(attr string) string { return c.Value(e, attr).Constant() }
	return report{text("retry-after-header-name"), text("retry-after-variable-name"), text("remaining-calls-header-name"),
		text("remaining-calls-variable-name"), text("total-calls-header-name")}
}

var errNoCounters = errors.New("the gateway has no counters")

// take counts n calls under a key, or refuses the exchange.
func (r *report) take(ctx context.Context, ex *exchange.Exchange, env *policy.Env, key string, n int64, l *limit) error {
	if env.Counters == nil {
		return errNoCounters
	}
	res, err := env.Counters.Take(ctx, key, n, l.calls, l.window, env.Now())
	if err != nil {
		return err
	}
	r.tell(ex, env, res, l)
	env.Tally("limit", l.calls)
	env.Tally("remaining", res.Remaining)
	if res.Allowed {
		return nil
	}
	seconds := int64((res.RetryAfter + time.Second - 1) / time.Second)
	seconds = max(seconds, 1)
	if r.retryVariable != "" {
		setVariableTo(ex, r.retryVariable, int32(seconds))
	}
	return &policy.Denied{Status: 429, Reason: "RateLimitExceeded", Message: "Rate limit is exceeded",
		Public:     fmt.Sprintf("Rate limit is exceeded. Try again in %d seconds.", seconds),
		Header:     []exchange.Param{{Name: r.retryHeader, Value: strconv.FormatInt(seconds, 10)}},
		RetryAfter: res.RetryAfter, Counter: key, Within: l.part}
}

// tell sets the variables now and the response's headers when there is a response.
func (r *report) tell(ex *exchange.Exchange, env *policy.Env, res policy.CounterResult, l *limit) {
	if r.remainingVariable != "" {
		setVariableTo(ex, r.remainingVariable, int32(min(res.Remaining, 1<<31-1)))
	}
	if r.remainingHeader == "" && r.totalHeader == "" {
		return
	}
	env.Defer(func(context.Context) {
		if r.remainingHeader != "" {
			ex.Response.Header.Set(r.remainingHeader, strconv.FormatInt(res.Remaining, 10))
		}
		if r.totalHeader != "" {
			ex.Response.Header.Set(r.totalHeader, strconv.FormatInt(l.calls, 10))
		}
	})
}
