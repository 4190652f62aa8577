package asl

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"stile/jsonpath"
	"stile/jsonval"
)

// Scope is what expressions read. Its functions are called on the evaluator's
// goroutine and must give the same answers within one evaluation.
type Scope struct {
	// Input is "$", and $states.input of JSONata.
	Input jsonval.Value
	// Result and ErrorOutput are $states.result and $states.errorOutput; absent
	// values where the field may not read them.
	Result, ErrorOutput jsonval.Value
	// Now is $millis() and $now() of JSONata, in Unix milliseconds.
	Now int64
	// Context is "$$", built when first read; nil means an empty object.
	Context func() jsonval.Value
	// Variable is "$name"; nil means that there are none.
	Variable func(name string) (jsonval.Value, bool)
	// Rand gives 64 random bits, seeded by the event; only States.UUID and
	// States.MathRandom read it.
	Rand func() uint64
	// Spent, where set, is added the steps that JSONata takes.
	Spent *int
	// Most, where set, is how many steps Spent may count: with no more left an
	// expression fails as one that takes too long.
	Most int
}

func (s *Scope) context() jsonval.Value {
	if s.Context == nil {
		return jsonval.EmptyObject
	}
	return s.Context()
}

func (s *Scope) rand() uint64 {
	if s.Rand == nil {
		return 0
	}
	return s.Rand()
}

type exprKind uint8

const (
	exprInput exprKind = iota
	exprContext
	exprVariable
	exprCall
)

// Expr is a path from the input ("$…"), the context object ("$$…") or a variable
// ("$name…"), or a call of an intrinsic function ("States.X(…)").
type Expr struct {
	text     string
	kind     exprKind
	variable string
	path     *jsonpath.Path
	call     *call
}

// Text is the expression as written.
func (e *Expr) Text() string { return e.text }

// Variable is the name of the variable that a "$name…" expression reads, else "".
func (e *Expr) Variable() string { return e.variable }

// IsCall says that the expression calls an intrinsic function.
func (e *Expr) IsCall() bool { return e.kind == exprCall }

// Definite says that the expression names one value: it is a call, or a path
// without wildcard, slice, filter or "..".
func (e *Expr) Definite() bool { return e.kind == exprCall || e.path.Definite() }

// Variables gives the names of all variables that the expression reads, in order
// of writing, with repetitions.
func (e *Expr) Variables() []string {
	if e.kind == exprVariable {
		return []string{e.variable}
	}
	var out []string
	if e.call != nil {
		for _, a := range e.call.args {
			if a.expr != nil {
				out = append(out, a.expr.Variables()...)
			}
		}
	}
	return out
}

// compilePath reads a path expression.
func compilePath(text string) (*Expr, error) {
	e := &Expr{text: text, kind: exprInput}
	rest := text
	switch {
	case strings.HasPrefix(text, "$$"):
		e.kind, rest = exprContext, text[1:]
	case len(text) > 1 && text[0] == '$' && text[1] != '.' && text[1] != '[':
		n := variableLength(text[1:])
		if n == 0 {
			return nil, &jsonpath.SyntaxError{Offset: 1, Reason: "expected . or [ or a variable's name behind $"}
		}
		e.kind, e.variable, rest = exprVariable, text[1:1+n], "$"+text[1+n:]
	}
	p, err := jsonpath.Compile(rest)
	if err != nil {
		if se, ok := err.(*jsonpath.SyntaxError); ok {
			se.Offset += len(text) - len(rest)
		}
		return nil, err
	}
	e.path = p
	return e, nil
}

// variableLength is the length of the identifier at the start of s. AWS takes
// Unicode identifiers of at most 80 characters.
func variableLength(s string) int {
	n := 0
	for i, r := range s {
		if !(r == '_' || unicode.In(r, unicode.L, unicode.Nl) || i > 0 && unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc)) {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	return n
}

// validVariable says whether a name may be assigned: it begins with a letter
// (Unicode's ID_Start, which "_" is not) and has at most 80 characters.
func validVariable(name string) bool {
	return name != "" && name[0] != '_' && utf8.ValidString(name) && variableLength(name) == len(name) &&
		utf8.RuneCountInString(name) <= 80
}

// compileExpr reads a path or a call.
func compileExpr(text string) (*Expr, error) {
	if strings.HasPrefix(text, "$") {
		return compilePath(text)
	}
	c, err := compileCall(text)
	if err != nil {
		return nil, err
	}
	return &Expr{text: text, kind: exprCall, call: c}, nil
}

// Eval gives the value. A path that finds nothing fails with States.Runtime and
// "Invalid path 'P' : …"; a call with States.IntrinsicFailure, or States.Runtime
// where a path among its arguments finds nothing.
func (e *Expr) Eval(s *Scope) (jsonval.Value, *EvalError) {
	if e.kind == exprCall {
		return e.evalCall(s, e.text)
	}
	v, err := e.find(s)
	if err != nil {
		return v, runtimeError(fmt.Sprintf("Invalid path '%s' : %s", e.text, err))
	}
	return v, nil
}

// EvalField is Eval for a field of a payload template, ErrorPath and CausePath,
// where AWS words a missing value otherwise.
func (e *Expr) EvalField(s *Scope, field string) (jsonval.Value, *EvalError) {
	if e.kind == exprCall {
		return e.evalCall(s, e.text)
	}
	v, err := e.find(s)
	if unfit(err) {
		return v, runtimeError(err.Error())
	}
	if err != nil {
		path, searched := e.text, s.Input
		if e.kind == exprContext { // AWS names the path within the context object, and that as the input
			path, searched = path[1:], s.context()
		}
		return v, runtimeError(fmt.Sprintf(
			"The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'", path, field, searched.Text()))
	}
	return v, nil
}

// unfit says that a path met a value that one of its steps cannot apply to.
func unfit(err error) bool {
	missing, ok := err.(*jsonpath.NotFound)
	return ok && missing.Unfit()
}

// member is EvalField for a member of a payload template, where AWS takes an index
// behind the end of an array for null; as an argument of a function it is a miss.
func (e *Expr) member(s *Scope, field string) (jsonval.Value, *EvalError) {
	if e.kind != exprCall {
		v, err := e.find(s)
		if missing, ok := err.(*jsonpath.NotFound); ok && missing.PastEnd() {
			return jsonval.NullValue, nil
		} else if err == nil {
			return v, nil
		}
	}
	return e.EvalField(s, field)
}

// find evaluates a path expression.
func (e *Expr) find(s *Scope) (jsonval.Value, error) {
	switch e.kind {
	case exprContext:
		return e.path.Eval(s.context())
	case exprVariable:
		v, ok := jsonval.Value{}, false
		if s.Variable != nil {
			v, ok = s.Variable(e.variable)
		}
		if !ok {
			return v, fmt.Errorf("the variable $%s has no value", e.variable)
		}
		return e.path.Eval(v)
	}
	return e.path.Eval(s.Input)
}

// Present says whether a path finds a value, as IsPresent does.
func (e *Expr) Present(s *Scope) bool {
	if e.kind == exprCall {
		return true
	}
	_, err := e.find(s)
	return err == nil
}
