package meter

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/internal/llm"
	"stile/policy"
	"stile/policy/exchange"
)

// tokenLimit makes llm-token-limit, and azure-openai-token-limit, which is its older
// name: https://learn.microsoft.com/azure/api-management/llm-token-limit-policy. One
// counter belongs to a key over all scopes. Tokens per minute are counted in a
// sliding window.
func (shared Shared) tokenLimit(name string) policy.Descriptor {
	return policy.Descriptor{
		Name: name, Sections: policy.Inbound, Scopes: policy.AnyScope,
		Schema: policy.Schema{Attributes: []policy.Attribute{
			{Name: "counter-key", Required: true, Expression: true},
			{Name: "tokens-per-minute", Expression: true, Kind: policy.IntKind},
			{Name: "token-quota", Expression: true, Kind: policy.IntKind},
			{Name: "token-quota-period", Expression: true},
			{Name: "estimate-prompt-tokens", Expression: true, Kind: policy.BoolKind},
			{Name: "estimate-prompt-token", Expression: true, Kind: policy.BoolKind},
			{Name: "retry-after-header-name", Default: "Retry-After"}, {Name: "retry-after-variable-name"},
			{Name: "remaining-quota-tokens-header-name"}, {Name: "remaining-quota-tokens-variable-name"},
			{Name: "remaining-tokens-header-name"}, {Name: "remaining-tokens-variable-name"},
			{Name: "tokens-consumed-header-name"}, {Name: "tokens-consumed-variable-name"},
		}},
		Doc:     "Bounds the tokens that language models take under a key, per minute and in a quota's period.",
		Compile: shared.compile,
	}
}

// tokenReport is how a token limit tells what is left and what was used.
type tokenReport struct {
	header, variable string
}

// tokenLimiter is a compiled token limit.
type tokenLimiter struct {
	shared                                  Shared
	key, perMinute, quota, period, estimate policy.Value
	retry, rate, left, consumed             tokenReport
}

func (shared Shared) compile(c *policy.Compiler, e *policy.Element) policy.Run {
	report := func(prefix string) tokenReport {
		if a := e.Attr(prefix + "-header-name"); a != nil {
			if wrong := shared.FieldName(a.Value); wrong != "" {
				c.Fault(a, policy.CodeValue, wrong, "choose another header")
			}
		}
		return tokenReport{c.Value(e, prefix+"-header-name").Constant(), c.Value(e, prefix+"-variable-name").Constant()}
	}
	l := &tokenLimiter{shared: shared, key: c.Value(e, "counter-key"), perMinute: c.Value(e, "tokens-per-minute"), quota: c.Value(e, "token-quota"),
		period: c.Value(e, "token-quota-period"), estimate: c.Value(e, "estimate-prompt-tokens"),
		retry: report("retry-after"), rate: report("remaining-tokens"), left: report("remaining-quota-tokens"), consumed: report("tokens-consumed")}
	if !l.perMinute.Set() && !l.quota.Set() {
		c.Fault(e, policy.CodeNoAttribute, "<"+e.Name+"> needs tokens-per-minute, token-quota or both", `write tokens-per-minute="…"`)
	}
	if l.quota.Set() != l.period.Set() {
		c.Fault(e, policy.CodeNoAttribute, "token-quota and token-quota-period go together", "write both")
	}
	for _, name := range []string{"tokens-per-minute", "token-quota"} {
		if a := e.Attr(name); a != nil && strings.TrimSpace(a.Value) == "0" {
			c.Fault(a, policy.CodeValue, name+" is 0", "write 1 or more")
		}
	}
	if a := e.Attr("token-quota-period"); a != nil && !l.period.IsExpression() && !slices.Contains(llm.Periods, a.Value) {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("token-quota-period cannot be %q", c.Shown(a)), "it is one of "+strings.Join(llm.Periods, ", "))
	}
	switch old := e.Attr("estimate-prompt-token"); {
	case old != nil:
		c.Warn(old, policy.CodeAttribute, "estimate-prompt-token is taken for estimate-prompt-tokens", "write estimate-prompt-tokens, which API Management asks for")
		if !l.estimate.Set() {
			l.estimate = c.Value(e, "estimate-prompt-token")
		}
	case !l.estimate.Set():
		c.Fault(e, policy.CodeNoAttribute, "<"+e.Name+"> needs attribute estimate-prompt-tokens", `add estimate-prompt-tokens="false"`)
	}
	return l.run
}

// tokenCount is one token limit in one exchange.
type tokenCount struct {
	*tokenLimiter
	key string
	// perMinute and quota are the limits, 0 for none; start and period are the quota's
	// window.
	perMinute, quota int64
	start            time.Time
	period           time.Duration
	// charged is what was counted before the answer.
	charged int64
}

func (l *tokenLimiter) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	if env.Counters == nil {
		return errNoCounters
	}
	usage, err := usageOf(ex, env)
	if err != nil {
		return err
	}
	t, err := l.count(ex, env)
	if err != nil {
		return err
	}
	estimate := false
	if l.estimate.Set() {
		if estimate, err = l.estimate.Bool(ex, env); err != nil {
			return err
		}
	}
	if estimate || usage.request.Stream { // a stream may never say what its prompt cost
		t.charged = usage.request.Prompt
	}
	if err := t.take(ctx, ex, env); err != nil {
		return err
	}
	l.consumed.set(ex, t.charged)
	usage.listeners = append(usage.listeners, func(ctx context.Context, u llm.Usage, streamed bool) { t.settle(ctx, ex, env, u, streamed) })
	return nil
}

// count evaluates the limits for an exchange.
func (l *tokenLimiter) count(ex *exchange.Exchange, env *policy.Env) (*tokenCount, error) {
	key, err := l.key.Text(ex, env)
	if err != nil {
		return nil, err
	}
	t := &tokenCount{tokenLimiter: l, key: l.shared.CounterKey(key)}
	if t.perMinute, err = tokensOf(l.perMinute, ex, env); err != nil {
		return nil, err
	}
	if t.quota, err = tokensOf(l.quota, ex, env); err != nil {
		return nil, err
	}
	if t.quota == 0 {
		return t, nil
	}
	name, err := l.period.Text(ex, env)
	if err != nil {
		return nil, err
	}
	var ok bool
	if t.start, t.period, ok = llm.Period(name, env.Now()); !ok {
		return nil, policy.FailValue("token-quota-period is none of " + strings.Join(llm.Periods, ", "))
	}
	t.key += "/" + name
	return t, nil
}

// tokensOf evaluates a limit; 0 where there is none.
func tokensOf(v policy.Value, ex *exchange.Exchange, env *policy.Env) (int64, error) {
	if !v.Set() {
		return 0, nil
	}
	n, err := v.Int(ex, env)
	if err == nil && n < 1 {
		err = policy.FailValue(fmt.Sprintf("%d tokens is no limit", n))
	}
	return n, err
}

func (t *tokenCount) rateKey() string { return "llm-token-limit/" + t.key }

func (t *tokenCount) group() string { return "llm-token-quota/" + t.key }

// bound is the quota's counter. A quota is exceeded when more is used than it
// allows, not when all is used: what only looks may find it used up exactly.
func (t *tokenCount) bound(n int64) []policy.QuotaBound {
	limit := t.quota
	if n == 0 && limit < math.MaxInt64 {
		limit++
	}
	return []policy.QuotaBound{{Key: "tokens", N: n, Limit: limit, Start: t.start, Period: t.period}}
}

// take counts the prompt's estimate in both limits, or in neither, and refuses the
// exchange where one has no room.
func (t *tokenCount) take(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	now := env.Now()
	if t.quota > 0 {
		quotas, err := quotasOf(env)
		if err != nil {
			return err
		}
		// Looked at first, so that a call which the rate refuses costs no quota.
		look := t.bound(0)
		if t.charged > 0 {
			look = t.bound(t.charged)
			look[0].N, look[0].Limit = 0, t.quota-t.charged+1
		}
		res, err := quotas.TakeQuota(ctx, t.group(), look, now)
		if err != nil {
			return err
		}
		if !res.Allowed {
			return t.refuse(ex, 403, "OpenAITokenQuotaExceeded", "Token quota is exceeded.", res.RetryAfter, t.group())
		}
		t.left.tell(ex, env, max(0, t.quota-res.Used[0]))
	}
	if t.perMinute > 0 {
		res, err := env.Counters.Take(ctx, t.rateKey(), t.charged, t.perMinute, time.Minute, now)
		if err != nil {
			return err
		}
		t.rate.tell(ex, env, res.Remaining)
		if !res.Allowed {
			return t.refuse(ex, 429, "OpenAITokenLimitExceeded", "Token limit is exceeded.", res.RetryAfter, t.rateKey())
		}
	}
	if t.quota == 0 || t.charged == 0 {
		return nil
	}
	quotas, err := quotasOf(env)
	if err != nil {
		return err
	}
	res, err := quotas.TakeQuota(ctx, t.group(), t.bound(t.charged), now)
	if err == nil && res.Allowed {
		t.left.tell(ex, env, max(0, t.quota-res.Used[0]))
	}
	if err == nil && !res.Allowed {
		// Others took the rest in between. What the rate counted stays counted: fail closed.
		return t.refuse(ex, 403, "OpenAITokenQuotaExceeded", "Token quota is exceeded.", res.RetryAfter, t.group())
	}
	return err
}

func (t *tokenCount) refuse(ex *exchange.Exchange, status int, reason, message string, after time.Duration, key string) error {
	seconds := max(int64((after+time.Second-1)/time.Second), 1)
	if t.retry.variable != "" {
		setVariableTo(ex, t.retry.variable, int32(min(seconds, math.MaxInt32)))
	}
	return &policy.Denied{Status: status, Reason: reason, Message: message + " Try again in " + strconv.FormatInt(seconds, 10) + " seconds.",
		Header: []exchange.Param{{Name: t.retry.header, Value: strconv.FormatInt(seconds, 10)}}, RetryAfter: after, Counter: key}
}

// settle counts what the answer cost beyond what was charged before, whether there
// is room or not, and tells what is left.
func (t *tokenCount) settle(ctx context.Context, ex *exchange.Exchange, env *policy.Env, u llm.Usage, streamed bool) {
	more, now := max(u.Total-t.charged, 0), env.Now()
	if t.perMinute > 0 && more > 0 {
		if _, err := env.Counters.Take(ctx, t.rateKey(), more, math.MaxInt64, time.Minute, now); err != nil && env.Trace != nil {
			env.Trace("llm-token-limit", "not counted: "+err.Error())
		}
	}
	if t.quota > 0 && more > 0 {
		quotas, err := quotasOf(env)
		if err == nil {
			err = quotas.AddQuota(ctx, t.group(), t.bound(more), now)
		}
		if err != nil && env.Trace != nil {
			env.Trace("llm-token-limit", "not counted: "+err.Error())
		}
	}
	if streamed { // the header is long gone, and the pipeline over
		return
	}
	t.consumed.set(ex, u.Total)
	if t.consumed.header != "" {
		env.Defer(func(context.Context) { ex.Response.Header.Set(t.consumed.header, strconv.FormatInt(u.Total, 10)) })
	}
	if t.perMinute > 0 {
		if res, err := env.Counters.Take(ctx, t.rateKey(), 0, t.perMinute, time.Minute, now); err == nil {
			t.rate.tell(ex, env, res.Remaining)
		}
	}
	if t.quota > 0 {
		t.tellLeft(ctx, ex, env, now)
	}
}

func (t *tokenCount) tellLeft(ctx context.Context, ex *exchange.Exchange, env *policy.Env, now time.Time) {
	quotas, err := quotasOf(env)
	if err != nil {
		return
	}
	look := t.bound(0)
	look[0].Limit = math.MaxInt64
	if res, err := quotas.TakeQuota(ctx, t.group(), look, now); err == nil && len(res.Used) > 0 {
		t.left.tell(ex, env, max(0, t.quota-res.Used[0]))
	}
}

// set puts a count into the variable.
func (r tokenReport) set(ex *exchange.Exchange, n int64) {
	if r.variable != "" {
		setVariableTo(ex, r.variable, int32(min(n, math.MaxInt32)))
	}
}

// tell sets the variable now and the response's header at the end; the last one to
// tell is the one that is seen.
func (r tokenReport) tell(ex *exchange.Exchange, env *policy.Env, n int64) {
	r.set(ex, n)
	if r.header != "" {
		env.Defer(func(context.Context) { ex.Response.Header.Set(r.header, strconv.FormatInt(n, 10)) })
	}
}
