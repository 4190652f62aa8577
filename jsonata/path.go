package jsonata

import (
	"strconv"

	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

func labelName(label int) string {
	if label < len(labels) {
		return labels[label]
	}
	return "!" + strconv.Itoa(label)
}

// path walks the steps. While there is one item that is no array and the steps are
// plain names, no sequence is made of it.
func (e *evaluation) path(p *syntax.Path, in value.Value, env *frame) (value.Value, error) {
	_, absolute := p.Steps[0].(*syntax.Variable)
	if p.Group == nil && !p.KeepSingleton && (absolute || !in.IsArray()) {
		return e.single(p, 0, in, env)
	}
	var items []value.Value
	if in.IsArray() && !absolute {
		items = in.Items()
	} else {
		items = []value.Value{in}
	}
	return e.steps(p, 0, items, in, env)
}

// plain tells that a step is a name or variable with nothing attached.
func plain(step syntax.Node, first bool) bool {
	switch step.(type) {
	case *syntax.Name:
	case *syntax.Variable:
		if !first {
			return false
		}
	default:
		return false
	}
	base := step.Base()
	return base.Stages == nil && base.Predicates == nil && base.Group == nil && !base.Tuple && !base.KeepArray
}

// single walks the steps from one on while what they give is no array.
func (e *evaluation) single(p *syntax.Path, from int, in value.Value, env *frame) (value.Value, error) {
	for i := from; i < len(p.Steps); i++ {
		step := p.Steps[i]
		if !plain(step, i == 0) {
			if i == 0 && step.Base().ConsArray {
				return e.steps(p, 0, []value.Value{in}, value.OfList(value.NewSequence(in)), env)
			}
			return e.steps(p, i, []value.Value{in}, in, env)
		}
		e.Spend(1)
		switch s := step.(type) {
		case *syntax.Name:
			in = in.Get(s.Value)
		case *syntax.Variable:
			in = e.variable(s.Name, in, env)
		}
		if in.IsUndefined() {
			return in, nil
		}
		if in.IsArray() {
			l := in.List()
			if i == len(p.Steps)-1 {
				if l.Sequence {
					return sequenceOf(l), nil
				}
				return in, nil
			}
			if !l.Cons {
				if len(l.Items) == 0 {
					return value.Undefined, nil
				}
				return e.steps(p, i+1, l.Items, sequenceOf(l), env)
			}
		}
	}
	return in, nil
}

// steps walks the steps from one on over the items of a sequence; whole is the
// sequence as a value.
func (e *evaluation) steps(p *syntax.Path, from int, items []value.Value, whole value.Value, env *frame) (value.Value, error) {
	var (
		result   value.Value
		stream   *value.List // the tuple stream, from the first step on that binds
		isStream bool
		err      error
	)
	for i := from; i < len(p.Steps); i++ {
		step := p.Steps[i]
		base := step.Base()
		isStream = isStream || base.Tuple
		switch {
		case i == 0 && base.ConsArray:
			result, err = e.eval(step, whole, env)
		case isStream:
			stream, err = e.tupleStep(step, items, stream, env)
		default:
			result, err = e.step(step, items, whole, env, i == len(p.Steps)-1)
		}
		if err != nil {
			return value.Undefined, err
		}
		if !isStream && (result.IsUndefined() || result.IsArray() && result.Len() == 0 || result.IsString() && result.Str() == "") {
			break
		}
		// what an array constructor gives is walked even where it begins a stream
		if base.Focus == "" && (!isStream || i == 0 && base.ConsArray) {
			whole = result
			if items = result.Items(); !result.IsArray() {
				items = characters(result)
			}
			if !isStream && len(items) == 1 && i+1 < len(p.Steps) && p.Group == nil && !p.KeepSingleton && !items[0].IsArray() && plain(p.Steps[i+1], false) {
				return e.single(p, i+1, items[0], env)
			}
		}
	}
	if isStream {
		result = e.endStream(p, stream)
	}
	if p.KeepSingleton {
		result = keepSingleton(result)
	}
	if p.Group == nil {
		return result, nil
	}
	if isStream {
		result = value.OfList(stream)
	}
	return e.group(p.Group.Pairs, p.Group.Position, result, env)
}

func sequenceOf(l *value.List) value.Value {
	return value.OfList(&value.List{Items: l.Items[:len(l.Items):len(l.Items)], Sequence: true})
}

// characters are the items of what is no array, where a predicate left one item of
// an array constructor: JavaScript's strings have items, other values have none.
func characters(v value.Value) (items []value.Value) {
	for _, r := range v.Str() {
		items = append(items, value.OfString(string(r)))
	}
	return items
}

// endStream gives a stream's values, or the stream itself where an ancestor of the
// path needs it.
func (e *evaluation) endStream(p *syntax.Path, stream *value.List) value.Value {
	if p.Tuple {
		return value.OfList(stream)
	}
	out := value.NewSequence()
	out.Items = make([]value.Value, len(stream.Items))
	for i := range stream.Items {
		out.Items[i] = stream.Items[i].Tuple().At
	}
	return value.OfList(out)
}

func keepSingleton(v value.Value) value.Value {
	if !v.IsArray() {
		return v
	}
	l := v.List()
	if l.Cons && !l.Sequence {
		l = value.NewSequence(v)
		v = value.OfList(l)
	}
	if l.Sequence {
		l.KeepSingleton = true
	}
	return v
}

// step evaluates one step for every item and joins what it gives.
func (e *evaluation) step(step syntax.Node, items []value.Value, whole value.Value, env *frame, last bool) (value.Value, error) {
	base := step.Base()
	if s, ok := step.(*syntax.Sort); ok {
		result, err := e.sort(s, items, whole, env)
		if err == nil && base.Stages != nil {
			result, err = e.stages(base.Stages, result, env)
		}
		return result, err
	}
	var out *value.List // from the second result on
	var first value.Value
	count := 0
	for _, item := range items {
		res, err := e.eval(step, item, env)
		if err != nil {
			return value.Undefined, err
		}
		for s := range base.Stages {
			if base.Stages[s].Expr == nil {
				continue
			}
			if res, err = e.filter(base.Stages[s].Expr, res, env); err != nil {
				return value.Undefined, err
			}
		}
		if res.IsUndefined() {
			continue
		}
		switch count++; count {
		case 1:
			first = res
		case 2:
			out = value.NewSequence()
			out.Items = make([]value.Value, 0, len(items))
			e.join(out, first)
			fallthrough
		default:
			e.join(out, res)
		}
	}
	if out != nil {
		return value.OfList(out), nil
	}
	if first.IsArray() {
		l := first.List()
		switch {
		case last && !l.Sequence:
			return first, nil
		case l.Sequence && !l.Cons && base.Stages != nil && !l.KeepSingleton:
			return first, nil // a filter made it: nobody else has it
		case !l.Cons:
			return sequenceOf(l), nil
		}
	}
	if count == 0 {
		return value.OfList(value.NewSequence()), nil
	}
	return value.OfList(value.NewSequence(first)), nil
}

// join adds a step's result to the sequence: arrays flat, unless a constructor made
// them.
func (e *evaluation) join(out *value.List, v value.Value) {
	if v.IsArray() && v.List().Cons {
		e.Produce(itemBytes)
		out.Push(v)
		return
	}
	e.push(out, v)
}

func (e *evaluation) stages(stages []syntax.Stage, in value.Value, env *frame) (value.Value, error) {
	var err error
	for i := range stages {
		if stages[i].Expr == nil {
			for at, item := range in.Items() {
				item.Tuple().Set(stages[i].Index, value.OfNumber(float64(at)))
			}
			continue
		}
		if in, err = e.filter(stages[i].Expr, in, env); err != nil {
			return value.Undefined, err
		}
	}
	return in, nil
}
