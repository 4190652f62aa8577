package policies

import (
	"context"
	"fmt"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// invokeRequest is the policy of that name in Microsoft's policy toolkit
// (InvokeRequestConfig): APIM's own pages have none. Without a variable the answer
// becomes the response, and the section ends.
var invokeRequest = policy.Descriptor{
	Name: "invoke-request", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{{Name: "method", Expression: true}, {Name: "url", Expression: true},
			{Name: "backend-id", Expression: true}, {Name: "response-variable-name"}},
		Children: []policy.Child{
			{Name: "header", Many: true, Schema: policy.Schema{Attributes: []policy.Attribute{
				{Name: "name", Required: true, Expression: true}, {Name: "value", Expression: true}}}},
			{Name: "body", Schema: policy.Schema{AnyChildren: true}},
		},
	},
	Doc:     "Sends a request of its own; the answer goes into a variable, or becomes the response and ends the section.",
	Compile: compileInvokeRequest,
}

// invoker is a compiled invoke-request.
type invoker struct {
	method, url, id, body policy.Value
	variable              string
	names, values         []policy.Value
	find                  func(id string) (exchange.Backend, bool)
	responding            bool
}

func compileInvokeRequest(c *policy.Compiler, e *policy.Element) policy.Run {
	v := &invoker{method: c.Value(e, "method"), url: c.Value(e, "url"), id: c.Value(e, "backend-id"),
		variable: c.Value(e, "response-variable-name").Constant(), find: c.Backends(), responding: c.Responding()}
	if a := e.Attr("method"); a != nil && !v.method.IsExpression() && !token(v.method.Constant()) {
		c.Fault(a, policy.CodeValue, "the value is no method", "write for example POST")
	}
	if a := e.Attr("backend-id"); a != nil && !v.id.IsExpression() {
		if _, ok := c.Backend(v.id.Constant()); !ok {
			c.Fault(a, policy.CodeBackend, fmt.Sprintf("there is no backend %q", c.Shown(a)), c.BackendHint(v.id.Constant()))
		}
		c.UsesBackend(v.id.Constant())
	}
	for _, h := range e.Elements("header") {
		v.names, v.values = append(v.names, c.Value(h, "name")), append(v.values, c.Value(h, "value"))
	}
	if b := e.Child("body"); b != nil {
		v.body = c.Content(b)
	}
	return v.run
}

func (v *invoker) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	own, err := v.request(ex, env)
	if err != nil {
		return err
	}
	err = policy.Forward(ctx, own, env, policy.ForwardOptions{Forwarding: exchange.Forwarding{HTTPVersion: "1"}})
	ex.Calls = own.Calls
	if err == nil && v.variable != "" {
		if _, broken := own.Response.Body.Bytes(); broken != nil {
			err = &policy.Failure{Reason: policy.ReasonBackend, Message: broken.Error()}
		}
	}
	if err != nil {
		return err
	}
	env.Note(fmt.Sprintf("%s gave %d", own.Request.Method, own.Response.StatusCode))
	if v.variable != "" {
		setVariableTo(ex, v.variable, &own.Response)
		return nil
	}
	if old := ex.Response.Body; old != own.Response.Body {
		_ = old.Close() // it was dropped before its end
	}
	ex.Response = own.Response
	if v.responding {
		return policy.ErrEnd
	}
	return policy.ErrAnswered
}

// request makes the exchange to send.
func (v *invoker) request(ex *exchange.Exchange, env *policy.Env) (*exchange.Exchange, error) {
	own := *ex
	own.API, own.Operation, own.Principal, own.Response, own.LastError = nil, nil, nil, exchange.Response{}, nil
	own.Request = exchange.Request{Method: "GET", URL: ex.Request.URL}
	own.Backend.ClientCertificate, own.Backend.Proxy = nil, nil
	if v.method.Set() {
		m, err := v.method.Text(ex, env)
		if err == nil && !token(m) {
			err = policy.FailValue("the value is no method")
		}
		if err != nil {
			return nil, err
		}
		own.Request.Method = m
	}
	if err := v.target(&own, ex, env); err != nil {
		return nil, err
	}
	names, err := texts(v.names, ex, env)
	if err != nil {
		return nil, err
	}
	values, err := texts(v.values, ex, env)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if wrong := checkFieldName(name); wrong != "" {
			return nil, policy.FailValue(wrong)
		}
		if strings.ContainsAny(values[i], "\r\n\x00") {
			return nil, policy.FailValue("a header's value cannot hold a line break")
		}
		own.Request.Header.Add(name, values[i])
	}
	if v.body.Set() {
		data, contentType, err := v.body.Body(ex, env)
		if err != nil {
			return nil, err
		}
		own.Request.Body = exchange.Bytes(data)
		if contentType != "" && !own.Request.Header.Has("Content-Type") {
			own.Request.Header.Set("Content-Type", contentType)
		}
	}
	return &own, nil
}

// target decides where the request goes: an absolute URL alone, or a path of the
// named backend, else of the request's own.
func (v *invoker) target(own, ex *exchange.Exchange, env *policy.Env) error {
	if v.id.Set() {
		id, err := v.id.Text(ex, env)
		if err != nil {
			return err
		}
		backend, ok := v.find(id)
		if !ok {
			return policy.FailValue(fmt.Sprintf("there is no backend %q", id))
		}
		own.Backend = backend
	}
	if !v.url.Set() {
		return nil
	}
	text, err := v.url.Text(ex, env)
	if err != nil {
		return err
	}
	if text = strings.TrimSpace(text); strings.Contains(text, "://") {
		t, err := targetOf(text)
		switch {
		case err != nil:
			return policy.FailValue("the URL " + err.Error())
		case v.id.Set():
			return policy.FailValue("a URL with a host cannot stand beside backend-id")
		}
		own.Request.URL, own.Backend = t.url, exchange.Backend{BaseURL: t.base, Tainted: true}
		return nil
	}
	path, query, _ := strings.Cut(text, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if !validPath(path) {
		return policy.FailValue("the URL is no path")
	}
	own.Request.URL.Path, own.Request.URL.Query = path, exchange.ParseQuery(query)
	return nil
}
