package xlinq

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
)

// xname is an XName: equal names are one.
type xname xmltree.Name

// xspace is an XNamespace: its URI.
type xspace string

func (xname) RuntimeType() *clr.Type  { return typeXName }
func (xspace) RuntimeType() *clr.Type { return typeXNamespace }

func (n xname) String() string  { return xmltree.Name(n).String() }
func (s xspace) String() string { return string(s) }

// verify throws where s is no name without a colon.
func verify(m *clr.Machine, s string) {
	r, at, ok := xmltree.BadName(s)
	switch {
	case ok:
	case s == "":
		m.Throw(clr.TypeArgument, "The empty string '' is not a valid local name.")
	case at == 0:
		m.Throw(typeXMLException, fmt.Sprintf("Name cannot begin with the '%c' character, hexadecimal value 0x%02X.", r, r))
	default:
		m.Throw(typeXMLException, fmt.Sprintf("The '%c' character, hexadecimal value 0x%02X, cannot be included in a name.", r, r))
	}
}

// nameFrom reads {space}local.
func nameFrom(m *clr.Machine, s string) xname {
	m.Work(len(s) / 64)
	if s == "" {
		m.Throw(clr.TypeArgument, "'' is an invalid expanded name.")
	}
	if s[0] != '{' {
		verify(m, s)
		return xname{Local: s}
	}
	i := strings.LastIndexByte(s, '}')
	if i <= 1 || i == len(s)-1 {
		m.Throw(clr.TypeArgument, "'"+s+"' is an invalid expanded name.")
	}
	verify(m, s[i+1:])
	return xname{Space: s[1:i], Local: s[i+1:]}
}

// nameArg reads an argument that is an XName and must not be null.
func nameArg(m *clr.Machine, v clr.Value) xmltree.Name {
	need(m, v, "name")
	return xmltree.Name(v.(xname))
}

var nameMembers = []clr.MemberSpec{
	clr.Line("static XName op_Implicit(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil {
			return nil
		}
		return nameFrom(m, a[0].(string))
	}),
	clr.Line("static XName Get(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "expandedName")
		return nameFrom(m, a[0].(string))
	}),
	clr.Line("static XName Get(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "localName")
		need(m, a[1], "namespaceName")
		verify(m, a[0].(string))
		return xname{Space: a[1].(string), Local: a[0].(string)}
	}),
	clr.Line("string LocalName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(xname).Local }),
	clr.Line("string NamespaceName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(xname).Space }),
	clr.Line("XNamespace Namespace", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return xspace(a[0].(xname).Space) }),
}

func spaceOf(uri string) clr.Native {
	return func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return xspace(uri) }
}

func inSpace(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
	need(m, a[0], "ns")
	need(m, a[1], "localName")
	verify(m, a[1].(string))
	return xname{Space: string(a[0].(xspace)), Local: a[1].(string)}
}

var spaceMembers = []clr.MemberSpec{
	clr.Line("static XNamespace op_Implicit(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil {
			return nil
		}
		return xspace(a[0].(string))
	}),
	clr.Line("static XName op_Addition(XNamespace, string)", inSpace),
	clr.Line("XName GetName(string)", inSpace),
	clr.Line("static XNamespace Get(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		need(m, a[0], "namespaceName")
		return xspace(a[0].(string))
	}),
	clr.Line("static XNamespace None", spaceOf("")), clr.Line("static XNamespace Xml", spaceOf(xmltree.SpaceXML)),
	clr.Line("static XNamespace Xmlns", spaceOf(xmltree.SpaceXMLNS)),
	clr.Line("string NamespaceName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return string(a[0].(xspace)) }),
}
