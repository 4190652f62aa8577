package interp

import (
	"stile/asl"
	"stile/jsonval"
)

// enter is one transition: f enters its state and goes on until the state is
// left, waits or fails.
func (x *Execution) enter(f *frame) {
	x.transitions++
	x.setPhase(f, phaseBusy)
	f.retries, f.retryCount, f.task = nil, 0, nil
	f.enteredAt = x.now
	x.before = f.prev
	if o := x.override; o != nil && o.State == f.state.Name {
		x.override = nil
		f.input = x.wrap(o.apply(x.value(&f.input)))
	}
	x.step(f, eventsOf[f.state.Type].entered, Details{Name: f.state.Name, Input: x.ref(f.input)})
	f.entered = f.prev
	x.execute(f)
}

// execute does what the state is there for; after a back-off, once more.
func (x *Execution) execute(f *frame) {
	if x.outcome != nil {
		return
	}
	switch f.state.Type {
	case asl.Pass:
		x.pass(f)
	case asl.Choice:
		x.choose(f)
	case asl.Wait:
		x.wait(f)
	case asl.Succeed:
		if in, ok := x.effective(f); ok {
			x.sawPath(f, "afterInputPath", in)
			x.leave(f, leaving{result: in, keepAll: true})
		}
	case asl.Fail:
		x.failState(f)
	case asl.Task:
		x.attempt(f)
	case asl.Parallel:
		x.startBranches(f)
	case asl.Map:
		if f.state.Map.Distributed != nil {
			x.startMapRun(f)
		} else {
			x.startItems(f)
		}
	default:
		x.broken("state type %q", f.state.Type)
	}
}

// effective is the state's input after InputPath; false where that failed.
func (x *Execution) effective(f *frame) (jsonval.Value, bool) {
	in := x.value(&f.input)
	if p := &f.state.InputPath; p.Path == nil && !p.Null {
		return in, true
	}
	v, err := f.state.InputPath.Eval(x.scopeOf(f, in), "InputPath")
	return v, x.ok(f, err)
}

// arguments is the effective input after Parameters.
func (x *Execution) arguments(f *frame) (jsonval.Value, bool) {
	if inJSONata(f) {
		return x.queryArguments(f)
	}
	in, ok := x.effective(f)
	// TestState shows neither stage where they do not count or belong to branches.
	shown := ok && f.state.Result == nil && f.state.Type != asl.Parallel
	if shown {
		x.saw("afterInputPath", in)
	}
	if ok && f.state.Parameters != nil {
		v, err := f.state.Parameters.Eval(x.scopeOf(f, in))
		in, ok = v, x.ok(f, err)
	}
	if ok && shown {
		x.saw("afterParameters", in)
	}
	return in, ok
}

// saw tells TestState of a stage of the data flow.
func (x *Execution) saw(stage string, v jsonval.Value) {
	if x.env.Inspect != nil {
		x.env.Inspect(stage, v)
	}
}

// ok fails f's state where an expression failed.
func (x *Execution) ok(f *frame, err *asl.EvalError) bool {
	if err == nil {
		return true
	}
	e := x.evaluated(f, err)
	if e.name == asl.ErrQueryEvaluationError && (f.state.Type == asl.Map || f.state.Type == asl.Parallel) {
		x.bodyFailed(f, e)
	} else {
		x.fail(f, e)
	}
	return false
}

func (x *Execution) pass(f *frame) {
	result, ok := x.arguments(f)
	if !ok {
		return
	}
	if f.state.Result != nil {
		result = *f.state.Result
		x.saw("result", result)
	}
	x.sawPath(f, "afterResultSelector", result)
	x.leave(f, leaving{raw: result, result: result})
}

func (x *Execution) choose(f *frame) {
	in, ok := x.effective(f)
	if !ok {
		return
	}
	x.sawPath(f, "afterInputPath", in)
	p, err := f.state.Choice.Pick(x.scopeOf(f, in))
	if x.ok(f, err) {
		x.leave(f, leaving{raw: in, result: in, keepAll: true, assign: p.Assign, output: p.Output, next: p.Next})
	}
}

func (x *Execution) failState(f *frame) {
	e := stateError{}
	fields := f.state.Fail
	in := x.value(&f.input)
	x.sawPath(f, "afterInputPath", in)
	text := func(dst *string, literal *string, path *asl.Expr, field string) bool {
		if literal != nil {
			*dst = *literal
		}
		if path == nil {
			return true
		}
		v, err := path.EvalField(x.scopeOf(f, in), field)
		if !x.ok(f, err) {
			return false
		}
		s, isText := v.Str()
		if !isText {
			x.fail(f, runtimeFault(f, "The %s field '%s' must refer to a string but was: %s", field, path.Text(), v.Text()))
			return false
		}
		*dst = s
		return true
	}
	if text(&e.name, fields.Error, fields.ErrorPath, "ErrorPath") && x.queryText(f, fields.ErrorQuery, &e.name) &&
		text(&e.cause, fields.Cause, fields.CausePath, "CausePath") && x.queryText(f, fields.CauseQuery, &e.cause) {
		x.fail(f, &e)
	}
}

// leaving is how a state is left.
type leaving struct {
	// raw is "$" of Assign; result what ResultPath places.
	raw, result jsonval.Value
	// keepAll skips ResultPath: the result is the output (Choice, Wait, Succeed).
	keepAll bool
	// caught skips OutputPath and uses the catcher's ResultPath.
	caught *asl.Catcher
	assign *asl.Template // of a choice rule or catcher; else the state's own
	output *asl.Template // of a choice rule
	next   *asl.State    // of a choice rule or catcher; else the state's own
	// follows is the event that Exited follows; 0: the frame's last one.
	follows int64
}

// leave computes the state's output and variables, writes the Exited event and
// goes to the next state or ends the thread.
func (x *Execution) leave(f *frame, l leaving) {
	if x.outcome != nil {
		return
	}
	if l.assign == nil && l.caught == nil && f.state.Type != asl.Choice {
		l.assign = f.state.Assign
	}
	assigned, ok := x.assign(f, l)
	if !ok {
		return
	}
	var out jsonval.Value
	var err *asl.EvalError
	if inJSONata(f) {
		out, err = x.queryOutput(f, l)
	} else {
		out, err = x.pathOutput(f, l)
	}
	if err != nil {
		x.failLeaving(f, l, x.evaluated(f, err))
		return
	}
	if !x.fits(out) {
		e := exceeded(f.state.Name)
		e.fatal = true
		x.failLeaving(f, l, e)
		return
	}
	x.exit(f, l, x.wrap(out), assigned)
}

// pathOutput is a JSONPath state's output: ResultPath, then OutputPath.
func (x *Execution) pathOutput(f *frame, l leaving) (out jsonval.Value, err *asl.EvalError) {
	out = l.result
	if !l.keepAll {
		path := f.state.ResultPath
		if l.caught != nil {
			path = l.caught.ResultPath
		}
		if path.Discard {
			out = x.value(&f.input)
		} else if path.Path != nil {
			out, err = path.Apply(x.value(&f.input), l.result)
		}
	}
	if err == nil && !l.keepAll && l.caught == nil {
		x.saw("afterResultPath", out)
	}
	if p := &f.state.OutputPath; err == nil && l.caught == nil && (p.Path != nil || p.Null) {
		out, err = p.Eval(x.scopeOf(f, out), "OutputPath")
	}
	return out, err
}

// failLeaving is an error of the output side. A catcher's own error is not retried or
// caught again by the same state, but by those around it; a Parallel or Map fails
// once more.
func (x *Execution) failLeaving(f *frame, l leaving, e *stateError) {
	if l.caught == nil || e.fatal || e.name == asl.ErrRuntime {
		x.fail(f, e)
		return
	}
	if x.outcome != nil {
		return
	}
	if x.trial != nil {
		x.trial.failing(f, e)
	}
	if f.state.Type == asl.Parallel || f.state.Type == asl.Map {
		x.step(f, eventsOf[f.state.Type].failed, Details{})
	}
	x.failThread(f, e)
}

func (x *Execution) exit(f *frame, l leaving, out Payload, assigned []Variable) {
	if l.follows != 0 {
		f.prev = l.follows
	}
	x.step(f, eventsOf[f.state.Type].exited, Details{Name: f.state.Name, Output: x.ref(out), AssignedVariables: assigned})
	if x.outcome != nil {
		return
	}
	next := l.next
	if next == nil {
		next = f.state.Next
	}
	f.task = nil
	for _, v := range assigned {
		x.set(f, v.Name, Payload{Blob: v.Blob, Value: v.Value})
	}
	if next == nil {
		x.endThread(f, out)
		return
	}
	x.setPhase(f, phaseEnter)
	f.state, f.input = next, out
	x.resume(f)
}

// resume lets f go on in the run loop: at once where its turn is on, else behind
// the others.
func (x *Execution) resume(f *frame) {
	if f != x.turn && f.ready == 0 {
		x.enqueue(f, phaseEnter)
	}
}

// endThread is the end of f's last state with its output.
func (x *Execution) endThread(f *frame, out Payload) {
	x.setPhase(f, phaseDone)
	if f.parent == nil {
		x.emit("ExecutionSucceeded", f.prev, Details{Output: x.ref(out)})
		x.end(Outcome{Status: "SUCCEEDED", Output: out})
		return
	}
	x.forget(f)
	f.result, f.input, f.retries = out, Payload{}, nil
	x.childDone(f)
}

// assign evaluates the state's Assign. It sets nothing yet: the output is
// computed from the variables as they were when the state was entered.
func (x *Execution) assign(f *frame, l leaving) ([]Variable, bool) {
	if l.assign == nil {
		return nil, true
	}
	v, err := l.assign.Eval(x.leavingScope(f, l))
	if err != nil {
		x.failLeaving(f, l, x.evaluated(f, err))
		return nil, false
	}
	if !x.fits(v) {
		e := exceeded(f.state.Name)
		e.fatal = true
		x.failLeaving(f, l, e)
		return nil, false
	}
	if !x.variablesFit(len(v.Raw())) {
		e := exceeded(f.state.Name)
		e.fatal = true
		x.failLeaving(f, l, e)
		return nil, false
	}
	var list []Variable
	v.EachMember(func(name string, m jsonval.Value) bool {
		p := x.wrap(m)
		list = append(list, Variable{Name: name, Value: p.Value, Blob: p.Blob})
		return true
	})
	return list, true
}
