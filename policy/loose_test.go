package policy

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

func looseTable(t *testing.T) *Table {
	t.Helper()
	table, err := NewTable([]Descriptor{{Name: "call", Doc: "d", Sections: AnySection, Scopes: AnyScope,
		Schema: Schema{Text: true, Attributes: []Attribute{{Name: "url", Expression: true}, {Name: "count", Kind: IntKind, Expression: true},
			{Name: "mode", Values: []string{"new", "copy"}}, {Name: "backend"}, {Name: "certificate"}, {Name: "schema"}}},
		Compile: func(c *Compiler, e *Element) Run {
			fault := func(name string, ok bool) {
				if a := e.Attr(name); a != nil && !ok {
					c.Fault(a, CodeValue, name+" cannot be used", "")
				}
			}
			url, backend := c.Value(e, "url"), c.Value(e, "backend").Constant()
			fault("url", url.IsExpression() || strings.HasPrefix(url.Constant(), "https://"))
			_, ok := c.Backend(backend)
			fault("backend", ok)
			_, ok = c.Certificate(c.Value(e, "certificate").Constant())
			fault("certificate", ok)
			_, ok = c.Schema(c.Value(e, "schema").Constant())
			fault("schema", ok)
			return func(_ context.Context, ex *exchange.Exchange, env *Env) error { return nil }
		}}})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestCheckLoose: what depends on names that are not there alone is no fault, all
// else is, with its place.
func TestCheckLoose(t *testing.T) {
	for text, want := range map[string]string{
		`<call url="{{url}}" count="{{n}}" mode="{{m}}" backend="b" certificate="c" schema="{{s}}" />`: "",
		`<call url="{{scheme}}/x" />`: "", // some text would do
		`<call url="https://{{host}}/x" count="@({{n}} + 1)" /><include-fragment fragment-id="{{f}}" />`: "",
		`<call url="@({{n}} > 5 && {{flag}} ? "a" : "b")" />`:                                            "",
		`<call url="@(context.Nothing == {{n}})" />`:                                                     "2:22 error STL-E005",
		`<call count="x{{n}}" />`:                                                                        "2:7 error STL-P011",
		`<call count="{{n}]" />`:                                                                         "2:7 error STL-P011",
		`<call count="{n}" />`:                                                                           "2:7 warning STL-P011",
		`<call count="${n}" />`:                                                                          "2:7 warning STL-P011",
		`<call count="__N__" />`:                                                                         "2:7 warning STL-P011",
		`<call count="MAX_TRIES" />`:                                                                     "2:7 warning STL-P011",
		`<call count="many" />`:                                                                          "2:7 error STL-P011",
		`<call mode="other" />`:                                                                          "2:7 error STL-P011",
		`<call url="@(MAX_TRIES + 1)" />`:                                                                "2:14 warning STL-E003",
		`<call other="{{n}}" />`:                                                                         "2:7 error STL-P009",
		`<cal />`:                                                                                        "2:1 error STL-P005",
		`<call>`:                                                                                         "2:1 error STL-P001",
	} {
		list := CheckLoose(Source{File: "f.xml", Text: "<fragment>\n" + text + "</fragment>"}, looseTable(t), nil)
		var got []string
		for _, d := range list {
			got = append(got, strings.TrimPrefix(strings.SplitN(d.String(), ": ", 2)[0], "f.xml:")+" "+string(d.Severity)+" "+d.Code)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
}

// TestCheckLooseKnown: names that are there keep their texts.
func TestCheckLooseKnown(t *testing.T) {
	v := Fixed{NamedValues: map[string]NamedValue{"n": {Text: "many"}}, Fragments: map[string]Source{"f": {File: "g.xml", Text: "<fragment><cal /></fragment>"}}}
	list := CheckLoose(Source{File: "f.xml", Text: `<fragment><call count="{{n}}" /><include-fragment fragment-id="f" /></fragment>`}, looseTable(t), v)
	if list.Errors() != 2 {
		t.Error(list.Error())
	}
}
