package policies

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// retry is https://learn.microsoft.com/azure/api-management/retry-policy. A policy
// inside that fails ends it: only the condition asks for another attempt.
var retry = policy.Descriptor{
	Name: "retry", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Policies: true, Attributes: []policy.Attribute{
		{Name: "condition", Required: true, Expression: true, Kind: policy.BoolKind},
		{Name: "count", Required: true, Expression: true, Kind: policy.IntKind},
		{Name: "interval", Required: true, Expression: true, Kind: policy.IntKind},
		{Name: "max-interval", Expression: true, Kind: policy.IntKind},
		{Name: "delta", Expression: true, Kind: policy.IntKind},
		{Name: "first-fast-retry", Expression: true, Kind: policy.BoolKind, Default: "false"},
	}},
	Doc:     "Runs the policies inside it, and again while its condition is true.",
	Compile: compileRetry,
}

// maxRetries is the documented bound of count.
const maxRetries = 50

// retrier is a compiled retry.
type retrier struct {
	condition, count, interval, most, delta, fast policy.Value
	inside                                        policy.Run
}

func compileRetry(c *policy.Compiler, e *policy.Element) policy.Run {
	if w := within(e, "wait"); w != nil {
		c.Fault(w, policy.CodeChild, "<wait> cannot stand in <retry>", "put <retry> into it, around each policy")
	}
	r := &retrier{condition: c.Value(e, "condition"), count: c.Value(e, "count"), interval: c.Value(e, "interval"),
		most: c.Value(e, "max-interval"), delta: c.Value(e, "delta"), fast: c.Value(e, "first-fast-retry")}
	if a := e.Attr("count"); a != nil && !r.count.IsExpression() {
		if n, err := strconv.Atoi(strings.TrimSpace(r.count.Constant())); err == nil && (n < 1 || n > maxRetries) {
			c.Fault(a, policy.CodeValue, fmt.Sprintf("count is %d", n), "write 1 to 50")
		}
	}
	r.inside = c.Policies(e)
	return r.run
}

// within finds an element of a name inside another, at any depth.
func within(e *policy.Element, name string) *policy.Element {
	for _, child := range e.Elements("") {
		if child.Name == name {
			return child
		}
		if found := within(child, name); found != nil {
			return found
		}
	}
	return nil
}

func (r *retrier) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	for n := 1; ; n++ {
		if n > 1 {
			env.Note(strconv.Itoa(n) + " attempts")
		}
		if err := r.inside(ctx, ex, env); err != nil {
			return err
		}
		again, err := r.condition.Bool(ex, env)
		if err != nil {
			return err
		}
		count, err := r.count.Int(ex, env)
		if err == nil && (count < 1 || count > maxRetries) {
			err = policy.FailValue(fmt.Sprintf("count is %d, not 1 to 50", count))
		}
		if err != nil {
			return err
		}
		if !again || int64(n) > count {
			return nil
		}
		pause, err := r.pause(n, ex, env)
		if err != nil {
			return err
		}
		if err := env.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// pause is how long to wait before the nth retry.
func (r *retrier) pause(n int, ex *exchange.Exchange, env *policy.Env) (time.Duration, error) {
	interval, err := duration(r.interval, time.Second, ex, env)
	if err != nil {
		return 0, err
	}
	delta, err := duration(r.delta, time.Second, ex, env)
	if err != nil {
		return 0, err
	}
	most, err := duration(r.most, time.Second, ex, env)
	if err != nil {
		return 0, err
	}
	fast, err := r.fast.Bool(ex, env)
	if err != nil || fast && n == 1 {
		return 0, err
	}
	share := 0.5
	if env.Rand != nil && r.most.Set() && r.delta.Set() {
		share = float64(env.Rand()>>11) / (1 << 53)
	}
	if !r.most.Set() {
		most = -1
	}
	return retryPause(n, interval, delta, most, share), nil
}

// retryPause is the wait before the nth retry, from 1: the interval; with a delta,
// interval + (n-1) delta; with most as well, which is -1 where not set,
// interval + (2^(n-1) - 1) x with x between 0.8 and 1.2 delta by share, at most most.
// That is what the page's example counts out: 10, 20, 40, 80, then 100 s for an
// interval and a delta of 10 and a most of 100.
func retryPause(n int, interval, delta, most time.Duration, share float64) time.Duration {
	if most < 0 {
		return interval + time.Duration(n-1)*delta
	}
	growth := (math.Exp2(float64(n-1)) - 1) * float64(delta) * (0.8 + 0.4*share)
	if growth >= float64(most) {
		return most
	}
	return min(interval+time.Duration(growth), most)
}
