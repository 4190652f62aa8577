package policies

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

var setStatusSchema = policy.Schema{Attributes: []policy.Attribute{
	{Name: "code", Required: true, Expression: true, Kind: policy.IntKind},
	{Name: "reason", Expression: true},
}}

// setStatus is https://learn.microsoft.com/azure/api-management/set-status-policy.
// Difference: reason may be left out; the standard phrase stands then.
var setStatus = policy.Descriptor{
	Name: "set-status", Sections: anySide, Scopes: policy.AnyScope, Schema: setStatusSchema,
	Doc: "Sets the status code and reason of the response.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		return newStatusAction(c, e).run
	},
}

// statusAction is a compiled set-status.
type statusAction struct{ code, reason policy.Value }

func newStatusAction(c *policy.Compiler, e *policy.Element) *statusAction {
	checkStatus(c, e, "code")
	return &statusAction{c.Value(e, "code"), c.Value(e, "reason")}
}

// checkStatus reports a literal status that no response can have.
func checkStatus(c *policy.Compiler, e *policy.Element, attr string) {
	a, v := e.Attr(attr), c.Value(e, attr)
	if a == nil || v.IsExpression() {
		return
	}
	if n, err := strconv.Atoi(strings.TrimSpace(v.Constant())); err == nil && !validStatus(int64(n)) {
		if n < 100 || n > 599 {
			c.Fault(a, policy.CodeValue, fmt.Sprintf("%d is no status code", n), "a status code is 200 to 599")
			return
		}
		c.Warn(a, policy.CodeValue, fmt.Sprintf("status %d cannot end a request: the policy fails when it runs", n), "use 200 to 599")
	}
}

// validStatus excludes interim responses, which cannot end an exchange.
func validStatus(n int64) bool { return n >= 200 && n <= 599 }

// status evaluates a status code.
func status(v policy.Value, ex *exchange.Exchange, env *policy.Env) (int, error) {
	n, err := v.Int(ex, env)
	if err == nil && !validStatus(n) {
		err = policy.FailValue(fmt.Sprintf("%d is no status code of a response", n))
	}
	return int(n), err
}

func (s *statusAction) run(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
	code, err := status(s.code, ex, env)
	if err != nil {
		return err
	}
	reason, err := s.reason.Text(ex, env)
	if err != nil {
		return err
	}
	if strings.ContainsAny(reason, "\r\n\x00") {
		return policy.FailValue("a reason cannot hold a line break")
	}
	ex.Response.StatusCode, ex.Response.Reason = code, reason
	return nil
}

// returnResponse is https://learn.microsoft.com/azure/api-management/return-response-policy.
var returnResponse = policy.Descriptor{
	Name: "return-response", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{{Name: "response-variable-name"}},
		Children: []policy.Child{
			{Name: "set-status", Schema: setStatusSchema},
			{Name: "set-header", Many: true, Schema: setHeaderSchema},
			{Name: "set-body", Schema: setBodySchema},
		},
	},
	Doc:     "Ends the pipeline with a response of its own; outbound does not run.",
	Compile: compileReturnResponse,
}

func compileReturnResponse(c *policy.Compiler, e *policy.Element) policy.Run {
	variable := c.Value(e, "response-variable-name")
	var parts []policy.Run
	for _, child := range e.Elements("") {
		switch child.Name {
		case "set-status":
			parts = append(parts, newStatusAction(c, child).run)
		case "set-header":
			h := newHeaderAction(c, child, response)
			h.response = true
			parts = append(parts, h.run)
		case "set-body":
			parts = append(parts, newBodyActionOf(c, child, response, nil).run)
		}
	}
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		res := exchange.Response{StatusCode: 200}
		if variable.Set() {
			found, err := storedResponse(ex, variable.Constant())
			if err != nil {
				return err
			}
			res = found
		}
		return answerWith(ctx, ex, env, res, parts)
	}
}

// answerWith runs the children over the new response. Their expressions still see
// the old one, and it is closed once they are done.
func answerWith(ctx context.Context, ex *exchange.Exchange, env *policy.Env, res exchange.Response, parts []policy.Run) error {
	shadow := *ex
	shadow.Response = res
	for _, part := range parts {
		if err := part(ctx, &shadow, env); err != nil {
			return err
		}
	}
	if ex.Response.Body != shadow.Response.Body {
		if err := ex.Response.Body.Close(); err != nil && !errors.Is(err, context.Canceled) {
			env.Note("the response that was dropped ended with an error")
		}
	}
	ex.Response = shadow.Response
	return policy.ErrEnd
}

// storedResponse copies the response that a variable holds.
func storedResponse(ex *exchange.Exchange, name string) (exchange.Response, error) {
	v, ok := ex.Variables[name].(*exchange.Response)
	if !ok || v == nil {
		return exchange.Response{}, policy.FailValue(fmt.Sprintf("variable %q holds no response", name))
	}
	res := *v
	res.Header = v.Header.Clone()
	return res, nil
}
