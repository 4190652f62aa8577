package xmljson

import (
	"errors"
	"strings"
	"testing"

	"stile/policy/expr/xmltree"
)

// TestWrite: the three styles of one document.
func TestWrite(t *testing.T) {
	const text = `<?xml version="1.0" encoding="utf-8"?><p:r xmlns:p="u" k="v"><!--c--><a>1</a><b/><a x="2"/>t<?pi d?><c></c></p:r>`
	doc, err := xmltree.Parse(text, xmltree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	arrays := Direct
	arrays.Arrays = true
	for _, c := range []struct {
		style Style
		want  string
	}{
		{Newtonsoft, `{"?xml":{"@version":"1.0","@encoding":"utf-8"},"p:r":{"@xmlns:p":"u","@k":"v"/*c*/,"a":["1",{"@x":"2"}],"b":null,"#text":"t","?pi":"d","c":""}}`},
		{Direct, `{"version":"1.0","encoding":"utf-8","p$r":{"@xmlns$p":"u","@k":"v","a":["1",{"@x":"2"}],"b":null,"#text":"t","c":""}}`},
		{Friendly, `{"version":"1.0","encoding":"utf-8","p$r":{"xmlns$p":"u","k":"v","a":["1",{"x":"2"}],"b":null,"$t":"t","c":""}}`},
		{arrays, `{"version":"1.0","encoding":"utf-8","p$r":{"@xmlns$p":"u","@k":"v","a":["1",{"@x":"2"}],"b":[null],"#text":"t","c":[""]}}`},
	} {
		if got := Write(doc, c.style, xmltree.Free{}); got != c.want {
			t.Errorf("%+v\n got %s\nwant %s", c.style, got, c.want)
		}
	}
}

func scalar(s string) Value { return Value{Kind: Scalar, Text: s} }

// deep nests a value in objects.
func deep(n int) Value {
	v := scalar("x")
	for range n {
		v = Value{Kind: Object, Members: []Member{{Name: "a", Value: v}}}
	}
	return v
}

// TestConvert: names, blocks of attributes, and what json-to-xml refuses.
func TestConvert(t *testing.T) {
	rules := Rules{Separator: ":", NamespacePrefix: "xmlns", AttributeBlock: "#attrs"}
	object := func(name string, v Value) Value {
		return Value{Kind: Object, Members: []Member{{Name: name, Value: v}}}
	}
	for _, c := range []struct {
		in   Value
		want string
		fail bool
	}{
		{in: object("r", Value{Kind: Object, Members: []Member{{Name: "#attrs", Value: object("p:k", scalar("v"))}, {Name: "xmlns:p", Value: scalar("u")}, {Name: "p:a", Value: scalar("1")}}}),
			want: `<r xmlns:p="u" p:k="v"><p:a>1</p:a></r>`},
		{in: object("p:r", scalar("1")), want: `<p_x003A_r>1</p_x003A_r>`},
		{in: Value{Kind: Array, Items: []Value{scalar("1"), {}}}, want: `<Document><Item>1</Item><Item xsi:nil="true" xmlns:xsi="` + SpaceXSI + `" /></Document>`},
		{in: scalar("x"), want: `<Document>x</Document>`},
		{in: object("", scalar("x")), fail: true},
		{in: object("r", object("#attrs", object("k", Value{Kind: Array}))), fail: true},
		{in: object("r", object("xmlns:xml", scalar("u"))), fail: true},
		{in: deep(xmltree.MaxDepth + 1), fail: true},
	} {
		doc, err := Convert(c.in, rules, xmltree.Free{})
		if c.fail {
			if err == nil {
				t.Errorf("%.80v is converted", c.in)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if got, err := xmltree.Write(doc, xmltree.Layout{Prefixes: true}); err != nil || got != c.want {
			t.Errorf("got %s, %v\nwant %s", got, err, c.want)
		}
	}
	if _, err := Read(deep(xmltree.MaxDepth+1), Reading{}, xmltree.Free{}); !errors.Is(err, ErrDeep) {
		t.Errorf("deep JSON gives %v", err)
	}
	if s := encode(strings.Repeat("é", 3) + " \U0001F600"); s != "ééé_x0020__x0001F600_" {
		t.Errorf("the name is %s", s)
	}
}
