package policies

import (
	"errors"
	"strings"

	"stile/diag"
	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/liquid"
)

// liquidBody is a compiled set-body with template="liquid".
type liquidBody struct {
	template *liquid.Template
	binding  liquid.Binding
	// input is the half of the exchange whose body the template sees; nil: an empty one.
	input message
}

// compileLiquid compiles an element's content as a template; nil with faults.
func compileLiquid(c *policy.Compiler, e *policy.Element, input message) *liquidBody {
	text := c.Template(e)
	t, faults := liquid.Compile(text.Text)
	for _, f := range faults {
		severity, code := diag.Error, policy.CodeLiquid
		if f.Warning {
			severity, code = diag.Warning, policy.CodeLiquidOdd
		}
		c.FaultIn(text, f.At, f.Width, severity, code, f.Message, f.Hint)
	}
	if t == nil {
		return nil
	}
	dates := c.Value(e, "parse-date")
	return &liquidBody{template: t, input: input, binding: liquid.Binding{
		Dates: !dates.Set() || strings.EqualFold(dates.Constant(), "true"), NilAsNull: c.Value(e, "xsi-nil").Constant() == "null"}}
}

// render writes the template with the exchange under way.
func (l *liquidBody) render(ex *exchange.Exchange, env *policy.Env) ([]byte, error) {
	if whole := env.Exchange(); whole != nil {
		ex = whole // inside send-request, ex is the request that is being made
	}
	data, err := l.template.Render(&liquid.Env{Now: env.Now, Steps: env.Steps, Memory: env.Memory, Output: exchange.MaxBuffered,
		Lookup: func(name string) (any, error) {
			switch name {
			case "body":
				return l.body(ex)
			case "context":
				return liquid.Context(ex, l.binding), nil
			}
			return nil, nil
		}})
	var failure *policy.Failure
	switch {
	case err == nil, errors.As(err, &failure):
		return data, err
	default:
		return nil, policy.FailValue("Liquid template evaluation failed. " + err.Error())
	}
}

func (l *liquidBody) body(ex *exchange.Exchange) (any, error) {
	if l.input == nil {
		return nil, nil
	}
	header, body := l.input(ex)
	data, err := (*body).Bytes()
	if err != nil {
		return nil, err
	}
	return l.binding.Body(header.Get("Content-Type"), data)
}
