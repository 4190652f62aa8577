package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// value parses a document and gives the expression or text of its first attribute
// or, without one, of its root's content.
func value(t *testing.T, text string) (kind, got string) {
	t.Helper()
	tree, list := Parse(Source{File: "p.xml", Text: text})
	if len(list) > 0 {
		t.Fatalf("%s: %s", text, list)
	}
	root := tree.Root()
	c := content{}
	if len(root.Attributes) > 0 {
		c = root.Attributes[0].content
	} else {
		for _, n := range root.Children {
			if n.Kind == CDATANode || n.Kind == TextNode && strings.TrimSpace(n.content.raw) != "" {
				c = n.content
			}
		}
	}
	switch {
	case c.block:
		return "block", c.program().text
	case c.expr:
		return "expression", c.program().text
	}
	return "literal", c.literal()
}

func TestExpressions(t *testing.T) {
	for _, c := range []struct{ text, kind, want string }{
		{`<a v="plain"/>`, "literal", "plain"},
		{`<a v="a &lt; b &amp; c &unknown; &#65;&#x42; & d"/>`, "literal", "a < b & c &unknown; AB & d"},
		{`<a v='"'/>`, "literal", `"`},
		{`<a v="@(1 + 1)"/>`, "expression", "1 + 1"},
		{`<a v=" @(1) "/>`, "expression", "1"},
		{`<a v="@(f("x",""))"/>`, "expression", `f("x","")`},
		{`<a v='@(f("x"))'/>`, "expression", `f("x")`},
		{`<a v="@(a < b && c > d)"/>`, "expression", "a < b && c > d"},
		{`<a v="@(As<string>("a") == ")")"/>`, "expression", `As<string>("a") == ")"`},
		{`<a v="@(f(&quot;)&quot;) &lt; 2 &amp;&amp; x)"/>`, "expression", `f(")") < 2 && x`},
		{`<a v="@(f("&lt;") &amp;&amp; x &lt; y)"/>`, "expression", `f("&lt;") && x < y`},
		{`<a v="@('"' == c)"/>`, "expression", `'"' == c`},
		{`<a v="@('\'' == c)"/>`, "expression", `'\'' == c`},
		{`<a v="@(@"C:\" + "\")")"/>`, "expression", `@"C:\" + "\")"`},
		{`<a v="@($"{f("}")} {{ )")"/>`, "expression", `$"{f("}")} {{ )"`},
		{`<a v="@($@"\{x["]"]}""" + y)"/>`, "expression", `$@"\{x["]"]}""" + y`},
		{`<a v="@{ /* } " */ return 1; // )
		}"/>`, "block", " /* } \" */ return 1; // )\n\t\t"},
		{"<a>\n @{ if (a < b && c) { return \"</a>\"; } return '<'; }\n</a>", "block", ` if (a < b && c) { return "</a>"; } return '<'; `},
		{`<a>@{ return &quot;&lt;b&gt;&quot;; }</a>`, "block", ` return "<b>"; `},
		{`<a>@(x &amp;&amp; "&lt;")</a>`, "expression", `x && "<"`},
		{`<a>@(x && "&lt;")</a>`, "expression", `x && "&lt;"`},
		{`<a><!-- first --> @(x) <!-- last --></a>`, "expression", "x"},
		{`<a><![CDATA[@("&lt;" < "]")]]></a>`, "expression", `"&lt;" < "]"`},
		{`<a><![CDATA[<b> &lt;]]></a>`, "literal", "<b> &lt;"},
		{`<a>mail@(home) < 3</a>`, "literal", "mail@(home) < 3"},
	} {
		kind, got := value(t, c.text)
		if kind != c.kind || got != c.want {
			t.Errorf("%s\n got %s %q\nwant %s %q", c.text, kind, got, c.kind, c.want)
		}
	}
}

// TestProgramPlaces: an offset in an expression goes back to its byte in the text.
func TestProgramPlaces(t *testing.T) {
	for _, text := range []string{
		`<a v="@(f(&quot;é&quot;) &lt; MARK)"/>`,
		`<a v="@(f("&amp;") &lt; 2 &amp;&amp; MARK)"/>`,
		"<a>\n  @{ return &quot;x&quot; +\n MARK; }</a>",
		`<a v="@("é" + MARK)"/>`,
	} {
		tree, list := Parse(Source{Text: text})
		if len(list) > 0 {
			t.Fatal(list)
		}
		c := content{}
		if root := tree.Root(); len(root.Attributes) > 0 {
			c = root.Attributes[0].content
		} else {
			c = root.Children[0].content
		}
		d := c.program()
		if got, want := d.source(strings.Index(d.text, "MARK")), strings.Index(text, "MARK"); got != want {
			t.Errorf("%s: MARK is at %d, want %d", text, got, want)
		}
	}
}

func TestMarkupFaults(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"<a>\n  <b>\n</a>", []string{"p.xml:2:3: element <b> is not closed [STL-P001]"}},
		{"<a></b></a>", []string{"p.xml:1:4: end tag </b> has no start tag [STL-P001]"}},
		{"<a", []string{"p.xml:1:1: element <a> is not closed [STL-P001]", "p.xml:1:1: tag <a is not ended [STL-P001]"}},
		{"<a b/>", []string{"p.xml:1:4: attribute b has no value [STL-P001]"}},
		{"<a b=1/>", []string{"p.xml:1:6: the value of attribute b stands without quotes [STL-P001]"}},
		{`<a b="1" b="2"/>`, []string{"p.xml:1:10: attribute b stands twice on <a> [STL-P001]"}},
		{`<a b="1/>`, []string{"p.xml:1:1: element <a> is not closed [STL-P001]", "p.xml:1:1: tag <a is not ended [STL-P001]",
			"p.xml:1:6: the value of attribute b is not closed [STL-P001]"}},
		{`<a b="@(f()"/>`, []string{"p.xml:1:7: the expression is not closed [STL-P002]"}},
		{`<a b="@(1) + 2"/>`, []string{"p.xml:1:12: text follows the expression [STL-P002]"}},
		{"<a>@(1) and text</a>", []string{"p.xml:1:9: text follows the expression [STL-P002]"}},
		{"<a><![CDATA[@(1]]></a>", []string{"p.xml:1:13: the expression is not closed [STL-P002]"}},
		{"<a/><!-- ", []string{"p.xml:1:5: comment is not closed [STL-P001]"}},
		{"<a é=\"1\"/>", []string{"p.xml:1:4: 'é' cannot stand in a tag [STL-P001]"}},
		{"<a></a", []string{"p.xml:1:4: end tag is not ended [STL-P001]"}},
	} {
		tree, list := Parse(Source{File: "p.xml", Text: c.text})
		var got []string
		for _, d := range list {
			got = append(got, d.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", c.text, diff)
		}
		if tree.Text() != c.text {
			t.Errorf("%q prints as %q", c.text, tree.Text())
		}
	}
}

// TestTree: what stands in a document stays findable.
func TestTree(t *testing.T) {
	tree, list := Parse(Source{Text: "\ufeff<?xml version=\"1.0\"?>\n<policies>\r\n <!-- c --><inbound a = 'x'\n b=\"y\" ><base/></inbound >\n</policies>\n"})
	if len(list) > 0 {
		t.Fatal(list)
	}
	in := tree.Root().Child("inbound")
	if in == nil || in.Attr("a").Value != "x" || in.Attr("b").Value != "y" || in.Attr("c") != nil {
		t.Fatalf("inbound is %+v", in)
	}
	if in.Child("base") == nil || in.Child("none") != nil || in.Parent() != tree.Root() {
		t.Error("children or parent are lost")
	}
	if got, want := in.Text(), "<inbound a = 'x'\n b=\"y\" ><base/></inbound >"; got != want {
		t.Errorf("inbound prints as %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<policies><inbound><base /><set-header name="@(f("x",""))"><value>@{ return "<a>"; }</value></set-header></inbound></policies>`,
		`<a b='@($"{x["]"]}")' c="&quot;&lt;"><![CDATA[@(1)]]><!-- x --></a>`,
		"<a b=\"@(1) x\">@(2) y</a></b><?x?><!d>", `<a b="@(@"""") + '\''`, "<", "<a", "<a <b", `<a b="@('`, "@(", "</", "<a>@{",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tree, _ := Parse(Source{Text: s})
		if got := tree.Text(); got != s {
			t.Errorf("%q prints as %q", s, got)
		}
		v := Fixed{NamedValues: map[string]NamedValue{"a": {Text: `x")<b>`, Secret: true}}}
		expanded, _, unknown := expand(Source{Text: s}, v)
		list := append(expanded.scan(), expanded.unknownFaults(unknown, v)...)
		if got := expanded.Text(); got != expanded.text {
			t.Errorf("%q prints as %q", expanded.text, got)
		}
		for _, d := range list {
			if d.Line < 1 || d.Column < 1 {
				t.Errorf("%q: a fault without a place: %+v", s, d)
			}
		}
	})
}
