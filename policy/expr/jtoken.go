package expr

// token is JToken. Tokens change in place, as Newtonsoft's do; a token belongs to
// one parent, and one that has a parent already is copied when it is put under another.
type token interface {
	up() token
	setUp(token)
	kindOf() jkind
	clone(m *machine) token
	// children lists what JContainer.Children gives.
	children() []token
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

type parented struct{ parent token }

func (p *parented) up() token { return p.parent }

func (p *parented) setUp(t token) { p.parent = t }

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
	value token
}

// JArray is a list of tokens.
type JArray struct {
	parented
	items   []token
	version int
}

// JValue is a primitive: its value is nil, string, int64, float64, bool, DateTime …
type JValue struct {
	parented
	kind  jkind
	value Value
}

func (*JObject) kindOf() jkind { return jObject }

func (*JProperty) kindOf() jkind { return jProperty }

func (*JArray) kindOf() jkind { return jArray }

func (v *JValue) kindOf() jkind { return v.kind }

func (o *JObject) children() []token {
	out := make([]token, len(o.props))
	for i, p := range o.props {
		out[i] = p
	}
	return out
}

func (p *JProperty) children() []token { return []token{p.value} }

func (a *JArray) children() []token { return a.items }

func (v *JValue) children() []token { return nil }

func newObject() *JObject { return &JObject{index: map[string]*JProperty{}} }

func (o *JObject) get(name string) token {
	if p := o.index[name]; p != nil {
		return p.value
	}
	return nil
}

// put sets or adds a property.
func (o *JObject) put(m *machine, name string, t token) {
	if p := o.index[name]; p != nil {
		p.setValue(m, t)
		return
	}
	p := &JProperty{name: name}
	p.setValue(m, t)
	o.append(m, p)
}

// append adds a property that must be new.
func (o *JObject) append(m *machine, p *JProperty) {
	if o.index[p.name] != nil {
		m.throw(typeArgument, "Can not add property "+p.name+" to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object.")
	}
	m.grow(64 + len(p.name))
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

func (p *JProperty) setValue(m *machine, t token) {
	p.value = adopt(m, p, t)
}

func (a *JArray) add(m *machine, t token) {
	m.grow(16)
	a.items = append(a.items, adopt(m, a, t))
	a.version++
}

func (a *JArray) insert(m *machine, at int, t token) {
	if at < 0 || at > len(a.items) {
		m.throw(typeArgumentRange, "Index must be within the bounds of the List.\nParameter name: index")
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

func (a *JArray) find(t token) int {
	for i, it := range a.items {
		if it == t {
			return i
		}
	}
	return -1
}

// adopt makes t a child of parent; null stands for a JValue of null.
func adopt(m *machine, parent, t token) token {
	if t == nil {
		t = &JValue{kind: jNull}
	}
	if t.up() != nil || within(parent, t) {
		t = t.clone(m)
	}
	t.setUp(parent)
	return t
}

// within tells whether parent is t or stands under it.
func within(parent, t token) bool {
	for p := parent; p != nil; p = p.up() {
		if p == t {
			return true
		}
	}
	return false
}

func (o *JObject) clone(m *machine) token {
	out := newObject()
	for _, p := range o.props {
		m.step()
		out.append(m, p.clone(m).(*JProperty))
	}
	return out
}

func (p *JProperty) clone(m *machine) token {
	q := &JProperty{name: p.name}
	q.value = p.value.clone(m)
	q.value.setUp(q)
	return q
}

func (a *JArray) clone(m *machine) token {
	out := &JArray{}
	for _, it := range a.items {
		m.step()
		out.add(m, it.clone(m))
	}
	return out
}

func (v *JValue) clone(m *machine) token {
	m.grow(32)
	return &JValue{kind: v.kind, value: v.value}
}

// each lets foreach and LINQ walk a token's children.
func (o *JObject) each(m *machine, yield func(Value) bool) { eachToken(m, o, yield) }

func (p *JProperty) each(m *machine, yield func(Value) bool) { eachToken(m, p, yield) }

func (a *JArray) each(m *machine, yield func(Value) bool) {
	version := a.version
	for i := 0; i < len(a.items); i++ {
		m.step()
		if !yield(a.items[i]) {
			return
		}
		if a.version != version {
			m.throw(typeInvalidOperation, "Collection was modified; enumeration operation may not execute.")
		}
	}
}

func (v *JValue) each(m *machine, yield func(Value) bool) {}

func eachToken(m *machine, t token, yield func(Value) bool) {
	for _, c := range t.children() {
		m.step()
		if !yield(c) {
			return
		}
	}
}

// pairsOf gives an object's properties as key-value pairs, as foreach sees them.
func pairsOf(o *JObject) Value {
	typ := generic(typeKeyValue, typeString, typeJToken)
	items := make([]Value, len(o.props))
	for i, p := range o.props {
		items[i] = KeyValue{typ, p.name, p.value}
	}
	return &Array{elem: typ, items: items}
}
