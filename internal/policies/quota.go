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

// metered are the attributes by which an element bounds calls and bandwidth.
var metered = []policy.Attribute{
	{Name: "calls", Kind: policy.IntKind}, {Name: "bandwidth", Kind: policy.IntKind},
}

var quotaChild = policy.Schema{Attributes: append([]policy.Attribute{
	{Name: "name"}, {Name: "id"}, {Name: "renewal-period", Kind: policy.IntKind}}, metered...)}

// quota is https://learn.microsoft.com/azure/api-management/quota-policy.
// Differences: one node counts exactly; bandwidth counts bodies; an API or
// operation without renewal-period has that of the element around it.
var quota = policy.Descriptor{
	Name: "quota", Sections: policy.Inbound, Scopes: policy.Product, Once: true,
	Schema: policy.Schema{
		Attributes: append([]policy.Attribute{{Name: "renewal-period", Required: true, Kind: policy.IntKind}}, metered...),
		Children: []policy.Child{{Name: "api", Many: true, Schema: policy.Schema{Attributes: quotaChild.Attributes,
			Children: []policy.Child{{Name: "operation", Many: true, Schema: quotaChild}}}}},
	},
	Doc:     "Bounds the calls and the bandwidth of a subscription in fixed windows, or for its lifetime.",
	Compile: compileQuota,
}

// allowance is what an element of quota allows in one window; a negative number is
// no bound.
type allowance struct {
	calls, bandwidth int64 // bandwidth in bytes
	period           time.Duration
	// which chooses an API or operation by name and id; see limit.matches.
	which    limit
	children []allowance
}

// kilobyte is the unit of bandwidth.
const kilobyte = 1024

// compileAllowance reads calls, bandwidth and renewal-period; period is what stands
// around the element.
func compileAllowance(c *policy.Compiler, e *policy.Element, period time.Duration) allowance {
	// What is no number was reported by the schema.
	read := func(attr string, none int64) int64 {
		v := c.Value(e, attr)
		if n, err := strconv.ParseInt(strings.TrimSpace(v.Constant()), 10, 64); v.Set() && err == nil {
			return n
		}
		return none
	}
	a := allowance{calls: read("calls", -1), bandwidth: read("bandwidth", -1)}
	a.bandwidth = min(a.bandwidth, math.MaxInt64/kilobyte)
	if a.bandwidth > 0 {
		a.bandwidth *= kilobyte
	}
	a.period = time.Duration(min(read("renewal-period", int64(period/time.Second)), maxSeconds)) * time.Second
	a.which.name, a.which.id = c.Value(e, "name").Constant(), c.Value(e, "id").Constant()
	return a
}

func compileQuota(c *policy.Compiler, e *policy.Element) policy.Run {
	q := &quotaPolicy{id: c.Value(e, "id").Constant(), whole: compileAllowance(c, e, 0)}
	for _, api := range e.Elements("api") {
		a := compileNamedAllowance(c, api, q.whole.period)
		for _, op := range api.Elements("operation") {
			a.children = append(a.children, compileNamedAllowance(c, op, a.period))
		}
		if a.calls < 0 && a.bandwidth < 0 && len(a.children) == 0 {
			c.Fault(api, policy.CodeNoAttribute, "<api> has no quota", "write calls or bandwidth")
		}
		q.whole.children = append(q.whole.children, a)
	}
	if q.whole.calls < 0 && q.whole.bandwidth < 0 {
		c.Fault(e, policy.CodeNoAttribute, "<quota> needs calls, bandwidth or both", "write calls=\"…\"")
	}
	return q.run
}

func compileNamedAllowance(c *policy.Compiler, e *policy.Element, period time.Duration) allowance {
	a := compileAllowance(c, e, period)
	a.which.part = c.Part(e)
	if a.which.name == "" && a.which.id == "" {
		c.Fault(e, policy.CodeNoAttribute, fmt.Sprintf("<%s> needs name or id", e.Name), "write id=\"…\"")
	}
	if e.Name == "operation" && a.calls < 0 && a.bandwidth < 0 {
		c.Fault(e, policy.CodeNoAttribute, "<operation> has no quota", "write calls or bandwidth")
	}
	return a
}

// quotaPolicy is a compiled quota.
type quotaPolicy struct {
	id    string
	whole allowance
}

// run counts the call in every quota that is for this exchange, or in none.
// Without a subscription nothing is counted, as in APIM.
func (q *quotaPolicy) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	if ex.Subscription == nil {
		env.Note("no subscription, nothing counted")
		return nil
	}
	place := ""
	if ex.Product != nil {
		place = ex.Product.ID
	}
	if q.id != "" {
		place += "/" + q.id
	}
	u := &usage{group: "quota/product/" + place + "/subscription/" + ex.Subscription.ID, start: ex.Subscription.Start}
	for i := range q.whole.children {
		api := &q.whole.children[i]
		if ex.API == nil || !api.which.matches(ex.API.ID, ex.API.Name) {
			continue
		}
		at := "/api/" + ex.API.ID
		for k := range api.children {
			if op := &api.children[k]; ex.Operation != nil && op.which.matches(ex.Operation.ID, ex.Operation.Name) {
				u.bound(at+"/operation/"+ex.Operation.ID, op, 1)
			}
		}
		u.bound(at, api, 1)
	}
	u.bound("", &q.whole, 1)
	if _, err := u.take(ctx, env); err != nil {
		return err
	}
	u.meterBodies(ctx, ex, env, nil)
	return nil
}
