package policy

import (
	"strconv"
	"strings"

	"stile/policy/exchange"
	"stile/policy/expr"
)

// Value is a compiled attribute value or text: a literal, or an expression. The
// zero Value is an attribute that is not there.
type Value struct {
	set     bool
	literal string
	// dynamic says that the document holds an expression; it has no program where
	// that did not compile.
	dynamic bool
	program *expr.Program
	source  string // the expression's C#
	// secrets of the tree are hidden in the messages of faults.
	secrets []string
}

// Literal makes a Value of a literal, for defaults.
func Literal(text string) Value { return Value{set: true, literal: text} }

// Set reports whether the attribute or text stands in the document, or has a default.
func (v Value) Set() bool { return v.set }

// IsExpression reports whether the value is made when a request runs.
func (v Value) IsExpression() bool { return v.dynamic }

// Constant gives the text of a literal; for an expression it is empty.
func (v Value) Constant() string { return v.literal }

// Eval gives the value: a string for a literal, else what the expression gives in
// the forms of package expr. The error is a *Failure.
func (v Value) Eval(ex *exchange.Exchange, env *Env) (any, error) {
	if v.program == nil {
		return v.literal, nil
	}
	out, err := v.program.Run(env.expression(ex))
	if err != nil {
		return nil, v.fault(err)
	}
	env.evaluated(&v, out)
	return out, nil
}

// fault makes APIM's failure of an evaluation.
func (v Value) fault(err error) error {
	message := err.Error()
	if f, ok := err.(*expr.Fault); ok {
		message = f.Message
	}
	// APIM gives the exception's message without its type.
	if name, rest, ok := strings.Cut(message, ": "); ok && strings.HasSuffix(name, "Exception") && !strings.Contains(name, " ") {
		message = rest
	}
	// A message of several lines (of an ArgumentException) is one line here, so that
	// on-error can put it into a header.
	message = strings.Join(strings.FieldsFunc(message, func(r rune) bool { return r == '\r' || r == '\n' }), " ")
	return FailValue("Expression evaluation failed. " + hide(message, v.secrets))
}

// Text gives the value as text; null is empty.
func (v Value) Text(ex *exchange.Exchange, env *Env) (string, error) {
	if v.program == nil {
		return v.literal, nil
	}
	out, err := v.Eval(ex, env)
	if err != nil {
		return "", err
	}
	if s, ok := out.(string); ok {
		return s, nil
	}
	return expr.ToText(out), nil
}

// Bool gives the value as true or false.
func (v Value) Bool(ex *exchange.Exchange, env *Env) (bool, error) {
	if v.program == nil {
		return strings.EqualFold(v.literal, "true"), nil
	}
	out, err := v.Eval(ex, env)
	if err != nil {
		return false, err
	}
	if b, ok := out.(bool); ok {
		return b, nil
	}
	if s, ok := out.(string); ok && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")) {
		return strings.EqualFold(s, "true"), nil
	}
	b, err := expr.ToBool(out)
	if err != nil {
		return false, v.fault(err)
	}
	return b, nil
}

// Int gives the value as a whole number.
func (v Value) Int(ex *exchange.Exchange, env *Env) (int64, error) {
	if v.program == nil {
		n, err := strconv.ParseInt(strings.TrimSpace(v.literal), 10, 64)
		if err != nil {
			return 0, FailValue("the value is not a whole number")
		}
		return n, nil
	}
	out, err := v.Eval(ex, env)
	if err != nil {
		return 0, err
	}
	if s, ok := out.(string); ok {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return 0, FailValue("the value of the expression is not a whole number")
		}
		return n, nil
	}
	n, err := expr.ToInt(out)
	if err != nil {
		return 0, v.fault(err)
	}
	return n, nil
}

// Body gives the value as a message body, and the content type that the value's
// own type implies, empty where it implies none.
func (v Value) Body(ex *exchange.Exchange, env *Env) (body []byte, contentType string, err error) {
	if v.program == nil {
		return []byte(v.literal), "", nil
	}
	out, err := v.Eval(ex, env)
	if err != nil {
		return nil, "", err
	}
	body, contentType = expr.ToBody(out)
	if len(body) > exchange.MaxBuffered {
		return nil, "", FailValue("the body is larger than the gateway buffers")
	}
	return body, contentType, nil
}
