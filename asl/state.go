package asl

import (
	"slices"

	"stile/diag"
	"stile/jsonval"
)

// stateTypes in the order AWS lists them.
var stateTypes = []string{"Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"}

// stateFields gives the fields that a state of a type takes.
func stateFields(t StateType, language string) []string {
	if language == JSONata {
		return queryFields(t)
	}
	common := []string{"Comment", "QueryLanguage", "Type"}
	io := []string{"InputPath", "OutputPath"}
	flow := []string{"Assign", "End", "Next"}
	work := []string{"Catch", "Parameters", "ResultPath", "ResultSelector", "Retry"}
	switch t {
	case Pass:
		return slices.Concat(common, io, flow, []string{"Parameters", "Result", "ResultPath"})
	case Task:
		return slices.Concat(common, io, flow, work, []string{"Credentials", "HeartbeatSeconds",
			"HeartbeatSecondsPath", "Resource", "TimeoutSeconds", "TimeoutSecondsPath"})
	case Choice:
		return slices.Concat(common, io, []string{"Assign", "Choices", "Default"})
	case Wait:
		return slices.Concat(common, io, flow, []string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"})
	case Succeed:
		return slices.Concat(common, io)
	case Fail:
		return slices.Concat(common, []string{"Cause", "CausePath", "Error", "ErrorPath"})
	case Parallel:
		return slices.Concat(common, io, flow, work, []string{"Branches"})
	}
	return slices.Concat(common, io, flow, work, distributedFields, []string{"ItemProcessor", "ItemSelector",
		"ItemsPath", "Iterator", "MaxConcurrency", "MaxConcurrencyPath"})
}

// queryFields are stateFields of a JSONata state.
func queryFields(t StateType) []string {
	common := []string{"Comment", "QueryLanguage", "Type"}
	flow := []string{"Assign", "End", "Next", "Output"}
	work := []string{"Arguments", "Catch", "Retry"}
	switch t {
	case Pass:
		return slices.Concat(common, flow)
	case Task:
		return slices.Concat(common, flow, work, []string{"Credentials", "HeartbeatSeconds", "Resource", "TimeoutSeconds"})
	case Choice:
		return slices.Concat(common, []string{"Assign", "Choices", "Default", "Output"})
	case Wait:
		return slices.Concat(common, flow, []string{"Seconds", "Timestamp"})
	case Succeed:
		return slices.Concat(common, []string{"Output"})
	case Fail:
		return slices.Concat(common, []string{"Cause", "Error"})
	case Parallel:
		return slices.Concat(common, flow, work, []string{"Branches"})
	}
	return slices.Concat(common, flow, []string{"Catch", "ItemBatcher", "ItemProcessor", "ItemReader", "ItemSelector", "Items",
		"Iterator", "Label", "MaxConcurrency", "ResultWriter", "Retry", "ToleratedFailureCount", "ToleratedFailurePercentage"})
}

// state compiles one state into st.
func (c *compiler) state(sc *scope, st *State, n *node, path string) {
	outer, reverted := c.current, c.reverted
	c.current = st
	defer func() { c.current, c.reverted = outer, reverted }()
	if !c.object(n, path) {
		sc.broken = true
		return
	}
	typ := n.get("Type")
	if typ == nil {
		c.required(n, path, []string{"Type"})
	} else if name := c.text(typ, join(path, "Type")); typ.kind == jsonval.String && !slices.Contains(stateTypes, name) {
		c.wrong(typ, join(path, "Type"), "The field 'Type' should have one of these values: "+
			"[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]", c.didYouMean(name, stateTypes))
		typ = nil
	}
	if typ == nil || typ.kind != jsonval.String {
		// Without a type only the transitions can be followed.
		c.links(sc, st, n, path)
		sc.broken = true
		return
	}
	st.Type = StateType(typ.text)
	st.Comment = c.text(n.get("Comment"), join(path, "Comment"))
	lang := n.get("QueryLanguage")
	st.QueryLanguage = c.language(lang, join(path, "QueryLanguage"), c.prog.QueryLanguage)
	c.reverted = st.QueryLanguage == JSONPath && c.prog.QueryLanguage == JSONata
	if c.reverted {
		c.wrong(lang, path, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
			"take QueryLanguage off the state, or off the root")
	}
	c.known(n, path, stateFields(st.Type, st.QueryLanguage))
	c.common(st, n, path)
	c.transition(sc, st, n, path)
	c.special(sc, st, n, path)
}

// common compiles the fields that several types share. A field that the type
// does not take is reported by known and skipped here.
func (c *compiler) common(st *State, n *node, path string) {
	takes := stateFields(st.Type, st.QueryLanguage)
	get := func(field string) *node {
		if !slices.Contains(takes, field) {
			return nil
		}
		return n.get(field)
	}
	st.InputPath = c.pathField(get("InputPath"), join(path, "InputPath"), "InputPath")
	st.OutputPath = c.pathField(get("OutputPath"), join(path, "OutputPath"), "OutputPath")
	st.ResultPath = c.resultPath(get("ResultPath"), join(path, "ResultPath"))
	if p := get("Parameters"); p != nil && p.kind != jsonval.Null {
		st.Parameters = c.payload(p, join(path, "Parameters"), false)
	}
	if p := get("ResultSelector"); p != nil && p.kind != jsonval.Null {
		st.ResultSelector = c.payload(p, join(path, "ResultSelector"), false)
	}
	st.Arguments = c.payload(get("Arguments"), join(path, "Arguments"), false)
	st.Output = c.payload(get("Output"), join(path, "Output"), false)
	st.Assign = c.assign(get("Assign"), join(path, "Assign"))
}

// transition compiles Next and End.
func (c *compiler) transition(sc *scope, st *State, n *node, path string) {
	switch st.Type {
	case Succeed, Fail:
		sc.ends = true
		return
	case Choice:
		return
	}
	next, end := n.get("Next"), n.get("End")
	if end != nil && end.kind != jsonval.True && end.kind != jsonval.False {
		c.wrong(end, join(path, "End"), "Expected value of type Boolean", "")
		sc.broken = true
		end = nil
	}
	st.End = end != nil && end.kind == jsonval.True
	sc.ends = sc.ends || st.End
	switch {
	case next != nil && st.End:
		c.wrong(end, path, onlyOne([]string{"Next", "End"}), "keep one of the two")
	case next == nil && !st.End:
		c.fault(n.offset, path, oneOf([]string{"Next", "End"}), `add "Next": "STATE" or "End": true`)
		sc.broken = true
	}
	if next != nil {
		st.Next = c.target(sc, st, next, join(path, "Next"))
	}
}

// special compiles the fields of one type.
func (c *compiler) special(sc *scope, st *State, n *node, path string) {
	switch st.Type {
	case Pass:
		c.pass(st, n, path)
	case Task:
		c.task(st, n, path)
	case Choice:
		c.choice(sc, st, n, path)
	case Wait:
		c.wait(st, n, path)
	case Fail:
		c.fail(st, n, path)
	case Parallel:
		c.parallel(st, n, path)
	case Map:
		c.mapState(st, n, path)
	}
	switch st.Type {
	case Task, Parallel, Map:
		c.retry(st, n, path)
		c.catch(sc, st, n, path)
	}
}

// links follows the transitions and bodies of a state whose other fields are not
// compiled, so that its neighbours get no faults in its place.
func (c *compiler) links(sc *scope, st *State, n *node, path string) {
	follow := func(n *node, path string) {
		if n != nil {
			c.target(sc, st, n, path)
		}
	}
	follow(n.get("Next"), join(path, "Next"))
	follow(n.get("Default"), join(path, "Default"))
	for _, list := range []string{"Choices", "Catch"} {
		if l := n.get(list); l != nil {
			for i, m := range l.items {
				follow(m.get("Next"), at(join(path, list), i)+"/Next")
			}
		}
	}
	if end := n.get("End"); end != nil && end.kind == jsonval.True || st.Type == Succeed || st.Type == Fail {
		sc.ends = true
	}
	if l := n.get("Branches"); l != nil {
		for i, m := range l.items {
			if m.kind == jsonval.ObjectKind {
				c.body(m, at(join(path, "Branches"), i))
			}
		}
	}
	for _, f := range []string{"ItemProcessor", "Iterator"} {
		if m := n.get(f); m != nil && m.kind == jsonval.ObjectKind {
			c.body(m, join(path, f))
		}
	}
}

func (c *compiler) pass(st *State, n *node, path string) {
	r := n.get("Result")
	if r == nil || c.inJSONata() {
		return
	}
	v := r.value(c.src).Compact()
	st.Result = &v
	if m, ok := firstPathMember(r); ok {
		c.named(m, CodeStaticResult, diag.Warning, join(path, "Result"),
			"Attempt to use a path in the result of a pass state",
			"Result is taken as it is written; use Parameters for paths")
	}
}

func firstPathMember(n *node) (member, bool) {
	for _, m := range n.members {
		if len(m.name) > 2 && m.name[len(m.name)-2:] == ".$" {
			return m, true
		}
		if inner, ok := firstPathMember(m.value); ok {
			return inner, true
		}
	}
	for _, m := range n.items {
		if inner, ok := firstPathMember(m); ok {
			return inner, true
		}
	}
	return member{}, false
}
