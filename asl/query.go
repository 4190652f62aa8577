package asl

import (
	"fmt"
	"slices"
	"strings"

	"stile/diag"
	"stile/jsonata"
	"stile/jsonata/syntax"
	"stile/jsonval"
)

// query is one "{% … %}" of a JSONata state.
type query struct {
	text string // without {% %} and the spaces around
	// field is its place in the state, slash-joined: Output/a/b[0].
	field string
	expr  *jsonata.Expr
	// states are the members of $states that it reads; see statesMembers.
	states uint8
	// plain is set where the expression is a variable or a member of $states and fields
	// behind it, path, and no more: through objects its value is passed on as it is.
	// member is that one's bit, 0 of a variable.
	plain    bool
	member   uint8
	variable string
	path     []string
	refused  []string // what of it was reported
}

// queryLimits are AWS's as they were measured there: 100 terms of a sum are within
// its stack and 101 are not; 873,782 numbers of a range are within its memory and one
// more is not.
var queryLimits = jsonata.Limits{Depth: 100, Work: 10_000_000, Bytes: 40 << 20}

// statesMembers are the members of $states, in the order in which it has them.
var statesMembers = []string{"context", "input", "result", "errorOutput"}

// The bits of query.states.
const (
	readsContext uint8 = 1 << iota
	readsInput
	readsResult
	readsErrorOutput
	readsAll = readsContext | readsInput | readsResult | readsErrorOutput
)

// eval gives the expression's value. It fails with States.QueryEvaluationError, in
// AWS's words.
func (q *query) eval(s *Scope) (jsonval.Value, *EvalError) {
	if q.plain {
		if v, direct := q.given(s); direct {
			if s.Spent != nil {
				*s.Spent += 1 + len(q.path)
			}
			if !v.Exists() {
				return v, q.fails("returned nothing (undefined).")
			}
			return javaNumbers(v), nil
		}
	}
	env := jsonata.Env{Now: s.Now, Limits: queryLimits, Spent: s.Spent}
	if s.Spent != nil && s.Most > 0 {
		env.Limits.Work = min(env.Limits.Work, max(s.Most-*s.Spent, 1))
	}
	env.Load = func(name string) (jsonval.Value, bool) {
		if name == "states" {
			return q.statesObject(s), true
		}
		if s.Variable == nil {
			return jsonval.Value{}, false
		}
		return s.Variable(name)
	}
	env.Random = func() float64 { return float64(s.rand()>>11) / (1 << 53) }
	env.UUID = func() string { return uuidOf(s.rand(), s.rand()) }
	v, err := q.expr.Eval(jsonval.Value{}, &env)
	switch {
	case err == jsonata.ErrFunction:
		return v, q.fails("returned an unsupported result type.")
	case err != nil:
		return v, q.fails("threw an error during evaluation" + tail(err))
	case !v.Exists():
		return v, q.fails("returned nothing (undefined).")
	}
	return javaNumbers(v), nil
}

// given is the value of a plain expression; direct is false where an array stands in
// the way, which JSONata maps over.
func (q *query) given(s *Scope) (v jsonval.Value, direct bool) {
	switch q.member {
	case readsContext:
		v = s.context()
	case readsInput:
		v = s.Input
	case readsResult:
		v = s.Result
	case readsErrorOutput:
		v = s.ErrorOutput
	default:
		if s.Variable != nil {
			v, _ = s.Variable(q.variable)
		}
	}
	for _, name := range q.path {
		if v.Kind() == jsonval.ArrayKind {
			return v, false
		}
		v = v.Get(name)
	}
	return v, true
}

// tail is how AWS ends the sentence of an evaluation error: a coded one has its
// code, one of a budget the text alone.
func tail(err error) string {
	if e, ok := err.(*jsonata.Error); ok && e.Code != "" && e.Limit == "" {
		return ". " + e.Code + ": " + e.Error()
	}
	return ": " + err.Error()
}

func (q *query) fails(what string) *EvalError {
	return &EvalError{Name: ErrQueryEvaluationError, Location: q.field,
		Cause: fmt.Sprintf("The JSONata expression '%s' specified for the field '%s' %s", q.text, q.field, what)}
}

// statesObject builds $states with the members that the expression reads.
func (q *query) statesObject(s *Scope) jsonval.Value {
	var o jsonval.Object
	if q.states&readsContext != 0 {
		o.Add("context", s.context())
	}
	if q.states&readsInput != 0 {
		o.Add("input", s.Input)
	}
	if q.states&readsResult != 0 && s.Result.Exists() {
		o.Add("result", s.Result)
	}
	if q.states&readsErrorOutput != 0 && s.ErrorOutput.Exists() {
		o.Add("errorOutput", s.ErrorOutput)
	}
	return o.Value()
}

// IsExpression says that a string of a JSONata state is an expression, not a text.
func IsExpression(s string) bool { return isQuery(s) }

// EvalAs is Eval for fields that take one kind of value: "array", "boolean",
// "number" or "string". What an expression gives beside it fails with
// States.QueryEvaluationError; a literal was checked when the definition compiled.
func (t *Template) EvalAs(s *Scope, kind string) (jsonval.Value, *EvalError) {
	v, err := t.Eval(s)
	if err != nil || t.query == nil || v.Kind().String() == kind {
		return v, err
	}
	return v, t.query.fails(fmt.Sprintf("returned an unexpected result type. Expected '%s', but was '%s' for value: %s",
		kind, v.Kind(), v.Compact().Text()))
}

// Member is a member of an object template; nil where it has none of that name, or is
// a literal.
func (t *Template) Member(name string) *Template {
	for i, part := range t.parts {
		if t.object && t.names[i] == name {
			return part
		}
	}
	return nil
}

// Field is the place of a JSONata field in its state, slash-joined, as
// EvaluationFailed names it; "" where the template is no expression by itself.
func (t *Template) Field() string {
	if t.query == nil {
		return ""
	}
	return t.query.field
}

// inJSONata says that the state being compiled is in JSONata.
func (c *compiler) inJSONata() bool { return c.current != nil && c.current.QueryLanguage == JSONata }

// queryTemplate compiles a value that may hold "{% … %}" in any of its strings.
// Faults inside have their own pointers, as on AWS.
func (c *compiler) queryTemplate(n *node, path string) *Template {
	t := &Template{object: n.kind == jsonval.ObjectKind}
	dynamic := false
	switch n.kind {
	case jsonval.String:
		switch {
		case isQuery(n.text):
			return &Template{query: c.query(n, path)}
		case strings.HasPrefix(n.text, "{%"):
			c.wrong(n, path, "JSONata string must start with {% and end with %}", "close the expression with %} and nothing behind it")
		}
	case jsonval.ObjectKind:
		for _, m := range n.members {
			p := c.queryTemplate(m.value, join(path, m.name))
			dynamic = dynamic || !p.literal.Exists()
			t.names, t.parts = append(t.names, m.name), append(t.parts, p)
		}
	case jsonval.ArrayKind:
		for i, m := range n.items {
			p := c.queryTemplate(m, at(path, i))
			dynamic = dynamic || !p.literal.Exists()
			t.parts = append(t.parts, p)
		}
	}
	if dynamic {
		return t
	}
	return &Template{literal: n.value(c.src).Compact(), names: t.names}
}

// query compiles the expression of a string.
func (c *compiler) query(n *node, path string) *query {
	inside := n.text[2 : len(n.text)-2]
	text := strings.TrimSpace(inside)
	q := &query{text: text, field: strings.TrimPrefix(path[len(c.current.pointer):], "/")}
	lead := 2 + strings.Index(inside, text)
	expr, err := jsonata.Compile(text)
	if err != nil {
		offset, message := 0, err.Error()
		if se, ok := err.(*syntax.Error); ok {
			offset = se.At
		}
		c.put(c.inText(n, lead+offset), diag.Diagnostic{Code: CodeInvalidQuery, Path: path, Message: message,
			Hint: "mend the JSONata expression here"})
		return q
	}
	q.expr = expr
	refs := expr.References()
	for _, r := range refs {
		c.reference(q, r, n, lead, path)
	}
	if len(refs) == 1 {
		q.pass(refs[0])
	}
	return q
}

// pass finds out whether the expression is its one reference alone.
func (q *query) pass(r jsonata.Reference) {
	words := append([]string{r.Name}, r.Path...)
	switch {
	case r.Kind == jsonata.MemberReference && q.states != 0 && q.text == "$states."+strings.Join(words, "."):
		q.plain, q.member = true, q.states
	case r.Kind == jsonata.VariableReference && !r.BuiltIn && r.Name != "states" && q.text == "$"+strings.Join(words, "."):
		q.plain, q.variable = true, r.Name
	}
	q.path = r.Path
}

// reference looks at one thing that an expression reads from outside itself. AWS
// refuses fields, $ and $$ outside all, and the members of $states that are not there
// in a field, each once in an expression; it lets through wildcards and members that
// $states never has.
func (c *compiler) reference(q *query, r jsonata.Reference, n *node, lead int, path string) {
	refuse := func(severity diag.Severity, message, hint string) {
		if !slices.Contains(q.refused, message) {
			q.refused = append(q.refused, message)
			c.put(c.inText(n, lead+r.At), diag.Diagnostic{Code: CodeUnsupportedQuery, Severity: severity, Path: path, Message: message, Hint: hint})
		}
	}
	switch r.Kind {
	case jsonata.ContextReference:
		severity, hint := diag.Error, "an expression has no context: write $states.input."+r.Name+" for the state's input, or $"+r.Name+" for a variable"
		if r.Name == "$" || r.Name == "*" || r.Name == "**" {
			hint = "an expression has no context: begin with $states.input"
		}
		if r.Name == "*" || r.Name == "**" {
			severity = diag.Warning
		}
		refuse(severity, "Reference to '"+r.Name+"' at the top level is not supported.", hint)
	case jsonata.RootReference:
		refuse(diag.Error, "Reference to '$$' is not supported.", "write $states.input, or $states.context for the context object")
	case jsonata.MemberReference:
		severity, allowed := diag.Warning, membersOf(c.current.Type, q.field)
		for i, name := range statesMembers {
			if name != r.Name {
				continue
			}
			if allowed&(1<<i) != 0 {
				q.states |= 1 << i
				return
			}
			severity = diag.Error
		}
		refuse(severity, "Field '$states."+r.Name+"' does not exist.", c.memberHint(r.Name, allowed))
	default:
		if r.Name == "states" {
			q.states = readsAll
			return
		}
		c.reads = append(c.reads, read{name: r.Name, path: path, at: n, scope: c.scope,
			state: c.current.Name, offset: c.inText(n, lead+r.At), builtIn: r.BuiltIn})
	}
}

// membersOf gives the members of $states that a field of a state may read: result
// where there is one, errorOutput in catchers.
func membersOf(t StateType, field string) uint8 {
	top, _, _ := strings.Cut(field, "/")
	switch {
	case strings.HasPrefix(top, "Catch["):
		return readsContext | readsInput | readsErrorOutput
	case (top == "Output" || top == "Assign") && (t == Task || t == Map || t == Parallel):
		return readsContext | readsInput | readsResult
	}
	return readsContext | readsInput
}

func (c *compiler) memberHint(name string, allowed uint8) string {
	switch name {
	case "result":
		return "only Output and Assign of a Task, Map or Parallel have it"
	case "errorOutput":
		return "only Output and Assign of a catcher have it"
	}
	var names []string
	for i, m := range statesMembers {
		if allowed&(1<<i) != 0 {
			names = append(names, m)
		}
	}
	if hint := c.didYouMean(name, names); hint != "" {
		return hint
	}
	return "$states has " + strings.Join(names, ", ") + " here"
}
