package asl

import (
	"fmt"
	"unicode/utf8"

	"stile/diag"
	"stile/jsonval"
)

// scope is the states of one body while it is compiled. Transitions never leave it.
type scope struct {
	body   *Body
	outer  *scope // of the body around this one; nil at the top
	byName map[string]*State
	names  []string
	nodes  []member
	// targeted are the states that StartAt or another state leads to.
	targeted map[*State]bool
	// leads are the transitions of each state, for reachability.
	leads map[*State][]*State
	// assigned are the variables that states of this body assign.
	assigned map[string]bool
	// assigners are the states that do so, by variable; owner is the Parallel or Map
	// whose body this is, nil at the top.
	assigners map[string][]*State
	owner     *State
	// ends says that a state ends the body; broken that a transition is faulty.
	ends, broken bool
	// apart says that the body's states run in executions of their own, which see
	// no variable of the bodies around.
	apart bool
}

// maxName is how many characters a state's name has at most.
const maxName = 80

var (
	rootFields      = []string{"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
	branchFields    = []string{"Comment", "StartAt", "States"}
	processorFields = []string{"Comment", "ProcessorConfig", "StartAt", "States"}
)

func (c *compiler) root(n *node) {
	c.known(n, "/", rootFields)
	p := c.prog
	p.Comment = c.text(n.get("Comment"), "/Comment")
	p.Version = c.text(n.get("Version"), "/Version")
	if v := n.get("Version"); v != nil && v.kind == jsonval.String && p.Version != "1.0" {
		c.wrong(v, "/Version", oneValueOf([]string{"1.0"}), "write \"1.0\"")
	}
	if t := n.get("TimeoutSeconds"); t != nil {
		p.TimeoutSeconds, _ = c.integer(t, "/TimeoutSeconds", 0, maxSeconds)
	}
	p.QueryLanguage = c.language(n.get("QueryLanguage"), "/QueryLanguage", JSONPath)
	p.Body = c.body(n, "/")
	p.children()
	c.variables()
	p.variables = c.references()
}

// language reads a QueryLanguage field, inherited where it is absent. What is
// neither of the two counts as JSONata on AWS, beside the fault that it is.
func (c *compiler) language(n *node, path, inherited string) string {
	if n == nil {
		return inherited
	}
	switch s := n.text; {
	case n.kind != jsonval.String:
		c.wrong(n, path, "Expected value of type [STRING]", "")
	case s == JSONPath || s == JSONata:
		return s
	default:
		c.wrong(n, path, oneValueOf([]string{JSONPath, JSONata}), c.didYouMean(s, []string{JSONPath, JSONata}))
	}
	return JSONata
}

// body compiles StartAt and States of n.
func (c *compiler) body(n *node, path string) *Body {
	var missing []string
	for _, f := range []string{"StartAt", "States"} {
		if n.get(f) == nil {
			missing = append(missing, f)
		}
	}
	c.required(n, path, missing)
	sc := &scope{body: &Body{}, outer: c.scope, byName: map[string]*State{}, targeted: map[*State]bool{},
		leads: map[*State][]*State{}, assigned: map[string]bool{}, assigners: map[string][]*State{}, owner: c.current, apart: c.apart}
	c.scope, c.apart = sc, false
	defer func() { c.scope = sc.outer }()
	states, statesPath := n.get("States"), join(path, "States")
	switch {
	case states == nil:
		return sc.body
	case states.kind != jsonval.ObjectKind:
		c.wrong(states, statesPath, "Expected value of type Object", "")
		return sc.body
	case len(states.members) == 0:
		c.wrong(states, statesPath, "Value cannot be empty", "write at least one state")
		return sc.body
	}
	c.declare(sc, states, statesPath)
	if start := n.get("StartAt"); start != nil {
		sc.body.StartAt = c.target(sc, nil, start, join(path, "StartAt"))
	}
	for i, st := range sc.body.States {
		m := sc.nodes[i]
		// Nested bodies number their states here, so that Ordered is the document's order.
		st.Index = len(c.prog.Ordered)
		c.prog.Ordered = append(c.prog.Ordered, st)
		st.pointer = join(statesPath, m.name)
		c.state(sc, st, m.value, st.pointer)
	}
	c.reach(sc, n, path)
	return sc.body
}

// declare makes the states, so that transitions forward find them.
func (c *compiler) declare(sc *scope, states *node, path string) {
	for _, m := range states.members {
		if sc.byName[m.name] != nil {
			continue // reported as a doubled field
		}
		line, column := c.places.at(m.offset)
		st := &State{Name: m.name, Line: line, Column: column}
		if first := c.prog.States[m.name]; first != nil {
			c.named(m, CodeDuplicateState, diag.Error, join(path, m.name), "Duplicate State name: "+m.name,
				fmt.Sprintf("the first one is in line %d; names are unique in a definition, nested states too", first.Line))
		} else {
			c.prog.States[m.name] = st
		}
		if n := utf8.RuneCountInString(m.name); n == 0 || n > maxName {
			message := fmt.Sprintf("Invalid State name: %s exceeds the %d-character limit allowed by the service", m.name, maxName)
			if n == 0 {
				message = "State name must have 1 to 80 characters"
			}
			c.named(m, CodeStateName, diag.Error, join(path, m.name), message, "give the state another name")
		}
		sc.byName[m.name] = st
		sc.names = append(sc.names, m.name)
		sc.body.States = append(sc.body.States, st)
		sc.nodes = append(sc.nodes, m)
	}
}

// target resolves a transition; from is nil for StartAt.
func (c *compiler) target(sc *scope, from *State, n *node, path string) *State {
	name := c.text(n, path)
	if n.kind != jsonval.String {
		sc.broken = true
		return nil
	}
	to := sc.byName[name]
	if to == nil && c.single && sc.outer == nil {
		to = c.elsewhere(sc, name)
	}
	if to == nil {
		hint := ""
		if other := c.prog.States[name]; other != nil {
			hint = fmt.Sprintf("line %d has that state, but in another branch; transitions stay in theirs", other.Line)
		} else {
			hint = c.didYouMean(name, sc.names)
		}
		c.report(n, CodeMissingTarget, diag.Error, path, "Missing 'Next' target: "+name, hint)
		sc.broken = true
		return nil
	}
	if from != to {
		sc.targeted[to] = true
	}
	if from != nil {
		sc.leads[from] = append(sc.leads[from], to)
	}
	return to
}

// reach reports states that nothing leads to, as AWS does, and as a warning of
// ours those that only unreachable states lead to.
func (c *compiler) reach(sc *scope, n *node, path string) {
	if !sc.ends && !sc.broken && (sc.outer != nil || !c.single) {
		where := path
		if path == "/" {
			where = "" // AWS gives no location for the whole workflow
		}
		start := n.get("States")
		c.put(start.offset, diag.Diagnostic{
			Code: CodeMissingEnd, Path: where, Message: "Workflow has no terminal state",
			Hint: `give one state "End": true, or add a Succeed or Fail state`})
	}
	if n.get("StartAt") == nil {
		return // AWS, too, looks no further where nothing says which state is first
	}
	reached := map[*State]bool{}
	if sc.body.StartAt != nil {
		sc.flood(sc.body.StartAt, reached)
	}
	for i, st := range sc.body.States {
		m := sc.nodes[i]
		where := join(join(path, "States"), m.name)
		switch {
		case !sc.targeted[st]:
			c.named(m, CodeMissingTarget, diag.Error, where, `State "`+m.name+`" is not reachable.`,
				"name it in a Next, Default or Catch, or remove it")
		case sc.body.StartAt != nil && !reached[st] && !sc.broken:
			c.named(m, CodeUnreachable, diag.Warning, where, `State "`+m.name+`" is reached from unreachable states only`,
				"lead a transition to it from a state that StartAt reaches, or remove it")
		}
	}
}

func (sc *scope) flood(st *State, reached map[*State]bool) {
	queue := []*State{st}
	for len(queue) > 0 {
		st, queue = queue[0], queue[1:]
		if !reached[st] {
			reached[st] = true
			queue = append(queue, sc.leads[st]...)
		}
	}
}
