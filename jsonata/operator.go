package jsonata

import (
	"errors"
	"math"

	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

func (e *evaluation) binary(n *syntax.Binary, in value.Value, env *frame) (value.Value, error) {
	left, err := e.eval(n.Left, in, env)
	if err != nil {
		return value.Undefined, err
	}
	if n.Op == syntax.OpAnd || n.Op == syntax.OpOr {
		v, err := e.logic(n, left, in, env)
		return v, at(err, n)
	}
	right, err := e.eval(n.Right, in, env)
	if err != nil {
		return value.Undefined, err
	}
	v, err := e.operate(n.Op, left, right)
	if err != nil {
		return value.Undefined, at(err, n)
	}
	return v, nil
}

// at names the operator that failed.
func at(err error, n *syntax.Binary) error {
	var fault *Error
	if errors.As(err, &fault) && fault.Limit == "" {
		fault.Token, fault.Position = n.Op.String(), n.Position
	}
	return err
}

func (e *evaluation) logic(n *syntax.Binary, left, in value.Value, env *frame) (value.Value, error) {
	yes, err := value.Truthy(left)
	if err != nil {
		return value.Undefined, err
	}
	if yes == (n.Op == syntax.OpOr) {
		return value.OfBool(yes), nil
	}
	right, err := e.eval(n.Right, in, env)
	if err != nil {
		return value.Undefined, err
	}
	yes, err = value.Truthy(right)
	return value.OfBool(yes), err
}

func (e *evaluation) operate(op syntax.Operator, a, b value.Value) (value.Value, error) {
	switch op {
	case syntax.OpAdd, syntax.OpSubtract, syntax.OpMultiply, syntax.OpDivide, syntax.OpModulo:
		return arithmetic(op, a, b)
	case syntax.OpEqual, syntax.OpNotEqual:
		if a.IsUndefined() || b.IsUndefined() {
			return value.False, nil
		}
		return value.OfBool(value.Equal(a, b) == (op == syntax.OpEqual)), nil
	case syntax.OpConcat:
		return e.concat(a, b)
	case syntax.OpRange:
		return e.span(a, b)
	case syntax.OpIn:
		return e.contains(a, b), nil
	}
	return compare(op, a, b)
}

func arithmetic(op syntax.Operator, a, b value.Value) (value.Value, error) {
	if err := needNumber("T2001", a); err != nil {
		return value.Undefined, err
	}
	if err := needNumber("T2002", b); err != nil {
		return value.Undefined, err
	}
	if a.IsUndefined() || b.IsUndefined() {
		return value.Undefined, nil
	}
	x, y := a.Num(), b.Num()
	switch op {
	case syntax.OpAdd:
		x += y
	case syntax.OpSubtract:
		x -= y
	case syntax.OpMultiply:
		x *= y
	case syntax.OpDivide:
		x /= y
	default:
		x = math.Mod(x, y)
	}
	return value.OfNumber(x), nil
}

func needNumber(code string, v value.Value) error {
	if v.IsUndefined() {
		return nil
	}
	ok, err := value.Numeric(v)
	if err == nil && !ok {
		err = &Error{Code: code, Value: v}
	}
	return err
}

// comparable tells whether < and > take a value: numbers, strings, undefined.
func comparable(v value.Value) bool { return v.IsUndefined() || v.IsNumber() || v.IsString() }

func compare(op syntax.Operator, a, b value.Value) (value.Value, error) {
	if !comparable(a) || !comparable(b) {
		bad := b
		if !a.IsNumber() && !a.IsString() {
			bad = a
		}
		return value.Undefined, &Error{Code: "T2010", Value: bad}
	}
	if a.IsUndefined() || b.IsUndefined() {
		return value.Undefined, nil
	}
	if a.Kind() != b.Kind() {
		return value.Undefined, &Error{Code: "T2009", Value: a, Value2: b}
	}
	var less, equal bool
	if a.IsNumber() {
		less, equal = a.Num() < b.Num(), a.Num() == b.Num()
		if math.IsNaN(a.Num()) || math.IsNaN(b.Num()) {
			return value.False, nil
		}
	} else {
		c := value.CompareStrings(a.Str(), b.Str())
		less, equal = c < 0, c == 0
	}
	switch op {
	case syntax.OpLess:
		return value.OfBool(less), nil
	case syntax.OpLessEqual:
		return value.OfBool(less || equal), nil
	case syntax.OpGreater:
		return value.OfBool(!less && !equal), nil
	}
	return value.OfBool(!less), nil
}

func (e *evaluation) concat(a, b value.Value) (value.Value, error) {
	left, err := value.Stringify(a, false)
	if err != nil {
		return value.Undefined, err
	}
	right, err := value.Stringify(b, false)
	if err != nil {
		return value.Undefined, err
	}
	e.Hold(len(left) + len(right))
	return value.OfString(left + right), nil
}

// maxRange is how many numbers a range may have.
const maxRange = 1e7

func (e *evaluation) span(a, b value.Value) (value.Value, error) {
	if !a.IsUndefined() && !whole(a) {
		return value.Undefined, &Error{Code: "T2003", Value: a}
	}
	if !b.IsUndefined() && !whole(b) {
		return value.Undefined, &Error{Code: "T2004", Value: b}
	}
	if a.IsUndefined() || b.IsUndefined() || a.Num() > b.Num() {
		return value.Undefined, nil
	}
	size := b.Num() - a.Num() + 1
	if size > maxRange {
		return value.Undefined, &Error{Code: "D2014", Value: value.OfNumber(size)}
	}
	e.Produce(int(size) * itemBytes)
	e.Spend(int(size) / 16)
	out := value.NewSequence()
	out.Items = make([]value.Value, int(size))
	for i := range out.Items {
		out.Items[i] = value.OfNumber(a.Num() + float64(i))
	}
	return value.OfList(out), nil
}

func whole(v value.Value) bool {
	return v.IsNumber() && v.Num() == math.Trunc(v.Num()) && !math.IsInf(v.Num(), 0)
}

// contains is the operator in, which compares as === does.
func (e *evaluation) contains(a, b value.Value) value.Value {
	if a.IsUndefined() || b.IsUndefined() {
		return value.False
	}
	if !b.IsArray() {
		return value.OfBool(a.Same(b))
	}
	items := b.Items()
	e.Spend(len(items))
	for _, item := range items {
		if item.Same(a) {
			return value.True
		}
	}
	return value.False
}

func (e *evaluation) negate(n *syntax.Negate, in value.Value, env *frame) (value.Value, error) {
	v, err := e.eval(n.Operand, in, env)
	if err != nil || v.IsUndefined() {
		return value.Undefined, err
	}
	ok, err := value.Numeric(v)
	if err != nil {
		return value.Undefined, err
	}
	if !ok {
		return value.Undefined, &Error{Code: "D1002", Position: n.Position, Token: "-", Value: v}
	}
	return value.OfNumber(-v.Num()), nil
}

// wildcard is *: the members' values, arrays flat to the bottom.
func (e *evaluation) wildcard(in value.Value) value.Value {
	if l := in.List(); l != nil {
		if l.Outer && len(l.Items) > 0 {
			in = l.Items[0]
		}
	}
	out := value.NewSequence()
	each := func(v value.Value) {
		if v.IsArray() {
			// what is appended to is a plain array from here on
			out.Sequence = false
			e.flatten(v, out, 0)
			return
		}
		e.Produce(itemBytes)
		out.Push(v)
	}
	switch in.Kind() {
	case value.ArrayKind:
		for _, item := range in.Items() {
			each(item)
		}
	case value.ObjectKind:
		for _, m := range in.Object().Members() {
			each(m.Value)
		}
	}
	return value.OfList(out)
}

func (e *evaluation) flatten(v value.Value, out *value.List, depth int) {
	e.Spend(1)
	if !v.IsArray() {
		e.Produce(itemBytes)
		out.Push(v)
		return
	}
	if depth > maxNesting {
		panic(value.Overflow())
	}
	for _, item := range v.Items() {
		e.flatten(item, out, depth+1)
	}
}

// maxNesting bounds walks into values.
const maxNesting = 10000

// descendants is **: the value and all below it, arrays left out.
func (e *evaluation) descendants(in value.Value) (value.Value, error) {
	if in.IsUndefined() {
		return in, nil
	}
	out := value.NewSequence()
	e.descend(in, out, 0)
	if len(out.Items) == 1 {
		return out.Items[0], nil
	}
	return value.OfList(out), nil
}

func (e *evaluation) descend(v value.Value, out *value.List, depth int) {
	e.Spend(1)
	if depth > maxNesting {
		panic(value.Overflow())
	}
	if v.IsArray() {
		for _, item := range v.Items() {
			e.descend(item, out, depth+1)
		}
		return
	}
	e.Produce(itemBytes)
	out.Push(v)
	if v.IsObject() {
		for _, m := range v.Object().Members() {
			e.descend(m.Value, out, depth+1)
		}
	}
}
