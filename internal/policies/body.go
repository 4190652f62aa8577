package policies

import (
	"bytes"
	"context"

	"stile/policy"
	"stile/policy/exchange"
)

var setBodySchema = policy.Schema{
	Attributes: []policy.Attribute{
		{Name: "template", Values: []string{"none", "liquid"}},
		{Name: "xsi-nil", Values: []string{"blank", "null"}},
		{Name: "parse-date", Kind: policy.BoolKind},
	},
	AnyChildren: true,
}

// setBody is https://learn.microsoft.com/azure/api-management/set-body-policy.
var setBody = policy.Descriptor{
	Name: "set-body", Sections: anySide, Scopes: policy.AnyScope, Schema: setBodySchema,
	Doc: "Sets the body of the request or the response.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		b := newBodyAction(c, e, sideOf(c))
		return b.run
	},
}

// bodyAction is a compiled set-body.
type bodyAction struct {
	content policy.Value
	liquid  *liquidBody // nil without template="liquid"
	side    message
}

// newBodyAction compiles a set-body whose Liquid template sees the body of the
// section's own side.
func newBodyAction(c *policy.Compiler, e *policy.Element, side message) *bodyAction {
	return newBodyActionOf(c, e, side, sideOf(c))
}

// newBodyActionOf compiles a set-body whose Liquid template sees input's body; nil
// is an empty one.
func newBodyActionOf(c *policy.Compiler, e *policy.Element, side, input message) *bodyAction {
	if a := e.Attr("template"); a != nil && a.Value == "liquid" {
		return &bodyAction{liquid: compileLiquid(c, e, input), side: side}
	}
	return &bodyAction{content: c.Content(e), side: side}
}

func (b *bodyAction) run(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
	data, contentType, err := []byte(nil), "", error(nil)
	if b.liquid != nil {
		data, err = b.liquid.render(ex, env)
	} else {
		data, contentType, err = b.content.Body(ex, env)
	}
	if err != nil {
		return err
	}
	header, body := b.side(ex)
	if err := replaceBody(body, data); err != nil {
		return err
	}
	header.Del("Content-Length")
	if contentType != "" && !header.Has("Content-Type") {
		header.Set("Content-Type", contentType)
	}
	return nil
}

// replaceBody drops a body and puts data in its place.
func replaceBody(body **exchange.Body, data []byte) error {
	old := *body
	*body = exchange.Bytes(data)
	return old.Close()
}

// findAndReplace is https://learn.microsoft.com/azure/api-management/find-and-replace-policy.
var findAndReplace = policy.Descriptor{
	Name: "find-and-replace", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "from", Required: true, Expression: true}, {Name: "to", Required: true, Expression: true}}},
	Doc: "Replaces a text wherever it stands in the body.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		from, to, side := c.Value(e, "from"), c.Value(e, "to"), sideOf(c)
		if a := e.Attr("from"); a != nil && a.Value == "" {
			c.Fault(a, policy.CodeValue, "there is no text to find", "write the text to replace")
		}
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			return replaceInBody(ex, env, from, to, side)
		}
	},
}

func replaceInBody(ex *exchange.Exchange, env *policy.Env, from, to policy.Value, side message) error {
	old, err := from.Text(ex, env)
	if err != nil {
		return err
	}
	if old == "" {
		return policy.FailValue("there is no text to find")
	}
	text, err := to.Text(ex, env)
	if err != nil {
		return err
	}
	header, body := side(ex)
	data, err := (*body).Bytes()
	if err != nil {
		return err
	}
	if !bytes.Contains(data, []byte(old)) {
		return nil
	}
	if n := bytes.Count(data, []byte(old)); len(data)+n*(len(text)-len(old)) > exchange.MaxBuffered {
		return exchange.ErrBodyTooLarge
	}
	header.Del("Content-Length")
	*body = exchange.Bytes(bytes.ReplaceAll(data, []byte(old), []byte(text)))
	return nil
}
