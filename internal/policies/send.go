package policies

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

// sendRequest is https://learn.microsoft.com/azure/api-management/send-request-policy.
// The address is held to the rules for addresses from expressions, a literal one
// too. Differences: the answer is read whole before the next policy runs; with
// mode="copy" a step's own token is not sent along.
var sendRequest = policy.Descriptor{
	Name: "send-request", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "mode", Expression: true, Values: []string{"new", "copy"}, Default: "new"},
			{Name: "response-variable-name", Required: true, Expression: true},
			{Name: "timeout", Expression: true, Kind: policy.IntKind, Default: "60"},
			{Name: "ignore-error", Kind: policy.BoolKind, Default: "false"},
		},
		Children: sentParts,
	},
	Doc:     "Sends a request of its own and puts the answer into a variable.",
	Compile: compileSendRequest,
}

// sentParts are the children of policies that send a request of their own.
var sentParts = []policy.Child{
	{Name: "set-url", Schema: policy.Schema{Text: true}},
	{Name: "set-method", Schema: setMethod.Schema},
	{Name: "set-header", Many: true, Schema: setHeaderSchema},
	{Name: "set-body", Schema: setBodySchema},
	{Name: "authentication-certificate", Schema: authenticationCertificate.Schema},
	{Name: "authentication-managed-identity", Schema: authenticationManagedIdentity.Schema},
	{Name: "proxy", Schema: proxySchema},
}

// sender is a compiled send-request or send-one-way-request.
type sender struct {
	mode, variable, timeout, url policy.Value
	lenient                      bool
	// bodiless says that a copy of the request has no body, as in outbound.
	bodiless bool
	parts    []policy.Run
}

func compileSendRequest(c *policy.Compiler, e *policy.Element) policy.Run {
	s := newSender(c, e)
	s.variable, s.lenient = c.Value(e, "response-variable-name"), strings.EqualFold(c.Value(e, "ignore-error").Constant(), "true")
	return s.run
}

// newSender compiles what both policies have.
func newSender(c *policy.Compiler, e *policy.Element) *sender {
	s := &sender{mode: c.Value(e, "mode"), timeout: c.Value(e, "timeout"), bodiless: c.Responding()}
	for _, child := range e.Elements("") {
		switch child.Name {
		case "set-url":
			s.url = c.Text(child)
			if text := s.url.Constant(); s.url.Set() && !s.url.IsExpression() {
				if _, err := targetOf(text); err != nil {
					c.Fault(child, policy.CodeValue, "the URL "+err.Error(), "write an absolute URL such as https://host/path")
				}
			}
		case "set-method":
			s.parts = append(s.parts, setMethod.Compile(c, child))
		case "set-header":
			h := newHeaderAction(c, child, request)
			h.response = false
			s.parts = append(s.parts, h.run)
		case "set-body":
			s.parts = append(s.parts, newBodyAction(c, child, request).run)
		case "authentication-certificate":
			s.parts = append(s.parts, compileAuthenticationCertificate(c, child))
		case "authentication-managed-identity":
			s.parts = append(s.parts, compileManagedIdentity(c, child))
		case "proxy":
			s.parts = append(s.parts, compileProxy(c, child))
		}
	}
	if !s.url.Set() && !s.mode.IsExpression() && s.mode.Constant() == "new" {
		c.Warn(e, policy.CodeNoChild, "a new request needs a child <set-url>: the policy fails when it runs", "add <set-url>https://…</set-url>")
	}
	return s
}

// target is where a request goes.
type target struct {
	base string
	url  exchange.URL
}

// targetOf reads an absolute URL; the error says what is amiss with it.
func targetOf(text string) (target, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return target{}, fmt.Errorf("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return target{}, fmt.Errorf("has no scheme that can be called")
	case u.Host == "":
		return target{}, fmt.Errorf("has no host")
	case u.User != nil:
		return target{}, fmt.Errorf("holds a user name")
	}
	out := target{base: u.Scheme + "://" + u.Host}
	out.url, err = exchange.ParseURL(u.String())
	return out, err
}

func (s *sender) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	name, err := s.variable.Text(ex, env)
	if err != nil {
		return err
	}
	own, err := s.request(ctx, ex, env)
	if err != nil {
		return err
	}
	wait, err := duration(s.timeout, time.Second, ex, env)
	if err != nil {
		return err
	}
	err = policy.Forward(ctx, own, env, policy.ForwardOptions{Timeout: wait, Forwarding: exchange.Forwarding{HTTPVersion: "1"}})
	ex.Calls = own.Calls
	if err == nil {
		if _, broken := own.Response.Body.Bytes(); broken != nil {
			err = &policy.Failure{Reason: policy.ReasonBackend, Message: broken.Error()}
		}
	}
	switch {
	case err == nil:
		env.Note(fmt.Sprintf("%s %s gave %d", own.Request.Method, own.Backend.BaseURL, own.Response.StatusCode))
		setVariableTo(ex, name, &own.Response)
		return nil
	case s.lenient && ctx.Err() == nil:
		env.Note(err.Error())
		setVariableTo(ex, name, nil)
		return nil
	}
	return err
}

// request makes the exchange to send. Expressions inside still see the one that is
// under way.
func (s *sender) request(ctx context.Context, ex *exchange.Exchange, env *policy.Env) (*exchange.Exchange, error) {
	mode, err := s.mode.Text(ex, env)
	if err != nil {
		return nil, err
	}
	if ex.Variables == nil {
		ex.Variables = map[string]any{} // a child's variable is the exchange's own
	}
	own := *ex
	own.API, own.Operation, own.Principal, own.Response, own.LastError = nil, nil, nil, exchange.Response{}, nil
	own.Request = exchange.Request{Method: "GET"}
	switch mode {
	case "copy":
		if err := copyRequest(&own, ex, s.bodiless); err != nil {
			return nil, err
		}
	case "new":
	default:
		return nil, policy.FailValue("mode is neither new nor copy")
	}
	if !s.url.Set() && mode == "new" {
		return nil, policy.FailValue("a new request needs a URL")
	}
	if s.url.Set() {
		text, err := s.url.Text(ex, env)
		if err != nil {
			return nil, err
		}
		t, err := targetOf(text)
		if err != nil {
			return nil, policy.FailValue("the URL " + err.Error())
		}
		own.Request.URL, own.Request.OriginalURL = t.url, t.url
		own.Backend = exchange.Backend{BaseURL: t.base, Tainted: true}
	} else {
		own.Backend.ClientCertificate, own.Backend.Proxy = nil, nil // those of the request under way
	}
	for _, part := range s.parts {
		if err := part(ctx, &own, env); err != nil {
			return nil, err
		}
	}
	return &own, nil
}

// copyRequest gives own the request under way. Its body is read into memory, so that
// both can be sent; a bodiless copy has none.
func copyRequest(own, ex *exchange.Exchange, bodiless bool) error {
	var data []byte
	var err error
	if !bodiless {
		data, err = ex.Request.Body.Bytes()
	}
	if err != nil {
		return &policy.Failure{Reason: policy.ReasonClient, Message: err.Error()}
	}
	own.Request = ex.Request
	own.Request.Header = ex.Request.Header.Clone()
	if ex.Principal != nil && ex.Request.Header.Lazy("Authorization") {
		own.Request.Header.Del("Authorization")
	}
	own.Request.Body = nil
	if ex.Request.Body != nil && !bodiless {
		own.Request.Body = exchange.Bytes(data)
	}
	if bodiless {
		own.Request.Header.Del("Content-Length")
		own.Request.Header.Del("Content-Type")
	}
	return nil
}
