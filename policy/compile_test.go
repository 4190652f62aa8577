package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// values for documents of these tests.
var someValues = Fixed{
	NamedValues: map[string]NamedValue{
		"short": {Text: "x"}, "long": {Text: "a long text\nof two lines"}, "key": {Text: "s3cr3t", Secret: true},
		"markup": {Text: `<nothing/><bad/>`}, "brackets": {Text: `a)"`, Secret: true}, "nested": {Text: "{{short}}"},
	},
	Fragments: map[string]Source{
		"f": {File: "f.xml", Text: "<fragment><nothing/><nothing/></fragment>"},
		"g": {File: "g.xml", Text: "<fragment>{{long}}</fragment>"},
		"p": {File: "p.xml", Text: "<policies/>"},
	},
}

// TestPlaces: diagnostics behind named values stand where the user wrote, and text
// of secrets is in none.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"<wrap>{{long}}<bad/></wrap>\n<bad/>", []string{"a.xml:1:34: unknown policy <bad> [STL-P005]", "a.xml:2:1: unknown policy <bad> [STL-P005]",
			"a.xml:1:26: text cannot stand in <wrap> (in the text of named value long) [STL-P014]"}},
		{"{{markup}}", []string{"a.xml:1:20: unknown policy <bad> (in the text of named value markup) [STL-P005]"}},
		{"{{key}}", []string{"a.xml:1:20: the text of secret named value key does not fit here [STL-P014]"}},
		{"<{{key}}/>", []string{"a.xml:1:20: unknown policy <***> [STL-P005]"}},
		{`<nothing {{short}}="{{key}}"/>`, []string{"a.xml:1:29: <nothing> has no attribute x (in the text of named value short) [STL-P009]"}},
		{`<nothing id="{{shrt}}"/><!-- {{none}} --><nothing id="{{no"/>`, []string{`a.xml:1:33: unknown named value "shrt" [STL-P016]`}},
		{`<nothing id="{{nested}}"/>`, nil},
		{`<nothing id="@({{brackets}}"/>`, []string{"a.xml:1:29: an id cannot be an expression [STL-P015]",
			`a.xml:1:47: '"' cannot stand in a tag [STL-P001]`}},
		{`<include-fragment fragment-id="f"/><include-fragment fragment-id="g"/><include-fragment fragment-id="p"/>`, []string{
			`a.xml:1:108: fragment "p" has no <fragment> as its root [STL-P017]`,
			"g.xml:1:11: text cannot stand in <fragment> (in the text of named value long) [STL-P014]"}},
		{`<include-fragment/><base>x</base><base a="1"/>`, []string{
			"a.xml:1:20: <include-fragment> needs attribute fragment-id [STL-P010]",
			"a.xml:1:45: text cannot stand in <base> [STL-P014]",
			"a.xml:1:59: <base> has no attribute a [STL-P009]"}},
	} {
		_, list := Compile(Source{File: "a.xml", Scope: API,
			Text: "<policies><inbound>" + c.text + "</inbound><backend/></policies>"}, sample(t), someValues)
		var got []string
		for _, d := range list {
			got = append(got, d.String())
			if strings.Contains(d.Text(), "s3cr3t") {
				t.Errorf("%s: a secret is shown:\n%s", c.text, d.Text())
			}
		}
		slices.Sort(got)
		want := slices.Clone(c.want)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.text, diff)
		}
	}
}

// TestRoots: what may stand outside the sections.
func TestRoots(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "a.xml:1:1: the document has no root element [STL-P003]"},
		{"<inbound/>", "a.xml:1:1: the root element is <inbound> [STL-P003]"},
		{"\ufeff<?xml version=\"1.0\"?><!-- c --><policies><backend/></policies>\n<!-- d -->", ""},
		{"x<policies a=\"b\"><backend/>y</policies><more/>", "a.xml:1:1: text outside the root element [STL-P014]\n" +
			"a.xml:1:12: <policies> has no attribute a [STL-P009]\na.xml:1:28: text cannot stand in <policies> [STL-P014]\n" +
			"a.xml:1:40: a second root element [STL-P003]"},
		{"<policies><backend/><backend/><Inbound/><nothing/></policies>", "a.xml:1:21: section <backend> stands twice [STL-P004]\n" +
			"a.xml:1:31: <Inbound> is no section [STL-P004]\na.xml:1:41: <nothing> is no section [STL-P004]"},
		{"<policies/>", "a.xml:1:1: there is no <backend> section, so nothing is inherited and the backend is not called [STL-P022]"},
		{"<fragment><nothing/></fragment>", ""},
		{"<fragment><base/></fragment>", "a.xml:1:11: <base> cannot stand in a fragment [STL-P007]"},
		{"<!--" + strings.Repeat("-", MaxDocument) + "--><policies><backend/></policies>", "a.xml:1:1: the document has 262182 bytes [STL-P023]"},
	} {
		doc, list := Compile(Source{File: "a.xml", Scope: API, Text: c.text}, sample(t), someValues)
		if diff := cmp.Diff(c.want, list.Error()); diff != "" {
			t.Errorf("%.80q (-want +got)\n%s", c.text, diff)
		}
		if (doc == nil) != list.HasErrors() {
			t.Errorf("%.80q: document %v with faults %v", c.text, doc, list)
		}
	}
}

// TestDependencies: a document tells what it was made from.
func TestDependencies(t *testing.T) {
	doc, list := Compile(Source{File: "a.xml", Scope: Global, Revision: "3",
		Text: `<policies><inbound><nothing id="{{short}}{{key}}{{short}}"/><include-fragment fragment-id="f"/><include-fragment fragment-id="f"/></inbound></policies>`},
		sample(t), someValues)
	if len(list) > 0 {
		t.Fatal(list)
	}
	if diff := cmp.Diff([]string{"key", "short"}, doc.NamedValues()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"f"}, doc.Fragments()); diff != "" {
		t.Error(diff)
	}
	p := Link(doc, nil, nil, nil)
	var got []string
	for _, e := range p.Effective() {
		got = append(got, e.Section+" "+e.Scope+" "+e.File+" "+e.Text)
	}
	want := []string{`inbound global a.xml <nothing id="x***x"/>`, "inbound global f.xml <nothing/>", "inbound global f.xml <nothing/>",
		"inbound global f.xml <nothing/>", "inbound global f.xml <nothing/>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFragmentDepth: fragments that include each other too deep are refused.
func TestFragmentDepth(t *testing.T) {
	v := Fixed{Fragments: map[string]Source{}}
	for i := range MaxFragmentDepth + 1 {
		v.Fragments[string(rune('a'+i))] = Source{File: string(rune('a'+i)) + ".xml",
			Text: `<fragment><include-fragment fragment-id="` + string(rune('b'+i)) + `"/></fragment>`}
	}
	_, list := Compile(Source{File: "z.xml", Scope: Global, Text: `<policies><inbound><include-fragment fragment-id="a"/></inbound></policies>`}, sample(t), v)
	if want := "j.xml:1:29: fragments include each other more than 10 deep [STL-P018]"; list.Error() != want {
		t.Errorf("got %s, want %s", list.Error(), want)
	}
}
