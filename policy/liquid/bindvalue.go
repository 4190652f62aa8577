package liquid

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// Value gives what a value of policy expressions, such as a variable, is in a
// template: JSON tokens, dictionaries and lists are taken apart.
func (b Binding) Value(v any) (out any, err error) {
	w := &binder{Binding: b}
	m := clr.NewMachine(nil)
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *clr.Thrown, clr.Exhausted:
			out, err = nil, ErrBudget
		default:
			panic(x)
		}
	}()
	out = w.value(m, v)
	return out, w.err
}

func (w *binder) value(m *clr.Machine, v any) any {
	if !w.more() {
		return nil
	}
	switch x := clr.Normal(v).(type) {
	case *library.JValue:
		return w.value(m, x.Value)
	case *library.JObject:
		return w.hash(m, library.PairsOf(x))
	case *library.Dict:
		return w.hash(m, x)
	case *library.JArray, *clr.Array, *clr.List, *clr.Seq:
		var out List
		clr.Iterate(m, x, func(it clr.Value) bool { out = append(out, w.value(m, it)); return w.err == nil })
		return out
	case string:
		return w.text(x)
	case clr.Char:
		return x.Text()
	default:
		return x
	}
}

func (w *binder) hash(m *clr.Machine, v any) *Hash {
	h := &Hash{}
	clr.Iterate(m, v, func(it clr.Value) bool {
		if p, ok := it.(clr.KeyValue); ok {
			h.Set(clr.Text(p.Key), w.value(m, p.Value))
		}
		return w.err == nil
	})
	return h
}
