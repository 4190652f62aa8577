package policies

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// listOf is the schema of an element that holds a list of texts.
func listOf(name string, attributes ...policy.Attribute) policy.Schema {
	return policy.Schema{Attributes: attributes,
		Children: []policy.Child{{Name: name, Required: true, Many: true, Schema: policy.Schema{Text: true}}}}
}

// cors is https://learn.microsoft.com/azure/api-management/cors-policy.
// On a preflight request only this policy runs. The page gives two defaults for
// terminate-unmatched-request; true stands here.
var cors = policy.Descriptor{
	Name: "cors", Sections: policy.Inbound, Scopes: policy.AnyScope, Once: true, Preflight: true,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "allow-credentials", Expression: true, Kind: policy.BoolKind, Default: "false"},
			{Name: "terminate-unmatched-request", Expression: true, Kind: policy.BoolKind, Default: "true"},
		},
		Children: []policy.Child{
			{Name: "allowed-origins", Required: true, Schema: listOf("origin")},
			{Name: "allowed-methods", Schema: listOf("method", policy.Attribute{Name: "preflight-result-max-age", Expression: true, Kind: policy.IntKind})},
			{Name: "allowed-headers", Schema: listOf("header")},
			{Name: "expose-headers", Schema: listOf("header")},
		},
	},
	Doc:     "Answers preflight requests of browsers and lets pages of other origins read responses.",
	Compile: compileCORS,
}

// corsPolicy is a compiled cors.
type corsPolicy struct {
	credentials, terminate, maxAge     policy.Value
	origins, methods, headers, exposed []policy.Value
}

func compileCORS(c *policy.Compiler, e *policy.Element) policy.Run {
	list := func(parent, child string) (out []policy.Value) {
		if p := e.Child(parent); p != nil {
			for _, el := range p.Elements(child) {
				out = append(out, c.Text(el))
			}
		}
		return out
	}
	p := &corsPolicy{credentials: c.Value(e, "allow-credentials"), terminate: c.Value(e, "terminate-unmatched-request"),
		origins: list("allowed-origins", "origin"), methods: list("allowed-methods", "method"),
		headers: list("allowed-headers", "header"), exposed: list("expose-headers", "header")}
	if m := e.Child("allowed-methods"); m != nil {
		p.maxAge = c.Value(m, "preflight-result-max-age")
	}
	return p.run
}

func (p *corsPolicy) run(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
	origin := ex.Request.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	allowed, err := texts(p.origins, ex, env)
	if err != nil {
		return err
	}
	any := slices.Contains(allowed, "*")
	matched := any || slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(strings.TrimRight(a, "/"), origin) })
	if matched && policy.Preflight(ex) {
		if matched, err = p.preflight(ex, env); err != nil {
			return err
		}
	}
	if !matched {
		stop, err := p.terminate.Bool(ex, env)
		if err != nil || !stop {
			return err
		}
		ex.Response = exchange.Response{StatusCode: 200}
		return policy.ErrEnd
	}
	credentials, err := p.credentials.Bool(ex, env)
	if err != nil {
		return err
	}
	exposed, err := texts(p.exposed, ex, env)
	if err != nil {
		return err
	}
	fields := originFields(origin, any, credentials)
	if policy.Preflight(ex) {
		for _, f := range fields {
			ex.Response.Header.Set(f.Name, f.Value)
		}
		return policy.ErrEnd
	}
	if len(exposed) > 0 {
		fields = append(fields, exchange.Param{Name: "Access-Control-Expose-Headers", Value: strings.Join(exposed, ",")})
	}
	env.Defer(func(context.Context) {
		for _, f := range fields {
			ex.Response.Header.Set(f.Name, f.Value)
		}
	})
	return nil
}

// originFields are the fields of every answer to an origin that is let in.
func originFields(origin string, any, credentials bool) []exchange.Param {
	if any && !credentials {
		return []exchange.Param{{Name: "Access-Control-Allow-Origin", Value: "*"}}
	}
	fields := []exchange.Param{{Name: "Access-Control-Allow-Origin", Value: origin}, {Name: "Vary", Value: "Origin"}}
	if credentials {
		fields = append(fields, exchange.Param{Name: "Access-Control-Allow-Credentials", Value: "true"})
	}
	return fields
}

// preflight begins the answer to a preflight request; ok is false where its
// method or headers are not allowed.
func (p *corsPolicy) preflight(ex *exchange.Exchange, env *policy.Env) (ok bool, err error) {
	methods, err := texts(p.methods, ex, env)
	if err != nil {
		return false, err
	}
	if len(methods) == 0 {
		methods = []string{"GET", "POST"}
	}
	method := ex.Request.Header.Get("Access-Control-Request-Method")
	if !slices.Contains(methods, "*") && !slices.Contains(methods, method) {
		return false, nil
	}
	headers, err := texts(p.headers, ex, env)
	if err != nil {
		return false, err
	}
	wanted := strings.FieldsFunc(ex.Request.Header.Get("Access-Control-Request-Headers"), func(r rune) bool { return r == ',' || r == ' ' })
	for _, w := range wanted {
		if !slices.ContainsFunc(headers, func(h string) bool { return h == "*" || strings.EqualFold(h, w) }) {
			return false, nil
		}
	}
	ex.Response = exchange.Response{StatusCode: 200}
	ex.Response.Header.Set("Access-Control-Allow-Methods", method)
	if len(wanted) > 0 {
		ex.Response.Header.Set("Access-Control-Allow-Headers", strings.Join(wanted, ","))
	}
	if p.maxAge.Set() {
		age, err := p.maxAge.Int(ex, env)
		if err != nil {
			return false, err
		}
		ex.Response.Header.Set("Access-Control-Max-Age", strconv.FormatInt(age, 10))
	}
	return true, nil
}

// textList is a list of texts; one that holds no expression is made once.
type textList struct {
	values []policy.Value
	fixed  []string // nil where an expression is among them, or nothing
}

func newTextList(values []policy.Value) textList {
	l := textList{values: values}
	for _, v := range values {
		if v.IsExpression() {
			return textList{values: values}
		}
		l.fixed = append(l.fixed, v.Constant())
	}
	return l
}

func (l *textList) empty() bool { return len(l.values) == 0 }

// texts evaluates the list; what it gives is not to be changed.
func (l *textList) texts(ex *exchange.Exchange, env *policy.Env) ([]string, error) {
	if l.fixed != nil {
		return l.fixed, nil
	}
	return texts(l.values, ex, env)
}

// texts evaluates a list.
func texts(values []policy.Value, ex *exchange.Exchange, env *policy.Env) ([]string, error) {
	out := make([]string, 0, len(values))
	for i := range values {
		t, err := values[i].Text(ex, env)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
