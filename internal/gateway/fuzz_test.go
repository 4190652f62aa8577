package gateway

import (
	"regexp"
	"strings"
	"testing"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// plainTemplate is a template whose meaning is as simple as expression gives it.
var plainTemplate = regexp.MustCompile(`^(/[A-Za-z0-9-]*(\{[a-z]+\})?)+$`)

// FuzzRoute: no template and no path make the router panic, what it finds is one of the
// operations, the same each time, and fits the template.
func FuzzRoute(f *testing.F) {
	f.Add("/orders/{id}\n/orders/*\n/report-{year}.{format}", "/orders/7", "a=1")
	f.Add("/x?kind={k}&b=c\n/{*rest}\n/", "/x//y", "kind=1&b=c")
	f.Fuzz(func(t *testing.T, templates, path, query string) {
		a := &api{noun: &apim.API{}}
		for i, text := range strings.Split(templates, "\n") {
			if i == 20 {
				break
			}
			o := &operation{api: a, noun: &apim.Operation{Operation: exchange.Operation{ID: text, Method: "GET", URLTemplate: text}}}
			if a.tree.add(o) == nil {
				a.operations = append(a.operations, o)
			}
		}
		canonical, err := Canonical(path)
		if err != nil {
			return
		}
		if again, err := Canonical(canonical); err != nil || again != canonical {
			t.Fatalf("%q is canonical and becomes %q, %v", canonical, again, err)
		}
		params := exchange.ParseQuery(query)
		var values [maxParams]string
		o := a.tree.match(canonical, wanted{method: "GET", query: params}, &values, 0)
		var others [maxParams]string
		if again := a.tree.match(canonical, wanted{method: "GET", query: params}, &others, 0); again != o || others != values {
			t.Fatalf("%q leads to two operations", canonical)
		}
		if o == nil {
			return
		}
		o.template.matched(&values, params)
		if text := o.noun.URLTemplate; plainTemplate.MatchString(text) && !strings.Contains(text, "//") && !expression(text).MatchString(canonical) {
			t.Fatalf("%q leads to %q", canonical, text)
		}
	})
}
