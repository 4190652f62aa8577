package policies

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// setMethod is https://learn.microsoft.com/azure/api-management/set-method-policy.
var setMethod = policy.Descriptor{
	Name: "set-method", Sections: policy.Inbound | policy.OnError, Scopes: policy.AnyScope,
	Schema: policy.Schema{Text: true},
	Doc:    "Sets the method of the request.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		method := c.Text(e)
		if !method.Set() || !method.IsExpression() && !token(method.Constant()) {
			c.Fault(e, policy.CodeValue, "<set-method> needs a method", "write <set-method>POST</set-method>")
			return nil
		}
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			m, err := method.Text(ex, env)
			if err == nil && !token(m) {
				err = policy.FailValue("the value is no method")
			}
			if err == nil {
				ex.Request.Method = m
			}
			return err
		}
	},
}

// setQueryParameter is https://learn.microsoft.com/azure/api-management/set-query-parameter-policy.
var setQueryParameter = policy.Descriptor{
	Name: "set-query-parameter", Sections: policy.Inbound | policy.BackendSection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{{Name: "name", Required: true, Expression: true}, existsAction},
		Children:   []policy.Child{{Name: "value", Many: true, Schema: policy.Schema{Text: true}}},
	},
	Doc: "Sets, adds to or removes a query parameter of the request.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		name, action := c.Value(e, "name"), c.Value(e, "exists-action")
		var values []policy.Value
		for _, v := range e.Elements("value") {
			values = append(values, c.Text(v))
		}
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			key, err := name.Text(ex, env)
			if err != nil {
				return err
			}
			do, err := existing(action, ex, env)
			if err != nil {
				return err
			}
			texts := make([]string, len(values))
			for i := range values {
				if texts[i], err = values[i].Text(ex, env); err != nil {
					return err
				}
			}
			ex.Request.URL.Query = changeQuery(ex.Request.URL.Query, key, do, texts)
			return nil
		}
	},
}

// changeQuery gives a new query; names are compared without regard to case, as
// APIM's dictionary of parameters does.
func changeQuery(query []exchange.Param, name, action string, values []string) []exchange.Param {
	if action == "skip" && hasParam(query, name) {
		return query
	}
	out := make([]exchange.Param, 0, len(query)+len(values))
	for _, p := range query {
		if action == "append" || !strings.EqualFold(p.Name, name) {
			out = append(out, p)
		}
	}
	if action == "delete" {
		return out
	}
	for _, v := range values {
		out = append(out, exchange.Param{Name: name, Value: v})
	}
	return out
}

func hasParam(query []exchange.Param, name string) bool {
	for _, p := range query {
		if strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

// rewriteURI is https://learn.microsoft.com/azure/api-management/rewrite-uri-policy.
var rewriteURI = policy.Descriptor{
	Name: "rewrite-uri", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "template", Required: true, Expression: true},
		{Name: "copy-unmatched-params", Expression: true, Kind: policy.BoolKind, Default: "true"},
	}},
	Doc: "Gives the request the path and query that the backend expects.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		template, copyRest := c.Value(e, "template"), c.Value(e, "copy-unmatched-params")
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			text, err := template.Text(ex, env)
			if err != nil {
				return err
			}
			keep, err := copyRest.Bool(ex, env)
			if err != nil {
				return err
			}
			return rewrite(ex, text, keep, !template.IsExpression())
		}
	},
}

// rewrite sets path and query from a template. Parameters in braces are bound in
// literal templates alone: an expression's value is the path itself.
func rewrite(ex *exchange.Exchange, template string, keep, bind bool) error {
	path, raw, _ := strings.Cut(template, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	query := exchange.ParseQuery(raw)
	if bind {
		var err error
		if path, err = bindParams(path, ex.Request.Matched, escapePath(urlTemplateQuery(ex.Operation))); err != nil {
			return err
		}
		for i := range query {
			if query[i].Value, err = bindParams(query[i].Value, ex.Request.Matched, func(_, s string) string { return s }); err != nil {
				return err
			}
		}
	}
	if !validPath(path) {
		return policy.FailValue("the template does not give a path")
	}
	if keep {
		matched := urlTemplateQuery(ex.Operation)
		for _, p := range ex.Request.URL.Query {
			if !hasParam(query, p.Name) && !hasParam(matched, p.Name) {
				query = append(query, p)
			}
		}
	}
	ex.Request.URL.Path, ex.Request.URL.Query = path, query
	return nil
}

// validPath refuses what no request line can hold, and what by which a part of the path
// could leave its place, as the router does of what comes: backslashes and dot segments,
// escaped, or with path parameters behind them.
func validPath(path string) bool {
	plain, err := url.PathUnescape(path)
	if err != nil || strings.ContainsAny(path, " #") || strings.ContainsFunc(plain, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }) {
		return false
	}
	for segment := range strings.SplitSeq(plain, "/") {
		if segment, _, _ = strings.Cut(segment, ";"); segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// urlTemplateQuery gives the query parameters that an operation's URL template names.
func urlTemplateQuery(op *exchange.Operation) []exchange.Param {
	if op == nil {
		return nil
	}
	_, raw, _ := strings.Cut(op.URLTemplate, "?")
	return exchange.ParseQuery(raw)
}

// bindParams replaces {name} by the value that the URL template matched.
func bindParams(text string, matched []exchange.Param, escape func(name, value string) string) (string, error) {
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			return "", policy.FailValue("the template has a brace without its pair")
		}
		name := strings.TrimPrefix(text[open+1:open+end], "*")
		value, ok := "", false
		for _, p := range matched {
			if strings.EqualFold(p.Name, name) {
				value, ok = p.Value, true
			}
		}
		if !ok {
			return "", policy.FailValue(fmt.Sprintf("the operation's URL template binds no {%s}", name))
		}
		b.WriteString(text[:open])
		b.WriteString(escape(name, value))
		text = text[open+end+1:]
	}
}

// escapePath escapes parameters for a path. A slash stays in what came in the path, as a
// wildcard's may; what came in the query is one segment.
func escapePath(query []exchange.Param) func(name, value string) string {
	return func(name, value string) string {
		if slices.ContainsFunc(query, func(p exchange.Param) bool { return strings.EqualFold(p.Value, "{"+name+"}") }) {
			return url.PathEscape(value)
		}
		return (&url.URL{Path: value}).EscapedPath()
	}
}
