package policies

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// minQuotaPeriod is APIM's shortest window of quota-by-key.
const minQuotaPeriod = 300 * time.Second

// quotaByKey is https://learn.microsoft.com/azure/api-management/quota-by-key-policy.
// As there, one counter belongs to a key over all scopes and APIs, and an exchange
// counts once under a key however many policies name it. Differences: one node
// counts exactly; bandwidth counts bodies.
var quotaByKey = policy.Descriptor{
	Name: "quota-by-key", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: append([]policy.Attribute{
		{Name: "counter-key", Required: true, Expression: true},
		{Name: "renewal-period", Required: true, Kind: policy.IntKind},
		{Name: "increment-condition", Expression: true, Kind: policy.BoolKind},
		{Name: "increment-count", Expression: true, Kind: policy.IntKind, Default: "1"},
		{Name: "first-period-start", Default: "0001-01-01T00:00:00Z"},
	}, metered...)},
	Doc:     "Bounds the calls and the bandwidth under a key of your own in fixed windows, or for ever.",
	Compile: compileQuotaByKey,
}

// keyQuota is a compiled quota-by-key.
type keyQuota struct {
	key, condition, count policy.Value
	prefix                string
	allowed               allowance
	start                 time.Time
}

func compileQuotaByKey(c *policy.Compiler, e *policy.Element) policy.Run {
	k := &keyQuota{key: c.Value(e, "counter-key"), prefix: countersOf(c, "quota-by-key"), condition: c.Value(e, "increment-condition"),
		count: c.Value(e, "increment-count"), allowed: compileAllowance(c, e, 0)}
	if k.allowed.calls < 0 && k.allowed.bandwidth < 0 {
		c.Fault(e, policy.CodeNoAttribute, "<quota-by-key> needs calls, bandwidth or both", "write calls=\"…\"")
	}
	if a := e.Attr("renewal-period"); a != nil && k.allowed.period > 0 && k.allowed.period < minQuotaPeriod {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("renewal-period is %s seconds", c.Shown(a)), "write 300 or more, or 0 for a quota that never renews")
	}
	var err error
	if k.start, err = time.Parse(time.RFC3339, strings.TrimSpace(c.Value(e, "first-period-start").Constant())); err != nil {
		a := e.Attr("first-period-start")
		c.Fault(a, policy.CodeValue, fmt.Sprintf("first-period-start cannot be %q", c.Shown(a)), "write a time such as 2026-01-31T00:00:00Z")
	}
	return k.run
}

// countedKey marks a counter that this exchange has counted in; with it is kept
// what the counter then had, which is the exchange's place in the window.
type countedKey string

func (k *keyQuota) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	key, err := k.key.Text(ex, env)
	if err != nil {
		return err
	}
	u := &usage{group: k.prefix + counterKey(key), start: k.start}
	late := k.condition.IsExpression() || k.count.IsExpression()
	n := int64(0)
	if !late {
		if n, err = k.units(ex, env); err != nil {
			return err
		}
	}
	// Keys with windows of their own are counters of their own.
	u.bound("/"+k.start.UTC().Format(time.RFC3339), &k.allowed, n)
	for i := range u.bounds {
		b := &u.bounds[i]
		counted, ok := env.Kept(u.mark(i)).(int64)
		switch {
		case !ok || u.volume[i]:
		case counted <= b.Limit: // whoever came later is no obstacle
			b.N, b.Limit = 0, math.MaxInt64
		default:
			b.N, b.Limit = 0, 0
		}
	}
	used, err := u.take(ctx, env)
	if err != nil {
		return err
	}
	for i, b := range u.bounds {
		if b.N > 0 {
			env.Keep(u.mark(i), used[i])
		}
	}
	k.countLater(ctx, ex, env, u, late)
	return nil
}

// mark is under which an exchange keeps that it has counted in a bound.
func (u *usage) mark(i int) countedKey { return countedKey(u.group + u.bounds[i].Key) }

// countLater counts at the end what is known then only: bytes, and calls where
// expressions say how many.
func (k *keyQuota) countLater(ctx context.Context, ex *exchange.Exchange, env *policy.Env, u *usage, late bool) {
	for i := range u.bounds {
		mark := u.mark(i)
		own := &usage{group: u.group, bounds: u.bounds[i : i+1], volume: u.volume[i : i+1]}
		if u.volume[i] {
			own.meterBodies(ctx, ex, env, func() bool {
				counts, err := k.counts(ex, env)
				counts = counts && err == nil && env.Kept(mark) == nil
				if counts {
					env.Keep(mark, int64(0))
				}
				return counts
			})
			continue
		}
		if !late {
			continue
		}
		env.Defer(func(ctx context.Context) {
			n, err := k.units(ex, env)
			if err == nil && n > 0 && env.Kept(mark) == nil {
				env.Keep(mark, int64(0))
				err = own.add(ctx, env, n)
			}
			if err != nil && env.Trace != nil {
				env.Trace("quota-by-key", "not counted: "+err.Error())
			}
		})
	}
}

// counts evaluates increment-condition.
func (k *keyQuota) counts(ex *exchange.Exchange, env *policy.Env) (bool, error) {
	if !k.condition.Set() {
		return true, nil
	}
	return k.condition.Bool(ex, env)
}

// units is how much one exchange counts.
func (k *keyQuota) units(ex *exchange.Exchange, env *policy.Env) (int64, error) {
	counts, err := k.counts(ex, env)
	if err != nil || !counts {
		return 0, err
	}
	n, err := k.count.Int(ex, env)
	if err == nil && n < 0 {
		err = policy.FailValue("increment-count is negative")
	}
	return n, err
}
