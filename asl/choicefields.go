package asl

import (
	"strings"

	"stile/diag"
	"stile/jsonval"
)

func (c *compiler) choice(sc *scope, st *State, n *node, path string) {
	f := &ChoiceFields{DefaultAssign: st.Assign, DefaultOutput: st.Output}
	st.Choice, st.Assign, st.Output = f, nil, nil
	if d := n.get("Default"); d != nil {
		f.Default = c.target(sc, st, d, join(path, "Default"))
	}
	list := n.get("Choices")
	if list == nil {
		c.required(n, path, []string{"Choices"})
		sc.broken = true
		return
	}
	path = join(path, "Choices")
	for i, m := range c.array(list, path, false) {
		p := at(path, i)
		if !c.object(m, p) {
			continue
		}
		r := Rule{}
		if c.inJSONata() {
			r.cond = c.queryCondition(m, p)
			r.Output = c.payload(m.get("Output"), join(p, "Output"), false)
		} else {
			r.cond = c.condition(m, p, true)
		}
		if next := m.get("Next"); next == nil {
			c.required(m, p, []string{"Next"})
			sc.broken = true
		} else {
			r.Next = c.target(sc, st, next, join(p, "Next"))
		}
		r.Assign = c.assign(m.get("Assign"), join(p, "Assign"))
		f.Rules = append(f.Rules, r)
	}
}

// queryCondition compiles a JSONata rule's Condition.
func (c *compiler) queryCondition(n *node, path string) condition {
	c.text(n.get("Comment"), join(path, "Comment"))
	c.known(n, path, []string{"Assign", "Comment", "Condition", "Next", "Output"})
	m := n.get("Condition")
	if m == nil {
		c.required(n, path, []string{"Condition"})
		return anyOf{}
	}
	p := join(path, "Condition")
	switch {
	case m.kind == jsonval.True || m.kind == jsonval.False:
	case m.kind != jsonval.String || !isQuery(m.text):
		c.wrong(m, p, "Expected value of type Boolean", `write "{% … %}", true or false`)
	}
	return &queryTest{c.queryTemplate(m, p)}
}

// condition compiles a rule, or with top false one inside And, Or or Not.
func (c *compiler) condition(n *node, path string, top bool) condition {
	fields := []string{"Comment"}
	if top {
		fields = append(fields, "Assign", "Next")
	}
	c.text(n.get("Comment"), join(path, "Comment"))
	several := c.selectors(n, path)
	for _, kind := range selectors[:3] {
		m := n.get(kind)
		if m == nil {
			continue
		}
		if several {
			fields = append(fields, selectors...)
		}
		c.known(n, path, append(fields, kind))
		p := join(path, kind)
		if kind == "Not" {
			if !c.object(m, p) {
				return notOf{anyOf{}}
			}
			return notOf{c.condition(m, p, false)}
		}
		var list []condition
		for i, x := range c.array(m, p, false) {
			if c.object(x, at(p, i)) {
				list = append(list, c.condition(x, at(p, i), false))
			}
		}
		if kind == "And" {
			return allOf(list)
		}
		return anyOf(list)
	}
	return c.test(n, path, append(fields, "Variable"))
}

// selectors are the fields of which a rule has exactly one.
var selectors = []string{"And", "Or", "Not", "Variable", "Condition"}

// oneSelector is AWS's sentence for a rule without one, or with several.
const oneSelector = "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]"

// selectors reports a rule that has several of them.
func (c *compiler) selectors(n *node, path string) bool {
	count := 0
	for _, kind := range selectors[:4] { // Condition, of the other language, is reported as such
		if n.get(kind) != nil {
			count++
		}
	}
	if count > 1 {
		c.fault(n.offset, path, oneSelector, "write several tests as a list in And or Or")
	}
	return count > 1
}

// test compiles a Variable with its one operator.
func (c *compiler) test(n *node, path string, fields []string) condition {
	t := &test{op: operators[0]}
	var used []string
	unknown := false
	for _, m := range n.members {
		op, isPath := operatorNamed(m.name)
		if op == nil {
			if !contains(fields, m.name) {
				c.unknown(m, path, append(operatorNames(), append(fields, "And", "Or", "Not")...))
				unknown = true
			}
			continue
		}
		if used = append(used, m.name); len(used) > 1 {
			c.named(m, CodeSchema, diag.Error, path, onlyOne(used),
				"a rule has one operator; join several rules with And or Or")
			continue
		}
		c.operand(t, op, isPath, m, join(path, m.name))
	}
	v := n.get("Variable")
	switch {
	case v != nil:
		t.variable = c.path(v, join(path, "Variable"), "Variable")
	case !unknown || len(used) > 0:
		c.fault(n.offset, path, oneSelector, "add Variable")
	}
	if len(used) == 0 && !unknown { // else what is unknown is the operator, misspelt
		c.fault(n.offset, path, "A comparison operator is required",
			"add an operator such as StringEquals, NumericGreaterThan or IsPresent")
	}
	return t
}

func (c *compiler) operand(t *test, op *operator, isPath bool, m member, path string) {
	t.op = op
	if isPath {
		t.path = c.path(m.value, path, m.name)
		return
	}
	switch op.want {
	case wantString:
		c.text(m.value, path)
	case wantTimestamp:
		c.timestamp(m.value, path)
	case wantNumber:
		if m.value.kind != jsonval.Number {
			c.wrong(m.value, path, "Expected value of type Number", pathHint(m, op))
		}
	case wantBool:
		if m.value.kind != jsonval.True && m.value.kind != jsonval.False {
			c.wrong(m.value, path, "Expected value of type Boolean", pathHint(m, op))
		}
	}
	t.literal = m.value.value(c.src)
}

// pathHint points to the …Path twin where a path was written as a literal.
func pathHint(m member, op *operator) string {
	if op.path && m.value.kind == jsonval.String && strings.HasPrefix(m.value.text, "$") {
		return "to compare with a path write " + op.name + "Path"
	}
	return ""
}

func operatorNames() []string {
	var out []string
	for _, o := range operators {
		out = append(out, o.name)
		if o.path {
			out = append(out, o.name+"Path")
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
