package interp

import (
	"fmt"
	"math"
	"strings"

	"stile/asl"
	"stile/jsonval"
)

// mapRun is the Map Run that a frame waits for. It holds what its command holds,
// payloads by reference, and nothing for an item: the items' executions are the
// host's.
type mapRun struct {
	command  uint64
	spec     MapRunSpec
	redrives uint32
}

// startMapRun starts a distributed Map, for the first time or again: each time it
// is a new Map Run. AWS evaluates items and MaxConcurrency before MapStateStarted,
// the thresholds behind it.
func (x *Execution) startMapRun(f *frame) {
	in, ok := x.effective(f)
	if !ok {
		return
	}
	x.sawPath(f, "afterInputPath", in)
	m := f.state.Map
	spec := MapRunSpec{State: f.state.Name, Label: m.Distributed.Label}
	length, ok := x.datasetOf(f, in, &spec)
	if !ok {
		return
	}
	concurrency, ok := x.wholeAmount(f, in, m.MaxConcurrency, "MaxConcurrency", 0)
	if !ok {
		return
	}
	if x.env.Inspect != nil {
		x.saw("maxConcurrency", jsonval.OfInt(concurrency))
	}
	spec.MaxConcurrency = concurrency
	x.step(f, "MapStateStarted", Details{Length: &length})
	if x.outcome != nil || !x.thresholds(f, in, &spec) || !x.batches(f, in, &spec) || !x.service(f, in, &spec) {
		return
	}
	spec.ARN = x.mapRunARN(spec.Label)
	x.selection(f, in, &spec)
	x.step(f, "MapRunStarted", Details{MapRunARN: spec.ARN})
	switch {
	case x.outcome != nil:
		return
	case spec.MaxItems < 0:
		x.mapRunFailed(f, &stateError{name: asl.ErrItemReaderFailed, cause: "field MaxItems must be positive"})
		return
	}
	x.nextCommand++
	f.run = &mapRun{command: x.nextCommand, spec: spec}
	x.byRun[f.run.command] = f
	x.setPhase(f, phaseMapRun)
	x.command(x.mapRunCommand(f))
	f.run.spec.forget()
}

// datasetOf finds the items, where they are in the state's input, and gives their
// number; with a reader it is 0, and ItemsPath does not count.
func (x *Execution) datasetOf(f *frame, in jsonval.Value, spec *MapRunSpec) (int64, bool) {
	m := f.state.Map
	if m.Distributed.Reader != nil {
		return 0, true
	}
	if inJSONata(f) {
		return x.queriedItems(f, in, spec)
	}
	items, path := in, "$"
	if m.ItemsPath.Path != nil || m.ItemsPath.Null {
		v, err := m.ItemsPath.Eval(x.scopeOf(f, in), "ItemsPath")
		if !x.ok(f, err) {
			return 0, false
		}
		items = v
		if m.ItemsPath.Path != nil {
			path = m.ItemsPath.Path.Text()
		}
	}
	x.sawPath(f, "afterItemsPath", items)
	if !iterable(items) {
		x.fail(f, runtimeFault(f, "Reference path \"%s\" must point to array.", path))
		return 0, false
	}
	spec.Items = x.wrap(items)
	return int64(items.Len()), true
}

// queriedItems is datasetOf of a JSONata state: what Items gives, else the input.
func (x *Execution) queriedItems(f *frame, in jsonval.Value, spec *MapRunSpec) (int64, bool) {
	items := in
	if t := f.state.Map.Items; t != nil {
		v, err := t.Eval(x.scopeOf(f, in))
		if err == nil && !iterable(v) {
			v, err = t.EvalAs(x.scopeOf(f, in), "array") // for its words
		}
		if !x.ok(f, err) {
			return 0, false
		}
		items = v
	}
	if !iterable(items) {
		x.refuse(f, nil, "Map state input must be an array but was: %s", items.Text())
		return 0, false
	}
	spec.Items = x.wrap(items)
	return int64(items.Len()), true
}

// iterable: a distributed Map runs over the items of an array or the members of an
// object.
func iterable(v jsonval.Value) bool {
	return v.Kind() == jsonval.ArrayKind || v.Kind() == jsonval.ObjectKind
}

// refuse fails f's state over a value that a field of it gave: with
// States.QueryEvaluationError in JSONata, States.Runtime in JSONPath. t is the
// field's expression in JSONata, nil where there is none.
func (x *Execution) refuse(f *frame, t *asl.Template, format string, args ...any) {
	e := &asl.EvalError{Name: asl.ErrRuntime, Cause: fmt.Sprintf(format, args...)}
	if inJSONata(f) {
		e.Name = asl.ErrQueryEvaluationError
		if t != nil {
			e.Location = t.Field()
		}
	}
	x.ok(f, e)
}

// thresholds evaluates how many failures are tolerated.
func (x *Execution) thresholds(f *frame, in jsonval.Value, spec *MapRunSpec) (ok bool) {
	d := f.state.Map.Distributed
	if spec.ToleratedFailureCount, ok = x.wholeAmount(f, in, d.ToleratedFailureCount, "ToleratedFailureCount", 0); !ok {
		return false
	}
	percentage, ok := x.amount(f, in, d.ToleratedFailurePercentage, "ToleratedFailurePercentage")
	if !ok {
		return false
	}
	if percentage < 0 || percentage > 100 {
		x.refuse(f, d.ToleratedFailurePercentage.Query, "ToleratedFailurePercentage must be between 0 and 100.")
		return false
	}
	spec.ToleratedFailurePercentage = percentage
	if d.ToleratedFailureCount.Given() {
		x.saw("toleratedFailureCount", jsonval.OfInt(spec.ToleratedFailureCount))
	}
	if d.ToleratedFailurePercentage.Given() {
		x.saw("toleratedFailurePercentage", jsonval.OfFloat(percentage))
	}
	return true
}

// batches evaluates ItemBatcher.
func (x *Execution) batches(f *frame, in jsonval.Value, spec *MapRunSpec) (ok bool) {
	b := f.state.Map.Distributed.Batch
	if b == nil {
		return true
	}
	if b.MaxItemsPerBatch.Given() {
		if spec.MaxItemsPerBatch, ok = x.wholeAmount(f, in, b.MaxItemsPerBatch, "MaxItemsPerBatch", 1); !ok {
			return false
		}
	}
	if b.MaxInputBytesPerBatch.Given() {
		if spec.MaxInputBytesPerBatch, ok = x.wholeAmount(f, in, b.MaxInputBytesPerBatch, "MaxInputBytesPerBatch", 1); !ok {
			return false
		}
	}
	spec.BatchInput, ok = x.template(f, in, b.BatchInput)
	return ok
}

// service evaluates what the reader and the writer are told.
func (x *Execution) service(f *frame, in jsonval.Value, spec *MapRunSpec) (ok bool) {
	if r := f.state.Map.Distributed.Reader; r != nil {
		if spec.Reader, ok = x.template(f, in, r.Arguments); !ok {
			return false
		}
		if spec.ItemsPointer, ok = x.pointer(f, in, r.ItemsPointer); !ok {
			return false
		}
		n, ok := x.amount(f, in, r.MaxItems, "MaxItems")
		if !ok {
			return false
		}
		whole, ok := x.whole(f, r.MaxItems, "MaxItems", n)
		if !ok {
			return false
		}
		spec.MaxItems = min(whole, asl.MaxDatasetItems)
	}
	if w := f.state.Map.Distributed.Writer; w != nil {
		if spec.Writer, ok = x.template(f, in, w.Arguments); !ok {
			return false
		}
	}
	return true
}

// template evaluates a field into a payload; absent for a nil template.
func (x *Execution) template(f *frame, in jsonval.Value, t *asl.Template) (Payload, bool) {
	if t == nil {
		return Payload{}, true
	}
	v, err := t.Eval(x.scopeOf(f, in))
	if !x.ok(f, err) {
		return Payload{}, false
	}
	return x.wrap(v), true
}

// pointer evaluates ItemsPointer.
func (x *Execution) pointer(f *frame, in jsonval.Value, t *asl.Template) (string, bool) {
	if t == nil {
		return "", true
	}
	v, err := t.Eval(x.scopeOf(f, in))
	if !x.ok(f, err) {
		return "", false
	}
	s, isText := v.Str()
	if !isText || s != "" && s[0] != '/' {
		x.refuse(f, t, "The ItemsPointer field refers to value \"%s\" which is not a valid JSON Pointer.", plain(v))
		return "", false
	}
	x.saw("afterItemsPointer", v)
	return s, true
}

// amount evaluates a number; an absent one is 0.
func (x *Execution) amount(f *frame, in jsonval.Value, a asl.Amount, field string) (float64, bool) {
	if a.Query != nil {
		v, err := a.Query.EvalAs(x.scopeOf(f, in), "number")
		n, _ := v.Float()
		return n, x.ok(f, err)
	}
	if a.Path == nil {
		return a.Literal, true
	}
	v, err := a.Path.Eval(x.scopeOf(f, in))
	if !x.ok(f, err) {
		return 0, false
	}
	n, isNumber := v.Float()
	if !isNumber {
		kind := "integer"
		if field == "ToleratedFailurePercentage" {
			kind = "float"
		}
		x.fail(f, runtimeFault(f, "The %sPath field refers to value \"%s\" which is not a valid %s: %s", field, plain(v), kind, a.Path.Text()))
		return 0, false
	}
	return n, true
}

// whole refuses what is no whole number.
func (x *Execution) whole(f *frame, a asl.Amount, field string, n float64) (int64, bool) {
	if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		return int64(n), true
	}
	what := jsonval.OfFloat(n).Text()
	if a.Path != nil {
		x.refuse(f, nil, "The %sPath field refers to value \"%s\" which is not a valid integer: %s", field, what, a.Path.Text())
	} else {
		x.refuse(f, a.Query, "The %s field refers to value \"%s\" which is not a valid integer", field, what)
	}
	return 0, false
}

// wholeAmount is amount of a whole number that is at least least: 0 or 1.
func (x *Execution) wholeAmount(f *frame, in jsonval.Value, a asl.Amount, field string, least int64) (int64, bool) {
	if a.Query != nil {
		n, e := x.queryInt(f, a.Query, field, least)
		if e != nil {
			x.bodyFailed(f, e)
		}
		return n, e == nil
	}
	n, ok := x.amount(f, in, a, field)
	if !ok {
		return 0, false
	}
	whole, ok := x.whole(f, a, field, n)
	switch {
	case !ok:
		return 0, false
	case whole < 0:
		x.refuse(f, nil, "%s cannot be negative.", field)
		return 0, false
	case whole < least:
		x.refuse(f, nil, "%s must be greater than 0.", field)
		return 0, false
	}
	return whole, true
}

// selection keeps what ItemSelector reads beside the item.
func (x *Execution) selection(f *frame, in jsonval.Value, spec *MapRunSpec) {
	t := f.state.Map.ItemSelector
	if t == nil {
		return
	}
	spec.Input, spec.Time, spec.Seed = x.wrap(in), x.now, x.rand.next()
	scope := x.scopeOf(f, in)
	if !t.ReadsOnlyItem() {
		spec.Context = x.wrap(scope.Context())
	}
	for _, name := range t.Variables() {
		if v, ok := scope.Variable(name); ok {
			p := x.wrap(v)
			spec.Variables = append(spec.Variables, Variable{Name: name, Value: p.Value, Blob: p.Blob})
		}
	}
}

// mapRunARN names a new Map Run; its last part is random.
func (x *Execution) mapRunARN(label string) string {
	a, b := x.rand.next(), x.rand.next()
	a = a&^0xf000 | 0x4000 // version 4
	b = b&^(3<<62) | 2<<62 // variant 1
	machine := strings.Replace(x.start.StateMachineARN, ":stateMachine:", ":mapRun:", 1)
	return fmt.Sprintf("%s/%s:%08x-%04x-%04x-%04x-%012x", machine, label, a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

func (x *Execution) mapRunCommand(f *frame) Command {
	spec := f.run.spec
	return Command{Kind: StartMapRun, ID: f.run.command, State: f.state.Name, Entered: f.entered, Frame: f.key, MapRun: &spec}
}
