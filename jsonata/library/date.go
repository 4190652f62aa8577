package library

import (
	"stile/jsonata/library/picture"
	"stile/jsonata/value"
)

var dateTable = []value.Native{
	{Name: "now", Signature: "<s?s?:s>", Arity: 2, Call: func(c *value.Call, args []value.Value) (value.Value, error) {
		return formatMillis(c, float64(c.Now()), arg(args, 0), arg(args, 1))
	}},
	{Name: "millis", Signature: "<:n>", Arity: 0, Call: func(c *value.Call, _ []value.Value) (value.Value, error) {
		return value.OfNumber(float64(c.Now())), nil
	}},
	{Name: "fromMillis", Signature: "<n-s?s?:s>", Arity: 3, Call: given(func(c *value.Call, args []value.Value) (value.Value, error) {
		return formatMillis(c, args[0].Num(), arg(args, 1), arg(args, 2))
	})},
	{Name: "toMillis", Signature: "<s-s?:n>", Arity: 2, Call: given(toMillis)},
}

func formatMillis(c *value.Call, millis float64, pic, zone value.Value) (value.Value, error) {
	shape, off := picture.ISO, "0"
	if !pic.IsUndefined() {
		shape = pic.Str()
	}
	if !zone.IsUndefined() {
		off = zone.Str()
	}
	s, err := picture.FormatMillis(millis, shape, off, c)
	return value.OfString(s), pictured(err)
}

func toMillis(c *value.Call, args []value.Value) (value.Value, error) {
	s := args[0].Str()
	c.Spend(1 + len(s))
	pic := arg(args, 1)
	if pic.IsUndefined() {
		millis, err := picture.ParseISO(s)
		return value.OfNumber(millis), pictured(err)
	}
	millis, ok, err := picture.ParseMillis(s, pic.Str(), c.Now(), c)
	if err != nil || !ok {
		return value.Undefined, pictured(err)
	}
	return value.OfNumber(millis), nil
}
