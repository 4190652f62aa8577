package policies

import (
	"context"

	"stile/internal/openapi"
	"stile/internal/openapi/verify"
	"stile/policy"
	"stile/policy/exchange"
)

// parameterGroup is the schema of headers, query or path of validate-parameters.
func parameterGroup(unspecified bool) policy.Schema {
	s := policy.Schema{
		Attributes: []policy.Attribute{actionAttribute("specified-parameter-action", false)},
		Children: []policy.Child{{Name: "parameter", Many: true, Schema: policy.Schema{
			Attributes: []policy.Attribute{{Name: "name", Required: true}, actionAttribute("action", true)}}}},
	}
	if unspecified {
		s.Attributes = append(s.Attributes, actionAttribute("unspecified-parameter-action", false))
	}
	return s
}

// validateParameters is https://learn.microsoft.com/azure/api-management/validate-parameters-policy.
// Addition: a required header that is missing is an error with the rule Required. A
// missing query parameter that is required reaches another operation, or none.
var validateParameters = policy.Descriptor{
	Name: "validate-parameters", Sections: policy.Inbound, Scopes: policy.AnyScope, Once: true,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{actionAttribute("specified-parameter-action", true), actionAttribute("unspecified-parameter-action", true),
			{Name: "errors-variable-name"}},
		Children: []policy.Child{{Name: "headers", Schema: parameterGroup(true)}, {Name: "query", Schema: parameterGroup(true)},
			{Name: "path", Schema: parameterGroup(false)}},
	},
	Doc:     "Checks headers, query and path of the request against the API's description.",
	Compile: compileValidateParameters,
}

func compileValidateParameters(c *policy.Compiler, e *policy.Element) policy.Run {
	base := newFindings(c, e)
	top := group{specified: c.Value(e, "specified-parameter-action"), unspecified: c.Value(e, "unspecified-parameter-action")}
	groups := []group{{in: openapi.InHeader}, {in: openapi.InQuery}, {in: openapi.InPath}}
	for i, name := range []string{"headers", "query", "path"} {
		if x := e.Child(name); x != nil {
			groups[i].specified, groups[i].named = c.Value(x, "specified-parameter-action"), namedActions(c, x, "parameter", "name")
			groups[i].unspecified = c.Value(x, "unspecified-parameter-action")
		}
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		f, o := base, contract(ex)
		above, err := top.actions([2]string{}, ex, env)
		if err != nil {
			return err
		}
		if o == nil {
			if action := strictest(above[0], above[1]); action != verify.Ignore {
				f.list = append(f.list, verify.NoDescription(action))
			}
			return f.end(ex, env)
		}
		for i, values := range [][]verify.Pair{pairs(&ex.Request.Header), params(ex.Request.URL.Query), params(ex.Request.Matched)} {
			if groups[i].in == openapi.InPath {
				values = inPath(o, values)
			}
			stopped, err := groups[i].check(&f, o, values, above, ex, env)
			if err != nil {
				return err
			}
			if stopped {
				break
			}
		}
		return f.end(ex, env)
	}
}

// inPath leaves out the parameters of a URL template that stand in its query.
func inPath(o *openapi.Operation, matched []verify.Pair) (out []verify.Pair) {
	for _, p := range matched {
		if o.Parameter(openapi.InQuery, p.Name) == nil || o.Parameter(openapi.InPath, p.Name) != nil {
			out = append(out, p)
		}
	}
	return out
}

func strictest(actions ...string) string {
	out := verify.Ignore
	for _, a := range actions {
		if a == verify.Prevent || a == verify.Detect && out == verify.Ignore {
			out = a
		}
	}
	return out
}

// validateHeaders is https://learn.microsoft.com/azure/api-management/validate-headers-policy.
var validateHeaders = policy.Descriptor{
	Name: "validate-headers", Sections: policy.Outbound | policy.OnError, Scopes: policy.AnyScope, Once: true,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{actionAttribute("specified-header-action", true), actionAttribute("unspecified-header-action", true),
			{Name: "errors-variable-name"}},
		Children: []policy.Child{{Name: "header", Many: true, Schema: policy.Schema{
			Attributes: []policy.Attribute{{Name: "name", Required: true}, actionAttribute("action", true)}}}},
	},
	Doc: "Checks the headers of the response against the API's description.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		base := newFindings(c, e)
		g := group{specified: c.Value(e, "specified-header-action"), unspecified: c.Value(e, "unspecified-header-action"),
			named: namedActions(c, e, "header", "name")}
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			f := base
			actions, err := g.actions([2]string{}, ex, env)
			if err != nil {
				return err
			}
			o := contract(ex)
			if o == nil {
				if action := strictest(actions[:]...); action != verify.Ignore {
					f.list = append(f.list, verify.NoDescription(action))
				}
				return f.end(ex, env)
			}
			var failed error
			f.list, _ = verify.CheckHeaders(o.Response(ex.Response.StatusCode), pairs(&ex.Response.Header), func(name string, specified bool) string {
				base := actions[1]
				if specified {
					base = actions[0]
				}
				action, err := g.named.action(name, base, ex, env)
				if err != nil && failed == nil {
					failed = err
				}
				return action
			})
			if failed != nil {
				return failed
			}
			return f.end(ex, env)
		}
	},
}
