package jsonata

import (
	"errors"

	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// What a Function's Closure may be, beside nil and a native's *syntax.Signature.
type (
	// lambda is a function of the expression with the scope it was made in.
	lambda struct {
		params    []string
		signature *syntax.Signature
		body      syntax.Node
		in        value.Value
		env       *frame
	}
	// thunk is a call that a lambda ends with, to be made by who called the lambda.
	thunk struct {
		call *syntax.Call
		in   value.Value
		env  *frame
	}
	// bound is a native function or a regex with some arguments given; open lists
	// the others' places.
	bound struct {
		fn   value.Value
		args []value.Value
		open []int
	}
	// chain is f ~> g.
	chain struct{ first, second value.Value }
	// transform is |pattern|update,delete|.
	transform struct {
		node *syntax.Transform
		env  *frame
	}
)

// site is where a function is called, for errors.
type site struct {
	name     string
	position int
}

func siteOf(procedure syntax.Node, position int) site {
	s := site{position: position}
	switch p := procedure.(type) {
	case *syntax.Variable:
		s.name = p.Name
	case *syntax.Path:
		if name, ok := p.Steps[0].(*syntax.Name); ok {
			s.name = name.Value
		}
	}
	return s
}

// forgotten gives the name of a function that was called without its $; "" where
// that is not what happened.
func (e *evaluation) forgotten(procedure syntax.Node, fn value.Value, env *frame) string {
	p, ok := procedure.(*syntax.Path)
	if !ok || !fn.IsUndefined() {
		return ""
	}
	if name, ok := p.Steps[0].(*syntax.Name); ok && truthyJS(e.lookup(name.Value, env)) {
		return name.Value
	}
	return ""
}

// truthyJS is what JavaScript takes for true.
func truthyJS(v value.Value) bool {
	switch v.Kind() {
	case value.UndefinedKind, value.NullKind:
		return false
	case value.BoolKind:
		return v.Bool()
	case value.NumberKind:
		return v.Num() != 0
	case value.StringKind:
		return v.Str() != ""
	}
	return true
}

// call evaluates procedure(arguments); first is the argument that ~> puts before
// them, nil for none.
func (e *evaluation) call(n *syntax.Call, in value.Value, env *frame, first *value.Value) (value.Value, error) {
	fn, err := e.eval(n.Procedure, in, env)
	if err != nil {
		return value.Undefined, err
	}
	if name := e.forgotten(n.Procedure, fn, env); name != "" {
		return value.Undefined, &Error{Code: "T1005", Position: n.Position, Token: name}
	}
	args, err := e.arguments(n.Args, in, env, first)
	if err != nil {
		return value.Undefined, err
	}
	s := siteOf(n.Procedure, n.Position)
	v, err := e.apply(fn, args, in, s)
	if err != nil {
		return value.Undefined, s.mark(err, false)
	}
	return v, nil
}

func (e *evaluation) arguments(nodes []syntax.Node, in value.Value, env *frame, first *value.Value) ([]value.Value, error) {
	args := make([]value.Value, 0, len(nodes)+1)
	if first != nil {
		args = append(args, *first)
	}
	for _, node := range nodes {
		arg, err := e.eval(node, in, env)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

// mark adds to an error where it came from, where that is not known yet; over
// replaces the position.
func (s site) mark(err error, over bool) error {
	var fault *Error
	if !errors.As(err, &fault) || fault.Limit != "" {
		return err
	}
	if fault.Token == "" {
		fault.Token = s.name
	}
	if fault.Position == 0 || over && s.position != 0 {
		fault.Position = s.position
	}
	return err
}

// Apply calls a function for a native one (see value.Machine).
func (e *evaluation) Apply(fn value.Value, args []value.Value) (value.Value, error) {
	e.Spend(1)
	if e.depth >= e.limits.Depth {
		return value.Undefined, value.Overflow()
	}
	e.depth++
	v, err := e.apply(fn, args, value.Null, site{})
	e.depth--
	return v, err
}

// apply calls a function, and then what it ends with calling, without nesting.
func (e *evaluation) apply(fn value.Value, args []value.Value, in value.Value, s site) (value.Value, error) {
	v, err := e.applyOnce(fn, args, in, s)
	for err == nil {
		f := v.Func()
		if f == nil {
			return v, nil
		}
		t, ok := f.Closure.(*thunk)
		if !ok {
			return v, nil
		}
		e.Spend(1)
		next, err := e.eval(t.call.Procedure, t.in, t.env)
		if err != nil {
			return value.Undefined, err
		}
		args, err := e.arguments(t.call.Args, t.in, t.env, nil)
		if err != nil {
			return value.Undefined, err
		}
		here := siteOf(t.call.Procedure, t.call.Procedure.Base().Position)
		if v, err = e.applyOnce(next, args, in, here); err != nil {
			return value.Undefined, err
		}
	}
	return value.Undefined, err
}

func (e *evaluation) applyOnce(fn value.Value, args []value.Value, in value.Value, s site) (value.Value, error) {
	f := fn.Func()
	if f == nil {
		fault := &Error{Code: "T1006"}
		if truthyJS(fn) {
			fault.Position = s.position
		}
		return value.Undefined, fault
	}
	v, err := e.invoke(f, args, in)
	if err != nil {
		return value.Undefined, s.mark(err, true)
	}
	return v, nil
}

func (e *evaluation) invoke(f *value.Function, args []value.Value, in value.Value) (value.Value, error) {
	var err error
	switch {
	case f.Native != nil:
		if sig, ok := f.Closure.(*syntax.Signature); ok {
			if args, err = validate(sig, args, in); err != nil {
				return value.Undefined, err
			}
		}
		return f.Native.Call(&value.Call{Machine: e, Context: in}, args)
	case f.Regex != nil:
		return e.match(f.Regex, args)
	}
	switch c := f.Closure.(type) {
	case *lambda:
		if c.signature != nil {
			if args, err = validate(c.signature, args, in); err != nil {
				return value.Undefined, err
			}
		}
		return e.enter(c, args)
	case *bound:
		all := append([]value.Value(nil), c.args...)
		for i, place := range c.open {
			if i < len(args) {
				all[place] = args[i]
			}
		}
		for len(all) > 0 && all[len(all)-1].IsUndefined() {
			all = all[:len(all)-1]
		}
		return e.invoke(c.fn.Func(), all, value.Undefined)
	case *chain:
		v, err := e.apply(c.first, args, value.Null, site{})
		if err != nil {
			return value.Undefined, err
		}
		return e.apply(c.second, []value.Value{v}, value.Null, site{})
	case *transform:
		if args, err = validate(transformSignature, args, in); err != nil {
			return value.Undefined, err
		}
		return e.transform(c, args[0])
	case *cursor:
		return e.next(c)
	}
	return value.Undefined, &Error{Code: "T1006"}
}

// enter runs a lambda's body with its parameters bound.
func (e *evaluation) enter(c *lambda, args []value.Value) (value.Value, error) {
	f := &frame{parent: c.env}
	if len(c.params) > 0 {
		f.vars = make([]value.Binding, len(c.params))
		for i, name := range c.params {
			f.vars[i].Name = name
			if i < len(args) {
				f.vars[i].Value = args[i].Share()
			}
		}
	}
	return e.eval(c.body, c.in, f)
}

// partial evaluates procedure(arguments) of which some are ?.
func (e *evaluation) partial(n *syntax.Partial, in value.Value, env *frame) (value.Value, error) {
	args := make([]value.Value, len(n.Args))
	open := make([]bool, len(n.Args))
	for i, node := range n.Args {
		if _, open[i] = node.(*syntax.Placeholder); open[i] {
			continue
		}
		var err error
		if args[i], err = e.eval(node, in, env); err != nil {
			return value.Undefined, err
		}
	}
	fn, err := e.eval(n.Procedure, in, env)
	if err != nil {
		return value.Undefined, err
	}
	if name := e.forgotten(n.Procedure, fn, env); name != "" {
		return value.Undefined, &Error{Code: "T1007", Position: n.Position, Token: name}
	}
	f := fn.Func()
	if f == nil {
		return value.Undefined, &Error{Code: "T1008", Position: n.Position, Token: siteOf(n.Procedure, 0).name}
	}
	if c, ok := f.Closure.(*lambda); ok {
		return partialLambda(c, args, open), nil
	}
	b := &bound{fn: fn, args: make([]value.Value, max(f.Arity(), len(args)))}
	copy(b.args, args)
	for i := range open {
		if open[i] {
			b.open = append(b.open, i)
		}
	}
	return value.OfFunction(&value.Function{Closure: b, Params: len(b.open)}), nil
}

func partialLambda(c *lambda, args []value.Value, open []bool) value.Value {
	rest := &lambda{body: c.body, in: c.in, env: &frame{parent: c.env}}
	for i, name := range c.params {
		if i < len(open) && open[i] {
			rest.params = append(rest.params, name)
			continue
		}
		var arg value.Value
		if i < len(args) {
			arg = args[i]
		}
		rest.env.bind(name, arg)
	}
	return value.OfFunction(&value.Function{Closure: rest, Params: len(rest.params)})
}

// applyTo is left ~> right.
func (e *evaluation) applyTo(n *syntax.Apply, in value.Value, env *frame) (value.Value, error) {
	left, err := e.eval(n.Left, in, env)
	if err != nil {
		return value.Undefined, err
	}
	if c, ok := n.Right.(*syntax.Call); ok {
		return e.call(c, in, env, &left)
	}
	fn, err := e.eval(n.Right, in, env)
	if err != nil {
		return value.Undefined, err
	}
	if !fn.IsFunction() {
		return value.Undefined, &Error{Code: "T2006", Position: n.Position, Value: fn}
	}
	if left.IsFunction() {
		return value.OfFunction(&value.Function{Closure: &chain{left, fn}, Params: 1}), nil
	}
	return e.apply(fn, []value.Value{left}, value.Null, site{})
}
