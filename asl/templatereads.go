package asl

import (
	"slices"
	"strings"

	"stile/jsonata"
)

// Variables gives the names of all variables that the template reads, each once,
// in order of first writing.
func (t *Template) Variables() []string {
	var list []string
	add := func(name string) {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	t.Expressions(func(e *Expr) {
		for _, name := range e.Variables() {
			add(name)
		}
	})
	t.queries(func(q *query) {
		for _, r := range q.expr.References() {
			if r.Kind == jsonata.VariableReference && r.Name != "states" && !r.BuiltIn {
				add(r.Name)
			}
		}
	})
	return list
}

// ReadsOnlyItem says that of the context object the template reads nothing but
// $$.Map.Item ($states.context.Map.Item), so that a caller need not keep the rest.
func (t *Template) ReadsOnlyItem() bool {
	only := true
	t.Expressions(func(e *Expr) { only = only && e.readsOnlyItem() })
	t.queries(func(q *query) { only = only && q.readsOnlyItem() })
	return only
}

// queries calls f with every JSONata expression of the template, in order.
func (t *Template) queries(f func(*query)) {
	if t.query != nil {
		f(t.query)
	}
	for _, p := range t.parts {
		p.queries(f)
	}
}

func (e *Expr) readsOnlyItem() bool {
	if e.call != nil {
		for _, a := range e.call.args {
			if a.expr != nil && !a.expr.readsOnlyItem() {
				return false
			}
		}
		return true
	}
	return e.kind != exprContext || strings.HasPrefix(e.text, "$$.Map.Item.") || e.text == "$$.Map.Item"
}

func (q *query) readsOnlyItem() bool {
	if q.states&readsContext == 0 {
		return true
	}
	for _, r := range q.expr.References() {
		whole := r.Kind == jsonata.VariableReference && r.Name == "states"
		context := r.Kind == jsonata.MemberReference && r.Name == "context"
		if whole || context && !(len(r.Path) >= 2 && r.Path[0] == "Map" && r.Path[1] == "Item") {
			return false
		}
	}
	return true
}
