package meter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stile/internal/llm"
	"stile/policy"
	"stile/policy/exchange"
)

// maxDimensions is how many dimensions of one's own a metric may have: Azure took ten
// for years, and documents have more than the five that its pages name now.
const maxDimensions, namedDimensions = 10, 5

// noDimension is the value of a dimension that the exchange has nothing for.
const noDimension = "N/A"

// defaultDimensions are the names that need no value. What they stand for is read
// when the metric is written.
var defaultDimensions = []string{"API ID", "Operation ID", "Product ID", "User ID", "Subscription ID", "Location", "Location ID", "Gateway ID", "Backend ID"}

var dimensionSchema = []policy.Child{{Name: "dimension", Many: true, Schema: policy.Schema{Attributes: []policy.Attribute{
	{Name: "name", Required: true, Expression: true}, {Name: "value", Expression: true}}}}}

// emitMetric is https://learn.microsoft.com/azure/api-management/emit-metric-policy.
func emitMetric() policy.Descriptor {
	return policy.Descriptor{
		Name: "emit-metric", Sections: policy.AnySection, Scopes: policy.AnyScope,
		Schema: policy.Schema{Children: dimensionSchema, Attributes: []policy.Attribute{
			{Name: "name", Required: true}, {Name: "value", Expression: true, Default: "1"}, {Name: "namespace", Default: "API Management"}}},
		Doc: "Counts a measurement of your own, with dimensions, for Prometheus, OTLP and Application Insights.",
		Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
			name, namespace, value, all := c.Value(e, "name").Constant(), c.Value(e, "namespace").Constant(), c.Value(e, "value"), compileDimensions(c, e)
			if a := e.Attr("name"); a != nil && strings.TrimSpace(a.Value) == "" {
				c.Fault(a, policy.CodeValue, "the metric has no name", "give it one")
			}
			if a := e.Attr("value"); a != nil && !value.IsExpression() {
				if _, err := measured(a.Value); err != nil {
					c.Fault(a, policy.CodeValue, fmt.Sprintf("value cannot be %q", c.Shown(a)), "write a number")
				}
			}
			if len(all) == 0 {
				c.Fault(e, policy.CodeNoChild, "<emit-metric> needs a child <dimension>", `add <dimension name="API ID" />`)
			}
			return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
				text, err := value.Text(ex, env)
				if err != nil {
					return err
				}
				n, err := measured(text)
				if err != nil {
					return policy.FailValue("the value of the metric is no number")
				}
				list, err := all.values(ex, env)
				if err == nil && env.Telemetry != nil {
					env.Telemetry.Metric(policy.Metric{Namespace: namespace, Name: name, Value: n, Dimensions: list.filled(ex)})
				}
				return err
			}
		},
	}
}

func measured(text string) (float64, error) { return strconv.ParseFloat(strings.TrimSpace(text), 64) }

// tokenMetric makes llm-emit-token-metric, and azure-openai-emit-token-metric, its
// older name: https://learn.microsoft.com/azure/api-management/llm-emit-token-metric-policy.
func tokenMetric(name string) policy.Descriptor {
	return policy.Descriptor{
		Name: name, Sections: policy.Inbound, Scopes: policy.AnyScope,
		Schema: policy.Schema{Children: dimensionSchema, Attributes: []policy.Attribute{{Name: "namespace", Default: "API Management"}}},
		Doc:    "Counts the prompt, completion and total tokens that a language model's answer took.",
		Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
			namespace, all := c.Value(e, "namespace").Constant(), compileDimensions(c, e)
			return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
				usage, err := usageOf(ex, env)
				if err != nil {
					return err
				}
				list, err := all.values(ex, env)
				if err != nil || env.Telemetry == nil {
					return err
				}
				usage.listeners = append(usage.listeners, func(_ context.Context, u llm.Usage, _ bool) {
					with := list.filled(ex)
					for _, m := range []struct {
						name string
						n    int64
					}{{"Total Tokens", u.Total}, {"Prompt Tokens", u.Prompt}, {"Completion Tokens", u.Completion}} {
						env.Telemetry.Metric(policy.Metric{Namespace: namespace, Name: m.name, Value: float64(m.n), Dimensions: with})
					}
				})
				return nil
			}
		},
	}
}

// dimensions of a metric in the order of the document.
type dimensions []struct{ name, value policy.Value }

func compileDimensions(c *policy.Compiler, e *policy.Element) (out dimensions) {
	own := 0
	for _, d := range e.Elements("dimension") {
		name, value := c.Value(d, "name"), c.Value(d, "value")
		known := !name.IsExpression() && slices.Contains(defaultDimensions, name.Constant())
		switch {
		case known && !value.Set():
		case !value.Set() && !name.IsExpression():
			c.Warn(d, policy.CodeNoAttribute, fmt.Sprintf("dimension %q needs a value; without one it is %s", name.Constant(), noDimension),
				"only "+strings.Join(defaultDimensions, ", ")+" have one of their own")
			own++
		default:
			own++
		}
		switch counts := !known || value.Set(); {
		case counts && own == namedDimensions+1:
			c.Warn(d, policy.CodeChild, fmt.Sprintf("<%s> has more than %d dimensions of its own, which Azure takes no longer", e.Name, namedDimensions), "remove some; those with default names and no value do not count")
		case counts && own == maxDimensions+1:
			c.Fault(d, policy.CodeChild, fmt.Sprintf("<%s> has more than %d dimensions of its own", e.Name, maxDimensions), "remove some; those with default names and no value do not count")
		}
		out = append(out, struct{ name, value policy.Value }{name, value})
	}
	return out
}

// dimensionList is evaluated dimensions; those whose value is the exchange's own
// are filled in when the metric is written.
type dimensionList []struct {
	exchange.Param
	own bool
}

func (d dimensions) values(ex *exchange.Exchange, env *policy.Env) (dimensionList, error) {
	out := make(dimensionList, len(d))
	for i := range d {
		var err error
		if out[i].Name, err = d[i].name.Text(ex, env); err != nil {
			return nil, err
		}
		if d[i].value.Set() {
			if out[i].Value, err = d[i].value.Text(ex, env); err != nil {
				return nil, err
			}
			continue
		}
		if out[i].own = true; !slices.Contains(defaultDimensions, out[i].Name) && d[i].name.IsExpression() {
			return nil, policy.FailValue("dimension " + out[i].Name + " has no value")
		}
	}
	return out, nil
}

func (d dimensionList) filled(ex *exchange.Exchange) []exchange.Param {
	out := make([]exchange.Param, len(d))
	for i := range d {
		out[i] = d[i].Param
		if d[i].own {
			out[i].Value = cmp.Or(defaultDimension(ex, d[i].Name), noDimension)
		}
	}
	return out
}

func defaultDimension(ex *exchange.Exchange, name string) string {
	switch {
	case name == "API ID" && ex.API != nil:
		return exchange.LocalID(ex.API.ID)
	case name == "Operation ID" && ex.Operation != nil:
		return ex.Operation.ID
	case name == "Product ID" && ex.Product != nil:
		return exchange.LocalID(ex.Product.ID)
	case name == "User ID" && ex.User != nil:
		return ex.User.ID
	case name == "Subscription ID" && ex.Subscription != nil:
		return exchange.LocalID(ex.Subscription.ID)
	case name == "Backend ID":
		return ex.Backend.ID
	case name == "Gateway ID" && ex.Deployment == nil:
		return "managed"
	case name == "Gateway ID":
		return ex.Deployment.GatewayID
	case strings.HasPrefix(name, "Location") && ex.Deployment != nil:
		return ex.Deployment.Region
	}
	return ""
}
