package jsonata

import (
	"unicode/utf16"

	"stile/jsonata/value"
)

// cursor is the function "next" of a match: it looks for the match behind it.
type cursor struct {
	regex *value.Regex
	text  []rune
	from  int
	units int // UTF-16 units before from
}

// match applies a regular expression to a string: the first match as an object
// (match, start, end, groups, next), undefined for none. Places count UTF-16 units.
func (e *evaluation) match(re *value.Regex, args []value.Value) (value.Value, error) {
	if len(args) == 0 {
		return value.Undefined, nil
	}
	text, err := value.Stringify(args[0], false)
	if err != nil {
		return value.Undefined, err
	}
	c := &cursor{regex: re, text: []rune(text)}
	e.Produce(4 * len(c.text))
	if len(args) > 1 && args[1].IsNumber() {
		c.from = min(max(int(args[1].Num()), 0), len(c.text))
		c.units = units(c.text[:c.from])
	}
	return e.find(c)
}

func (e *evaluation) next(c *cursor) (value.Value, error) {
	if c.from >= len(c.text) {
		return value.Undefined, nil
	}
	v, err := e.find(c)
	if err == nil && v.IsObject() && v.Get("match").Str() == "" {
		return value.Undefined, &Error{Code: "D1004", Value: value.OfString(c.regex.Source)}
	}
	return v, err
}

func (e *evaluation) find(c *cursor) (value.Value, error) {
	places := c.regex.Re.Find(c.text, c.from, func() { e.Spend(1) })
	if places == nil {
		return value.Undefined, nil
	}
	start, end := places[0], places[1]
	groups := &value.List{}
	for i := 2; i+1 < len(places); i += 2 {
		group := value.Undefined
		if places[i] >= 0 {
			group = value.OfString(string(c.text[places[i]:places[i+1]]))
		}
		e.Produce(itemBytes)
		groups.Push(group)
	}
	first := c.units + units(c.text[c.from:start])
	last := first + units(c.text[start:end])
	o := value.NewObject(5)
	o.Set("match", value.OfString(string(c.text[start:end])))
	o.Set("start", value.OfNumber(float64(first)))
	o.Set("end", value.OfNumber(float64(last)))
	o.Set("groups", value.OfList(groups))
	o.Set("next", value.OfFunction(&value.Function{Closure: &cursor{c.regex, c.text, end, last}}))
	return value.OfObject(o), nil
}

// units counts UTF-16 units.
func units(text []rune) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}
