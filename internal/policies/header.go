package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

var existsAction = policy.Attribute{Name: "exists-action", Expression: true, Default: "override",
	Values: []string{"override", "skip", "append", "delete"}}

var setHeaderSchema = policy.Schema{
	Attributes: []policy.Attribute{{Name: "name", Required: true, Expression: true}, existsAction},
	Children:   []policy.Child{{Name: "value", Many: true, Schema: policy.Schema{Text: true}}},
}

// setHeader is https://learn.microsoft.com/azure/api-management/set-header-policy.
// Difference: a value with a line break is refused when the policy runs.
var setHeader = policy.Descriptor{
	Name: "set-header", Sections: anySide, Scopes: policy.AnyScope, Schema: setHeaderSchema,
	Doc: "Sets, adds to or removes a header of the request or the response.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		h := newHeaderAction(c, e, sideOf(c))
		return h.run
	},
}

// headerAction is a compiled set-header.
type headerAction struct {
	name, action policy.Value
	values       []policy.Value
	side         message
	// response says that the side is a response, whose Server field stays.
	response bool
}

func newHeaderAction(c *policy.Compiler, e *policy.Element, side message) *headerAction {
	h := &headerAction{name: c.Value(e, "name"), action: c.Value(e, "exists-action"), side: side, response: c.Responding()}
	for _, v := range e.Elements("value") {
		h.values = append(h.values, c.Text(v))
	}
	if h.name.Set() && !h.name.IsExpression() {
		if err := checkFieldName(h.name.Constant()); err != "" {
			c.Fault(e.Attr("name"), policy.CodeValue, err, "choose another header")
		}
	}
	return h
}

// fixedFields belong to the wires: no policy can set them.
var fixedFields = []string{"Connection", "Content-Length", "Keep-Alive", "Transfer-Encoding"}

// checkFieldName gives what is wrong with a header's name, empty for nothing.
func checkFieldName(name string) string {
	if !token(name) {
		return "this is not a header name"
	}
	if slices.ContainsFunc(fixedFields, func(f string) bool { return strings.EqualFold(f, name) }) {
		return fmt.Sprintf("header %s cannot be set or removed by a policy", name)
	}
	return ""
}

// token is RFC 9110's token.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func (h *headerAction) run(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
	name, err := h.name.Text(ex, env)
	if err != nil {
		return err
	}
	if h.name.IsExpression() {
		if wrong := checkFieldName(name); wrong != "" {
			return policy.FailValue(wrong)
		}
	}
	action, err := existing(h.action, ex, env)
	if err != nil {
		return err
	}
	header, _ := h.side(ex)
	if action == "delete" {
		if kept := h.response && strings.EqualFold(name, "Server") || !h.response && strings.EqualFold(name, "X-Forwarded-For"); !kept {
			header.Del(name)
		}
		return nil
	}
	if action == "skip" && header.Has(name) {
		return nil
	}
	return h.set(ex, env, header, name, action)
}

// existing gives the value of exists-action.
func existing(action policy.Value, ex *exchange.Exchange, env *policy.Env) (string, error) {
	do, err := action.Text(ex, env)
	if do = strings.ToLower(do); err == nil && action.IsExpression() && !slices.Contains(existsAction.Values, do) {
		err = policy.FailValue("exists-action is none of " + strings.Join(existsAction.Values, ", "))
	}
	return do, err
}

func (h *headerAction) set(ex *exchange.Exchange, env *policy.Env, header *exchange.Header, name, action string) error {
	if len(h.values) == 1 && action != "append" {
		value, err := h.value(0, ex, env)
		if err != nil {
			return err
		}
		header.Set(name, value)
		return nil
	}
	var values []string
	if action == "append" {
		values = header.Values(name)
	}
	for i := range h.values {
		value, err := h.value(i, ex, env)
		if err != nil {
			return err
		}
		values = append(values, value)
	}
	if len(values) > 1 && !separate(name) {
		values = []string{strings.Join(values, ",")}
	}
	header.Set(name, values...)
	return nil
}

func (h *headerAction) value(i int, ex *exchange.Exchange, env *policy.Env) (string, error) {
	value, err := h.values[i].Text(ex, env)
	if err == nil && strings.ContainsAny(value, "\r\n\x00") {
		err = policy.FailValue("a header's value cannot hold a line break")
	}
	return value, err
}

// separate reports whether several values of a header are several fields; others
// are joined by commas.
func separate(name string) bool {
	for _, f := range []string{"User-Agent", "WWW-Authenticate", "Proxy-Authenticate", "Cookie", "Set-Cookie", "Warning",
		"Date", "Expires", "Last-Modified", "If-Modified-Since", "If-Unmodified-Since"} {
		if strings.EqualFold(f, name) {
			return true
		}
	}
	return false
}
