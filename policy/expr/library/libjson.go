package library

import (
	"stile/policy/expr/clr"
)

// The types of Newtonsoft.Json.
var (
	TypeJToken      = clr.Class("Newtonsoft.Json.Linq.JToken")
	typeJContainer  = clr.Class("Newtonsoft.Json.Linq.JContainer")
	TypeJObject     = clr.Class("Newtonsoft.Json.Linq.JObject")
	typeJArray      = clr.Class("Newtonsoft.Json.Linq.JArray")
	typeJProperty   = clr.Class("Newtonsoft.Json.Linq.JProperty")
	typeJValue      = clr.Class("Newtonsoft.Json.Linq.JValue")
	typeJTokenType  = clr.EnumType("Newtonsoft.Json.Linq.JTokenType")
	typeFormatting  = clr.EnumType("Newtonsoft.Json.Formatting")
	typeJSONConvert = clr.Statics("Newtonsoft.Json.JsonConvert")
)

var jsonSpecs = []typeSpec{
	{typ: TypeJToken, bases: "IEnumerable<JToken>", members: concatAll(tokenMembers, tokenReaders)},
	{typ: typeJContainer, bases: "JToken", members: []memberSpec{
		{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(childCount(a[0].(Token)))
		}},
		{"void Add(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			addContent(m, a[0].(Token), a[1])
			return nil
		}},
		{"IEnumerable<JToken> Descendants()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return &clr.List{Elem: TypeJToken, Items: descendants(m, a[0].(Token), nil)}
		}},
		{"void RemoveAll()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { clearTokens(a[0].(Token)); return nil }},
		{"void Merge(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { merge(m, a[0].(Token), a[1]); return nil }},
	}},
	{typ: TypeJObject, bases: "JContainer", members: objectMembers},
	{typ: typeJArray, bases: "JContainer, IList<JToken>", members: arrayMembers},
	{typ: typeJProperty, bases: "JContainer", members: []memberSpec{
		{"new(string, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
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
		{"new(string, object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			p := &JProperty{name: need(m, a[0], "name")}
			p.setValue(m, contentOf(m, a[1]))
			return p
		}},
		{"string Name", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*JProperty).name }},
		{"JToken Value", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*JProperty).value }},
		{"set JToken Value", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*JProperty).setValue(m, TokenOf(m, a[1]))
			return nil
		}},
	}},
	{typ: typeJValue, bases: "JToken", members: []memberSpec{
		{"new(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return TokenOf(m, a[0]).clone(m) }},
		{"object Value", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*JValue).Value }},
		{"static JValue CreateNull()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &JValue{kind: jNull} }},
		{"static JValue CreateString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return TokenOf(m, a[0]) }},
	}},
	{typ: typeJSONConvert, members: concatAll(xmlConvert, []memberSpec{
		{"static string SerializeObject(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(writeJSON(fromObject(m, a[0], 0), false))
		}},
		{"static string SerializeObject(object, Formatting)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(writeJSON(fromObject(m, a[0], 0), a[1].(clr.Enum).N == 1))
		}},
		{"static object DeserializeObject(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return toObject(m, parseJSON(m, need(m, a[0], "value")), clr.TypeObject)
		}},
		{"static T DeserializeObject<T>(string)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			return toObject(m, parseJSON(m, need(m, a[0], "value")), t[0])
		}},
		{"static string ToString(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(writeJSON(fromObject(m, a[0], 0), false))
		}},
	})},
}

// child is token[key].
func child(m *clr.Machine, t, key clr.Value) clr.Value {
	switch x := t.(type) {
	case *JObject:
		name, ok := key.(string)
		if !ok {
			m.Throw(clr.TypeArgument, "Accessed JObject values with invalid key value: "+clr.Text(key)+". Object property name expected.")
		}
		return plain(x.get(name))
	case *JArray:
		i, ok := key.(int32)
		if !ok {
			m.Throw(clr.TypeArgument, "Accessed JArray values with invalid key value: \""+clr.Text(key)+"\". Array position index expected.")
		}
		return x.items[listIndex(m, int(i), len(x.items))]
	}
	m.Throw(clr.TypeInvalidOperation, "Cannot access child value on "+clr.TypeOf(t).FullName()+".")
	return nil
}

// plain turns a nil token into null.
func plain(t Token) clr.Value {
	if t == nil {
		return nil
	}
	return t
}

func setChild(m *clr.Machine, t, key, v clr.Value) {
	tok := TokenOf(m, v)
	switch x := t.(type) {
	case *JObject:
		if name, ok := key.(string); ok {
			x.put(m, name, tok)
			return
		}
		m.Throw(clr.TypeArgument, "Set JObject values with invalid key value: "+clr.Text(key)+". Object property name expected.")
	case *JArray:
		if i, ok := key.(int32); ok {
			x.items[listIndex(m, int(i), len(x.items))] = adopt(m, x, tok)
			return
		}
		m.Throw(clr.TypeArgument, "Set JArray values with invalid key value: \""+clr.Text(key)+"\". Array position index expected.")
	}
	m.Throw(clr.TypeInvalidOperation, "Cannot set child value on "+clr.TypeOf(t).FullName()+".")
}

// addContent is what new JObject(…), new JArray(…) and Add(object) do.
func addContent(m *clr.Machine, t Token, v clr.Value) {
	switch x := t.(type) {
	case *JArray:
		x.Add(m, contentOf(m, v))
	case *JObject:
		switch p := clr.Normal(v).(type) {
		case *JProperty:
			x.append(m, p)
		case *JObject:
			for _, q := range p.props {
				x.append(m, q.clone(m).(*JProperty))
			}
		case *clr.Array, *clr.List, *clr.Seq:
			clr.Iterate(m, p, func(it clr.Value) bool { addContent(m, t, it); return true })
		default:
			m.Throw(clr.TypeArgument, "Can not add "+clr.Text(contentKind(v))+" to Newtonsoft.Json.Linq.JObject.")
		}
	default:
		m.Throw(clr.TypeJSON, clr.TypeOf(t).FullName()+" cannot have multiple values.")
	}
}

func contentKind(v clr.Value) string {
	if t := clr.TypeOf(v); t != nil && t.Derives(TypeJToken) {
		return t.FullName()
	}
	return "Newtonsoft.Json.Linq.JValue"
}

func clearTokens(t Token) {
	switch x := t.(type) {
	case *JObject:
		x.props, x.index = nil, map[string]*JProperty{}
	case *JArray:
		x.items = nil
		x.version++
	}
}

// merge adds what the other token has: objects by name, arrays at the end.
func merge(m *clr.Machine, t Token, v clr.Value) {
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
			if val, null := p.value.(*JValue); null && val.Value == nil && was != nil {
				continue
			}
			x.put(m, p.name, p.value)
		}
	case *JArray:
		if o, ok := v.(*JArray); ok {
			for _, it := range append([]Token{}, o.items...) {
				x.Add(m, it)
			}
		}
	}
}

func descendants(m *clr.Machine, t Token, out []clr.Value) []clr.Value {
	for _, c := range t.children() {
		m.Grow(16)
		out = append(out, c)
		out = descendants(m, c, out)
	}
	return out
}

// detach takes a token out of its parent.
func detach(m *clr.Machine, t Token) {
	if p := t.up(); p != nil {
		m.Work(childCount(p) / 32)
	}
	switch p := t.up().(type) {
	case *JArray:
		p.removeAt(p.find(t))
	case *JObject:
		p.remove(t.(*JProperty).name)
	case *JProperty:
		m.Throw(clr.TypeJSON, "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.")
	default:
		m.Throw(clr.TypeInvalidOperation, "The parent is missing.")
	}
}

func replaceToken(m *clr.Machine, t Token, v clr.Value) {
	switch p := t.up().(type) {
	case *JArray:
		p.items[p.find(t)] = adopt(m, p, TokenOf(m, v))
	case *JProperty:
		p.setValue(m, TokenOf(m, v))
	default:
		m.Throw(clr.TypeInvalidOperation, "The parent is missing.")
	}
}
