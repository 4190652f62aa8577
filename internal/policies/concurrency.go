package policies

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// limitConcurrency is https://learn.microsoft.com/azure/api-management/limit-concurrency-policy.
// As there, one counter belongs to a key on this node, and nobody waits. The reason
// of its last error is ours: APIM's pages name none.
var limitConcurrency = policy.Descriptor{
	Name: "limit-concurrency", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Policies: true, Attributes: []policy.Attribute{
		{Name: "key", Required: true, Expression: true}, {Name: "max-count", Required: true, Kind: policy.IntKind}}},
	Doc:     "Lets so many requests at a time into the policies inside it, and refuses the others.",
	Compile: compileLimitConcurrency,
}

var errNoSlots = errors.New("the gateway's counters know no concurrency")

func compileLimitConcurrency(c *policy.Compiler, e *policy.Element) policy.Run {
	key, inside, prefix := c.Value(e, "key"), c.Policies(e), countersOf(c, "limit-concurrency")
	// What is no number was reported by the schema.
	most, err := strconv.ParseInt(strings.TrimSpace(c.Value(e, "max-count").Constant()), 10, 64)
	if a := e.Attr("max-count"); a != nil && err == nil && most < 1 {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("max-count is %s", c.Shown(a)), "write 1 or more")
	}
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		name, err := key.Text(ex, env)
		if err != nil {
			return err
		}
		slots, ok := env.Counters.(policy.Slots)
		if !ok {
			return errNoSlots
		}
		counter := prefix + counterKey(name)
		leave, ok := slots.Enter(counter, most)
		if !ok {
			return &policy.Denied{Status: 429, Reason: "ConcurrencyLimitExceeded", Message: "Concurrency limit is exceeded",
				Public: "Concurrency limit is exceeded. Try again later.", Counter: counter}
		}
		defer leave()
		return inside(ctx, ex, env)
	}
}
