package library

import (
	"stile/jsonata/value"
)

// deepest is how deep arrays may nest where a function goes into them by recursion.
const deepest = 10_000

var objectTable = []value.Native{
	{Name: "keys", Signature: "<x-:a<s>>", Arity: 1, Call: keys},
	{Name: "lookup", Signature: "<x-s:x>", Arity: 2, Call: lookup},
	{Name: "spread", Signature: "<x-:a<o>>", Arity: 1, Call: spread},
	{Name: "merge", Signature: "<a<o>:o>", Arity: 1, Call: given(merge)},
	{Name: "type", Signature: "<x:s>", Arity: 1, Call: given(typeOf)},
	{Name: "boolean", Signature: "<x-:b>", Arity: 1, Call: given(boolean)},
	{Name: "not", Signature: "<x-:b>", Arity: 1, Call: given(not)},
	{Name: "exists", Signature: "<x:b>", Arity: 1, Call: exists},
	{Name: "error", Signature: "<s?:x>", Arity: 1, Call: raise},
	{Name: "assert", Signature: "<bs?:x>", Arity: 2, Call: assert},
}

func keys(c *value.Call, args []value.Value) (value.Value, error) {
	names := value.NewObject(0)
	collect(c, arg(args, 0), names, 0)
	out := value.NewSequence()
	charge(c, names.Len())
	for _, m := range names.Members() {
		out.Push(value.OfString(m.Name))
	}
	return value.OfList(out), nil
}

// collect puts the names of all objects in v into names.
func collect(c *value.Call, v value.Value, names *value.Object, depth int) {
	if depth > deepest {
		panic(value.Overflow())
	}
	if v.IsArray() {
		items := v.Items()
		c.Spend(1 + len(items))
		for _, item := range items {
			collect(c, item, names, depth+1)
		}
		return
	}
	if !v.IsObject() {
		return
	}
	members := v.Object().Members()
	c.Spend(1 + len(members))
	for _, m := range members {
		names.Set(m.Name, value.True)
	}
}

func lookup(c *value.Call, args []value.Value) (value.Value, error) {
	return lookupIn(c, arg(args, 0), arg(args, 1).Str(), 0), nil
}

func lookupIn(c *value.Call, v value.Value, name string, depth int) value.Value {
	if depth > deepest {
		panic(value.Overflow())
	}
	if !v.IsArray() {
		c.Spend(1)
		return v.Get(name)
	}
	out := value.NewSequence()
	items := v.Items()
	charge(c, len(items))
	for _, item := range items {
		out.PushFlat(lookupIn(c, item, name, depth+1))
	}
	return value.OfList(out)
}

func spread(c *value.Call, args []value.Value) (value.Value, error) {
	return spreadOf(c, arg(args, 0), 0), nil
}

func spreadOf(c *value.Call, v value.Value, depth int) value.Value {
	if depth > deepest {
		panic(value.Overflow())
	}
	out := value.NewSequence()
	switch {
	case v.IsArray():
		items := v.Items()
		charge(c, len(items))
		for _, item := range items {
			out.PushFlat(spreadOf(c, item, depth+1))
			out.Sequence = false // what was joined from several is an array
		}
	case v.IsObject():
		members := v.Object().Members()
		charge(c, 2*len(members))
		for _, m := range members {
			o := value.NewObject(1)
			o.Set(m.Name, m.Value)
			out.Push(value.OfObject(o))
		}
	default:
		return v
	}
	return value.OfList(out)
}

func merge(c *value.Call, args []value.Value) (value.Value, error) {
	out := value.NewObject(0)
	items := args[0].Items()
	c.Spend(1 + len(items))
	for _, item := range items {
		if !item.IsObject() {
			continue
		}
		members := item.Object().Members()
		charge(c, len(members))
		for _, m := range members {
			out.Set(m.Name, m.Value)
		}
	}
	return value.OfObject(out), nil
}

func typeOf(_ *value.Call, args []value.Value) (value.Value, error) {
	if args[0].IsNumber() {
		if ok, err := value.Numeric(args[0]); err != nil || !ok {
			return value.OfString("object"), err // NaN is no number to the reference
		}
	}
	return value.OfString(args[0].Kind().String()), nil
}

func boolean(c *value.Call, args []value.Value) (value.Value, error) {
	c.Spend(1 + args[0].Len()/8)
	ok, err := value.Truthy(args[0])
	return value.OfBool(ok), err
}

func not(c *value.Call, args []value.Value) (value.Value, error) {
	c.Spend(1 + args[0].Len()/8)
	ok, err := value.Truthy(args[0])
	return value.OfBool(!ok), err
}

func exists(_ *value.Call, args []value.Value) (value.Value, error) {
	return value.OfBool(!arg(args, 0).IsUndefined()), nil
}

func raise(_ *value.Call, args []value.Value) (value.Value, error) {
	return value.Undefined, message("D3137", arg(args, 0), "$error() function evaluated")
}

func assert(_ *value.Call, args []value.Value) (value.Value, error) {
	if arg(args, 0).Bool() {
		return value.Undefined, nil
	}
	return value.Undefined, message("D3141", arg(args, 1), "$assert() statement failed")
}

// message is an error in the expression's own words.
func message(code string, words value.Value, otherwise string) error {
	if words.Str() != "" {
		otherwise = words.Str()
	}
	return &value.Error{Code: code, Text: otherwise}
}
