package syntax

import (
	"strconv"
	"strings"

	"stile/jsonval"
)

// Error is why a text is no expression. Codes and texts are the original's.
type Error struct {
	// Code is S0101 … S0402; empty where the original's error has none.
	Code string
	// Position is the original's: an offset in UTF-16 units, mostly behind the token.
	Position int
	// At is the byte offset of the place.
	At int
	// Token and Value fill the text: a string, float64 or bool; nil for null, for
	// none, and in place of a regular expression.
	Token, Value any
	// Message is the text, filled.
	Message string
}

// Error gives the text alone, as AWS prints it for a definition.
func (e *Error) Error() string { return e.Message }

// The texts of errors by code, with {token} and {value} to be filled as JSON.
var texts = map[string]string{
	"S0101": "String literal must be terminated by a matching quote",
	"S0102": "Number out of range: {token}",
	"S0103": "Unsupported escape sequence: \\{token}",
	"S0104": "The escape sequence \\u must be followed by 4 hex digits",
	"S0105": "Quoted property name must be terminated with a backquote (`)",
	"S0106": "Comment has no closing tag",
	"S0201": "Syntax error: {token}",
	"S0202": "Expected {value}, got {token}",
	"S0203": "Expected {value} before end of expression",
	"S0204": "Unknown operator: {token}",
	"S0207": "Unexpected end of expression",
	"S0208": "Parameter {value} of function definition must be a variable name (start with $)",
	"S0209": "A predicate cannot follow a grouping expression in a step",
	"S0210": "Each step can only have one grouping expression",
	"S0211": "The symbol {token} cannot be used as a unary operator",
	"S0212": "The left side of := must be a variable name (start with $)",
	"S0213": "The literal value {value} cannot be used as a step within a path expression",
	"S0214": "The right side of {token} must be a variable name (start with $)",
	"S0215": "A context variable binding must precede any predicates on a step",
	"S0216": "A context variable binding must precede the 'order-by' clause on a step",
	"S0217": "The object representing the 'parent' cannot be derived from this expression",
	"S0301": "Empty regular expressions are not allowed",
	"S0302": "No terminating / in regular expression",
	"S0401": "Type parameters can only be applied to functions and arrays",
	"S0402": "Choice groups containing parameterized types are not supported",
}

func fault(code string, at, position int, token, value any) *Error {
	text := strings.NewReplacer("{token}", printed(token), "{value}", printed(value)).Replace(texts[code])
	return &Error{Code: code, At: at, Position: position, Token: token, Value: value, Message: text}
}

// printed gives a token as JSON.
func printed(v any) string {
	switch v := v.(type) {
	case string:
		return jsonval.Quote(v)
	case float64:
		return numberText(v)
	case bool:
		return strconv.FormatBool(v)
	case pattern:
		return "{}"
	}
	return "null"
}

// numberText gives a number as JavaScript prints it.
func numberText(f float64) string {
	if f == 0 {
		return "0"
	}
	abs := f
	if f < 0 {
		abs = -f
	}
	if abs >= 1e-6 && abs < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}
