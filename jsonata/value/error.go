package value

import (
	"strconv"
	"strings"
)

// Error is a fault of an evaluation, with the code and the inserts of jsonata-js.
type Error struct {
	// Code is such as T2001; D and T codes have their text in a table here.
	Code string
	// Token is the operator or function that failed, Position the byte offset
	// behind it in the expression; 0 where there is none.
	Token    string
	Position int
	// Value, Value2, Index, Type, Exp and Function are what the text names.
	Value, Value2, Exp Value
	Index              int
	Type               string
	Function           string
	// Text is used where the code has no text of its own ($error's message).
	Text string
	// Limit names the budget that is gone: work, depth, bytes; else "".
	Limit string
}

// Error gives the text with its inserts, without the code.
func (e *Error) Error() string {
	text := Text(e.Code)
	if text == "" || text == "{{{message}}}" {
		text = e.Text
	} else {
		text = e.fill(text)
	}
	if text == "" {
		return e.Code
	}
	return text
}

// Overflow is the error of a value or evaluation that nests too deep.
func Overflow() *Error { return &Error{Code: "U1001", Limit: "depth", Text: textOverflow} }

// TooLong is the error of an evaluation that takes too many steps.
func TooLong() *Error { return &Error{Code: "U1001", Limit: "work", Text: textTooLong} }

// TooLarge is the error of an evaluation that makes too many bytes.
func TooLarge() *Error { return &Error{Code: "U1001", Limit: "bytes", Text: textTooLarge} }

// The texts are those that Step Functions has in its causes.
const (
	textOverflow = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
	textTooLong  = "Expression evaluation timeout: Check for infinite loop"
	textTooLarge = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
)

// fill puts the inserts in: {{name}} as JSON, {{{name}}} as it is.
func (e *Error) fill(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		bare := strings.HasPrefix(rest, "{")
		name, after, _ := strings.Cut(strings.TrimPrefix(rest, "{"), "}}")
		if bare {
			after = strings.TrimPrefix(after, "}")
		}
		v := e.insert(name)
		if bare && v.IsString() {
			b.WriteString(v.Str())
		} else {
			b.WriteString(inspect(v))
		}
		text = after
	}
}

// inspect gives a value as JSON.stringify does; what JSON has no text for is
// undefined.
func inspect(v Value) string {
	if v.IsUndefined() || v.IsFunction() {
		return "undefined"
	}
	e := encoder{}
	if err := e.value(v, 0); err != nil {
		return "undefined"
	}
	return string(e.out)
}

func (e *Error) insert(name string) Value {
	switch name {
	case "token":
		return named(e.Token)
	case "value":
		return e.Value
	case "value2":
		return e.Value2
	case "exp":
		return e.Exp
	case "index":
		return OfNumber(float64(e.Index))
	case "type":
		return named(e.Type)
	case "functionName":
		return named(e.Function)
	}
	return OfString(strconv.Quote(name))
}

// named gives a name, undefined (and printed so) where there is none.
func named(s string) Value {
	if s == "" {
		return Undefined
	}
	return OfString(s)
}
