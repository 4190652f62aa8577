package library

import (
	"math"
	"strings"

	"stile/jsonata/value"
)

var textTable = []value.Native{
	{Name: "string", Signature: "<x-b?:s>", Arity: 1, Call: given(stringify)},
	{Name: "length", Signature: "<s-:n>", Arity: 1, Call: given(func(c *value.Call, args []value.Value) (value.Value, error) {
		c.Spend(1 + len(args[0].Str())/8)
		return value.OfNumber(float64(length(args[0].Str()))), nil
	})},
	{Name: "substring", Signature: "<s-nn?:s>", Arity: 3, Call: given(substring)},
	{Name: "substringBefore", Signature: "<s-s:s>", Arity: 2, Call: given(substringBefore)},
	{Name: "substringAfter", Signature: "<s-s:s>", Arity: 2, Call: given(substringAfter)},
	{Name: "lowercase", Signature: "<s-:s>", Arity: 1, Call: ofText(lowercase)},
	{Name: "uppercase", Signature: "<s-:s>", Arity: 1, Call: ofText(uppercase)},
	{Name: "trim", Signature: "<s-:s>", Arity: 1, Call: ofText(trim)},
	{Name: "pad", Signature: "<s-ns?:s>", Arity: 3, Call: given(pad)},
	{Name: "join", Signature: "<a<s>s?:s>", Arity: 2, Call: given(join)},
}

func stringify(c *value.Call, args []value.Value) (value.Value, error) {
	if args[0].IsString() {
		return args[0], nil
	}
	spendDeep(c, args[0], 0)
	s, err := value.Stringify(args[0], arg(args, 1).Bool())
	if err != nil {
		return value.Undefined, err
	}
	return text(c, s), nil
}

// spendDeep charges for a value and all that is in it, before it is written out: a
// value that is shared many times may be much larger than the memory it takes.
func spendDeep(c *value.Call, v value.Value, depth int) {
	if depth > 10_000 {
		panic(value.Overflow())
	}
	switch {
	case v.IsArray():
		items := v.Items()
		c.Spend(1 + len(items))
		c.Produce(len(items))
		for _, item := range items {
			spendDeep(c, item, depth+1)
		}
	case v.IsObject():
		members := v.Object().Members()
		c.Spend(1 + len(members))
		for _, m := range members {
			c.Produce(len(m.Name) + 4)
			spendDeep(c, m.Value, depth+1)
		}
	case v.IsString():
		c.Produce(len(v.Str()) + 2)
	}
}

func substring(c *value.Call, args []value.Value) (value.Value, error) {
	s := args[0].Str()
	c.Spend(1 + len(s)/8)
	rs := decoded(s)
	size, start := float64(len(rs)), arg(args, 1).Num()
	if size+start < 0 {
		start = 0
	}
	end := size
	if n := arg(args, 2); !n.IsUndefined() {
		if n.Num() <= 0 || arg(args, 1).IsUndefined() {
			return value.OfString(""), nil
		}
		end = start + n.Num()
		if start < 0 {
			end += size
		}
	}
	return text(c, encoded(slice(rs, start, end))), nil
}

func substringBefore(c *value.Call, args []value.Value) (value.Value, error) {
	c.Spend(1 + len(args[0].Str())/8)
	if arg(args, 1).IsUndefined() {
		return args[0], nil
	}
	before, _, _ := strings.Cut(args[0].Str(), arg(args, 1).Str())
	return value.OfString(before), nil
}

func substringAfter(c *value.Call, args []value.Value) (value.Value, error) {
	c.Spend(1 + len(args[0].Str())/8)
	if _, after, found := strings.Cut(args[0].Str(), arg(args, 1).Str()); found && !arg(args, 1).IsUndefined() {
		return value.OfString(after), nil
	}
	return args[0], nil
}

// trim makes one space of any white space and cuts it from both ends.
func trim(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }), " ")
}

func pad(c *value.Call, args []value.Value) (value.Value, error) {
	s, with := args[0].Str(), decoded(arg(args, 2).Str())
	if len(with) == 0 {
		with = []rune{' '}
	}
	c.Spend(1 + len(s)/8)
	width := math.Trunc(arg(args, 1).Num())
	missing := math.Abs(width) - float64(length(s))
	if !(missing > 0) {
		return args[0], nil
	}
	n := int(min(missing, 1e15))
	c.Produce(n * max(len(encoded(with))/len(with), 1))
	c.Spend(n / 8)
	fill := make([]rune, n)
	for i := range fill {
		fill[i] = with[i%len(with)]
	}
	if width > 0 {
		return text(c, s+encoded(fill)), nil
	}
	return text(c, encoded(fill)+s), nil
}

func join(c *value.Call, args []value.Value) (value.Value, error) {
	items, sep := args[0].Items(), arg(args, 1).Str()
	size := 0
	for _, item := range items {
		size += len(item.Str()) + len(sep)
	}
	c.Spend(1 + len(items))
	c.Hold(size)
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = item.Str()
	}
	return value.OfString(strings.Join(parts, sep)), nil
}
