package policies

import (
	"context"
	"fmt"

	"stile/policy"
	"stile/policy/exchange"
)

// wait is https://learn.microsoft.com/azure/api-management/wait-policy. The policies
// inside run side by side, each on a copy of the exchange; what they did is put
// together in the order of the document. With any, one that fails is not waited for:
// the first that ends well counts.
var wait = policy.Descriptor{
	Name: "wait", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Policies: true, Attributes: []policy.Attribute{
		{Name: "for", Expression: true, Values: []string{"all", "any"}, Default: "all"}}},
	Doc:     "Runs send-request, cache-lookup-value and choose side by side, and waits for all of them or for the first.",
	Compile: compileWait,
}

func compileWait(c *policy.Compiler, e *policy.Element) policy.Run {
	mode := c.Value(e, "for")
	var inside []policy.Run
	c.NoText(e)
	for _, child := range e.Elements("") {
		switch child.Name {
		case "send-request", "cache-lookup-value", "choose":
			inside = append(inside, c.Policy(child))
		default:
			c.Fault(child, policy.CodeChild, fmt.Sprintf("<%s> cannot stand in <wait>", child.Name),
				"it may hold send-request, cache-lookup-value, choose")
		}
	}
	if len(inside) == 0 && len(e.Elements("")) == 0 {
		c.Fault(e, policy.CodeNoChild, "<wait> has nothing to wait for", "put <send-request>, <cache-lookup-value> or <choose> into it")
	}
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		text, err := mode.Text(ex, env)
		if err != nil {
			return err
		}
		if text != "all" && text != "any" {
			return policy.FailValue("for is neither all nor any")
		}
		env.Note(text)
		return env.Branches(ctx, ex, inside, text == "any")
	}
}
