package policies

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// maxPeriod is APIM's longest window of a rate limit.
const maxPeriod = 300 * time.Second

// limitReporting are the attributes by which both rate limits tell what is left.
var limitReporting = []policy.Attribute{
	{Name: "retry-after-header-name", Default: "Retry-After"}, {Name: "retry-after-variable-name"},
	{Name: "remaining-calls-header-name"}, {Name: "remaining-calls-variable-name"}, {Name: "total-calls-header-name"},
}

// limited are the attributes of an API or operation inside rate-limit.
var limited = []policy.Attribute{
	{Name: "name"}, {Name: "id"},
	{Name: "calls", Kind: policy.IntKind}, {Name: "renewal-period", Kind: policy.IntKind},
}

// rateLimit is https://learn.microsoft.com/azure/api-management/rate-limit-policy.
// Difference: one node counts exactly.
var rateLimit = policy.Descriptor{
	Name: "rate-limit", Sections: policy.Inbound, Scopes: policy.Product | policy.API | policy.Operation, Once: true,
	Schema: policy.Schema{
		Attributes: append([]policy.Attribute{
			{Name: "calls", Required: true, Kind: policy.IntKind},
			{Name: "renewal-period", Required: true, Kind: policy.IntKind},
		}, limitReporting...),
		Children: []policy.Child{{Name: "api", Many: true, Schema: policy.Schema{Attributes: limited,
			Children: []policy.Child{{Name: "operation", Many: true, Schema: policy.Schema{Attributes: limited}}}}}},
	},
	Doc:     "Bounds the calls of a subscription in a sliding window of at most 300 seconds.",
	Compile: compileRateLimit,
}

// limit is one bound: so many calls in a window.
type limit struct {
	calls  int64
	window time.Duration
	// name and id choose an API or operation; id wins where both stand.
	name, id string
	children []limit
	// part is its element where it stands inside another; zero of the policy itself.
	part policy.Part
}

// matches reports whether the limit is for the API or operation with these names.
func (l *limit) matches(id, name string) bool {
	if l.id != "" {
		return l.id == id
	}
	return l.name == name
}

// compileLimit reads calls and renewal-period; ok is false where they are absent.
func compileLimit(c *policy.Compiler, e *policy.Element) (l limit, ok bool) {
	calls, period := c.Value(e, "calls"), c.Value(e, "renewal-period")
	if !calls.Set() || !period.Set() {
		if calls.Set() != period.Set() && (e.Name == "api" || e.Name == "operation") {
			c.Fault(e, policy.CodeNoAttribute, "calls and renewal-period go together", "write both")
		}
		return limit{}, false
	}
	// What is no number was reported by the schema.
	var err error
	if l.calls, err = strconv.ParseInt(strings.TrimSpace(calls.Constant()), 10, 64); err == nil && l.calls < 1 {
		c.Fault(e.Attr("calls"), policy.CodeValue, "calls is "+c.Shown(e.Attr("calls")), "write 1 or more")
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(period.Constant()), 10, 64)
	l.window = time.Duration(min(seconds, 1<<30)) * time.Second
	if a := e.Attr("renewal-period"); err == nil && (l.window <= 0 || l.window > maxPeriod) {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("renewal-period is %s seconds", c.Shown(a)), "write 1 to 300")
	}
	return l, true
}

func compileRateLimit(c *policy.Compiler, e *policy.Element) policy.Run {
	r := &rateLimiter{policy: "rate-limit", scope: c.Scope(), id: c.Value(e, "id").Constant(), report: newReport(c, e)}
	r.whole, _ = compileLimit(c, e)
	for _, api := range e.Elements("api") {
		r.apis = append(r.apis, compileNamedLimit(c, api))
	}
	return r.run
}

func compileNamedLimit(c *policy.Compiler, e *policy.Element) limit {
	l, ok := compileLimit(c, e)
	l.name, l.id, l.part = c.Value(e, "name").Constant(), c.Value(e, "id").Constant(), c.Part(e)
	if l.name == "" && l.id == "" {
		c.Fault(e, policy.CodeNoAttribute, fmt.Sprintf("<%s> needs name or id", e.Name), "write id=\"…\"")
	}
	for _, op := range e.Elements("operation") {
		l.children = append(l.children, compileNamedLimit(c, op))
	}
	if !ok && len(l.children) == 0 {
		c.Fault(e, policy.CodeNoAttribute, fmt.Sprintf("<%s> has no limit", e.Name), "write calls and renewal-period")
	}
	return l
}

// rateLimiter is a compiled rate-limit.
type rateLimiter struct {
	policy string
	scope  policy.Scope
	id     string
	whole  limit
	apis   []limit
	report report
}

// run takes one call from every limit that is for this exchange, the narrowest
// first, so that a call refused by a narrow one leaves the wide one untouched.
// Without a subscription nothing is counted, as in APIM.
func (r *rateLimiter) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	if ex.Subscription == nil {
		env.Note("no subscription, nothing counted")
		return nil
	}
	key := r.key(ex)
	for i := range r.apis {
		api := &r.apis[i]
		if ex.API == nil || !api.matches(ex.API.ID, ex.API.Name) {
			continue
		}
		at := key + "/api/" + ex.API.ID
		for k := range api.children {
			if op := &api.children[k]; ex.Operation != nil && op.matches(ex.Operation.ID, ex.Operation.Name) {
				if err := r.report.take(ctx, ex, env, at+"/operation/"+ex.Operation.ID, 1, op); err != nil {
					return err
				}
			}
		}
		if api.calls > 0 {
			if err := r.report.take(ctx, ex, env, at, 1, api); err != nil {
				return err
			}
		}
	}
	return r.report.take(ctx, ex, env, key, 1, &r.whole)
}

// key names the counter: what it counts, where the policy stands, and for whom.
func (r *rateLimiter) key(ex *exchange.Exchange) string {
	place := ""
	switch {
	case r.scope == policy.Product && ex.Product != nil:
		place = ex.Product.ID
	case r.scope == policy.API && ex.API != nil:
		place = ex.API.ID
	case r.scope == policy.Operation && ex.API != nil && ex.Operation != nil:
		place = ex.API.ID + "/" + ex.Operation.ID
	}
	if r.id != "" {
		place += "/" + r.id
	}
	return r.policy + "/" + r.scope.String() + "/" + place + "/subscription/" + ex.Subscription.ID
}

// rateLimitByKey is https://learn.microsoft.com/azure/api-management/rate-limit-by-key-policy.
// As there, one counter belongs to a key over all scopes and APIs.
var rateLimitByKey = policy.Descriptor{
	Name: "rate-limit-by-key", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: append([]policy.Attribute{
		{Name: "calls", Required: true, Expression: true, Kind: policy.IntKind},
		{Name: "renewal-period", Required: true, Expression: true, Kind: policy.IntKind},
		{Name: "counter-key", Required: true, Expression: true},
		{Name: "increment-condition", Expression: true, Kind: policy.BoolKind},
		{Name: "increment-count", Expression: true, Kind: policy.IntKind, Default: "1"},
	}, limitReporting...)},
	Doc:     "Bounds the calls under a key of your own in a sliding window of at most 300 seconds.",
	Compile: compileRateLimitByKey,
}

func compileRateLimitByKey(c *policy.Compiler, e *policy.Element) policy.Run {
	k := &keyLimiter{calls: c.Value(e, "calls"), period: c.Value(e, "renewal-period"), key: c.Value(e, "counter-key"), prefix: countersOf(c, "rate-limit-by-key"),
		condition: c.Value(e, "increment-condition"), count: c.Value(e, "increment-count"), report: newReport(c, e)}
	if !k.calls.IsExpression() && !k.period.IsExpression() {
		compileLimit(c, e)
	}
	return k.run
}

// keyLimiter is a compiled rate-limit-by-key.
type keyLimiter struct {
	calls, period, key, condition, count policy.Value
	prefix                               string
	report                               report
}

func (k *keyLimiter) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	key, err := k.key.Text(ex, env)
	if err != nil {
		return err
	}
	l, err := k.limit(ex, env)
	if err != nil {
		return err
	}
	key = k.prefix + counterKey(key)
	if k.condition.IsExpression() || k.count.IsExpression() {
		return k.late(ctx, ex, env, key, l)
	}
	n := int64(1)
	if k.condition.Set() {
		counts, err := k.condition.Bool(ex, env)
		if err != nil {
			return err
		}
		if !counts {
			n = 0
		}
	}
	if n > 0 {
		if n, err = k.count.Int(ex, env); err != nil {
			return err
		}
	}
	return k.report.take(ctx, ex, env, key, n, l)
}

func (k *keyLimiter) limit(ex *exchange.Exchange, env *policy.Env) (*limit, error) {
	calls, err := k.calls.Int(ex, env)
	if err != nil {
		return nil, err
	}
	seconds, err := k.period.Int(ex, env)
	if err != nil {
		return nil, err
	}
	if calls < 1 || seconds < 1 || time.Duration(seconds) > maxPeriod/time.Second {
		return nil, policy.FailValue(fmt.Sprintf("%d calls in %d seconds is no limit", calls, seconds))
	}
	return &limit{calls: calls, window: time.Duration(seconds) * time.Second}, nil
}

// late checks now and counts at the end, when the expressions can see the
// response; so the refusal comes one call late, as in APIM.
func (k *keyLimiter) late(ctx context.Context, ex *exchange.Exchange, env *policy.Env, key string, l *limit) error {
	if err := k.report.take(ctx, ex, env, key, 0, l); err != nil {
		return err
	}
	env.Defer(func(ctx context.Context) {
		counts := true
		var err error
		if k.condition.Set() {
			counts, err = k.condition.Bool(ex, env)
		}
		n := int64(0)
		if err == nil && counts {
			n, err = k.count.Int(ex, env)
		}
		if err == nil && n > 0 {
			_, err = saturate(ctx, env, key, n, l)
		}
		if err != nil && env.Trace != nil {
			env.Trace("rate-limit-by-key", "not counted: "+err.Error())
		}
	})
	return nil
}

// saturate counts n calls, or as many as the limit still has room for.
func saturate(ctx context.Context, env *policy.Env, key string, n int64, l *limit) (policy.CounterResult, error) {
	res, err := env.Counters.Take(ctx, key, n, l.calls, l.window, env.Now())
	if err == nil && !res.Allowed && res.Remaining > 0 {
		return env.Counters.Take(ctx, key, min(n, res.Remaining), l.calls, l.window, env.Now())
	}
	return res, err
}
