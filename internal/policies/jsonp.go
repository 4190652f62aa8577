package policies

import (
	"context"
	"strings"
	"unicode"

	"stile/jsonval"
	"stile/policy"
	"stile/policy/exchange"
)

// jsonp is https://learn.microsoft.com/azure/api-management/jsonp-policy.
// A body that is no JSON is left as it is: no script could take it.
var jsonp = policy.Descriptor{
	Name: "jsonp", Sections: policy.Outbound, Scopes: policy.AnyScope, Once: true,
	Schema: policy.Schema{Attributes: []policy.Attribute{{Name: "callback-parameter-name", Required: true, Expression: true}}},
	Doc:    "Wraps a JSON response in a call of the function that a query parameter names.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		name := c.Value(e, "callback-parameter-name")
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			return wrapJSON(ex, env, name)
		}
	},
}

func wrapJSON(ex *exchange.Exchange, env *policy.Env, name policy.Value) error {
	parameter, err := name.Text(ex, env)
	if err != nil {
		return err
	}
	callback := ""
	for _, p := range ex.Request.OriginalURL.Query {
		if strings.EqualFold(p.Name, parameter) {
			callback = p.Value
			break
		}
	}
	if callback == "" {
		return nil
	}
	if !scriptName(callback) {
		return &policy.Denied{Status: 400, Reason: "CallbackParameterInvalid",
			Message: "Value of callback parameter " + parameter + " is not a valid JavaScript identifier."}
	}
	data, err := ex.Response.Body.Bytes()
	if err != nil {
		return err
	}
	if _, err := jsonval.Parse(data); err != nil {
		return nil
	}
	// JSON allows two line ends in strings that older scripts do not.
	text := strings.NewReplacer("\u2028", `\u2028`, "\u2029", `\u2029`).Replace(strings.TrimSpace(string(data)))
	ex.Response.Header.Del("Content-Length")
	ex.Response.Header.Set("Content-Type", "application/javascript")
	ex.Response.Body = exchange.Text(callback + "(" + text + ");")
	return nil
}

// reserved are JavaScript's words that no function can have as its name.
var reserved = " break case catch class const continue debugger default delete do else enum export extends false finally for function if " +
	"import in instanceof new null return super switch this throw true try typeof var void while with yield "

// scriptName tells an identifier of JavaScript, or several with dots between.
func scriptName(s string) bool {
	if len(s) > 256 {
		return false
	}
	for _, part := range strings.Split(s, ".") {
		if part == "" || strings.Contains(reserved, " "+part+" ") {
			return false
		}
		for i, r := range part {
			if r != '$' && r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
				return false
			}
		}
	}
	return true
}
