// Package jsonata evaluates JSONata 2 expressions as the reference implementation
// (jsonata-js 2.0.6) does, value for value and code for code, within a budget of
// steps, depth and bytes, with the functions that AWS Step Functions adds to it and
// without $eval. Where Step Functions was measured to do otherwise it does as they do:
// whole numbers of 64 bits keep their digits while nothing calculates with them, NaN
// and infinities come out as strings with their names, $string does not round whole
// numbers, $base64decode refuses what is no base64. Step Functions lets expressions
// nest 100 deep (Limits.Depth); 500, the default, is for other callers.
//
// It is not a query engine for streams and knows nothing of states: who calls it
// (asl, asl/interp) binds $states and turns its errors into States' errors. The
// tree comes from jsonata/syntax, values are jsonata/value's, built-in functions
// jsonata/library's.
//
// Invariants: an Expr never changes and may be evaluated by many goroutines at a
// time; the same expression, input and Env give the same result and spend the same
// budget, always; no expression and no input makes Eval panic or run past its
// budget.
package jsonata

import (
	"stile/jsonata/syntax"
	"stile/jsonata/value"
	"stile/jsonval"
	"stile/rx"
)

// Expr is a compiled expression.
type Expr struct {
	root    syntax.Node
	regexes map[*syntax.Regex]*value.Function
	natives map[string]value.Value // those that the expression names
}

// Compile reads an expression (without {% %}). Errors are *syntax.Error, or *Error
// for a regular expression that does not compile.
func Compile(src string) (*Expr, error) {
	root, err := syntax.Parse(src)
	if err != nil {
		return nil, err
	}
	x := &Expr{root: root}
	l := linker{expr: x}
	walk(root, l.link)
	if l.err != nil {
		return nil, l.err
	}
	return x, nil
}

// linker finds what the names and regular expressions of a tree stand for.
type linker struct {
	expr  *Expr
	table map[string]value.Native
	err   error
}

func (l *linker) link(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Regex:
		re, err := rx.CompileECMA(n.Pattern, n.Flags)
		if err != nil && l.err == nil {
			l.err = &syntax.Error{Position: n.Position, At: n.At,
				Message: "Invalid regular expression: /" + n.Pattern + "/: " + err.Error()}
		}
		if l.expr.regexes == nil {
			l.expr.regexes = map[*syntax.Regex]*value.Function{}
		}
		l.expr.regexes[n] = &value.Function{Regex: &value.Regex{Source: n.Pattern, Flags: n.Flags, Re: re}}
	case *syntax.Variable:
		l.native(n.Name)
	case *syntax.Path:
		// a call that forgot its $ is told the name that it meant
		if name, ok := n.Steps[0].(*syntax.Name); ok {
			l.native(name.Value)
		}
	case *syntax.Transform:
		l.native("clone")
	}
}

func (l *linker) native(name string) {
	if l.table == nil {
		l.table = natives()
	}
	n, ok := l.table[name]
	if !ok {
		return
	}
	if l.expr.natives == nil {
		l.expr.natives = map[string]value.Value{}
	}
	if _, done := l.expr.natives[name]; done {
		return
	}
	f := &value.Function{Native: &n}
	if n.Signature != "" {
		sig, err := syntax.ParseSignature(n.Signature)
		if err != nil && l.err == nil {
			l.err = err
		}
		f.Closure = sig
	}
	l.expr.natives[name] = value.OfFunction(f)
}

// Error is a fault of an evaluation: code and text as jsonata-js gives them. Limit
// tells where a budget is gone instead.
type Error = value.Error

// ErrFunction is the error of an evaluation that gives a function, which is no JSON
// value.
var ErrFunction error = value.Unsupported

// Env is what an evaluation may know beside its input.
type Env struct {
	// Bindings are variables by name without $. Load gives those that are not among
	// them, once each and only where the expression asks; nil for none.
	Bindings map[string]jsonval.Value
	Load     func(name string) (jsonval.Value, bool)
	// Now is the time of $now and $millis, in milliseconds since 1970.
	Now int64
	// Random gives numbers in [0,1) to $random and $shuffle, UUID what $uuid gives.
	// Where one is nil its functions fail.
	Random func() float64
	UUID   func() string
	// Limits bound the evaluation; zero members take DefaultLimits'.
	Limits Limits
	// Spent, where set, is added the steps that the evaluation took.
	Spent *int
}

// Limits are an evaluation's budget.
type Limits struct {
	// Work counts steps: expressions evaluated, items walked, steps of regular
	// expressions.
	Work int
	// Depth is how deep expressions may be nested while they run, functions that
	// call themselves included.
	Depth int
	// Bytes is what the evaluation may produce in all, an item of an array counting
	// 48. One string may take a sixth of it.
	Bytes int
}

// DefaultLimits are wider than Step Functions', which asl sets.
var DefaultLimits = Limits{Work: 10_000_000, Depth: 500, Bytes: 64 << 20}

// Eval runs the expression on an input (absent: undefined) and gives its result,
// absent for undefined. Errors are *Error; ErrFunction for a function.
func (x *Expr) Eval(input jsonval.Value, env *Env) (jsonval.Value, error) {
	v, err := x.eval(input, env)
	if err != nil {
		return jsonval.Value{}, err
	}
	return value.JSON(v)
}

func (x *Expr) eval(input jsonval.Value, env *Env) (result value.Value, err error) {
	e := &evaluation{expr: x, env: env, limits: env.Limits, bytes: startBytes}
	if e.limits.Work == 0 {
		e.limits.Work = DefaultLimits.Work
	}
	if e.limits.Depth == 0 {
		e.limits.Depth = DefaultLimits.Depth
	}
	if e.limits.Bytes == 0 {
		e.limits.Bytes = DefaultLimits.Bytes
	}
	e.input = value.From(input)
	defer func() {
		if env.Spent != nil {
			*env.Spent += e.work
		}
		if r := recover(); r != nil {
			fault, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			result, err = value.Undefined, fault
		}
	}()
	context := e.input
	if context.IsArray() {
		context = value.OfList(&value.List{Items: []value.Value{context}, Sequence: true, Outer: true})
	}
	return e.eval(x.root, context, &e.top)
}
