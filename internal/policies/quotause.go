package policies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// usage is what one exchange uses of its quotas.
type usage struct {
	group  string
	start  time.Time
	bounds []policy.QuotaBound
	// volume[i] says that bounds[i] counts bytes, which are known at the end.
	volume []bool
	// parts[i] is the element inside the policy that bounds[i] stands in. The policy's
	// own bounds come last, and parts does not reach to them.
	parts []*policy.Part
}

// bound adds the bounds of an allowance under a key: n calls now, bytes later.
func (u *usage) bound(key string, a *allowance, n int64) {
	key += "/" + strconv.FormatInt(int64(a.period/time.Second), 10)
	if a.calls >= 0 {
		u.bounds = append(u.bounds, policy.QuotaBound{Key: key + "/calls", N: n, Limit: a.calls, Start: u.start, Period: a.period})
		u.volume = append(u.volume, false)
	}
	if a.bandwidth >= 0 {
		u.bounds = append(u.bounds, policy.QuotaBound{Key: key + "/bandwidth", Limit: a.bandwidth, Start: u.start, Period: a.period})
		u.volume = append(u.volume, true)
	}
	for a.which.part.Name != "" && len(u.parts) < len(u.bounds) {
		u.parts = append(u.parts, &a.which.part)
	}
}

var errNoQuotas = errors.New("the gateway's counters know no quotas")

func quotasOf(env *policy.Env) (policy.Quotas, error) {
	if q, ok := env.Counters.(policy.Quotas); ok {
		return q, nil
	}
	return nil, errNoQuotas
}

// take counts in every bound, or refuses the exchange and counts in none. It gives
// what each bound has used.
func (u *usage) take(ctx context.Context, env *policy.Env) ([]int64, error) {
	quotas, err := quotasOf(env)
	if err != nil {
		return nil, err
	}
	res, err := quotas.TakeQuota(ctx, u.group, u.bounds, env.Now())
	for i, used := range res.Used {
		if most := u.bounds[i].Limit; most != math.MaxInt64 { // which only looks
			env.Tally("limit", most)
			env.Tally("remaining", max(0, most-used))
		}
	}
	if err != nil || res.Allowed {
		return res.Used, err
	}
	return nil, u.denied(res)
}

// denied is APIM's refusal. A quota for a lifetime is never replenished, so that
// neither text nor header say when.
func (u *usage) denied(res policy.QuotaResult) *policy.Denied {
	d := &policy.Denied{Status: 403, Reason: "QuotaExceeded", Message: "Out of call volume quota.",
		RetryAfter: res.RetryAfter, Counter: u.group + u.bounds[res.Refused].Key}
	if res.Refused < len(u.parts) {
		d.Within = *u.parts[res.Refused]
	}
	if u.volume[res.Refused] {
		d.Message = "Out of bandwidth quota."
	}
	if res.RetryAfter > 0 {
		seconds := max(int64((res.RetryAfter+time.Second-1)/time.Second), 1)
		d.Message += " Quota will be replenished in " + timeSpan(seconds) + "."
		d.Header = []exchange.Param{{Name: "Retry-After", Value: strconv.FormatInt(seconds, 10)}}
	}
	return d
}

// timeSpan writes seconds as .NET writes a TimeSpan: hh:mm:ss, with days before it
// where there are any, as 7.00:00:00.
func timeSpan(seconds int64) string {
	text := fmt.Sprintf("%02d:%02d:%02d", seconds/3600%24, seconds/60%60, seconds%60)
	if days := seconds / 86400; days > 0 {
		text = strconv.FormatInt(days, 10) + "." + text
	}
	return text
}

// meterBodies counts the bytes of both bodies in the bounds of bandwidth: of a
// body in memory when the pipeline has ended, of a stream when it was read. counts
// is asked at the end whether they count at all; nil: they do.
func (u *usage) meterBodies(ctx context.Context, ex *exchange.Exchange, env *policy.Env, counts func() bool) {
	own := &usage{group: u.group}
	for i, b := range u.bounds {
		if u.volume[i] {
			own.bounds = append(own.bounds, b)
		}
	}
	if len(own.bounds) == 0 {
		return
	}
	var sent atomic.Int64
	known := max(ex.Request.Body.Length(), 0)
	if ex.Request.Body.Streaming() {
		known = 0
		ex.Request.Body = exchange.Stream(&countedBody{ex.Request.Body.Reader(), &sent, nil}, ex.Request.Body.Length())
	}
	ctx = context.WithoutCancel(ctx)
	add := func(n int64) {
		if err := own.add(ctx, env, n); err != nil && env.Trace != nil {
			env.Trace("quota", "not counted: "+err.Error())
		}
	}
	env.Defer(func(context.Context) {
		if counts != nil && !counts() {
			return
		}
		body := ex.Response.Body
		if !body.Streaming() {
			add(known + sent.Load() + max(body.Length(), 0))
			return
		}
		add(known + sent.Load())
		before := sent.Load()
		received := new(atomic.Int64)
		ex.Response.Body = exchange.Stream(&countedBody{body.Reader(), received, func() {
			add(received.Load() + sent.Load() - before)
		}}, body.Length())
	})
}

// add counts n in every bound.
func (u *usage) add(ctx context.Context, env *policy.Env, n int64) error {
	if n <= 0 {
		return nil
	}
	quotas, err := quotasOf(env)
	if err != nil {
		return err
	}
	bounds := slices.Clone(u.bounds)
	for i := range bounds {
		bounds[i].N = n
	}
	return quotas.AddQuota(ctx, u.group, bounds, env.Now())
}

// countedBody counts what is read of a stream and tells once when it is closed.
type countedBody struct {
	io.ReadCloser
	bytes *atomic.Int64
	done  func()
}

// Read reads and counts.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}

// Close closes the stream.
func (b *countedBody) Close() error {
	if done := b.done; done != nil {
		b.done = nil
		done()
	}
	return b.ReadCloser.Close()
}
