package interp

import (
	"fmt"
	"math"

	"stile/asl"
	"stile/jsonval"
)

// maxSeconds is the greatest number of seconds that a field takes.
const maxSeconds = 99_999_999

// maxLocation is how much AWS's model lets an event tell of a field's place.
const maxLocation = 256

// inJSONata says that f's state is in JSONata.
func inJSONata(f *frame) bool { return f.state.QueryLanguage == asl.JSONata }

// sawPath is saw for the stages that only JSONPath has.
func (x *Execution) sawPath(f *frame, stage string, v jsonval.Value) {
	if x.env.Inspect != nil && !inJSONata(f) {
		x.env.Inspect(stage, v)
	}
}

// queryArguments is what Arguments gives, else the state's input.
func (x *Execution) queryArguments(f *frame) (jsonval.Value, bool) {
	in := x.value(&f.input)
	if f.state.Arguments != nil {
		v, err := f.state.Arguments.Eval(x.scopeOf(f, in))
		if !x.ok(f, err) {
			return v, false
		}
		in = v
	}
	if f.state.Type == asl.Task {
		x.saw("afterArguments", in)
	}
	return in, true
}

// leavingScope is what Assign, and of JSONata Output, sees.
func (x *Execution) leavingScope(f *frame, l leaving) *asl.Scope {
	if !inJSONata(f) {
		return x.scopeOf(f, l.raw)
	}
	s := x.scopeOf(f, x.value(&f.input))
	if l.caught != nil {
		s.ErrorOutput = l.raw
		return s
	}
	switch f.state.Type {
	case asl.Task, asl.Map, asl.Parallel:
		s.Result = l.raw
	}
	return s
}

// queryOutput is a JSONata state's output: Output of the catcher, choice rule or
// state, else what the state gives by itself.
func (x *Execution) queryOutput(f *frame, l leaving) (jsonval.Value, *asl.EvalError) {
	t := l.output
	switch {
	case l.caught != nil:
		t = l.caught.Output
	case f.state.Type != asl.Choice:
		t = f.state.Output
	}
	if t == nil {
		return l.result, nil
	}
	return t.Eval(x.leavingScope(f, l))
}

// evaluated is the error of an expression of f's state. One of JSONata is told in
// the history: its event follows what the state's Entered follows, until the state
// has written more than that; in a Wait it follows Entered.
func (x *Execution) evaluated(f *frame, err *asl.EvalError) *stateError {
	e := evalError(f, err)
	if err.Name != asl.ErrQueryEvaluationError || !inJSONata(f) {
		return e
	}
	prev := f.prev
	if prev == f.entered && f.state.Type != asl.Wait {
		prev = x.before
	}
	id := x.emit("EvaluationFailed", prev, Details{State: f.state.Name, Location: cutTo(err.Location, maxLocation),
		Error: optional(e.name), Cause: optional(e.cause)})
	if id != 0 {
		f.prev = id
		x.touch(f)
	}
	return e
}

// queryFault is a States.QueryEvaluationError over the value of a field.
func (x *Execution) queryFault(f *frame, location, format string, args ...any) *stateError {
	return x.evaluated(f, &asl.EvalError{Name: asl.ErrQueryEvaluationError, Location: location, Cause: fmt.Sprintf(format, args...)})
}

// queryInt evaluates a field that gives a whole number of at least lo.
func (x *Execution) queryInt(f *frame, t *asl.Template, field string, lo int64) (int64, *stateError) {
	v, err := t.EvalAs(x.scopeOf(f, x.value(&f.input)), "number")
	if err != nil {
		return 0, x.evaluated(f, err)
	}
	n, isInt := v.Int()
	if float, ok := v.Float(); !isInt && ok && float == math.Trunc(float) && math.Abs(float) < 1<<53 {
		n, isInt = int64(float), true
	}
	switch {
	case !isInt:
		return 0, x.queryFault(f, t.Field(), "The %s field cannot be parsed as a long value: %s", field, v.Text())
	case n < 0:
		return 0, x.queryFault(f, t.Field(), "The %s field references a negative value: %d", field, n)
	case n < lo:
		return 0, x.queryFault(f, t.Field(), "The %s field must be greater than or equal to %d but was: %d", field, lo, n)
	}
	return n, nil
}

// secondsField is queryInt for the seconds that a Task takes.
func (x *Execution) secondsField(f *frame, t *asl.Template, field string) (int64, bool) {
	n, e := x.queryInt(f, t, field, 1)
	if e == nil && n > maxSeconds {
		e = x.queryFault(f, t.Field(), "The %s field must be less than or equal to %d but was: %d", field, maxSeconds, n)
	}
	if e != nil {
		x.fail(f, e)
	}
	return n, e == nil
}

// queryWait is the end of a Wait whose field is an expression.
func (x *Execution) queryWait(f *frame) (int64, *stateError) {
	w := f.state.Wait
	if w.SecondsQuery != nil {
		n, e := x.queryInt(f, w.SecondsQuery, "Seconds", 0)
		if e == nil && n > maxSeconds {
			e = x.queryFault(f, w.SecondsQuery.Field(), "The Seconds field must be less than or equal to %d but was: %d", maxSeconds, n)
		}
		return x.afterSeconds(n), e
	}
	v, err := w.TimestampQuery.EvalAs(x.scopeOf(f, x.value(&f.input)), "string")
	if err != nil {
		return 0, x.evaluated(f, err)
	}
	text, _ := v.Str()
	at, ok := moment(text)
	if !ok {
		return 0, x.queryFault(f, w.TimestampQuery.Field(),
			"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: %s", text)
	}
	return at, nil
}

// queryItems are the items of a JSONata Map that runs inline.
func (x *Execution) queryItems(f *frame, in jsonval.Value) (jsonval.Value, bool) {
	items := in
	if t := f.state.Map.Items; t != nil {
		v, err := t.EvalAs(x.scopeOf(f, in), "array")
		if !x.ok(f, err) {
			return v, false
		}
		items = v
	}
	if items.Kind() != jsonval.ArrayKind {
		x.bodyFailed(f, x.queryFault(f, "", "Map state input must be an array but was: %s", items.Compact().Text()))
		return items, false
	}
	return items, true
}

// queryText evaluates a text of a Fail.
func (x *Execution) queryText(f *frame, t *asl.Template, dst *string) bool {
	if t == nil {
		return true
	}
	v, err := t.EvalAs(x.scopeOf(f, x.value(&f.input)), "string")
	if !x.ok(f, err) {
		return false
	}
	*dst, _ = v.Str()
	return true
}

// bodyFailed ends a Parallel or Map before its frames have started.
func (x *Execution) bodyFailed(f *frame, e *stateError) {
	if x.trial != nil {
		x.trial.failing(f, e)
	}
	if x.outcome != nil || x.retry(f, e) {
		return
	}
	x.step(f, eventsOf[f.state.Type].failed, Details{})
	if !x.catch(f, e) {
		x.failThread(f, e)
	}
}
