package jsonata

import (
	"strconv"
	"strings"
)

// path writes a path through the example data that ends at a kind where it can; ""
// where there is nothing to walk.
func (g *generator) path(k kind, depth int) string {
	at, start := g.at, ""
	switch g.r.IntN(8) {
	case 0:
		at, start = g.root, "$$"
	case 1:
		start = "$"
	}
	if _, isArray := at.([]any); isArray && start == "" && g.chance(50) {
		start = "$"
	}
	n := len(g.vars)
	var steps []string
	if start != "" {
		steps = append(steps, start+g.behind(at, depth, true))
	}
	for range 4 {
		at = g.item(at)
		step, next := g.step(at, len(steps), depth)
		if step == "" {
			break
		}
		steps = append(steps, step)
		at = next
		if found := kindOf(g.item(at)); (found == k || k == anything) && g.chance(70) {
			break
		}
	}
	if len(steps) > 0 && g.chance(12) {
		steps = append(steps, g.last(g.item(at), depth))
	}
	s := strings.Join(steps, ".")
	if s != "" && depth > 0 && g.chance(6) {
		s += g.group(g.item(at), depth)
	}
	g.vars = g.vars[:n]
	return s
}

// step writes one step and gives an example of what it leads to.
func (g *generator) step(at any, before, depth int) (string, any) {
	names := members(at)
	switch roll := g.r.IntN(40); {
	case roll == 0 && before > 0:
		return "*", at
	case roll == 1:
		return "**" + g.behind(at, depth, false), at
	case roll == 2 && before > 1:
		return "%", at
	case roll == 3:
		return "absent", nil
	case roll == 4 && before > 0 && depth > 0:
		return "(" + g.within(at, func() string { return g.expr(anything, depth-1) }) + ")", nil
	case len(names) == 0:
		return "", nil
	}
	name := names[g.r.IntN(len(names))]
	next := at.(map[string]any)[name]
	step := spelled(name)
	if g.chance(5) && before > 0 {
		step = strconv.Quote(name)
	}
	return step + g.behind(next, depth, false), next
}

// behind writes what stands behind a step: predicates, binding, order.
func (g *generator) behind(at any, depth int, first bool) string {
	item := g.item(at)
	var s string
	if !first && depth > 0 && g.chance(5) {
		name := g.fresh()
		s += "@$" + name
		g.vars = append(g.vars, variable{name: name, kind: kindOf(item), sample: item})
	}
	if depth > 0 && g.chance(5) {
		name := g.fresh()
		s += "#$" + name
		g.vars = append(g.vars, variable{name: name, kind: number})
	}
	switch g.r.IntN(14) {
	case 0:
		s += "[" + g.pick("0", "1", "-1", "-2", "0.9", "5") + "]"
	case 1:
		s += "[]"
	case 2, 3:
		if depth > 0 {
			s += "[" + g.within(item, func() string { return g.predicate(depth - 1) }) + "]"
		}
	case 4:
		if depth > 0 && len(members(item)) > 0 {
			s += "^(" + g.within(item, func() string {
				terms := g.pick("", ">", "<") + g.simple()
				if g.chance(30) {
					terms += ", " + g.pick("", ">") + g.simple()
				}
				return terms
			}) + ")"
		}
	}
	if g.chance(3) {
		s += g.pick("[0]", "[]", "[[0, 1]]", "[[0..1]]", "[$]")
	}
	return s
}

// simple writes a member of the context, or the context.
func (g *generator) simple() string {
	names := members(g.at)
	if len(names) == 0 {
		return "$"
	}
	return spelled(names[g.r.IntN(len(names))])
}

func (g *generator) predicate(depth int) string {
	switch g.r.IntN(6) {
	case 0:
		return g.expr(boolean, depth)
	case 1:
		return "$exists(" + g.simple() + ")"
	case 2:
		return g.simple() + " " + g.pick("=", "!=", "<", ">", "<=", ">=", "in") + " " + g.expr(anything, depth)
	case 3:
		return g.simple()
	case 4:
		return g.expr(number, depth)
	}
	names := members(g.at)
	if len(names) == 0 {
		return "$ = " + g.expr(anything, 0)
	}
	name := names[g.r.IntN(len(names))]
	return spelled(name) + g.pick(" = ", " != ", " > ") + literalOf(g.at.(map[string]any)[name])
}

// literalOf writes a scalar; "x" for what is none.
func literalOf(v any) string {
	switch v := v.(type) {
	case string:
		return quoted(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return `"x"`
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\t", `\t`, "\n", `\n`).Replace(s) + `"`
}

// last writes a step that makes something of what the path found.
func (g *generator) last(at any, depth int) string {
	return g.within(at, func() string {
		switch g.r.IntN(6) {
		case 0:
			return "{" + g.pairs(depth-1) + "}"
		case 1:
			return "[" + g.expr(anything, depth-1) + ", " + g.simple() + "]"
		case 2:
			return "(" + g.expr(anything, depth-1) + ")"
		case 3:
			return g.pick("$string()", "$uppercase()", "$length()", "$number()", "$keys()", "$type($)", "$count($)", "$lowercase($)", "$sum($)")
		case 4:
			return `$lookup(` + quoted(g.simple()) + `)`
		}
		return "$"
	})
}

func (g *generator) pairs(depth int) string {
	var pairs []string
	for i := range 1 + g.r.IntN(3) {
		key := `"` + g.pick("a", "b", "c", "2", "1", "k")
		if g.chance(90) {
			key += strconv.Itoa(i)
		}
		key += `"`
		if g.chance(10) {
			key = g.expr(text, 0)
		}
		pairs = append(pairs, key+": "+g.expr(anything, depth))
	}
	return strings.Join(pairs, ", ")
}

// group writes a grouping behind a path.
func (g *generator) group(at any, depth int) string {
	return g.within(at, func() string {
		key := "$string(" + g.simple() + ")"
		if g.chance(40) {
			key = g.simple()
		}
		return "{" + key + ": " + g.pick("$", g.simple(), "$count($)", "$sum("+g.simple()+")", g.expr(anything, depth-1)) + "}"
	})
}
