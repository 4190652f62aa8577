package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// asked is the plain meaning of a template's query: whether a request's has it, and
// how much it asks for.
func asked(template string, query []exchange.Param) (fits bool, literals, terms int) {
	_, raw, ok := strings.Cut(template, "?")
	if !ok {
		return true, 0, 0
	}
	fits = true
	for _, term := range strings.Split(raw, "&") {
		name, value, _ := strings.Cut(term, "=")
		terms++
		if !strings.HasPrefix(value, "{") {
			literals++
		}
		i := slices.IndexFunc(query, func(p exchange.Param) bool {
			return strings.EqualFold(p.Name, name) && (strings.HasPrefix(value, "{") || strings.EqualFold(p.Value, value))
		})
		fits = fits && i >= 0
	}
	return fits, literals, terms
}

// TestQueryTemplates: of the operations that a path and a query mean, the one with
// the most specific path is found, then the one that asks for more of the query; and
// none only where none is meant.
func TestQueryTemplates(t *testing.T) {
	term := rapid.SampledFrom([]string{"a={p}", "a=1", "b={q}", "B=x", "c=1", "c={r}"})
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		var root opNode
		var templates []string
		for range rapid.IntRange(1, 7).Draw(t, "templates") {
			template := rapid.SampledFrom([]string{"/o", "/{x}", "/o/*", "/*"}).Draw(t, "path")
			if terms := rapid.SliceOfNDistinct(term, 0, 3, func(s string) string { return strings.ToLower(s[:1]) }).Draw(t, "query"); len(terms) > 0 {
				template += "?" + strings.Join(terms, "&")
			}
			if root.add(&operation{noun: &apim.Operation{Operation: exchange.Operation{ID: template, Method: "GET", URLTemplate: template}}}) == nil {
				templates = append(templates, template)
			}
		}
		path := rapid.SampledFrom([]string{"/o", "/O/", "/z", "/o/1", "/"}).Draw(t, "path")
		var query []exchange.Param
		for _, p := range rapid.SliceOfN(rapid.SampledFrom([]string{"a=1", "A=2", "b=X", "b=y", "c=1", "d=1"}), 0, 4).Draw(t, "query") {
			name, value, _ := strings.Cut(p, "=")
			query = append(query, exchange.Param{Name: name, Value: value})
		}
		means := func(template string) bool {
			bare, _, _ := strings.Cut(template, "?")
			fits, _, _ := asked(template, query)
			return fits && expression(bare).MatchString(path)
		}
		var values [maxParams]string
		got := root.match(path, wanted{method: "GET", query: query}, &values, 0)
		if got == nil {
			if i := slices.IndexFunc(templates, means); i >= 0 {
				t.Fatalf("%s %v was not found among %v", path, query, templates)
			}
			return
		}
		found++
		name := got.noun.URLTemplate
		if !means(name) {
			t.Fatalf("%s was found for %s %v and does not mean it", name, path, query)
		}
		bare, _, _ := strings.Cut(name, "?")
		_, literals, terms := asked(name, query)
		for _, other := range templates {
			if !means(other) {
				continue
			}
			path2, _, _ := strings.Cut(other, "?")
			_, l, n := asked(other, query)
			if moreSpecific(path2, bare) || path2 == bare && (l > literals || l == literals && n > terms) {
				t.Fatalf("%s was found for %s %v, %s is more specific", name, path, query, other)
			}
		}
	})
	if found == 0 {
		t.Error("nothing was ever found")
	}
}

func TestQueryTemplateValues(t *testing.T) {
	var root opNode
	o := &operation{noun: &apim.Operation{Operation: exchange.Operation{ID: "one", Method: "GET", URLTemplate: "/orders/{id}?expand={e}&x=1"}}}
	if err := root.add(o); err != nil {
		t.Fatal(err)
	}
	var values [maxParams]string
	query := exchange.ParseQuery("X=1&expand=a%20b&expand=c&more=1")
	if root.match("/orders/7%20", wanted{method: "GET", query: query}, &values, 0) != o {
		t.Fatal("not found")
	}
	if got := fmt.Sprint(o.template.matched(&values, query)); got != "[{id 7 } {e a b}]" {
		t.Error(got)
	}
	for _, raw := range []string{"expand=1", "x=1", "expand=1&x=2", ""} {
		if root.match("/orders/7", wanted{method: "GET", query: exchange.ParseQuery(raw)}, &values, 0) != nil {
			t.Errorf("%q was found", raw)
		}
	}
	if root.match("/orders/7", wanted{method: "GET", any: true}, &values, 0) != o {
		t.Error("not found without its query")
	}
}

func TestQueryTemplateFaults(t *testing.T) {
	for template, want := range map[string]string{
		"/a?x={x}&y={x}": "the parameter {x} stands twice",
		"/{x}?x={x}":     "the parameter {x} stands twice",
		"/a?x={x}&X=1":   "the query parameter X stands twice",
		"/a?=1":          "a query parameter of the URL template has no name",
		"/a?x=1{y}":      "the value of a query parameter in a URL template is a literal or one {parameter}",
		"/a?x={*y}":      "the value of a query parameter in a URL template is a literal or one {parameter}",
		"/a?x={}":        "the value of a query parameter in a URL template is a literal or one {parameter}",
		"/b?B=1&c={z}":   "operation first has the same method and URL template",
	} {
		var root opNode
		first := &operation{noun: &apim.Operation{Operation: exchange.Operation{ID: "first", Method: "GET", URLTemplate: "/b?c={y}&b=1"}}}
		if err := root.add(first); err != nil {
			t.Fatal(err)
		}
		err := root.add(&operation{noun: &apim.Operation{Operation: exchange.Operation{ID: "x", Method: "GET", URLTemplate: template}}})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", template, err, want)
		}
	}
}

// TestManyTemplatesAreLookedAtOnce: a request's work does not multiply with the
// segments of templates that nearly fit.
func TestManyTemplatesAreLookedAtOnce(t *testing.T) {
	var root opNode
	for i := range 1 << 10 {
		template := ""
		for bit := range 10 {
			template += []string{"/a", fmt.Sprintf("/{p%d}", bit)}[i>>bit&1]
		}
		if err := root.add(&operation{noun: &apim.Operation{Operation: exchange.Operation{ID: template, Method: "GET", URLTemplate: template + "/end"}}}); err != nil {
			t.Fatal(err)
		}
	}
	var values [maxParams]string
	path := strings.Repeat("/a", 10) + "/none"
	if n := testing.AllocsPerRun(10, func() {
		if root.match(path, wanted{method: "GET"}, &values, 0) != nil {
			t.Fatal("found")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
