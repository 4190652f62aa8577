package asl

import (
	"stile/diag"
	"stile/jsonval"
)

// TestedState is the name of a state that stands alone in a definition: what
// AWS's TestState calls it in locations, causes and the context object.
const TestedState = "StateName"

// ParseState reads the definition of one state, as TestState takes it: the
// Program has that state alone, under the name TestedState. Transitions may lead
// to any name; each becomes a State with that Name and nothing else. Faults are
// those of Parse, with locations below /States/StateName.
func ParseState(src *diag.Source) (*Program, diag.List) {
	return parse(src, true)
}

// alone wraps the node of a state into a definition.
func alone(n *node) *node {
	start := &node{kind: jsonval.String, offset: n.offset, end: n.offset, text: TestedState}
	states := &node{kind: jsonval.ObjectKind, offset: n.offset, end: n.end,
		members: []member{{name: TestedState, offset: n.offset, value: n}}}
	return &node{kind: jsonval.ObjectKind, offset: n.offset, end: n.end, members: []member{
		{name: "StartAt", offset: n.offset, value: start}, {name: "States", offset: n.offset, value: states}}}
}

// elsewhere makes the state that a transition of a state alone leads to.
func (c *compiler) elsewhere(sc *scope, name string) *State {
	to := &State{Name: name, Type: Succeed}
	sc.byName[name] = to
	return to
}
