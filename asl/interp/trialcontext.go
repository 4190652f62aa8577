package interp

import (
	"stile/asl"
	"stile/jsonval"
)

// context is the context object of a Trial. AWS's TestState has a shorter one than
// an execution: no redrives, and a RoleArn that is null where there is no role.
func (t *Trial) context() jsonval.Value {
	if t.spec.Context.Exists() {
		return t.withItem(t.spec.Context)
	}
	start := &t.spec.Start
	var execution, machine, state, all jsonval.Object
	role := jsonval.NullValue
	if start.RoleARN != "" {
		role = jsonval.OfString(start.RoleARN)
	}
	now := timeText(t.spec.Now)
	execution.AddString("Id", start.ExecutionARN).Add("Input", start.Input).AddString("Name", start.Name).
		Add("RoleArn", role).AddString("StartTime", now)
	machine.AddString("Id", start.StateMachineARN).AddString("Name", start.StateMachineName)
	state.AddString("Name", asl.TestedState).AddString("EnteredTime", now)
	switch t.spec.State.Type {
	case asl.Task, asl.Parallel, asl.Map:
		state.AddInt("RetryCount", int64(t.spec.RetryCount))
	}
	all.Add("Execution", execution.Value()).Add("StateMachine", machine.Value()).Add("State", state.Value())
	if hasToken(t.f) {
		var task jsonval.Object
		all.Add("Task", task.AddString("Token", t.x.token(t.f)).Value())
	}
	return t.withItem(all.Value())
}

// withItem adds Map.Item: the item whose ItemSelector is evaluated, or the input of
// a state inside a Map.
func (t *Trial) withItem(context jsonval.Value) jsonval.Value {
	item := t.item
	if item == nil && t.spec.Inside && !t.spec.Context.Exists() {
		item = &mapItem{value: t.spec.Start.Input}
	}
	if item == nil {
		return context
	}
	var it, m jsonval.Object
	it.AddInt("Index", int64(item.index))
	if t.key != "" {
		it.AddString("Key", t.key)
	}
	it.Add("Value", item.value)
	if t.source != "" {
		it.AddString("Source", t.source)
	}
	return context.Set("Map", m.Add("Item", it.Value()).Value())
}
