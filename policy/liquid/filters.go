package liquid

import (
	"fmt"

	"stile/policy/expr/clr"
)

// kind is the .NET type of a filter's parameter.
type kind uint8

const (
	anything kind = iota // object
	words                // string
	whole                // int
	sequence             // IEnumerable
)

// param is a parameter behind the input, with its default where the call may
// leave it out.
type param struct {
	name string
	kind kind
	rest any
}

// filter is one filter: how its input is taken, its parameters, those that must be
// given first, and what it does. run gets as many arguments as there are params.
type filter struct {
	input  kind
	params []param
	least  int
	run    func(r *render, in any, args []any) any
}

// plain is a filter of text without arguments.
func plain(f func(s string) string) *filter {
	return &filter{input: words, run: func(r *render, in any, _ []any) any {
		if in == nil {
			return nil
		}
		return r.m.Text(f(in.(string)))
	}}
}

// filters are the methods of DotLiquid 2.0's StandardFilters, which are those of
// the set-body page and six more that it leaves out.
var filters = map[string]*filter{
	"Abs":           {run: abs},
	"Append":        {input: words, params: []param{{name: "string", kind: words}}, least: 1, run: appendText},
	"AtLeast":       {params: []param{{name: "atLeast"}}, least: 1, run: atLeast},
	"AtMost":        {params: []param{{name: "atMost"}}, least: 1, run: atMost},
	"Capitalize":    plain(titleCase),
	"Ceil":          {run: ceil},
	"Compact":       {run: compact},
	"Concat":        {input: sequence, params: []param{{name: "right", kind: sequence}}, least: 1, run: concat},
	"Currency":      {params: []param{{name: "languageTag", kind: words}}, run: currency},
	"Date":          {params: []param{{name: "format", kind: words}}, least: 1, run: date},
	"Default":       {input: words, params: []param{{name: "defaultValue", kind: words}}, least: 1, run: defaultText},
	"DividedBy":     {params: []param{{name: "operand"}}, least: 1, run: arithmetic("/")},
	"Downcase":      plain(lower),
	"Escape":        plain(htmlEncode),
	"EscapeOnce":    plain(func(s string) string { return htmlEncode(htmlDecode(s)) }),
	"First":         {input: sequence, run: first},
	"Floor":         {run: floor},
	"H":             plain(htmlEncode),
	"Join":          {input: sequence, params: []param{{name: "glue", kind: words, rest: " "}}, run: join},
	"Last":          {input: sequence, run: last},
	"Lstrip":        plain(func(s string) string { return trimLeft(s) }),
	"Map":           {input: sequence, params: []param{{name: "property", kind: words}}, least: 1, run: mapped},
	"Minus":         {params: []param{{name: "operand"}}, least: 1, run: arithmetic("-")},
	"Modulo":        {params: []param{{name: "operand"}}, least: 1, run: arithmetic("%")},
	"NewlineToBr":   plain(newlineToBr),
	"Plus":          {params: []param{{name: "operand"}}, least: 1, run: plus},
	"Prepend":       {input: words, params: []param{{name: "string", kind: words}}, least: 1, run: prepend},
	"Remove":        {input: words, params: []param{{name: "string", kind: words}}, least: 1, run: remove},
	"RemoveFirst":   {input: words, params: []param{{name: "string", kind: words}}, least: 1, run: removeFirst},
	"Replace":       {input: words, params: []param{{name: "string", kind: words}, {name: "replacement", kind: words, rest: ""}}, least: 1, run: replace(-1)},
	"ReplaceFirst":  {input: words, params: []param{{name: "string", kind: words}, {name: "replacement", kind: words, rest: ""}}, least: 1, run: replace(1)},
	"Reverse":       {run: reverse},
	"Round":         {params: []param{{name: "places"}}, run: round},
	"Rstrip":        plain(func(s string) string { return trimRight(s) }),
	"Size":          {run: size},
	"Slice":         {params: []param{{name: "start", kind: whole}, {name: "len", kind: whole, rest: int32(1)}}, least: 1, run: slice},
	"Sort":          {params: []param{{name: "property", kind: words}}, run: sorted},
	"Split":         {input: words, params: []param{{name: "pattern", kind: words}}, least: 1, run: split},
	"Strip":         plain(func(s string) string { return trimLeft(trimRight(s)) }),
	"StripHtml":     {input: words, run: stripHTML},
	"StripNewlines": plain(stripNewlines),
	"Times":         {params: []param{{name: "operand"}}, least: 1, run: times},
	"Truncate":      {input: words, params: []param{{name: "length", kind: whole, rest: int32(50)}, {name: "truncateString", kind: words, rest: "..."}}, run: truncate},
	"TruncateWords": {input: words, params: []param{{name: "words", kind: whole, rest: int32(15)}, {name: "truncateString", kind: words, rest: "..."}}, run: truncateWords},
	"Uniq":          {run: uniq},
	"Upcase":        plain(upper),
	"UrlDecode":     plain(urlDecode),
	"UrlEncode":     plain(urlEncode),
}

// filterNames are the names of filters, for hints.
var filterNames = sortedNames(filters)

// invoke calls a filter as DotLiquid's strainer does: what is left out has its
// default, what is of another type is converted.
func (r *render) invoke(c *call, in any, args []any) any {
	f := c.filter
	if len(args) > len(f.params) {
		r.m.Throw(clr.TypeArgument, "Parameter count mismatch.")
	}
	for i := len(args); i < len(f.params); i++ {
		p := f.params[i]
		if i < f.least {
			r.m.Throw(clr.TypeArgument, fmt.Sprintf("Error - Filter '%s' does not have a default value for '%s' and no value was supplied", c.name, p.name))
		}
		args = append(args, p.rest)
	}
	in = r.taken(in, f.input)
	for i, p := range f.params {
		args[i] = r.taken(args[i], p.kind)
	}
	return f.run(r, in, args)
}

// taken converts a value to a parameter's type.
func (r *render) taken(v any, k kind) any {
	if _, ok := v.(empty); ok && k != anything {
		v = nil
	}
	switch k {
	case words:
		if _, ok := v.(string); v == nil || ok {
			return v
		}
		if !simple(v) {
			r.m.Throw(clr.TypeArgument, "Object of type '"+typeName(v)+"' cannot be converted to type 'System.String'.")
		}
		return r.m.Text(clr.Text(v))
	case whole:
		if v == nil {
			return int32(0)
		}
		return int32(r.integer(v))
	case sequence:
		if _, ok := r.items(v); v != nil && !ok {
			r.m.Throw(clr.TypeArgument, "Object of type '"+typeName(v)+"' cannot be converted to type 'System.Collections.IEnumerable'.")
		}
	}
	return v
}
