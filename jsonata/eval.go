package jsonata

import (
	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// evaluation is one run of an expression.
type evaluation struct {
	expr   *Expr
	env    *Env
	limits Limits
	input  value.Value
	top    frame

	work, depth, bytes int
	loaded             []value.Binding // bindings that were asked for
}

// frame is a scope of variables.
type frame struct {
	parent   *frame
	vars     []value.Binding
	borrowed bool // vars are a tuple's, which must not change
}

func (f *frame) bind(name string, v value.Value) {
	if f.borrowed {
		f.vars, f.borrowed = append([]value.Binding(nil), f.vars...), false
	}
	for i := range f.vars {
		if f.vars[i].Name == name {
			f.vars[i].Value = v
			return
		}
	}
	f.vars = append(f.vars, value.Binding{Name: name, Value: v.Share()})
}

// lookup finds a variable: the frames, the caller's bindings, the functions.
func (e *evaluation) lookup(name string, f *frame) value.Value {
	for ; f != nil; f = f.parent {
		for i := range f.vars {
			if f.vars[i].Name == name {
				return f.vars[i].Value
			}
		}
	}
	if name == "$" {
		return e.input
	}
	for i := range e.loaded {
		if e.loaded[i].Name == name {
			return e.loaded[i].Value
		}
	}
	v, ok := e.env.Bindings[name]
	if !ok && e.env.Load != nil {
		v, ok = e.env.Load(name)
	}
	if !ok {
		return e.expr.natives[name]
	}
	bound := value.From(v).Share()
	e.loaded = append(e.loaded, value.Binding{Name: name, Value: bound})
	return bound
}

// Spend charges steps (see value.Machine).
func (e *evaluation) Spend(steps int) {
	if e.work += steps; e.work > e.limits.Work || steps < 0 {
		panic(value.TooLong())
	}
}

// Produce charges bytes (see value.Machine).
func (e *evaluation) Produce(bytes int) {
	if e.bytes += bytes; e.bytes > e.limits.Bytes || bytes < 0 {
		panic(value.TooLarge())
	}
}

// Hold charges for a string that stands as one (see value.Machine).
func (e *evaluation) Hold(bytes int) {
	if bytes > e.limits.Bytes/stringCost {
		panic(value.TooLarge())
	}
	e.Produce(bytes)
}

// What values take. In 40 MiB that makes a range of 873,782 numbers and a string of
// 2^22 characters, as Step Functions lets through, and neither one number more nor
// twice the string.
const (
	itemBytes  = 48   // an item of an array; a member of an object takes more
	startBytes = 1480 // an evaluation before it makes anything
	stringCost = 6    // a byte of the longest string
)

// eval evaluates a node with its predicates and group. A sequence of one or none
// does not leave it.
func (e *evaluation) eval(n syntax.Node, in value.Value, env *frame) (value.Value, error) {
	if e.work++; e.work > e.limits.Work {
		return value.Undefined, value.TooLong()
	}
	if e.depth >= e.limits.Depth {
		return value.Undefined, value.Overflow()
	}
	e.depth++
	v, err := e.dispatch(n, in, env)
	e.depth--
	if err != nil {
		return value.Undefined, err
	}
	base := n.Base()
	if base.Predicates != nil {
		for i := range base.Predicates {
			if v, err = e.filter(base.Predicates[i].Expr, v, env); err != nil {
				return value.Undefined, err
			}
		}
	}
	if base.Group != nil {
		if c, isCall := n.(*syntax.Call); isCall && c.Tail {
			return v, nil // the group of a call that ends a function is never looked at
		}
		if _, isPath := n.(*syntax.Path); !isPath {
			if v, err = e.group(base.Group.Pairs, base.Group.Position, v, env); err != nil {
				return value.Undefined, err
			}
		}
	}
	if v.IsSequence() {
		if base.KeepArray {
			if l := v.List(); !l.Tuples {
				l.KeepSingleton = true
			}
		}
		return value.Unwrap(v), nil
	}
	return v, nil
}

func (e *evaluation) dispatch(n syntax.Node, in value.Value, env *frame) (value.Value, error) {
	switch n := n.(type) {
	case *syntax.Path:
		return e.path(n, in, env)
	case *syntax.Name:
		return e.member(in, n.Value), nil
	case *syntax.String:
		return value.OfString(n.Value), nil
	case *syntax.Number:
		return value.OfNumber(n.Value), nil
	case *syntax.Binary:
		return e.binary(n, in, env)
	case *syntax.Variable:
		return e.variable(n.Name, in, env), nil
	case *syntax.Call:
		if n.Tail {
			return value.OfFunction(&value.Function{Closure: &thunk{call: n, in: in, env: env}}), nil
		}
		return e.call(n, in, env, nil)
	case *syntax.Bool:
		return value.OfBool(n.Value), nil
	case *syntax.Null:
		return value.Null, nil
	case *syntax.Array:
		return e.array(n, in, env)
	case *syntax.Object:
		return e.group(n.Pairs, n.Position, in, env)
	case *syntax.Block:
		return e.block(n, in, env)
	case *syntax.Condition:
		return e.condition(n, in, env)
	case *syntax.Lambda:
		return value.OfFunction(&value.Function{
			Closure: &lambda{params: n.Params, signature: n.Signature, body: n.Body, in: in, env: env}, Params: len(n.Params)}), nil
	}
	return e.dispatchRare(n, in, env)
}

func (e *evaluation) dispatchRare(n syntax.Node, in value.Value, env *frame) (value.Value, error) {
	switch n := n.(type) {
	case *syntax.Negate:
		return e.negate(n, in, env)
	case *syntax.Bind:
		v, err := e.eval(n.Value, in, env)
		if err == nil {
			env.bind(n.Name, v)
		}
		return v, err
	case *syntax.Apply:
		return e.applyTo(n, in, env)
	case *syntax.Partial:
		return e.partial(n, in, env)
	case *syntax.Default:
		return e.fallback(n, in, env)
	case *syntax.Wildcard:
		return e.wildcard(in), nil
	case *syntax.Descendant:
		return e.descendants(in)
	case *syntax.Parent:
		return e.lookup(labelName(n.Slot.Label), env), nil
	case *syntax.Regex:
		return value.OfFunction(e.expr.regexes[n]), nil
	case *syntax.Transform:
		return value.OfFunction(&value.Function{Closure: &transform{n, env}, Params: 1}), nil
	}
	return value.Undefined, &Error{Code: "S0206", Position: n.Base().Position}
}

func (e *evaluation) variable(name string, in value.Value, env *frame) value.Value {
	if name != "" {
		return e.lookup(name, env)
	}
	if l := in.List(); in.IsSequence() && l.Outer && len(l.Items) > 0 {
		return l.Items[0]
	}
	return in
}

// member is $lookup: the member of an object, of each object of an array.
func (e *evaluation) member(in value.Value, name string) value.Value {
	switch in.Kind() {
	case value.ObjectKind:
		return in.Get(name)
	case value.ArrayKind:
		out := value.NewSequence()
		e.collect(in, name, out, 0)
		return value.OfList(out)
	}
	return value.Undefined
}

func (e *evaluation) collect(in value.Value, name string, out *value.List, depth int) {
	if depth > e.limits.Depth+1000 {
		panic(value.Overflow())
	}
	items := in.Items()
	e.Spend(len(items))
	for _, item := range items {
		if item.IsArray() {
			e.collect(item, name, out, depth+1)
			continue
		}
		if item.IsObject() {
			e.push(out, item.Get(name))
		}
	}
}

// push adds what v stands for in a sequence: an array's items, else itself.
func (e *evaluation) push(out *value.List, v value.Value) {
	n := len(out.Items)
	out.PushFlat(v)
	e.Produce((len(out.Items) - n) * itemBytes)
}

func (e *evaluation) block(n *syntax.Block, in value.Value, env *frame) (v value.Value, err error) {
	inner := &frame{parent: env}
	for _, item := range n.Items {
		if v, err = e.eval(item, in, inner); err != nil {
			return value.Undefined, err
		}
	}
	return v, nil
}

func (e *evaluation) condition(n *syntax.Condition, in value.Value, env *frame) (value.Value, error) {
	cond, err := e.eval(n.Cond, in, env)
	if err != nil {
		return value.Undefined, err
	}
	yes, err := value.Truthy(cond)
	switch {
	case err != nil:
		return value.Undefined, err
	case yes:
		return e.eval(n.Then, in, env)
	case n.Else != nil:
		return e.eval(n.Else, in, env)
	}
	return value.Undefined, nil
}

func (e *evaluation) fallback(n *syntax.Default, in value.Value, env *frame) (value.Value, error) {
	left, err := e.eval(n.Left, in, env)
	if err != nil {
		return value.Undefined, err
	}
	keep := !left.IsUndefined()
	if !n.Coalesce {
		if keep, err = value.Truthy(left); err != nil {
			return value.Undefined, err
		}
	}
	if keep {
		return left, nil
	}
	return e.eval(n.Right, in, env)
}

// array is the constructor […]: items that are constructors themselves stay arrays,
// the items of others are joined.
func (e *evaluation) array(n *syntax.Array, in value.Value, env *frame) (value.Value, error) {
	out := &value.List{Cons: n.ConsArray}
	if len(n.Items) > 0 {
		out.Items = make([]value.Value, 0, len(n.Items))
	}
	for _, item := range n.Items {
		v, err := e.eval(item, in, env)
		if err != nil {
			return value.Undefined, err
		}
		if v.IsUndefined() {
			continue
		}
		if len(n.Items) == 1 && isRange(item) && v.IsSequence() {
			out.Items = v.Items() // made for this array alone, and paid
			continue
		}
		if _, nested := item.(*syntax.Array); nested {
			e.Produce(itemBytes)
			out.Push(v)
			continue
		}
		e.push(out, v)
	}
	return value.OfList(out), nil
}

// isRange tells the operator .. from other expressions.
func isRange(n syntax.Node) bool {
	b, ok := n.(*syntax.Binary)
	return ok && b.Op == syntax.OpRange && b.Predicates == nil && b.Group == nil
}

// labels are the names of parents' variables, which no expression can spell.
var labels = [...]string{"!0", "!1", "!2", "!3", "!4", "!5", "!6", "!7"}
