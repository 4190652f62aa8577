package xmljson

import (
	"fmt"
	"strings"

	"stile/policy/expr/xmltree"
)

// SpaceXSI is the namespace of the attribute that marks a JSON null.
const SpaceXSI = "http://www.w3.org/2001/XMLSchema-instance"

// Rules are the attributes of json-to-xml.
type Rules struct {
	// Separator parts a name's prefix from its local name.
	Separator string
	// NamespacePrefix begins the names of members that declare namespaces; "" for none.
	NamespacePrefix string
	// AttributeBlock is the name of members whose own members are attributes; "" for none.
	AttributeBlock string
}

// rootName is the element around a value that is no object with one member.
const rootName = "Document"

// Convert makes the document that json-to-xml gives. An object with one member that
// is no array is the root element itself; a null is an element with xsi:nil.
func Convert(v Value, r Rules, b xmltree.Budget) (*xmltree.Node, error) {
	c := &converter{rules: r, budget: b}
	doc := &xmltree.Node{Kind: xmltree.Document}
	if v.Kind == Object && len(v.Members) == 1 && v.Members[0].Value.Kind != Array && !c.special(v.Members[0]) {
		return doc, c.add(doc, v.Members[0].Name, v.Members[0].Value)
	}
	if v.Kind == Array {
		v = Value{Kind: Object, Members: []Member{{Name: "Item", Value: v}}}
	}
	return doc, c.add(doc, rootName, v)
}

type converter struct {
	rules  Rules
	budget xmltree.Budget
	depth  int
}

// declares gives the prefix that a member declares.
func (c *converter) declares(x Member) (prefix string, ok bool) {
	p := c.rules.NamespacePrefix
	if p == "" || x.Value.Kind != Scalar {
		return "", false
	}
	if x.Name == p {
		return "", true
	}
	prefix, ok = strings.CutPrefix(x.Name, p+c.rules.Separator)
	return prefix, ok && prefix != ""
}

// special tells the members that are no elements.
func (c *converter) special(x Member) bool {
	_, ok := c.declares(x)
	return ok || c.rules.AttributeBlock != "" && x.Name == c.rules.AttributeBlock && x.Value.Kind == Object
}

func (c *converter) add(to *xmltree.Node, name string, v Value) error {
	if v.Kind == Array {
		for _, it := range v.Items {
			if err := c.add(to, name, it); err != nil {
				return err
			}
		}
		if len(v.Items) == 0 {
			return c.add(to, name, Value{Kind: Object})
		}
		return nil
	}
	if c.depth++; c.depth > xmltree.MaxDepth {
		return ErrDeep
	}
	defer func() { c.depth-- }()
	c.budget.Grow(200 + len(v.Text))
	n := &xmltree.Node{Kind: xmltree.Element}
	to.Append(n)
	if err := c.attributes(n, v.Members); err != nil {
		return err
	}
	var err error
	if n.Prefix, n.Name, err = c.name(n, name, true); err != nil {
		return err
	}
	switch v.Kind {
	case Null:
		n.AppendAttr(&xmltree.Attr{Prefix: "xsi", Name: xmltree.Name{Space: SpaceXSI, Local: "nil"}, Value: "true"})
	case Scalar:
		n.Open = v.Text == ""
		if v.Text != "" {
			n.Append(&xmltree.Node{Kind: xmltree.Text, Value: v.Text})
		}
	}
	for _, x := range v.Members {
		if c.special(x) {
			continue
		}
		if err := c.add(n, x.Name, x.Value); err != nil {
			return err
		}
	}
	return nil
}

// attributes makes declarations first, then what the attribute block holds.
func (c *converter) attributes(n *xmltree.Node, list []Member) error {
	for _, x := range list {
		c.budget.Grow(160)
		prefix, ok := c.declares(x)
		switch {
		case !ok:
		case prefix == "":
			n.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Local: "xmlns"}, Value: x.Value.Text})
		case x.Value.Text == "" || prefix == "xmlns" || prefix == "xml":
			return fmt.Errorf("the namespace prefix %q cannot be declared so", prefix)
		default:
			if _, _, ok := xmltree.BadName(prefix); !ok {
				return &NameError{prefix}
			}
			n.AppendAttr(&xmltree.Attr{Prefix: "xmlns", Name: xmltree.Name{Space: xmltree.SpaceXMLNS, Local: prefix}, Value: x.Value.Text})
		}
	}
	for _, x := range list {
		if _, ok := c.declares(x); ok || !c.special(x) {
			continue
		}
		for _, a := range x.Value.Members {
			if a.Value.Kind == Object || a.Value.Kind == Array {
				return fmt.Errorf("the attribute %q has no simple value", a.Name)
			}
			prefix, name, err := c.name(n, a.Name, false)
			if err != nil {
				return err
			}
			if n.Attr(name) != nil {
				return fmt.Errorf("the attribute %q stands twice", a.Name)
			}
			c.budget.Grow(160)
			n.AppendAttr(&xmltree.Attr{Prefix: prefix, Name: name, Value: a.Value.Text})
		}
	}
	return nil
}

// name resolves a name: what stands before the separator is a prefix where it is
// declared, else part of the name. Characters that no name has are written _xHHHH_.
func (c *converter) name(n *xmltree.Node, s string, byDefault bool) (string, xmltree.Name, error) {
	c.budget.Work(1 + c.depth)
	if prefix, local, ok := strings.Cut(s, c.rules.Separator); ok && c.rules.Separator != "" && prefix != "" && local != "" && prefix != "xmlns" {
		if space, known := n.SpaceOf(prefix); known {
			return prefix, xmltree.Name{Space: space, Local: encode(local)}, nil
		}
	}
	if s == "" {
		return "", xmltree.Name{}, ErrEmptyName
	}
	space := ""
	if byDefault {
		space, _ = n.SpaceOf("")
	}
	return "", xmltree.Name{Space: space, Local: encode(s)}, nil
}

// encode writes a name as XmlConvert.EncodeLocalName does.
func encode(s string) string {
	if _, _, ok := xmltree.BadName(s); ok {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if i == 0 && !xmltree.IsNameStart(r) || !xmltree.IsNameChar(r) {
			if r > 0xffff {
				fmt.Fprintf(&b, "_x%08X_", r)
			} else {
				fmt.Fprintf(&b, "_x%04X_", r)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
