package policies

import (
	"context"
	"errors"
	"strconv"

	"stile/policy"
	"stile/policy/exchange"
)

// choose is https://learn.microsoft.com/azure/api-management/choose-policy.
var choose = policy.Descriptor{
	Name: "choose", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Children: []policy.Child{
		{Name: "when", Required: true, Many: true, Schema: policy.Schema{Policies: true,
			Attributes: []policy.Attribute{{Name: "condition", Required: true, Expression: true, Kind: policy.BoolKind}}}},
		{Name: "otherwise", Schema: policy.Schema{Policies: true}},
	}},
	Doc:     "Runs the policies of the first branch whose condition is true.",
	Compile: compileChoose,
}

// branch is a when of choose, or its otherwise, which has no condition.
type branch struct {
	condition policy.Value
	label     string
	run       policy.Run
}

func compileChoose(c *policy.Compiler, e *policy.Element) policy.Run {
	var branches []branch
	whens := e.Elements("when")
	for i, w := range whens {
		label := "when"
		if len(whens) > 1 {
			label += "[" + strconv.Itoa(i+1) + "]"
		}
		branches = append(branches, branch{c.Value(w, "condition"), label, c.Policies(w)})
	}
	if o := e.Child("otherwise"); o != nil {
		branches = append(branches, branch{policy.Literal("true"), "otherwise", c.Policies(o)})
	}
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		for i := range branches {
			b := &branches[i]
			ok, err := b.condition.Bool(ex, env)
			if err != nil {
				var failure *policy.Failure
				if errors.As(err, &failure) {
					failure.Part = b.label
				}
				return err
			}
			if ok {
				env.Note(b.label)
				return b.run(ctx, ex, env)
			}
		}
		return nil
	}
}

// setVariable is https://learn.microsoft.com/azure/api-management/set-variable-policy.
var setVariable = policy.Descriptor{
	Name: "set-variable", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "name", Required: true}, {Name: "value", Required: true, Expression: true}}},
	Doc: "Sets a variable of the exchange; a literal is a string, an expression keeps its type.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		name, value := c.Value(e, "name").Constant(), c.Value(e, "value")
		if a := e.Attr("name"); a != nil && a.Value == "" {
			c.Fault(a, policy.CodeValue, "the variable has no name", "give it one")
		}
		// A literal becomes an interface value once, here.
		var constant any = value.Constant()
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			v := constant
			if value.IsExpression() {
				var err error
				if v, err = value.Eval(ex, env); err != nil {
					return err
				}
			}
			setVariableTo(ex, name, v)
			return nil
		}
	},
}

func setVariableTo(ex *exchange.Exchange, name string, v any) {
	if ex.Variables == nil {
		ex.Variables = make(map[string]any)
	}
	ex.Variables[name] = v
}

// trace is https://learn.microsoft.com/azure/api-management/trace-policy.
var trace = policy.Descriptor{
	Name: "trace", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Text: true,
		Attributes: []policy.Attribute{{Name: "source", Required: true, Expression: true},
			{Name: "severity", Default: "verbose", Values: []string{"verbose", "information", "error"}}},
		Children: []policy.Child{
			{Name: "message", Schema: policy.Schema{Text: true}},
			{Name: "metadata", Many: true, Schema: policy.Schema{Attributes: []policy.Attribute{
				{Name: "name", Required: true, Expression: true}, {Name: "value", Required: true, Expression: true}}}},
		},
	},
	Doc:     "Writes a line, with metadata, into the exchange's trace.",
	Compile: compileTrace,
}

// compileTrace takes the message from <message>, or from the element's own text,
// as older documents have it.
func compileTrace(c *policy.Compiler, e *policy.Element) policy.Run {
	source, severity := c.Value(e, "source"), c.Value(e, "severity").Constant()
	message := c.Text(e)
	if m := e.Child("message"); m != nil {
		if message.Set() {
			c.Fault(m, policy.CodeText, "<trace> has a message and other text", "keep <message>")
		}
		message = c.Text(m)
	} else if !message.Set() {
		c.Fault(e, policy.CodeNoChild, "<trace> needs a child <message>", "add <message>")
	}
	var names, values []policy.Value
	for _, m := range e.Elements("metadata") {
		names, values = append(names, c.Value(m, "name")), append(values, c.Value(m, "value"))
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		if !env.Tracing() && (env.Telemetry == nil || severity == "verbose") { // which nobody takes
			return nil
		}
		from, err := source.Text(ex, env)
		if err != nil {
			return err
		}
		text, err := message.Text(ex, env)
		if err != nil {
			return err
		}
		keys, err := texts(names, ex, env)
		if err != nil {
			return err
		}
		data, err := texts(values, ex, env)
		if err != nil {
			return err
		}
		line := policy.Line{Source: from, Severity: severity, Message: text, Trace: ex.Trace}
		for i := range keys {
			text += " " + keys[i] + "=" + strconv.Quote(data[i])
			line.Metadata = append(line.Metadata, exchange.Param{Name: keys[i], Value: data[i]})
		}
		env.Say(from, severity+": "+text)
		if env.Telemetry != nil {
			env.Telemetry.Line(line)
		}
		return nil
	}
}
