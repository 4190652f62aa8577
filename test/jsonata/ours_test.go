package jsonata

import (
	"errors"

	"stile/jsonata"
	"stile/jsonata/syntax"
	"stile/jsonval"
)

// now is the time that both sides tell.
const now = 1_700_000_000_123

// ours evaluates an expression with stile's jsonata.
func ours(expr, input string) outcome {
	x, err := jsonata.Compile(expr)
	if err != nil {
		return failed(err)
	}
	data, err := jsonval.ParseString(input)
	if err != nil {
		return outcome{Crash: true, Text: err.Error()}
	}
	v, err := x.Eval(data, &jsonata.Env{Now: now})
	switch {
	case errors.Is(err, jsonata.ErrFunction):
		return outcome{Value: "function"}
	case err != nil:
		return failed(err)
	case !v.Exists():
		return outcome{Value: "undefined"}
	}
	return outcome{Value: v.Text()}
}

func failed(err error) outcome {
	var fault *jsonata.Error
	var wrong *syntax.Error
	switch {
	case errors.As(err, &fault):
		return outcome{Code: fault.Code, Text: fault.Error(), Position: fault.Position, Crash: fault.Limit != ""}
	case errors.As(err, &wrong):
		return outcome{Code: wrong.Code, Text: wrong.Message, Position: wrong.Position, Crash: wrong.Code == ""}
	}
	return outcome{Crash: true, Text: err.Error()}
}
