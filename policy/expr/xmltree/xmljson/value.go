package xmljson

import (
	"errors"
	"fmt"
	"strings"

	"stile/policy/expr/xmltree"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds of JSON values.
const (
	Null Kind = iota
	Scalar
	Object
	Array
)

// Value is a JSON value to convert: Text is a scalar as it goes into XML.
type Value struct {
	Kind    Kind
	Text    string
	Members []Member
	Items   []Value
}

// Member is a member of an object.
type Member struct {
	Name  string
	Value Value
}

// NameError is a JSON name that XML cannot have.
type NameError struct{ Name string }

// Error says which name.
func (e *NameError) Error() string { return fmt.Sprintf("%q is no XML name", e.Name) }

// What keeps a JSON text from being a document.
var (
	ErrNoObject  = errors.New("XmlNodeConverter can only convert JSON that begins with an object.")
	ErrRoots     = errors.New("JSON root object has multiple properties. The root object must have a single property in order to create a valid XML document. Consider specifing a DeserializeRootElementName.")
	ErrSecond    = errors.New("This operation would create an incorrectly structured document.")
	ErrEmptyName = errors.New("XmlNodeConverter cannot convert JSON with an empty property name to XML.")
	ErrAttribute = errors.New("Cannot get an XML string value from token type 'StartObject'.")
	ErrNull      = errors.New("Value cannot be null.\nParameter name: value")
	ErrDTD       = errors.New("For security reasons DTD is prohibited in this XML document.")
	ErrDeep      = errors.New("the JSON is nested too deep")
)

// Reading says how JSON becomes a tree by Newtonsoft's rules.
type Reading struct {
	// Root is an element around everything, "" for none.
	Root string
	// MarkArrays puts json:Array on arrays of one item.
	MarkArrays bool
	// Loose takes a prefix without a namespace, as XmlDocument does.
	Loose bool
}

// Read makes a document of a JSON value.
func Read(v Value, r Reading, b xmltree.Budget) (*xmltree.Node, error) {
	doc := &xmltree.Node{Kind: xmltree.Document}
	if v.Kind == Null {
		return nil, nil
	}
	if v.Kind != Object {
		return nil, ErrNoObject
	}
	m := &maker{reading: r, budget: b}
	if r.Root != "" {
		return doc, m.element(doc, r.Root, v)
	}
	elements := 0
	for _, x := range v.Members {
		if !strings.HasPrefix(x.Name, "?") {
			elements++
		}
	}
	if elements > 1 {
		return nil, ErrRoots
	}
	return doc, m.members(doc, v.Members)
}

type maker struct {
	reading Reading
	budget  xmltree.Budget
	depth   int
}

func (m *maker) members(to *xmltree.Node, list []Member) error {
	for _, x := range list {
		if err := m.member(to, x); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) member(to *xmltree.Node, x Member) error {
	m.budget.Grow(160 + len(x.Value.Text))
	switch {
	case x.Name == "":
		return ErrEmptyName
	case x.Name == "?xml":
		d := &xmltree.Declaration{}
		for _, p := range x.Value.Members {
			switch p.Name {
			case "@version":
				d.Version = p.Value.Text
			case "@encoding":
				d.Encoding = p.Value.Text
			case "@standalone":
				d.Standalone = p.Value.Text
			}
		}
		if to.Kind == xmltree.Document {
			to.Declared = d
		}
		return nil
	case x.Name[0] == '?':
		to.Append(&xmltree.Node{Kind: xmltree.Instruction, Name: xmltree.Name{Local: x.Name[1:]}, Value: x.Value.Text})
		return nil
	case x.Name == "!DOCTYPE":
		return ErrDTD
	case x.Name[0] == '@' && to.Kind == xmltree.Element:
		return nil // made with its element
	}
	switch x.Name {
	case "#text", "#whitespace", "#significant-whitespace":
		return m.leaves(to, xmltree.Text, x.Value)
	case "#cdata-section":
		return m.leaves(to, xmltree.CDATA, x.Value)
	}
	if _, meta := metadata[x.Name]; meta && x.Value.Kind == Scalar && to.Kind == xmltree.Element {
		return nil
	}
	return m.elements(to, x.Name, x.Value)
}

// metadata are the names of Newtonsoft's own that become attributes.
var metadata = map[string]string{"$id": "id", "$ref": "ref", "$type": "type"}

func (m *maker) leaves(to *xmltree.Node, kind xmltree.Kind, v Value) error {
	list := []Value{v}
	if v.Kind == Array {
		list = v.Items
	}
	for _, it := range list {
		m.budget.Grow(160)
		if k := len(to.Children); kind == xmltree.Text && k > 0 && to.Children[k-1].Kind == xmltree.Text {
			to.Children[k-1].Value += it.Text
			m.budget.Grow(len(to.Children[k-1].Value))
			continue
		}
		to.Append(&xmltree.Node{Kind: kind, Value: it.Text})
	}
	return nil
}

// elements makes an element, or one for each item of an array.
func (m *maker) elements(to *xmltree.Node, name string, v Value) error {
	if v.Kind != Array {
		return m.element(to, name, v)
	}
	for _, it := range v.Items {
		if err := m.element(to, name, it); err != nil {
			return err
		}
	}
	if m.reading.MarkArrays && len(v.Items) == 1 {
		c := to.Children[len(to.Children)-1]
		c.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Space: SpaceJSON, Local: "Array"}, Prefix: "json", Value: "true"})
		c.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Space: xmltree.SpaceXMLNS, Local: "json"}, Prefix: "xmlns", Value: SpaceJSON})
	}
	return nil
}

func (m *maker) element(to *xmltree.Node, name string, v Value) error {
	if to.Kind == xmltree.Document && to.Root() != nil {
		return ErrSecond
	}
	if m.depth++; m.depth > xmltree.MaxDepth {
		return ErrDeep
	}
	defer func() { m.depth-- }()
	m.budget.Grow(200)
	n := &xmltree.Node{Kind: xmltree.Element}
	to.Append(n)
	if v.Kind == Object {
		if err := m.attributes(n, v.Members); err != nil {
			return err
		}
	}
	if err := m.rename(n, name); err != nil {
		return err
	}
	switch v.Kind {
	case Scalar:
		m.budget.Grow(len(v.Text))
		if v.Text == "" {
			n.Open = true
			return nil
		}
		n.Append(&xmltree.Node{Kind: xmltree.Text, Value: v.Text})
	case Object:
		return m.members(n, v.Members)
	case Array: // an array in an array: elements of the same name inside
		return m.elements(n, name, v)
	}
	return nil
}

// attributes makes what begins with @, and the declarations among them first.
func (m *maker) attributes(n *xmltree.Node, list []Member) error {
	for _, x := range list {
		name, ok := strings.CutPrefix(x.Name, "@")
		m.budget.Grow(160)
		if local, meta := metadata[x.Name]; meta && x.Value.Kind == Scalar {
			n.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Space: xmltree.SpaceXMLNS, Local: "json"}, Prefix: "xmlns", Value: SpaceJSON})
			n.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Space: SpaceJSON, Local: local}, Prefix: "json", Value: x.Value.Text})
			continue
		}
		if !ok {
			continue
		}
		if x.Value.Kind == Object || x.Value.Kind == Array {
			return ErrAttribute
		}
		if x.Value.Kind == Null && !m.reading.Loose {
			return ErrNull
		}
		n.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Local: name}, Value: x.Value.Text})
	}
	for _, a := range n.Attrs {
		if a.Prefix != "" {
			continue
		}
		if p, ok := strings.CutPrefix(a.Name.Local, "xmlns:"); ok {
			a.Prefix, a.Name = "xmlns", xmltree.Name{Space: xmltree.SpaceXMLNS, Local: p}
		}
	}
	for _, a := range n.Attrs {
		if a.Prefix != "" || a.Name.Local == "xmlns" {
			continue
		}
		prefix, name, err := m.split(n, a.Name.Local, false)
		if err != nil {
			return err
		}
		a.Prefix, a.Name = prefix, name
	}
	return nil
}

func (m *maker) rename(n *xmltree.Node, name string) (err error) {
	n.Prefix, n.Name, err = m.split(n, name, true)
	return err
}

// split resolves a qualified name at an element.
func (m *maker) split(n *xmltree.Node, s string, byDefault bool) (string, xmltree.Name, error) {
	m.budget.Work(1 + m.depth)
	prefix, local, ok := strings.Cut(s, ":")
	if !ok {
		prefix, local = "", s
	}
	space := ""
	if prefix != "" || byDefault {
		found, known := n.SpaceOf(prefix)
		if !known && !m.reading.Loose {
			return "", xmltree.Name{}, &NameError{s}
		}
		if !known {
			prefix = ""
		}
		space = found
	}
	if _, _, ok := xmltree.BadName(local); !ok {
		return "", xmltree.Name{}, &NameError{local}
	}
	return prefix, xmltree.Name{Space: space, Local: local}, nil
}
