package asl

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"stile/jsonpath"
	"stile/jsonval"
)

// Eval gives what the path selects of the Scope: its Input where the field is
// absent, {} where it is null. field is the field's name; ItemsPath words a
// missing value otherwise, as AWS does.
func (f PathField) Eval(s *Scope, field string) (jsonval.Value, *EvalError) {
	if f.Null {
		return jsonval.EmptyObject, nil
	}
	if f.Path == nil {
		return s.Input, nil
	}
	v, err := f.Path.Eval(s)
	if err != nil && field == "ItemsPath" {
		if step, ok := f.Path.missingStep(s); ok {
			return v, &EvalError{Name: ErrReferencePathConflict, Cause: fmt.Sprintf("Unable to apply step %s to input %s", strconv.Quote(step), s.Input.Text())}
		}
	}
	return v, err
}

// missingStep names the first step of a reference path from the input that finds
// nothing.
func (e *Expr) missingStep(s *Scope) (string, bool) {
	if e.kind != exprInput {
		return "", false
	}
	r, err := jsonpath.CompileReference(e.text)
	if err != nil {
		return "", false
	}
	return r.MissingStep(s.Input)
}

// Apply puts a result into the input: instead of it ("$"), at the place, or not
// at all. A place that cannot be made fails with States.ResultPathMatchFailure.
func (f ResultPath) Apply(input, result jsonval.Value) (jsonval.Value, *EvalError) {
	if f.Discard {
		return input, nil
	}
	if f.Path == nil {
		return result, nil
	}
	out, err := f.Path.Set(input, result)
	if err == nil {
		return out, nil
	}
	step := ""
	if pe, ok := err.(*jsonpath.PlaceError); ok {
		step = pe.Step
	}
	return input, &EvalError{Name: ErrResultPathMatchFailure, Cause: fmt.Sprintf("Unable to apply step %s to input %s", strconv.Quote(step), input.Text())}
}

// ParseTimestamp reads an RFC 3339 timestamp as the language restricts it: an
// upper-case T, and an upper-case Z or an offset. Fractions may have up to nine
// digits.
func ParseTimestamp(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[10] != 'T' || strings.ContainsRune(s, ',') {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}
