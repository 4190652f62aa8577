package library

import (
	"stile/jsonata/value"
)

var higherTable = []value.Native{
	{Name: "map", Signature: "<af>", Arity: 2, Call: given(mapList)},
	{Name: "filter", Signature: "<af>", Arity: 2, Call: given(filter)},
	{Name: "single", Signature: "<af?>", Arity: 2, Call: given(single)},
	{Name: "reduce", Signature: "<afj?:j>", Arity: 3, Call: given(reduce)},
	{Name: "sift", Signature: "<o-f?:o>", Arity: 2, Call: sift},
	{Name: "each", Signature: "<o-f:a>", Arity: 2, Call: each},
}

// apply calls fn with as many of an item, its index or name, and the whole as it
// has parameters, and with the item always.
func apply(c *value.Call, fn value.Value, args ...value.Value) (value.Value, error) {
	n := 1
	if f := fn.Func(); f != nil {
		n = min(max(f.Arity(), 1), len(args))
	}
	return c.Apply(fn, args[:n])
}

// holds calls fn and takes its result for true or false.
func holds(c *value.Call, fn value.Value, args ...value.Value) (bool, error) {
	v, err := apply(c, fn, args...)
	if err != nil {
		return false, err
	}
	return value.Truthy(v)
}

func index(i int) value.Value { return value.OfNumber(float64(i)) }

func mapList(c *value.Call, args []value.Value) (value.Value, error) {
	list, fn := args[0].Share(), arg(args, 1)
	out := value.NewSequence()
	for i, item := range list.Items() {
		charge(c, 1)
		v, err := apply(c, fn, item, index(i), list)
		if err != nil {
			return value.Undefined, err
		}
		if !v.IsUndefined() {
			out.Push(v)
		}
	}
	return value.OfList(out), nil
}

func filter(c *value.Call, args []value.Value) (value.Value, error) {
	list, fn := args[0].Share(), arg(args, 1)
	out := value.NewSequence()
	for i, item := range list.Items() {
		charge(c, 1)
		ok, err := holds(c, fn, item, index(i), list)
		if err != nil {
			return value.Undefined, err
		}
		if ok {
			out.Push(item)
		}
	}
	return value.OfList(out), nil
}

func single(c *value.Call, args []value.Value) (value.Value, error) {
	list, fn := args[0].Share(), arg(args, 1)
	found, result := false, value.Undefined
	for i, item := range list.Items() {
		c.Spend(1)
		if !fn.IsUndefined() {
			ok, err := holds(c, fn, item, index(i), list)
			if err != nil {
				return value.Undefined, err
			}
			if !ok {
				continue
			}
		}
		if found {
			return value.Undefined, &value.Error{Code: "D3138", Index: i}
		}
		found, result = true, item
	}
	if !found {
		return value.Undefined, &value.Error{Code: "D3139"}
	}
	return result, nil
}

func reduce(c *value.Call, args []value.Value) (value.Value, error) {
	list, fn, result := args[0].Share(), arg(args, 1), arg(args, 2)
	arity := fn.Func().Arity()
	if arity < 2 {
		return value.Undefined, &value.Error{Code: "D3050", Index: 1}
	}
	items, first := list.Items(), 0
	if result.IsUndefined() && len(items) > 0 {
		result, first = items[0], 1
	}
	for i := first; i < len(items); i++ {
		c.Spend(1)
		all := []value.Value{result, items[i], index(i), list}
		var err error
		if result, err = c.Apply(fn, all[:min(arity, 4)]); err != nil {
			return value.Undefined, err
		}
	}
	return result, nil
}

func sift(c *value.Call, args []value.Value) (value.Value, error) {
	object, fn := arg(args, 0).Share(), arg(args, 1)
	if object.IsFunction() && fn.IsUndefined() {
		return value.Undefined, fault("T0410", object, 1)
	}
	if !object.IsObject() {
		return value.Undefined, nil
	}
	out := value.NewObject(0)
	for _, m := range object.Object().Members() {
		charge(c, 1)
		ok, err := holds(c, fn, m.Value, value.OfString(m.Name), object)
		if err != nil {
			return value.Undefined, err
		}
		if ok {
			out.Set(m.Name, m.Value)
		}
	}
	if out.Len() == 0 {
		return value.Undefined, nil
	}
	return value.OfObject(out), nil
}

func each(c *value.Call, args []value.Value) (value.Value, error) {
	object, fn := arg(args, 0).Share(), arg(args, 1)
	out := value.NewSequence()
	if !object.IsObject() {
		return value.OfList(out), nil
	}
	for _, m := range object.Object().Members() {
		charge(c, 1)
		v, err := apply(c, fn, m.Value, value.OfString(m.Name), object)
		if err != nil {
			return value.Undefined, err
		}
		if !v.IsUndefined() {
			out.Push(v)
		}
	}
	return value.OfList(out), nil
}
