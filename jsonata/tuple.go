package jsonata

import (
	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// frameOf is a scope with a tuple's variables.
func frameOf(env *frame, t *value.Tuple) *frame {
	return &frame{parent: env, vars: t.Vars, borrowed: true}
}

// tupleStep evaluates a step for every tuple of the stream; stream is nil where
// this is the first step that binds something, and items are its input.
func (e *evaluation) tupleStep(step syntax.Node, items []value.Value, stream *value.List, env *frame) (*value.List, error) {
	base := step.Base()
	var out *value.List
	var err error
	if s, ok := step.(*syntax.Sort); ok {
		out, err = e.tupleSort(s, items, stream, env)
	} else {
		out, err = e.tupleItems(step, items, stream, env)
	}
	if err != nil || base.Stages == nil {
		return out, err
	}
	v, err := e.stages(base.Stages, value.OfList(out), env)
	if err != nil {
		return nil, err
	}
	if l := v.List(); l != nil {
		return l, nil
	}
	return value.NewSequence(v), nil
}

func (e *evaluation) tupleItems(step syntax.Node, items []value.Value, stream *value.List, env *frame) (*value.List, error) {
	if stream != nil {
		items = stream.Items
	}
	out := &value.List{Sequence: true, Tuples: true}
	for _, item := range items {
		// without a stream the items are values, and an item's tuple is itself
		t := &value.Tuple{At: item}
		if stream != nil {
			t = item.Tuple()
		}
		res, err := e.eval(step, t.At, frameOf(env, t))
		if err != nil {
			return nil, err
		}
		if !res.IsUndefined() {
			e.bindTuples(step.Base(), t, res, out)
		}
	}
	return out, nil
}

// bindTuples adds to out a tuple for each item of a step's result.
func (e *evaluation) bindTuples(base *syntax.Common, t *value.Tuple, res value.Value, out *value.List) {
	results, tuples := []value.Value{res}, false
	if l := res.List(); l != nil {
		results, tuples = l.Items, l.Tuples
	}
	e.Produce(len(results) * 2 * itemBytes)
	for i, r := range results {
		next := t.Copy()
		if tuples {
			inner := r.Tuple()
			next.At = inner.At
			for _, b := range inner.Vars {
				next.Set(b.Name, b.Value)
			}
		} else {
			if base.Focus != "" {
				next.Set(base.Focus, r.Share())
			} else {
				next.At = r
			}
			if base.Index != "" {
				next.Set(base.Index, value.OfNumber(float64(i)))
			}
			if base.Ancestor != nil {
				next.Set(labelName(base.Ancestor.Label), t.At)
			}
		}
		out.Push(value.OfTuple(next))
	}
}

func (e *evaluation) tupleSort(s *syntax.Sort, items []value.Value, stream *value.List, env *frame) (*value.List, error) {
	if stream != nil {
		v, err := e.sort(s, stream.Items, value.OfList(stream), env)
		return v.List(), err
	}
	sorted, err := e.sort(s, items, value.OfItems(items...), env)
	if err != nil {
		return nil, err
	}
	out := &value.List{Sequence: true, Tuples: true}
	for i, item := range sorted.Items() {
		t := &value.Tuple{At: item}
		t.Set(s.Index, value.OfNumber(float64(i)))
		out.Push(value.OfTuple(t))
	}
	return out, nil
}
