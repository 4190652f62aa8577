package policies

import (
	"context"
	"fmt"
	"strings"

	"stile/internal/openapi"
	"stile/internal/openapi/verify"
	"stile/jsonval"
	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

var validationActions = []string{verify.Ignore, verify.Prevent, verify.Detect}

func actionAttribute(name string, required bool) policy.Attribute {
	return policy.Attribute{Name: name, Required: required, Expression: true, Values: validationActions}
}

// actionOf evaluates an action; unset gives what stands above it.
func actionOf(v policy.Value, above string, ex *exchange.Exchange, env *policy.Env) (string, error) {
	if !v.Set() {
		return above, nil
	}
	text, err := v.Text(ex, env)
	if err != nil {
		return "", err
	}
	for _, a := range validationActions {
		if text == a {
			return a, nil
		}
	}
	return "", policy.FailValue(fmt.Sprintf("the action %q is neither ignore, prevent nor detect", text))
}

// findings are the validation errors of one policy in one exchange.
type findings struct {
	policy, variable string
	side             verify.Side
	list             []verify.Error
}

func newFindings(c *policy.Compiler, e *policy.Element) findings {
	f := findings{policy: e.Name, variable: c.Value(e, "errors-variable-name").Constant()}
	if f.variable == "" { // as Microsoft's policy toolkit spells it in validate-status-code
		f.variable = c.Value(e, "error-variable-name").Constant()
	}
	if c.Responding() {
		f.side = verify.Response
	}
	if a := e.Attr("errors-variable-name"); a != nil && a.Value == "" {
		c.Fault(a, policy.CodeValue, "the variable has no name", "give it one")
	}
	return f
}

// end writes the errors into the variable and the trace, and refuses where the action
// of one is prevent: 400 for a request, 502 for a response.
func (f *findings) end(ex *exchange.Exchange, env *policy.Env) error {
	array := jsonval.Array{}
	var denied *policy.Denied
	for _, e := range f.list {
		object := new(jsonval.Object).AddString("Name", e.Name).AddString("Type", e.Type).AddString("ValidationRule", e.ValidationRule).
			AddString("Details", e.Details).AddString("Action", e.Action).Value()
		array.Add(object)
		if env.Trace != nil {
			env.Trace(f.policy, object.Text())
		}
		if e.Action == verify.Prevent && denied == nil {
			denied = &policy.Denied{Status: 400, Reason: "Bad request", Message: e.Details, Public: e.Public}
			if f.side == verify.Response {
				denied.Status, denied.Reason = 502, "Response not allowed"
			}
		}
	}
	if f.variable != "" {
		setVariableTo(ex, f.variable, library.ParseToken(clr.NewMachine(nil), array.Value().Text()))
	}
	if len(f.list) > 0 {
		env.Note(fmt.Sprintf("validation errors: %d", len(f.list)))
	}
	if denied != nil {
		return denied
	}
	return nil
}

// validateStatusCode is https://learn.microsoft.com/azure/api-management/validate-status-code-policy.
var validateStatusCode = policy.Descriptor{
	Name: "validate-status-code", Sections: policy.Outbound | policy.OnError, Scopes: policy.AnyScope, Once: true,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{actionAttribute("unspecified-status-code-action", true), {Name: "errors-variable-name"},
			{Name: "error-variable-name"}},
		Children: []policy.Child{{Name: "status-code", Many: true, Schema: policy.Schema{
			Attributes: []policy.Attribute{{Name: "code", Required: true, Kind: policy.IntKind}, actionAttribute("action", true)}}}},
	},
	Doc: "Checks the status code of the response against the API's description.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		base, otherwise := newFindings(c, e), c.Value(e, "unspecified-status-code-action")
		codes := namedActions(c, e, "status-code", "code")
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			code := ex.Response.StatusCode
			f, o := base, contract(ex)
			if o != nil && o.Response(code) != nil {
				return f.end(ex, env)
			}
			above, err := actionOf(otherwise, "", ex, env)
			if err != nil {
				return err
			}
			action, err := codes.action(fmt.Sprint(code), above, ex, env)
			switch {
			case err != nil:
				return err
			case action == verify.Ignore:
			case o == nil:
				f.list = append(f.list, verify.NoDescription(action))
			default:
				f.list = append(f.list, verify.UnspecifiedStatus(code, action))
			}
			return f.end(ex, env)
		}
	},
}

// overrides are the actions of single names, by names in lower case.
type overrides map[string]policy.Value

// namedActions reads the children that name a thing and its action.
func namedActions(c *policy.Compiler, e *policy.Element, child, name string) overrides {
	out := overrides{}
	for _, x := range e.Elements(child) {
		key := strings.ToLower(strings.TrimSpace(c.Value(x, name).Constant()))
		if _, twice := out[key]; twice {
			c.Fault(x, policy.CodeTwice, fmt.Sprintf("<%s> names %s twice", e.Name, key), "keep one of them")
		}
		out[key] = c.Value(x, "action")
	}
	return out
}

func (o overrides) action(name, above string, ex *exchange.Exchange, env *policy.Env) (string, error) {
	if len(o) == 0 {
		return above, nil
	}
	return actionOf(o[strings.ToLower(name)], above, ex, env)
}

// pairs lists a header's fields.
func pairs(h *exchange.Header) (out []verify.Pair) {
	h.Each(func(name, value string) { out = append(out, verify.Pair{Name: name, Value: value}) })
	return out
}

func params(list []exchange.Param) (out []verify.Pair) {
	for _, p := range list {
		out = append(out, verify.Pair{Name: p.Name, Value: p.Value})
	}
	return out
}

// group is the actions of the parameters in one place.
type group struct {
	in                     openapi.Place
	specified, unspecified policy.Value
	named                  overrides
}

// check holds the values of one place against the description. above are the actions
// of the policy itself.
func (g *group) check(f *findings, o *openapi.Operation, values []verify.Pair, above [2]string, ex *exchange.Exchange, env *policy.Env) (stopped bool, err error) {
	actions, err := g.actions(above, ex, env)
	if err != nil {
		return false, err
	}
	var failed error
	ask := func(name string, specified bool) string {
		base := actions[1]
		if specified {
			base = actions[0]
		}
		action, err := g.named.action(name, base, ex, env)
		if err != nil && failed == nil {
			failed = err
		}
		return action
	}
	list, stopped := verify.CheckParameters(o, verify.Parameters{In: g.in, Values: values, Action: ask})
	f.list = append(f.list, list...)
	return stopped, failed
}

func (g *group) actions(above [2]string, ex *exchange.Exchange, env *policy.Env) (out [2]string, err error) {
	if out[0], err = actionOf(g.specified, above[0], ex, env); err != nil {
		return out, err
	}
	out[1], err = actionOf(g.unspecified, above[1], ex, env)
	return out, err
}
