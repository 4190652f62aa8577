package interp

import (
	"strings"
	"time"

	"stile/asl"
	"stile/jsonval"
)

// mapItem is the item whose ItemSelector is being evaluated.
type mapItem struct {
	index uint32
	value jsonval.Value
}

// scopeOf is what the expressions of f's state see, with input as "$". It is
// good until the next call.
func (x *Execution) scopeOf(f *frame, input jsonval.Value) *asl.Scope {
	x.scopeFrame, x.scopeItem = f, nil
	x.scope.Input, x.scope.Now = input, x.now
	x.scope.Result, x.scope.ErrorOutput = jsonval.Value{}, jsonval.Value{}
	return &x.scope
}

// context builds the context object ("$$") for the scope's frame.
func (x *Execution) context() jsonval.Value {
	f := x.scopeFrame
	var execution, machine, state, all jsonval.Object
	execution.AddString("Id", x.start.ExecutionARN).
		Add("Input", x.value(&x.input)).
		AddString("StartTime", timeText(x.startedAt)).
		AddString("Name", x.start.Name).
		AddString("RoleArn", x.start.RoleARN)
	if !x.env.Sync {
		execution.AddInt("RedriveCount", int64(x.redrives))
	}
	if x.redrives > 0 {
		execution.AddString("RedriveTime", timeText(x.redrivenAt))
	}
	machine.AddString("Id", x.start.StateMachineARN).AddString("Name", x.start.StateMachineName)
	state.AddString("Name", f.state.Name).AddString("EnteredTime", timeText(f.enteredAt))
	switch f.state.Type {
	case asl.Task, asl.Parallel, asl.Map:
		state.AddInt("RetryCount", int64(f.retryCount))
	}
	all.Add("Execution", execution.Value()).Add("StateMachine", machine.Value()).Add("State", state.Value())
	if hasToken(f) {
		var task jsonval.Object
		all.Add("Task", task.AddString("Token", x.token(f)).Value())
	}
	if item, ok := x.item(f); ok {
		var it, m jsonval.Object
		it.AddInt("Index", int64(item.index)).Add("Value", item.value)
		all.Add("Map", m.Add("Item", it.Value()).Value())
	}
	return all.Value()
}

// item is the nearest Map item around f: the one whose ItemSelector is evaluated,
// else that of the iteration which f belongs to.
func (x *Execution) item(f *frame) (mapItem, bool) {
	if x.scopeItem != nil {
		return *x.scopeItem, true
	}
	for ; f != nil; f = f.parent {
		if f.kind == iterationFrame {
			return mapItem{f.index, x.items(f.parent)[f.index]}, true
		}
	}
	return mapItem{}, false
}

// hasToken reports whether f's state is a Task whose attempt has a task token.
func hasToken(f *frame) bool {
	return f.task != nil && f.state.Type == asl.Task &&
		(f.state.Task.Pattern != "" || f.state.Task.Kind == asl.ActivityARN)
}

// token is the task token of f's current attempt.
func (x *Execution) token(f *frame) string {
	if x.env.Token == nil {
		return ""
	}
	return x.env.Token(x.start.TokenKey, x.start.ExecutionARN, f.task.command, f.task.attempt, f.task.expiry)
}

// timeText is a time in the context object: ISO-8601 in UTC, the fraction
// without trailing zeros.
func timeText(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	s := t.Format("2006-01-02T15:04:05.000")
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + "Z"
}
