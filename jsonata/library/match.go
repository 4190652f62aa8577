package library

import (
	"stile/jsonata/value"
)

// found is one match of a matcher in a text: its place in characters, what its
// groups took, and how to find the next one.
type found struct {
	match      []rune
	start, end int
	units      int // UTF-16 units before start, of a regular expression's match
	groups     []value.Value
	object     value.Value // as a function sees it, where the matcher gave one
	next       func() (*found, error)
}

// search applies a matcher, which is a regular expression or any function that
// gives what one gives.
func search(c *value.Call, name string, matcher value.Value, subject value.Value, rs []rune) (*found, error) {
	if f := matcher.Func(); f != nil && f.Regex != nil {
		return searchRegex(c, f.Regex, rs, 0, 0), nil
	}
	v, err := c.Apply(matcher, []value.Value{subject})
	if err != nil {
		return nil, err
	}
	return foundBy(c, name, v, rs)
}

// searchRegex finds the match at or behind a place with so many UTF-16 units before
// it.
func searchRegex(c *value.Call, re *value.Regex, rs []rune, from, before int) *found {
	at := re.Re.Find(rs, from, func() { c.Spend(1) })
	if at == nil {
		return nil
	}
	f := &found{match: rs[at[0]:at[1]], start: at[0], end: at[1], units: before + units(rs[from:at[0]])}
	for i := 2; i+1 < len(at); i += 2 {
		group := value.Undefined
		if at[i] >= 0 && at[i+1] >= 0 {
			group = text(c, encoded(rs[at[i]:at[i+1]]))
		}
		c.Produce(itemBytes)
		f.groups = append(f.groups, group)
	}
	f.next = func() (*found, error) {
		if f.end >= len(rs) {
			return nil, nil
		}
		n := searchRegex(c, re, rs, f.end, f.units+units(f.match))
		if n != nil && len(n.match) == 0 {
			return nil, &value.Error{Code: "D1004", Value: value.OfString(re.Source)}
		}
		return n, nil
	}
	return f
}

// foundBy reads what a function gave as a match; places are in UTF-16 units.
func foundBy(c *value.Call, name string, v value.Value, rs []rune) (*found, error) {
	if v.IsUndefined() {
		return nil, nil
	}
	start, end, groups, next := v.Get("start"), v.Get("end"), v.Get("groups"), v.Get("next")
	if !start.IsNumber() && !end.IsNumber() && !groups.IsArray() && !next.IsFunction() {
		return nil, &value.Error{Code: "T1010", Token: name}
	}
	c.Spend(1 + len(rs)/8)
	f := &found{match: decoded(v.Get("match").Str()), start: unit(rs, start.Num()), end: unit(rs, end.Num()), groups: groups.Items(), object: v}
	f.next = func() (*found, error) {
		n, err := c.Apply(next, nil)
		if err != nil {
			return nil, err
		}
		return foundBy(c, name, n, rs)
	}
	return f, nil
}

// asObject gives a match as a function of $replace sees it.
func (f *found) asObject(c *value.Call, rs []rune) value.Value {
	if f.object.IsObject() {
		return f.object
	}
	c.Spend(1)
	o := value.NewObject(5)
	o.Set("match", text(c, encoded(f.match)))
	o.Set("start", value.OfNumber(float64(f.units)))
	o.Set("end", value.OfNumber(float64(f.units+units(f.match))))
	o.Set("groups", value.OfItems(f.groups...))
	o.Set("next", value.OfFunction(&value.Function{Native: &value.Native{Name: "next", Call: func(c *value.Call, _ []value.Value) (value.Value, error) {
		n, err := f.next()
		if err != nil || n == nil {
			return value.Undefined, err
		}
		return n.asObject(c, rs), nil
	}}}))
	return value.OfObject(o)
}

// within tells whether another one is allowed by a limit that may be undefined.
func within(limit value.Value, count int) bool {
	return limit.IsUndefined() || float64(count) < limit.Num()
}

var matchTable = []value.Native{
	{Name: "contains", Signature: "<s-(sf):b>", Arity: 2, Call: given(contains)},
	{Name: "match", Signature: "<s-f<s:o>n?:a<o>>", Arity: 3, Call: given(match)},
	{Name: "replace", Signature: "<s-(sf)(sf)n?:s>", Arity: 4, Call: given(replace)},
	{Name: "split", Signature: "<s-(sf)n?:a<s>>", Arity: 3, Call: given(split)},
}

func match(c *value.Call, args []value.Value) (value.Value, error) {
	limit := arg(args, 2)
	if limit.Num() < 0 {
		return value.Undefined, fault("D3040", limit, 3)
	}
	out := value.NewSequence()
	if !within(limit, 0) {
		return value.OfList(out), nil
	}
	rs := decoded(args[0].Str())
	c.Produce(4 * len(rs))
	m, err := search(c, "match", arg(args, 1), args[0], rs)
	index, from := 0, 0
	for n := 0; err == nil && m != nil && within(limit, n); n++ {
		if m.start >= from {
			index += units(rs[from:m.start])
			from = m.start
		} else {
			index, from = units(rs[:m.start]), m.start
		}
		c.Produce(4*itemBytes + len(m.match))
		o := value.NewObject(3)
		o.Set("match", value.OfString(encoded(m.match)))
		o.Set("index", value.OfNumber(float64(index)))
		o.Set("groups", value.OfItems(m.groups...))
		out.Push(value.OfObject(o))
		m, err = m.next()
	}
	if err != nil {
		return value.Undefined, err
	}
	return value.OfList(out), nil
}
