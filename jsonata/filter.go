package jsonata

import (
	"math"

	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// filter keeps the items that a predicate chooses: by position (from the end where
// it is negative), by positions, or by being true.
func (e *evaluation) filter(predicate syntax.Node, in value.Value, env *frame) (value.Value, error) {
	if q, ok := quickOf(predicate); ok && in.IsArray() {
		if found, ok := q.filter(e, in); ok {
			return found, nil
		}
	}
	if n, ok := predicate.(*syntax.Number); ok && n.Value >= 0 && n.Value < math.MaxInt32 {
		if item, ok := in.At(int(n.Value)); ok && !item.IsArray() {
			return value.OfList(value.NewSequence(item)), nil
		}
	}
	out := value.NewSequence()
	var items []value.Value
	if in.IsArray() {
		l := in.List()
		items, out.Tuples = l.Items, l.Tuples
	} else {
		items = []value.Value{in}
	}
	if n, ok := predicate.(*syntax.Number); ok {
		at := math.Floor(n.Value)
		if at < 0 {
			at += float64(len(items))
		}
		if at >= 0 && at < float64(len(items)) {
			item := items[int(at)]
			if item.IsArray() {
				return item, nil
			}
			if !item.IsUndefined() {
				out.Push(item)
			}
		}
		return value.OfList(out), nil
	}
	for i, item := range items {
		context, scope := item, env
		if out.Tuples {
			t := item.Tuple()
			context, scope = t.At, frameOf(env, t)
		}
		res, err := e.eval(predicate, context, scope)
		if err != nil {
			return value.Undefined, err
		}
		times, err := e.chosen(res, i, len(items))
		if err != nil {
			return value.Undefined, err
		}
		for range times {
			e.Produce(itemBytes)
			out.Push(item)
		}
	}
	return value.OfList(out), nil
}

// quick is the predicate [name = constant], which needs no evaluation.
type quick struct {
	name     string
	constant value.Value
	equal    bool
}

func quickOf(predicate syntax.Node) (q quick, ok bool) {
	b, ok := predicate.(*syntax.Binary)
	if !ok || b.Op != syntax.OpEqual && b.Op != syntax.OpNotEqual || !bare(b) {
		return q, false
	}
	path, ok := b.Left.(*syntax.Path)
	if !ok || len(path.Steps) != 1 || !bare(path) || path.KeepSingleton || path.Tuple || !plain(path.Steps[0], false) || !bare(b.Right) {
		return q, false
	}
	name, ok := path.Steps[0].(*syntax.Name)
	if !ok {
		return q, false
	}
	q.name, q.equal = name.Value, b.Op == syntax.OpEqual
	switch c := b.Right.(type) {
	case *syntax.Number:
		q.constant = value.OfNumber(c.Value)
	case *syntax.String:
		q.constant = value.OfString(c.Value)
	case *syntax.Bool:
		q.constant = value.OfBool(c.Value)
	default:
		return q, false
	}
	return q, true
}

// bare tells that nothing is attached to an expression.
func bare(n syntax.Node) bool {
	base := n.Base()
	return base.Predicates == nil && base.Group == nil && !base.KeepArray
}

// filter gives the items of an array that the predicate chooses; ok is false where
// only an evaluation can tell, and where one would be too deep.
func (q *quick) filter(e *evaluation, in value.Value) (found value.Value, ok bool) {
	if e.depth+2 > e.limits.Depth {
		return found, false
	}
	out := value.NewShort()
	want := value.Differs
	if q.equal {
		want = value.Equals
	}
	for it := in.Iterate(); ; {
		item, verdict := it.Probe(q.name, &q.constant)
		switch verdict {
		case value.End:
			return value.OfList(out), true
		case value.Unsure:
			return found, false
		}
		e.Spend(4)
		if verdict == want {
			e.Produce(itemBytes)
			out.Push(item)
		}
	}
}

// chosen tells how many times a predicate's value takes item i of n.
func (e *evaluation) chosen(res value.Value, i, n int) (int, error) {
	if ok, err := value.Numeric(res); err != nil || ok {
		return hits(res, i, n), err
	}
	if res.IsArray() {
		positions := res.Items()
		e.Spend(len(positions))
		all, times := true, 0
		for _, p := range positions {
			ok, err := value.Numeric(p)
			if err != nil {
				return 0, err
			}
			if !ok {
				all = false
			} else {
				times += hits(p, i, n)
			}
		}
		if all {
			return times, nil
		}
	}
	yes, err := value.Truthy(res)
	if err != nil || !yes {
		return 0, err
	}
	return 1, nil
}

func hits(position value.Value, i, n int) int {
	at := math.Floor(position.Num())
	if at < 0 {
		at += float64(n)
	}
	if at == float64(i) {
		return 1
	}
	return 0
}
