package xlinq

import (
	"errors"

	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
	"stile/policy/expr/xmltree/xmljson"
)

// TreeOf gives the tree behind an XNode or XmlNode; an XmlDocument's declaration is
// that of the document again.
func TreeOf(v clr.Value) *xmltree.Node {
	if x, ok := v.(*Node); ok {
		return x.n
	}
	n := tree(v)
	if n == nil || n.Kind != xmltree.Document || len(n.Children) == 0 || n.Children[0].Name.Local != "xml" || n.Children[0].Kind != xmltree.Instruction {
		return n
	}
	plain := *n
	plain.Children = n.Children[1:]
	if d, err := xmltree.Parse("<?xml "+n.Children[0].Value+"?><a/>", xmltree.Options{}); err == nil {
		plain.Declared = d.Declared
	}
	return &plain
}

// Copy copies an XNode or XmlNode with all below it, and an XName as it is; ok is
// false for every other value.
func Copy(v clr.Value) (out clr.Value, ok bool) {
	switch x := v.(type) {
	case xname, xspace:
		return x, true
	case *Node:
		return show(x.n.Clone(xmltree.Free{})), true
	case *domNode:
		return showDOM(x.n.Clone(xmltree.Free{})), true
	}
	return nil, false
}

// FromJSON makes an XDocument, or an XmlDocument where dom is set, of JSON.
func FromJSON(m *clr.Machine, v xmljson.Value, r xmljson.Reading, dom bool) clr.Value {
	r.Loose = dom
	doc, err := xmljson.Read(v, r, m)
	var name *xmljson.NameError
	switch {
	case errors.As(err, &name):
		verify(m, name.Name)
	case errors.Is(err, xmljson.ErrNull):
		m.Throw(clr.TypeArgumentNull, err.Error())
	case errors.Is(err, xmljson.ErrSecond) && dom:
		m.Throw(clr.TypeInvalidOperation, "This document already has a 'DocumentElement' node.")
	case errors.Is(err, xmljson.ErrSecond):
		m.Throw(clr.TypeInvalidOperation, err.Error())
	case err != nil:
		m.Throw(clr.TypeJSONSerialization, err.Error())
	case doc == nil:
		return nil
	}
	if !dom {
		return show(doc)
	}
	if d := doc.Declared; d != nil {
		doc.Declared = nil
		doc.Insert(0, declarationNode(d))
	}
	return showDOM(doc)
}
