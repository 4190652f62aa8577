package library

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/library/xlinq"
	"stile/policy/expr/xmltree/xmljson"
)

// xmlConvert is JsonConvert's conversions between JSON and XML.
var xmlConvert = concatAll(
	writers("SerializeXNode", "XObject"), writers("SerializeXmlNode", "XmlNode"),
	readers("XDocument DeserializeXNode", false), readers("XmlDocument DeserializeXmlNode", true),
)

func writers(name, param string) []memberSpec {
	run := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil {
			return "null"
		}
		n := xlinq.TreeOf(a[0])
		if n == nil {
			m.Throw(clr.TypeNotSupported, "An attribute cannot be written as JSON.")
		}
		style := xmljson.Newtonsoft
		style.Indent = len(a) > 1 && a[1].(clr.Enum).N == 1
		style.OmitRoot = len(a) > 2 && truth(a[2])
		return xmljson.Write(n, style, m)
	}
	head := "static string " + name + "(" + param
	return []memberSpec{{head + ")", run}, {head + ", Formatting)", run}, {head + ", Formatting, bool omitRootObject)", run}}
}

func readers(head string, dom bool) []memberSpec {
	run := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		r := xmljson.Reading{MarkArrays: len(a) > 2 && truth(a[2])}
		if len(a) > 1 {
			r.Root = str(a[1])
		}
		return xlinq.FromJSON(m, plainJSON(m, parseJSON(m, need(m, a[0], "value"))), r, dom)
	}
	head = "static " + head + "(string"
	return []memberSpec{{head + ")", run}, {head + ", string deserializeRootElementName)", run},
		{head + ", string deserializeRootElementName, bool writeArrayAttribute)", run}}
}

// plainJSON gives a token as XML takes it: scalars in the formats of XML Schema.
func plainJSON(m *clr.Machine, t Token) xmljson.Value {
	m.Step()
	m.Grow(64)
	switch x := t.(type) {
	case *JObject:
		out := xmljson.Value{Kind: xmljson.Object}
		for _, p := range x.props {
			out.Members = append(out.Members, xmljson.Member{Name: p.name, Value: plainJSON(m, p.value)})
		}
		return out
	case *JArray:
		out := xmljson.Value{Kind: xmljson.Array}
		for _, it := range x.items {
			out.Items = append(out.Items, plainJSON(m, it))
		}
		return out
	case *JValue:
		if x.Value != nil {
			return xmljson.Value{Kind: xmljson.Scalar, Text: xlinq.SchemaText(m, x.Value)}
		}
	}
	return xmljson.Value{}
}
