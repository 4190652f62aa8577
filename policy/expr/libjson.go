package expr

var (
	typeJToken      = class("Newtonsoft.Json.Linq.JToken")
	typeJContainer  = class("Newtonsoft.Json.Linq.JContainer")
	typeJObject     = class("Newtonsoft.Json.Linq.JObject")
	typeJArray      = class("Newtonsoft.Json.Linq.JArray")
	typeJProperty   = class("Newtonsoft.Json.Linq.JProperty")
	typeJValue      = class("Newtonsoft.Json.Linq.JValue")
	typeJTokenType  = enumType("Newtonsoft.Json.Linq.JTokenType")
	typeFormatting  = enumType("Newtonsoft.Json.Formatting")
	typeJSONConvert = statics("Newtonsoft.Json.JsonConvert")
)

var jsonSpecs = []typeSpec{
	{typ: typeJToken, bases: "IEnumerable<JToken>", members: concatAll(tokenMembers, tokenReaders)},
	{typ: typeJContainer, bases: "JToken", members: []memberSpec{
		{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(len(a[0].(token).children())) }},
		{"void Add(object)", func(m *machine, _ []*Type, a []Value) Value { addContent(m, a[0].(token), a[1]); return nil }},
		{"IEnumerable<JToken> Descendants()", func(m *machine, _ []*Type, a []Value) Value {
			return &List{elem: typeJToken, items: descendants(m, a[0].(token), nil)}
		}},
		{"void RemoveAll()", func(_ *machine, _ []*Type, a []Value) Value { clearTokens(a[0].(token)); return nil }},
		{"void Merge(object)", func(m *machine, _ []*Type, a []Value) Value { merge(m, a[0].(token), a[1]); return nil }},
	}},
	{typ: typeJObject, bases: "JContainer", members: objectMembers},
	{typ: typeJArray, bases: "JContainer, IList<JToken>", members: arrayMembers},
	{typ: typeJProperty, bases: "JContainer", members: []memberSpec{
		{"new(string, params object[])", func(m *machine, _ []*Type, a []Value) Value {
			p := &JProperty{name: need(m, a[0], "name")}
			items := arrayItems(a[1])
			switch len(items) {
			case 0:
				p.setValue(m, nil)
			case 1:
				p.setValue(m, contentOf(m, items[0]))
			default:
				p.setValue(m, contentOf(m, a[1]))
			}
			return p
		}},
		{"new(string, object)", func(m *machine, _ []*Type, a []Value) Value {
			p := &JProperty{name: need(m, a[0], "name")}
			p.setValue(m, contentOf(m, a[1]))
			return p
		}},
		{"string Name", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*JProperty).name }},
		{"JToken Value", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*JProperty).value }},
		{"set JToken Value", func(m *machine, _ []*Type, a []Value) Value {
			a[0].(*JProperty).setValue(m, tokenOf(m, a[1]))
			return nil
		}},
	}},
	{typ: typeJValue, bases: "JToken", members: []memberSpec{
		{"new(object)", func(m *machine, _ []*Type, a []Value) Value { return tokenOf(m, a[0]).clone(m) }},
		{"object Value", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*JValue).value }},
		{"static JValue CreateNull()", func(*machine, []*Type, []Value) Value { return &JValue{kind: jNull} }},
		{"static JValue CreateString(string)", func(m *machine, _ []*Type, a []Value) Value { return tokenOf(m, a[0]) }},
	}},
	{typ: typeJSONConvert, members: []memberSpec{
		{"static string SerializeObject(object)", func(m *machine, _ []*Type, a []Value) Value {
			return m.text(writeJSON(fromObject(m, a[0], 0), false))
		}},
		{"static string SerializeObject(object, Formatting)", func(m *machine, _ []*Type, a []Value) Value {
			return m.text(writeJSON(fromObject(m, a[0], 0), a[1].(Enum).n == 1))
		}},
		{"static object DeserializeObject(string)", func(m *machine, _ []*Type, a []Value) Value {
			return toObject(m, parseJSON(m, need(m, a[0], "value")), typeObject)
		}},
		{"static T DeserializeObject<T>(string)", func(m *machine, t []*Type, a []Value) Value {
			return toObject(m, parseJSON(m, need(m, a[0], "value")), t[0])
		}},
		{"static string ToString(object)", func(m *machine, _ []*Type, a []Value) Value {
			return m.text(writeJSON(fromObject(m, a[0], 0), false))
		}},
	}},
}

// child is token[key].
func child(m *machine, t, key Value) Value {
	switch x := t.(type) {
	case *JObject:
		name, ok := key.(string)
		if !ok {
			m.throw(typeArgument, "Accessed JObject values with invalid key value: "+text(key)+". Object property name expected.")
		}
		return plain(x.get(name))
	case *JArray:
		i, ok := key.(int32)
		if !ok {
			m.throw(typeArgument, "Accessed JArray values with invalid key value: \""+text(key)+"\". Array position index expected.")
		}
		return x.items[listIndex(m, int(i), len(x.items))]
	}
	m.throw(typeInvalidOperation, "Cannot access child value on "+typeOf(t).fullName()+".")
	return nil
}

// plain turns a nil token into null.
func plain(t token) Value {
	if t == nil {
		return nil
	}
	return t
}

func setChild(m *machine, t, key, v Value) {
	tok := tokenOf(m, v)
	switch x := t.(type) {
	case *JObject:
		if name, ok := key.(string); ok {
			x.put(m, name, tok)
			return
		}
		m.throw(typeArgument, "Set JObject values with invalid key value: "+text(key)+". Object property name expected.")
	case *JArray:
		if i, ok := key.(int32); ok {
			x.items[listIndex(m, int(i), len(x.items))] = adopt(m, x, tok)
			return
		}
		m.throw(typeArgument, "Set JArray values with invalid key value: \""+text(key)+"\". Array position index expected.")
	}
	m.throw(typeInvalidOperation, "Cannot set child value on "+typeOf(t).fullName()+".")
}

// addContent is what new JObject(…), new JArray(…) and Add(object) do.
func addContent(m *machine, t token, v Value) {
	switch x := t.(type) {
	case *JArray:
		x.add(m, contentOf(m, v))
	case *JObject:
		switch p := normal(v).(type) {
		case *JProperty:
			x.append(m, p)
		case *JObject:
			for _, q := range p.props {
				x.append(m, q.clone(m).(*JProperty))
			}
		case *Array, *List, *Seq:
			iterate(m, p, func(it Value) bool { addContent(m, t, it); return true })
		default:
			m.throw(typeArgument, "Can not add "+text(contentKind(v))+" to Newtonsoft.Json.Linq.JObject.")
		}
	default:
		m.throw(typeJSON, typeOf(t).fullName()+" cannot have multiple values.")
	}
}

func contentKind(v Value) string {
	if t := typeOf(v); t != nil && t.derives(typeJToken) {
		return t.fullName()
	}
	return "Newtonsoft.Json.Linq.JValue"
}

func clearTokens(t token) {
	switch x := t.(type) {
	case *JObject:
		x.props, x.index = nil, map[string]*JProperty{}
	case *JArray:
		x.items = nil
		x.version++
	}
}

// merge adds what the other token has: objects by name, arrays at the end.
func merge(m *machine, t token, v Value) {
	switch x := t.(type) {
	case *JObject:
		o, ok := v.(*JObject)
		if !ok {
			return
		}
		for _, p := range o.props {
			was := x.get(p.name)
			_, deep := p.value.(*JValue)
			if was != nil && !deep && was.kindOf() == p.value.kindOf() {
				merge(m, was, p.value)
				continue
			}
			if val, null := p.value.(*JValue); null && val.value == nil && was != nil {
				continue
			}
			x.put(m, p.name, p.value)
		}
	case *JArray:
		if o, ok := v.(*JArray); ok {
			for _, it := range append([]token{}, o.items...) {
				x.add(m, it)
			}
		}
	}
}

func descendants(m *machine, t token, out []Value) []Value {
	for _, c := range t.children() {
		m.grow(16)
		out = append(out, c)
		out = descendants(m, c, out)
	}
	return out
}

// detach takes a token out of its parent.
func detach(m *machine, t token) {
	switch p := t.up().(type) {
	case *JArray:
		p.removeAt(p.find(t))
	case *JObject:
		p.remove(t.(*JProperty).name)
	case *JProperty:
		m.throw(typeJSON, "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.")
	default:
		m.throw(typeInvalidOperation, "The parent is missing.")
	}
}

func replaceToken(m *machine, t token, v Value) {
	switch p := t.up().(type) {
	case *JArray:
		p.items[p.find(t)] = adopt(m, p, tokenOf(m, v))
	case *JProperty:
		p.setValue(m, tokenOf(m, v))
	default:
		m.throw(typeInvalidOperation, "The parent is missing.")
	}
}
