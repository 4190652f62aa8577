package xlinq

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// content is what constructors and Add make of their arguments: attributes, nodes,
// and text, where texts that follow each other are one.
type content struct {
	m     *clr.Machine
	to    *xmltree.Node
	attrs []*xmltree.Attr
	nodes []*xmltree.Node
	// loose marks text nodes that came from strings.
	loose map[*xmltree.Node]bool
	// empty says that an empty string was among the content.
	empty bool
}

// gather reads content for an element or document; parts of a tree are copied.
func gather(m *clr.Machine, to *xmltree.Node, values ...clr.Value) *content {
	c := &content{m: m, to: to, loose: map[*xmltree.Node]bool{}}
	for _, v := range values {
		c.add(v)
	}
	return c
}

func (c *content) add(v clr.Value) {
	c.m.Step()
	switch x := clr.Normal(v).(type) {
	case nil:
	case string:
		c.text(x)
	case *Node:
		c.node(x.n)
	case *Attribute:
		c.attr(x.a)
	case *clr.Array, *clr.List, *clr.Seq:
		clr.Iterate(c.m, x, func(it clr.Value) bool { c.add(it); return true })
	case xname, xspace, *declaration:
		c.text(clr.Text(x))
	default:
		if _, ok := x.(interface {
			Each(m *clr.Machine, yield func(clr.Value) bool)
		}); ok {
			clr.Iterate(c.m, x, func(it clr.Value) bool { c.add(it); return true })
			return
		}
		c.text(valueText(c.m, x))
	}
}

func (c *content) text(s string) {
	if c.to.Kind == xmltree.Document && !blankOnly(s) {
		c.m.Throw(clr.TypeArgument, "Non-whitespace characters cannot be added to content.")
	}
	if s == "" {
		c.empty = true
		return
	}
	c.m.Grow(len(s))
	if n := len(c.nodes); n > 0 && c.loose[c.nodes[n-1]] {
		c.nodes[n-1].Value += s
		return
	}
	n := &xmltree.Node{Kind: xmltree.Text, Value: s}
	c.m.Grow(160)
	c.loose[n] = true
	c.nodes = append(c.nodes, n)
}

func (c *content) node(n *xmltree.Node) {
	if n.Kind == xmltree.Document {
		c.m.Throw(clr.TypeArgument, "A node of type Document cannot be added to content.")
	}
	if c.to.Kind == xmltree.Document {
		switch n.Kind {
		case xmltree.CDATA:
			c.m.Throw(clr.TypeArgument, "A node of type CDATA cannot be added to content.")
		case xmltree.Text:
			c.text(n.Value)
			return
		}
	}
	taken := n.Parent != nil || n == c.to
	for p := c.to; p != nil && !taken; p = p.Parent {
		c.m.Work(1)
		taken = p == n
	}
	for _, other := range c.nodes {
		taken = taken || other == n
	}
	if taken {
		n = n.Clone(c.m)
	}
	c.m.Work(len(c.nodes) / 64)
	c.nodes = append(c.nodes, n)
}

func (c *content) attr(a *xmltree.Attr) {
	if c.to.Kind == xmltree.Document {
		c.m.Throw(clr.TypeArgument, "An attribute cannot be added to content.")
	}
	if a.Parent != nil {
		c.m.Grow(160)
		a = &xmltree.Attr{Name: a.Name, Value: a.Value}
	}
	c.attrs = append(c.attrs, a)
}

// check refuses a second root, and attributes that stand twice.
func (c *content) check() {
	if c.to.Kind == xmltree.Document {
		roots := 0
		for _, list := range [][]*xmltree.Node{c.to.Children, c.nodes} {
			for _, n := range list {
				roots += clr.Bit(n.Kind == xmltree.Element)
			}
		}
		if roots > 1 {
			c.m.Throw(clr.TypeInvalidOperation, "This operation would create an incorrectly structured document.")
		}
	}
	for _, a := range c.attrs {
		c.m.Work(1 + len(c.to.Attrs)/16)
		if c.to.Attr(a.Name) != nil {
			c.m.Throw(clr.TypeInvalidOperation, "Duplicate attribute.")
		}
		c.to.AppendAttr(a)
	}
}

// insert puts the content among the children, from a place on.
func (c *content) insert(at int) {
	c.check()
	c.m.Work(len(c.to.Children) / 64)
	if len(c.nodes) == 0 {
		if c.empty && len(c.to.Children) == 0 && c.to.Kind == xmltree.Element {
			c.to.Open = true
		}
		return
	}
	if first := c.nodes[0]; at > 0 && c.loose[first] && c.to.Children[at-1].Kind == xmltree.Text {
		c.to.Children[at-1].Value += first.Value
		c.nodes = c.nodes[1:]
	}
	for i, n := range c.nodes {
		if at == len(c.to.Children) {
			c.to.Append(n)
			at++
			continue
		}
		c.m.Work(len(c.to.Children) / 64)
		c.to.Insert(at, c.nodes[i])
		at++
	}
}

// addTo appends content.
func addTo(m *clr.Machine, to *xmltree.Node, values ...clr.Value) {
	gather(m, to, values...).insert(len(to.Children))
}

// SchemaText writes a primitive in the formats of XML Schema, as XmlConvert does.
func SchemaText(m *clr.Machine, v clr.Value) string { return valueText(m, v) }

// valueText is how LINQ to XML writes a value: in the formats of XML Schema.
func valueText(m *clr.Machine, v clr.Value) string {
	switch x := clr.Normal(v).(type) {
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return schemaReal(clr.RoundTrip(x))
	case float32:
		return schemaReal(clr.RealText(float64(x), 7))
	case clr.DateTime:
		return clr.FormatTime(x.Ticks, 0, x.Kind, "yyyy-MM-ddTHH:mm:ss.FFFFFFFK")
	case clr.DateTimeOffset:
		s := clr.FormatTime(x.Ticks, x.Offset, clr.KindLocal, "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz")
		return strings.Replace(s, "+00:00", "Z", 1)
	case clr.TimeSpan:
		return durationText(x)
	case *Node, *Attribute:
		m.Throw(clr.TypeArgument, "An XObject cannot be used as a value.")
	}
	return clr.Text(v)
}

func schemaReal(s string) string {
	switch s {
	case "Infinity":
		return "INF"
	case "-Infinity":
		return "-INF"
	}
	return s
}
