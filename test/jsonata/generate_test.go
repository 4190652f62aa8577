package jsonata

import (
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
)

// kind is what an expression is made to give; one in twenty is of another kind, so
// that errors come up.
type kind int

const (
	number kind = iota
	text
	boolean
	list
	object
	function
	anything
	kinds
)

// variable is a name in scope with an example of its value.
type variable struct {
	name   string
	kind   kind
	sample any
}

// generator writes expressions. The same seed gives the same ones.
type generator struct {
	r    *rand.Rand
	root any // the input
	at   any // an example of what the expression stands at
	vars []variable
	id   int
}

func (g *generator) pick(options ...string) string { return options[g.r.IntN(len(options))] }

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

// expr writes an expression of a kind; depth bounds what stands within it.
func (g *generator) expr(k kind, depth int) string {
	if g.chance(4) {
		k = kind(g.r.IntN(int(kinds)))
	}
	if k == anything {
		k = kind(g.r.IntN(int(object) + 1))
	}
	if depth <= 0 {
		return g.leaf(k)
	}
	switch g.r.IntN(14) {
	case 0:
		return g.block(k, depth-1)
	case 1:
		s := g.expr(boolean, depth-1) + " ? " + g.expr(k, depth-1)
		if g.chance(80) {
			s += " : " + g.expr(k, depth-1)
		}
		return "(" + s + ")"
	case 2:
		if p := g.path(k, depth-1); p != "" {
			return p
		}
	case 3:
		return g.leaf(k)
	case 4:
		if v := g.known(k); v != "" {
			return v
		}
	}
	switch k {
	case number:
		return g.number(depth - 1)
	case text:
		return g.text(depth - 1)
	case boolean:
		return g.boolean(depth - 1)
	case list:
		return g.list(depth - 1)
	case object:
		return g.object(depth - 1)
	}
	return g.function(depth - 1)
}

func (g *generator) leaf(k kind) string {
	if g.chance(35) {
		if p := g.path(k, 0); p != "" {
			return p
		}
	}
	switch k {
	case number:
		return g.pick("0", "1", "2", "3", "7", "10", "-1", "0.5", "2.5", "1e3", "1e-7", "100", "255", "1234.5678", "-12.75", "1509380732935", "9007199254740993", "1e21")
	case text:
		return g.literal()
	case boolean:
		return g.pick("true", "false")
	case list:
		return g.pick("[]", "[1, 2, 3]", `["b", "a", "c"]`, "[1..5]", "[3, 1, 2]", "[[1, 2], [3]]", "[null, 1, \"x\"]", "[1, [2, [3]]]", `["a", "b", "a"]`, `[{"k": 1}, {"k": 2}]`, "[0]")
	case object:
		return g.pick("{}", `{"a": 1}`, `{"a": 1, "b": [1, 2]}`, `{"b": "x", "a": {"c": null}}`, `{"2": 1, "1": 2, "x": 3}`)
	case function:
		return g.pick("$uppercase", "$sum", "$length", "function($x){$x}", "$string", "$not")
	}
	return g.pick("null", "missing", "$", "$$", "nothing.here")
}

func (g *generator) literal() string {
	s := g.pick("", "a", "abc", "Hello, World", "é😀", "10", "-3.5", "a,b,,c", "  pad  ", "x y z", "2018-03-04", "ÄÖ", "foo-bar-baz", "<&>", "1e3", "tab\\tnew\\n", "blue", "name", "aXbXc")
	return `"` + s + `"`
}

// block binds a variable or two and goes on.
func (g *generator) block(k kind, depth int) string {
	n := len(g.vars)
	var parts []string
	for range 1 + g.r.IntN(2) {
		vk := kind(g.r.IntN(int(function) + 1))
		name := g.fresh()
		parts = append(parts, "$"+name+" := "+g.expr(vk, depth))
		g.vars = append(g.vars, variable{name: name, kind: vk})
	}
	parts = append(parts, g.expr(k, depth))
	g.vars = g.vars[:n]
	return "(" + strings.Join(parts, "; ") + ")"
}

func (g *generator) fresh() string {
	g.id++
	return "v" + strconv.Itoa(g.id)
}

// known gives a variable of a kind, "" where there is none.
func (g *generator) known(k kind) string {
	var names []string
	for _, v := range g.vars {
		if v.kind == k || v.kind == anything && g.chance(50) {
			names = append(names, "$"+v.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return g.pick(names...)
}

// lambda writes a function of parameters of these kinds, with a body of a kind.
func (g *generator) lambda(body kind, depth int, params ...kind) string {
	n := len(g.vars)
	var names []string
	for _, k := range params {
		name := g.fresh()
		names = append(names, "$"+name)
		g.vars = append(g.vars, variable{name: name, kind: k})
	}
	s := g.pick("function", "function", "λ") + "(" + strings.Join(names, ", ") + "){" + g.expr(body, depth) + "}"
	g.vars = g.vars[:n]
	return s
}

// within writes something while the context is another.
func (g *generator) within(at any, write func() string) string {
	outer := g.at
	g.at = at
	s := write()
	g.at = outer
	return s
}

// kindOf tells the kind of an example.
func kindOf(v any) kind {
	switch v.(type) {
	case float64:
		return number
	case string:
		return text
	case bool:
		return boolean
	case []any:
		return list
	case map[string]any:
		return object
	}
	return anything
}

// item gives an example of what an array's items are; other values are their own.
func (g *generator) item(v any) any {
	for range 4 {
		items, ok := v.([]any)
		if !ok || len(items) == 0 {
			break
		}
		v = items[g.r.IntN(len(items))]
	}
	return v
}

// members gives an object's names, sorted.
func members(v any) []string {
	o, _ := v.(map[string]any)
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// spelled writes a name as a step.
func spelled(name string) string {
	for i, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > 0 && c >= '0' && c <= '9') {
			return "`" + name + "`"
		}
	}
	switch name {
	case "", "and", "or", "in", "true", "false", "null", "function":
		return "`" + name + "`"
	}
	return name
}
