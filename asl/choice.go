package asl

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"stile/jsonval"
)

// ChoiceFields are a Choice's rules. A Choice's State.Assign and State.Output are
// nil: Pick gives those that apply, the rule's or, with Default, the state's.
type ChoiceFields struct {
	// Rules are tried in order.
	Rules []Rule
	// Default is nil where the field is absent.
	Default *State
	// DefaultAssign is the state's own Assign, nil where absent.
	DefaultAssign *Template
	// DefaultOutput is the state's own Output, nil where absent.
	DefaultOutput *Template
}

// Rule is one top-level entry of Choices.
type Rule struct {
	Next   *State
	Assign *Template // nil: none
	Output *Template // JSONata; nil: none
	cond   condition
}

// Picked is what a Choice decided: the next state, and what is assigned and put out
// on the way; nil for none.
type Picked struct {
	Next           *State
	Assign, Output *Template
}

// condition is a data-test or a combination of conditions.
type condition interface {
	holds(s *Scope) (bool, *EvalError)
	expressions(f func(*Expr))
}

// Pick gives the first rule that holds, else Default. A Variable or a …Path that
// finds nothing fails with States.Runtime (except under IsPresent), and so does a
// Choice without a match and Default: AWS reports that as States.Runtime, not as
// the documented States.NoChoiceMatched.
func (c *ChoiceFields) Pick(s *Scope) (Picked, *EvalError) {
	for i := range c.Rules {
		r := &c.Rules[i]
		ok, err := r.cond.holds(s)
		if err != nil {
			return Picked{}, err
		}
		if ok {
			return Picked{r.Next, r.Assign, r.Output}, nil
		}
	}
	if c.Default == nil {
		return Picked{}, runtimeError("Failed to transition out of the state. The state does not point to a next state.")
	}
	return Picked{c.Default, c.DefaultAssign, c.DefaultOutput}, nil
}

type (
	allOf []condition
	anyOf []condition
	notOf struct{ c condition }
	// test compares the variable's value with a literal or another path's value.
	test struct {
		variable *Expr
		op       *operator
		literal  jsonval.Value
		path     *Expr // for the …Path operators
	}
	// queryTest is the Condition of JSONata.
	queryTest struct{ condition *Template }
)

func (q *queryTest) holds(s *Scope) (bool, *EvalError) {
	v, err := q.condition.EvalAs(s, "boolean")
	return v.Bool(), err
}

func (q *queryTest) expressions(func(*Expr)) {}

func (a allOf) holds(s *Scope) (bool, *EvalError) {
	for _, c := range a {
		if ok, err := c.holds(s); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (a anyOf) holds(s *Scope) (bool, *EvalError) {
	for _, c := range a {
		if ok, err := c.holds(s); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (n notOf) holds(s *Scope) (bool, *EvalError) {
	ok, err := n.c.holds(s)
	return !ok, err
}

func (a allOf) expressions(f func(*Expr)) {
	for _, c := range a {
		c.expressions(f)
	}
}

func (a anyOf) expressions(f func(*Expr)) { allOf(a).expressions(f) }

func (n notOf) expressions(f func(*Expr)) { n.c.expressions(f) }

func (t *test) expressions(f func(*Expr)) {
	f(t.variable)
	if t.path != nil {
		f(t.path)
	}
}

func (t *test) holds(s *Scope) (bool, *EvalError) {
	if t.op.name == "IsPresent" {
		return t.variable.Present(s) == t.literal.Bool(), nil
	}
	v, err := conditionValue(t.variable, s)
	if err != nil {
		return false, err
	}
	want := t.literal
	if t.path != nil {
		if want, err = conditionValue(t.path, s); err != nil {
			return false, err
		}
	}
	return t.op.test(v, want), nil
}

func conditionValue(e *Expr, s *Scope) (jsonval.Value, *EvalError) {
	v, err := e.find(s)
	if err != nil {
		return v, runtimeError(fmt.Sprintf(
			"Invalid path '%s': The choice state's condition path references an invalid value.", e.text))
	}
	return v, nil
}

// operator is one comparison operator. Values of other kinds than the
// operator's make it false, never an error.
type operator struct {
	name string
	// want is the kind of the literal; path says that a …Path twin exists.
	want literalKind
	path bool
	test func(v, want jsonval.Value) bool
}

type literalKind uint8

const (
	wantString literalKind = iota
	wantNumber
	wantBool
	wantTimestamp
)

// operators is the table of all comparison operators without their …Path twins.
var operators = []*operator{
	{"StringEquals", wantString, true, ordered(compareStrings, 0, 0)},
	{"StringLessThan", wantString, true, ordered(compareStrings, -1, -1)},
	{"StringGreaterThan", wantString, true, ordered(compareStrings, 1, 1)},
	{"StringLessThanEquals", wantString, true, ordered(compareStrings, -1, 0)},
	{"StringGreaterThanEquals", wantString, true, ordered(compareStrings, 0, 1)},
	{"StringMatches", wantString, false, matches},
	{"NumericEquals", wantNumber, true, ordered(compareNumbers, 0, 0)},
	{"NumericLessThan", wantNumber, true, ordered(compareNumbers, -1, -1)},
	{"NumericGreaterThan", wantNumber, true, ordered(compareNumbers, 1, 1)},
	{"NumericLessThanEquals", wantNumber, true, ordered(compareNumbers, -1, 0)},
	{"NumericGreaterThanEquals", wantNumber, true, ordered(compareNumbers, 0, 1)},
	{"BooleanEquals", wantBool, true, func(v, want jsonval.Value) bool {
		return v.IsBool() && want.IsBool() && v.Bool() == want.Bool()
	}},
	{"TimestampEquals", wantTimestamp, true, ordered(compareTimes, 0, 0)},
	{"TimestampLessThan", wantTimestamp, true, ordered(compareTimes, -1, -1)},
	{"TimestampGreaterThan", wantTimestamp, true, ordered(compareTimes, 1, 1)},
	{"TimestampLessThanEquals", wantTimestamp, true, ordered(compareTimes, -1, 0)},
	{"TimestampGreaterThanEquals", wantTimestamp, true, ordered(compareTimes, 0, 1)},
	{"IsNull", wantBool, false, is(func(v jsonval.Value) bool { return v.IsNull() })},
	{"IsPresent", wantBool, false, is(func(v jsonval.Value) bool { return v.Exists() })},
	{"IsNumeric", wantBool, false, is(func(v jsonval.Value) bool { return v.Kind() == jsonval.Number })},
	{"IsString", wantBool, false, is(func(v jsonval.Value) bool { return v.Kind() == jsonval.String })},
	{"IsBoolean", wantBool, false, is(func(v jsonval.Value) bool { return v.IsBool() })},
	{"IsTimestamp", wantBool, false, is(isTimestamp)},
}

// operatorNamed finds an operator; isPath says that name is its …Path twin.
func operatorNamed(name string) (op *operator, isPath bool) {
	base, isPath := strings.CutSuffix(name, "Path")
	for _, o := range operators {
		if o.name == base && (!isPath || o.path) {
			return o, isPath
		}
	}
	return nil, false
}

func is(f func(jsonval.Value) bool) func(v, want jsonval.Value) bool {
	return func(v, want jsonval.Value) bool { return f(v) == want.Bool() }
}

// ordered makes a test that holds where the comparison's sign lies in lo..hi.
func ordered(compare func(a, b jsonval.Value) (int, bool), lo, hi int) func(v, want jsonval.Value) bool {
	return func(v, want jsonval.Value) bool {
		c, ok := compare(v, want)
		return ok && c >= lo && c <= hi
	}
}

// compareStrings orders by UTF-16 code units, as Java does.
func compareStrings(a, b jsonval.Value) (int, bool) {
	x, ok1 := a.Str()
	y, ok2 := b.Str()
	if !ok1 || !ok2 {
		return 0, false
	}
	if x == y {
		return 0, true
	}
	u, w := utf16.Encode([]rune(x)), utf16.Encode([]rune(y))
	for i := 0; i < len(u) && i < len(w); i++ {
		if u[i] != w[i] {
			return sign(int64(u[i]) - int64(w[i])), true
		}
	}
	return sign(int64(len(u)) - int64(len(w))), true
}

func compareNumbers(a, b jsonval.Value) (int, bool) {
	if i, ok := a.Int(); ok {
		if j, ok := b.Int(); ok {
			return sign2(i < j, i > j), true
		}
	}
	x, ok1 := a.Float()
	y, ok2 := b.Float()
	return sign2(x < y, x > y), ok1 && ok2
}

func compareTimes(a, b jsonval.Value) (int, bool) {
	x, ok1 := a.Str()
	y, ok2 := b.Str()
	if !ok1 || !ok2 {
		return 0, false
	}
	t, ok1 := ParseTimestamp(x)
	u, ok2 := ParseTimestamp(y)
	return t.Compare(u), ok1 && ok2
}

func isTimestamp(v jsonval.Value) bool {
	s, ok := v.Str()
	if !ok {
		return false
	}
	_, ok = ParseTimestamp(s)
	return ok
}

func sign(n int64) int { return sign2(n < 0, n > 0) }

func sign2(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

// matches compares with a pattern in which * stands for any characters and a
// backslash takes the next one as it is.
func matches(v, want jsonval.Value) bool {
	s, ok1 := v.Str()
	pattern, ok2 := want.Str()
	if !ok1 || !ok2 {
		return false
	}
	var parts []string // the pattern between its stars
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			parts = append(parts, b.String())
			b.Reset()
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		default:
			b.WriteByte(c)
		}
	}
	last := b.String()
	if parts == nil {
		return s == last
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, p := range parts[1:] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, last)
}
