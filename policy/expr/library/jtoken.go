package library

import (
	"stile/policy/expr/clr"
)

// Token is JToken. Tokens change in place, as Newtonsoft's do; a token belongs to
// one parent, and one that has a parent already is copied when it is put under another.
type Token interface {
	up() Token
	setUp(Token)
	kindOf() jkind
	clone(m *clr.Machine) Token
	// children lists what JContainer.Children gives.
	children() []Token
}

// jkind is JTokenType.
type jkind int32

const (
	jNone jkind = iota
	jObject
	jArray
	jConstructor
	jProperty
	jComment
	jInteger
	jFloat
	jString
	jBoolean
	jNull
	jUndefined
	jDate
	jRaw
	jBytes
	jGuid
	jURI
	jTimeSpan
)

type parented struct{ parent Token }

func (p *parented) up() Token { return p.parent }

func (p *parented) setUp(t Token) { p.parent = t }

// JObject is Newtonsoft's JObject: properties in order.
type JObject struct {
	parented
	props []*JProperty
	index map[string]*JProperty
}

// JProperty is a name with its value.
type JProperty struct {
	parented
	name  string
	value Token
}

// JArray is a list of tokens.
type JArray struct {
	parented
	items   []Token
	version int
}

// JValue is a primitive: its value is nil, string, int64, float64, bool, DateTime …
type JValue struct {
	parented
	kind  jkind
	Value clr.Value
}

func (*JObject) kindOf() jkind { return jObject }

func (*JProperty) kindOf() jkind { return jProperty }

func (*JArray) kindOf() jkind { return jArray }

func (v *JValue) kindOf() jkind { return v.kind }

func (o *JObject) children() []Token {
	out := make([]Token, len(o.props))
	for i, p := range o.props {
		out[i] = p
	}
	return out
}

func (p *JProperty) children() []Token { return []Token{p.value} }

func (a *JArray) children() []Token { return a.items }

func (v *JValue) children() []Token { return nil }

func newObject() *JObject { return &JObject{index: map[string]*JProperty{}} }

func (o *JObject) get(name string) Token {
	if p := o.index[name]; p != nil {
		return p.value
	}
	return nil
}

// put sets or adds a property.
func (o *JObject) put(m *clr.Machine, name string, t Token) {
	if p := o.index[name]; p != nil {
		p.setValue(m, t)
		return
	}
	p := &JProperty{name: name}
	p.setValue(m, t)
	o.append(m, p)
}

// append adds a property that must be new.
func (o *JObject) append(m *clr.Machine, p *JProperty) {
	if o.index[p.name] != nil {
		m.Throw(clr.TypeArgument, "Can not add property "+p.name+" to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object.")
	}
	m.Grow(64 + len(p.name))
	if p.parent != nil {
		p = p.clone(m).(*JProperty)
	}
	p.parent = o
	o.props = append(o.props, p)
	o.index[p.name] = p
}

func (o *JObject) remove(name string) bool {
	p := o.index[name]
	if p == nil {
		return false
	}
	delete(o.index, name)
	for i, q := range o.props {
		if q == p {
			o.props = append(o.props[:i:i], o.props[i+1:]...)
			break
		}
	}
	p.parent = nil
	return true
}

func (p *JProperty) setValue(m *clr.Machine, t Token) {
	p.value = adopt(m, p, t)
}

// Add appends a token.
func (a *JArray) Add(m *clr.Machine, t Token) {
	m.Grow(16)
	a.items = append(a.items, adopt(m, a, t))
	a.version++
}

func (a *JArray) insert(m *clr.Machine, at int, t Token) {
	if at < 0 || at > len(a.items) {
		m.Throw(clr.TypeArgumentRange, "Index must be within the bounds of the List.\nParameter name: index")
	}
	a.items = append(a.items, nil)
	copy(a.items[at+1:], a.items[at:])
	a.items[at] = adopt(m, a, t)
	a.version++
}

func (a *JArray) removeAt(at int) {
	a.items[at].setUp(nil)
	a.items = append(a.items[:at:at], a.items[at+1:]...)
	a.version++
}

func (a *JArray) find(t Token) int {
	for i, it := range a.items {
		if it == t {
			return i
		}
	}
	return -1
}

func (a *JArray) search(m *clr.Machine, v clr.Value) int {
	m.Work(len(a.items) / 32)
	return a.find(TokenOf(m, v))
}

// adopt makes t a child of parent; null stands for a JValue of null.
func adopt(m *clr.Machine, parent, t Token) Token {
	if t == nil {
		t = &JValue{kind: jNull}
	}
	if t.up() != nil || within(m, parent, t) {
		t = t.clone(m)
	}
	t.setUp(parent)
	return t
}

// within tells whether parent is t or stands under it.
func within(m *clr.Machine, parent, t Token) bool {
	n := 0
	for p := parent; p != nil; p = p.up() {
		if n++; n%32 == 0 {
			m.Step()
		}
		if p == t {
			return true
		}
	}
	return false
}

func (o *JObject) clone(m *clr.Machine) Token {
	out := newObject()
	for _, p := range o.props {
		m.Step()
		out.append(m, p.clone(m).(*JProperty))
	}
	return out
}

func (p *JProperty) clone(m *clr.Machine) Token {
	q := &JProperty{name: p.name}
	q.value = p.value.clone(m)
	q.value.setUp(q)
	return q
}

func (a *JArray) clone(m *clr.Machine) Token {
	out := &JArray{}
	for _, it := range a.items {
		m.Step()
		out.Add(m, it.clone(m))
	}
	return out
}

func (v *JValue) clone(m *clr.Machine) Token {
	m.Grow(32)
	return &JValue{kind: v.kind, Value: v.Value}
}

// each lets foreach and LINQ walk a token's children.
func (o *JObject) Each(m *clr.Machine, yield func(clr.Value) bool) { eachToken(m, o, yield) }

// Each walks the items in order until yield gives false.
func (p *JProperty) Each(m *clr.Machine, yield func(clr.Value) bool) { eachToken(m, p, yield) }

// Each walks the items in order until yield gives false.
func (a *JArray) Each(m *clr.Machine, yield func(clr.Value) bool) {
	version := a.version
	for i := 0; i < len(a.items); i++ {
		m.Step()
		if !yield(a.items[i]) {
			return
		}
		if a.version != version {
			m.Throw(clr.TypeInvalidOperation, "Collection was modified; enumeration operation may not execute.")
		}
	}
}

// Each walks the items in order until yield gives false.
func (v *JValue) Each(m *clr.Machine, yield func(clr.Value) bool) {}

func eachToken(m *clr.Machine, t Token, yield func(clr.Value) bool) {
	for _, c := range t.children() {
		m.Step()
		if !yield(c) {
			return
		}
	}
}

// PairsOf gives an object's properties as key-value pairs, as foreach sees them.
func PairsOf(o *JObject) clr.Value {
	typ := clr.Generic(clr.TypeKeyValue, clr.TypeString, TypeJToken)
	items := make([]clr.Value, len(o.props))
	for i, p := range o.props {
		items[i] = clr.KeyValue{Type: typ, Key: p.name, Value: p.value}
	}
	return &clr.Array{Elem: typ, Items: items}
}
