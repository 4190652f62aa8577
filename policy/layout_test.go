package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func layoutTable(t *testing.T) *Table {
	t.Helper()
	done := func(*Compiler, *Element) Run { return nil }
	table, err := NewTable([]Descriptor{
		{Name: "choose", Doc: "d", Sections: AnySection, Scopes: AnyScope, Compile: done,
			Schema: Schema{Children: []Child{{Name: "when", Many: true, Schema: Schema{Policies: true, Attributes: []Attribute{{Name: "condition"}}}}}}},
		{Name: "set-body", Doc: "d", Sections: AnySection, Scopes: AnyScope, Compile: done, Schema: Schema{AnyChildren: true, Text: true}},
		{Name: "set-header", Doc: "d", Sections: AnySection, Scopes: AnyScope, Compile: done,
			Schema: Schema{Children: []Child{{Name: "value", Schema: Schema{Text: true}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func fragmentsOf(m map[string]string) func(string) (Source, bool) {
	return func(id string) (Source, bool) {
		text, ok := m[id]
		return Source{File: id + ".xml", Text: text}, ok
	}
}

// TestLayOut: scopes, <base/> also inside other policies, nested fragments, and the
// places of all of them.
func TestLayOut(t *testing.T) {
	global := &Source{File: "global.xml", Scope: Global, Text: "<policies><inbound>\n<set-header name=\"g\" /></inbound>\n<backend><forward /></backend></policies>"}
	api := &Source{File: "api.xml", Scope: API, Text: `<policies>
  <inbound>
    <choose>
      <when condition="@(1 < 2 && "a" != "b")">
        <base />
        <include-fragment fragment-id="outer" />
      </when>
    </choose>
    <!-- a note -->
    <set-body><base /><include-fragment fragment-id="none" />{{name}}</set-body>
  </inbound>
  <backend><base /></backend>
</policies>`}
	layout, faults := LayOut(layoutTable(t), []*Source{global, nil, api}, fragmentsOf(map[string]string{
		"outer": "<fragment>\n<include-fragment fragment-id=\"inner\" /></fragment>",
		"inner": "<fragment>\n\n<set-header name=\"i\"><value>1</value></set-header></fragment>",
	}))
	if len(faults) > 0 {
		t.Fatal(faults.Error())
	}
	want := `<policies>
  <inbound>
    <!-- api api.xml:3 -->
    <choose>
      <when condition="@(1 < 2 && "a" != "b")">
        <!-- global global.xml:2 -->
        <set-header name="g" />
        <!-- api, fragment inner inner.xml:3 -->
        <set-header name="i"><value>1</value></set-header>
      </when>
    </choose>
    <!-- api api.xml:10 -->
    <set-body><base /><include-fragment fragment-id="none" />{{name}}</set-body>
  </inbound>
  <backend>
    <!-- global global.xml:3 -->
    <forward />
  </backend>
  <outbound>
  </outbound>
  <on-error>
  </on-error>
</policies>
`
	if diff := cmp.Diff(want, layout.XML()); diff != "" {
		t.Error("(-want +got)", diff)
	}
	again, faults := LayOut(layoutTable(t), []*Source{{File: "again.xml", Text: layout.XML(), Scope: Operation}}, fragmentsOf(nil))
	if len(faults) > 0 || strings.Count(again.XML(), "<set-header") != 2 {
		t.Error("read again:", faults.Error(), again.XML())
	}
	when := layout.Sections[0].Elements[0].Elements[0]
	if got := when.Tag(); got != `<when condition="@(1 < 2 && "a" != "b")">` {
		t.Error("tag:", got)
	}
	if i := when.Elements[1]; i.Fragment != "inner" || i.Line != 3 || i.Column != 1 || i.Elements[0].Text != "1" {
		t.Errorf("%+v", i)
	}
}

// TestLayOutBuiltIn: without a global document the backend is called.
func TestLayOutBuiltIn(t *testing.T) {
	layout, faults := LayOut(layoutTable(t), []*Source{nil}, fragmentsOf(nil))
	if len(faults) > 0 || !strings.Contains(layout.XML(), "<backend>\n    <!-- global, built in -->\n    <forward-request />\n") {
		t.Error(faults.Error(), layout.XML())
	}
}

// TestLayOutFaults: fragments that are not there or include themselves, and markup.
func TestLayOutFaults(t *testing.T) {
	_, faults := LayOut(layoutTable(t), []*Source{{File: "g.xml", Scope: Global, Text: `<policies><inbound>
<include-fragment fragment-id="loop" />
<include-fragment fragment-id="none" />
<include-fragment />
</policies>`}}, fragmentsOf(map[string]string{"loop": `<fragment><include-fragment fragment-id="loop" /></fragment>`}))
	want := []string{"g.xml:1:11 STL-P001", "g.xml:3:1 STL-P017", "g.xml:4:1 STL-P010", "loop.xml:1:11 STL-P018"}
	var got []string
	for _, f := range faults {
		got = append(got, f.File+":"+strings.Split(f.String(), ":")[1]+":"+strings.Split(f.String(), ":")[2]+" "+f.Code)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)", diff)
	}
}
