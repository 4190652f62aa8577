package xmltree

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// layouts are texts as .NET's XElement and XmlDocument write them again.
func TestWrite(t *testing.T) {
	for _, c := range []struct{ in, element, document string }{
		{"<r xmlns:a='u' xmlns:b='u'><a:x/><b:y b:z='1'/></r>",
			"<r xmlns:a=\"u\" xmlns:b=\"u\">\n  <b:x />\n  <b:y b:z=\"1\" />\n</r>", `<r xmlns:a="u" xmlns:b="u"><a:x /><b:y b:z="1" /></r>`},
		{"<r xmlns='u' xmlns:b='u'><x/><b:y b:z='1'/></r>", "<b:r xmlns=\"u\" xmlns:b=\"u\">\n  <b:x />\n  <b:y b:z=\"1\" />\n</b:r>", ""},
		{"<b:r xmlns:b='u' xmlns='u'><x/><b:y b:z='1'/></b:r>", "<r xmlns:b=\"u\" xmlns=\"u\">\n  <x />\n  <y b:z=\"1\" />\n</r>", ""},
		{"<r>text<b>x</b><c/></r>", "<r>text<b>x</b><c /></r>", "<r>text<b>x</b><c /></r>"},
		{"<r><b>x</b>text<c/><d><e/></d></r>", "<r>\n  <b>x</b>text<c /><d><e /></d></r>", ""},
		{"<r><!--c--><b/><?pi data?><![CDATA[x]]><d/></r>", "<r>\n  <!--c-->\n  <b />\n  <?pi data?><![CDATA[x]]><d /></r>", ""},
		{"<r a=\"x&#10;y&quot;'&lt;&gt;&amp;\">a\nb\r\nc&#13;d&gt;&lt;\"'</r>", "<r a=\"x&#xA;y&quot;'&lt;&gt;&amp;\">a\nb\nc\nd&gt;&lt;\"'</r>", ""},
		{"<a></a>", "<a></a>", "<a></a>"}, {"<a> </a>", "<a></a>", "<a></a>"}, {"<a/>", "<a />", "<a />"},
		{"<a xml:space='preserve'> <b/> </a>", `<a xml:space="preserve"> <b /> </a>`, `<a xml:space="preserve"> <b /> </a>`},
		{"<?xml version='1.0' encoding='utf-8'?><!--x--><r/><!--y-->", "<!--x-->\n<r />\n<!--y-->", "<!--x--><r /><!--y-->"},
		{"<p:r xmlns:p='u' p:a='1&#10;\"'><p:b/></p:r>", "", `<p:r xmlns:p="u" p:a="1&#xA;&quot;"><p:b /></p:r>`},
	} {
		doc, err := Parse(c.in, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		for _, l := range []struct {
			layout Layout
			want   string
		}{{Layout{Indent: true}, c.element}, {Layout{Prefixes: true}, c.document}} {
			got, err := Write(doc, l.layout)
			if diff := cmp.Diff(l.want, got); l.want != "" && (err != nil || diff != "") {
				t.Errorf("%s: %v (-want +got)\n%s", c.in, err, diff)
			}
		}
	}
}

// TestWriteInner: a node alone declares what its parents declared.
func TestWriteInner(t *testing.T) {
	doc, err := Parse("<r xmlns='u' xmlns:p='v'><p:x p:q='1'><y/></p:x></r>", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := Write(doc.Root().Children[0], Layout{Indent: true})
	if want := "<p:x p:q=\"1\" xmlns:p=\"v\">\n  <y xmlns=\"u\" />\n</p:x>"; got != want {
		t.Errorf("got %s", got)
	}
	bad := &Node{Kind: Text, Value: "\x01"}
	if _, err := Write(bad, Layout{}); err == nil {
		t.Error("a control character was written")
	}
}

// The messages and places are those of .NET's XmlException.
func TestParseFaults(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "Root element is missing.",
		"x":                          "Data at the root level is invalid. Line 1, position 1.",
		"<a></b>":                    "The 'a' start tag on line 1 position 2 does not match the end tag of 'b'. Line 1, position 6.",
		"<a/><b/>":                   "There are multiple root elements. Line 1, position 6.",
		"<a b='1' b='2'/>":           "'b' is a duplicate attribute name. Line 1, position 10.",
		"<a>&x;</a>":                 "Reference to undeclared entity 'x'. Line 1, position 5.",
		"<a>&</a>":                   "An error occurred while parsing EntityName. Line 1, position 5.",
		"<p:a/>":                     "'p' is an undeclared prefix. Line 1, position 2.",
		"<a b=1/>":                   "'1' is an unexpected token. The expected token is '\"' or '''. Line 1, position 6.",
		"<a b/>":                     "'/' is an unexpected token. The expected token is '='. Line 1, position 5.",
		"<1/>":                       "Name cannot begin with the '1' character, hexadecimal value 0x31. Line 1, position 2.",
		"<a>]]></a>":                 "']]>' is not allowed in character data. Line 1, position 4.",
		"<a><!-- -- --></a>":         "An XML comment cannot contain '--', and '-' cannot be the last character. Line 1, position 9.",
		"<a b='<'/>":                 "'<', hexadecimal value 0x3C, is an invalid attribute character. Line 1, position 7.",
		"<a>&#0;</a>":                "'.', hexadecimal value 0x00, is an invalid character. Line 1, position 6.",
		"<a b='1":                    "There is an unclosed literal string. Line 1, position 8.",
		"<a></a>x":                   "Data at the root level is invalid. Line 1, position 8.",
		" <?xml version='1.0'?><a/>": "Unexpected XML declaration. The XML declaration must be the first node in the document, and no white space characters are allowed to appear before it. Line 1, position 4.",
		"<a><![CDATA[x</a>":          "Unexpected end of file while parsing CDATA has occurred. Line 1, position 18.",
		"<a b='1'c='2'/>":            "'c' is an unexpected token. Expecting white space. Line 1, position 9.",
		"<a>\x01</a>":                "'\x01', hexadecimal value 0x01, is an invalid character. Line 1, position 4.",
		"<a xmlns:x=''/>":            "Invalid namespace declaration. Line 1, position 12.",
		"<a>\n<b></a>":               "The 'b' start tag on line 2 position 2 does not match the end tag of 'a'. Line 2, position 6.",
		"</a>":                       "Unexpected end tag. Line 1, position 3.",
		"<a:b:c/>":                   "The ':' character, hexadecimal value 0x3A, cannot be included in a name. Line 1, position 5.",
		"<?xml version='2.0'?><a/>":  "Version number '2.0' is invalid. Line 1, position 16.",
		"<a>&#x;</a>":                "Invalid syntax for a hexadecimal numeric entity reference. Line 1, position 7.",
		"<a>&amp</a>":                "'<' is an unexpected token. The expected token is ';'. Line 1, position 8.",
	} {
		_, err := Parse(in, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", in, err, want)
		}
	}
}

// TestBombs: what would grow beyond its text is refused.
func TestBombs(t *testing.T) {
	dtd := `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`
	if _, err := Parse(dtd, Options{}); err == nil || !strings.Contains(err.Error(), "DTD is prohibited") {
		t.Errorf("a DTD gives %v", err)
	}
	for name, text := range map[string]string{
		"depth":      strings.Repeat("<a>", MaxDepth+1),
		"nodes":      "<a>" + strings.Repeat("<b/>", MaxNodes) + "</a>",
		"namespaces": "<a" + strings.Repeat(" xmlns:p='u'", maxScopes) + "/>",
	} {
		if _, err := Parse(text, Options{}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s gives %v", name, err)
		}
	}
	deep := strings.Repeat("<a>", MaxDepth) + strings.Repeat("</a>", MaxDepth)
	if _, err := Parse(deep, Options{}); err != nil {
		t.Errorf("the deepest document gives %v", err)
	}
}

// FuzzParse: a text that parses writes a text that parses to the same tree.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"<a/>", "<a b='1'>x<b/>y</a>", "<r xmlns='u' xmlns:p='v' p:q='&lt;'><p:x/><!--c--><?p d?><![CDATA[z]]></r>",
		"<?xml version='1.0'?><a>&#x41;</a>", "<a><b xmlns=''/></a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := Parse(s, Options{KeepSpace: true})
		if err != nil {
			return
		}
		first, err := Write(doc, Layout{Prefixes: true, Declaration: true})
		if err != nil {
			t.Fatalf("%q cannot be written: %v", s, err)
		}
		again, err := Parse(first, Options{KeepSpace: true})
		if err != nil {
			t.Fatalf("%q gives %q, which does not parse: %v", s, first, err)
		}
		if second, _ := Write(again, Layout{Prefixes: true, Declaration: true}); lines(first) != lines(second) {
			t.Errorf("%q gives %q and then %q", s, first, second)
		}
		plain, _ := Write(doc, Layout{})
		if _, err := Parse(plain, Options{}); err != nil {
			t.Errorf("%q gives %q, which does not parse: %v", s, plain, err)
		}
	})
}
