package expr

import (
	"strconv"
)

// deepEquals compares tokens by value.
func deepEquals(m *machine, x, y Value) bool {
	m.step()
	switch a := x.(type) {
	case *JObject:
		b, ok := y.(*JObject)
		if !ok || len(a.props) != len(b.props) {
			return false
		}
		for _, p := range a.props {
			if v := b.get(p.name); v == nil || !deepEquals(m, p.value, v) {
				return false
			}
		}
		return true
	case *JArray:
		b, ok := y.(*JArray)
		if !ok || len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !deepEquals(m, a.items[i], b.items[i]) {
				return false
			}
		}
		return true
	case *JProperty:
		b, ok := y.(*JProperty)
		return ok && a.name == b.name && deepEquals(m, a.value, b.value)
	}
	return equalValues(m, x, y)
}

// pathOf is JToken.Path.
func pathOf(t token) string {
	var path string
	for p := t.up(); p != nil; t, p = p, p.up() {
		switch x := p.(type) {
		case *JArray:
			path = "[" + strconv.Itoa(x.find(t)) + "]" + path
		case *JProperty:
			path = "." + x.name + path
		case *JObject:
			if q, ok := t.(*JProperty); ok && path == "" {
				path = "." + q.name
			}
		}
	}
	if len(path) > 0 && path[0] == '.' {
		return path[1:]
	}
	return path
}

func selectOne(m *machine, t, path Value, must bool) Value {
	found := selectTokens(m, t.(token), parsePath(m, need(m, path, "path")))
	switch {
	case len(found) > 1:
		m.throw(typeJSON, "Path returned multiple tokens.")
	case len(found) == 1:
		return found[0]
	case must:
		m.throw(typeJSON, "Could not find token at path '"+str(path)+"'.")
	}
	return nil
}

func tokenArray(list []token) *Array {
	out := &Array{elem: typeJToken}
	for _, t := range list {
		out.items = append(out.items, t)
	}
	return out
}

var tokenMembers = []memberSpec{
	{"JToken this[object]", func(m *machine, _ []*Type, a []Value) Value { return child(m, a[0], a[1]) }},
	{"set JToken this[object]", func(m *machine, _ []*Type, a []Value) Value { setChild(m, a[0], a[1], a[2]); return nil }},
	{"JTokenType Type", func(_ *machine, _ []*Type, a []Value) Value {
		return Enum{typeJTokenType, int32(a[0].(token).kindOf())}
	}},
	{"bool HasValues", func(_ *machine, _ []*Type, a []Value) Value { return len(a[0].(token).children()) > 0 }},
	{"string Path", func(_ *machine, _ []*Type, a []Value) Value { return pathOf(a[0].(token)) }},
	{"JContainer Parent", func(_ *machine, _ []*Type, a []Value) Value { return plain(a[0].(token).up()) }},
	{"JToken Root", func(_ *machine, _ []*Type, a []Value) Value {
		t := a[0].(token)
		for t.up() != nil {
			t = t.up()
		}
		return t
	}},
	{"JToken First", func(_ *machine, _ []*Type, a []Value) Value {
		if c := a[0].(token).children(); len(c) > 0 {
			return c[0]
		}
		return nil
	}},
	{"JToken Last", func(_ *machine, _ []*Type, a []Value) Value {
		if c := a[0].(token).children(); len(c) > 0 {
			return c[len(c)-1]
		}
		return nil
	}},
	{"IEnumerable<JToken> Children()", func(_ *machine, _ []*Type, a []Value) Value { return tokenArray(a[0].(token).children()) }},
	{"IEnumerable<T> Children<T>()", func(_ *machine, t []*Type, a []Value) Value {
		out := &Array{elem: t[0]}
		for _, c := range a[0].(token).children() {
			if isInstance(c, t[0]) {
				out.items = append(out.items, c)
			}
		}
		return out
	}},
	{"JToken DeepClone()", func(m *machine, _ []*Type, a []Value) Value { return a[0].(token).clone(m) }},
	{"void Remove()", func(m *machine, _ []*Type, a []Value) Value { detach(m, a[0].(token)); return nil }},
	{"void Replace(JToken)", func(m *machine, _ []*Type, a []Value) Value { replaceToken(m, a[0].(token), a[1]); return nil }},
	{"static bool DeepEquals(JToken, JToken)", func(m *machine, _ []*Type, a []Value) Value { return deepEquals(m, a[0], a[1]) }},
	{"string ToString()", func(m *machine, _ []*Type, a []Value) Value { return m.text(text(a[0])) }},
	{"string ToString(Formatting)", func(m *machine, _ []*Type, a []Value) Value {
		return m.text(writeJSON(a[0].(token), a[1].(Enum).n == 1))
	}},
}

var tokenReaders = []memberSpec{
	{"static JToken Parse(string)", func(m *machine, _ []*Type, a []Value) Value { return parseJSON(m, need(m, a[0], "json")) }},
	{"static JToken FromObject(object)", func(m *machine, _ []*Type, a []Value) Value {
		if a[0] == nil {
			m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: o")
		}
		return fromObject(m, a[0], 0)
	}},
	{"JToken SelectToken(string)", func(m *machine, _ []*Type, a []Value) Value { return selectOne(m, a[0], a[1], false) }},
	{"JToken SelectToken(string, bool errorWhenNoMatch)", func(m *machine, _ []*Type, a []Value) Value {
		return selectOne(m, a[0], a[1], truth(a[2]))
	}},
	{"IEnumerable<JToken> SelectTokens(string)", func(m *machine, _ []*Type, a []Value) Value {
		return tokenArray(selectTokens(m, a[0].(token), parsePath(m, need(m, a[1], "path"))))
	}},
	{"T Value<T>(object)", func(m *machine, t []*Type, a []Value) Value { return tokenValue(m, child(m, a[0], a[1]), t[0]) }},
	{"T ToObject<T>()", func(m *machine, t []*Type, a []Value) Value { return toObject(m, a[0].(token), t[0]) }},
	{"ext T Value<T>(IEnumerable<JToken>)", func(m *machine, t []*Type, a []Value) Value { return tokenValue(m, a[0], t[0]) }},
	{"ext IEnumerable<T> Values<T>(IEnumerable<JToken>)", func(m *machine, t []*Type, a []Value) Value {
		to := t[0]
		return lazy(to, a[0], func(m *machine, src Value, yield func(Value) bool) {
			iterate(m, src, func(v Value) bool { return yield(tokenValue(m, v, to)) })
		})
	}},
}

var objectMembers = []memberSpec{
	{"new()", func(*machine, []*Type, []Value) Value { return newObject() }},
	{"new(params object[])", func(m *machine, _ []*Type, a []Value) Value {
		o := newObject()
		for _, v := range arrayItems(a[0]) {
			addContent(m, o, v)
		}
		return o
	}},
	{"new(JObject)", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*JObject).clone(m) }},
	{"static JObject Parse(string)", func(m *machine, _ []*Type, a []Value) Value {
		o, ok := parseJSON(m, need(m, a[0], "json")).(*JObject)
		if !ok {
			m.throw(typeJSONReader, "Error reading JObject from JsonReader. Current JsonReader item is not an object.")
		}
		return o
	}},
	{"static JObject FromObject(object)", func(m *machine, _ []*Type, a []Value) Value {
		o, ok := fromObject(m, a[0], 0).(*JObject)
		if !ok {
			m.throw(typeArgument, "Object serialized to a value. JObject instance expected.")
		}
		return o
	}},
	{"JToken this[string]", func(_ *machine, _ []*Type, a []Value) Value { return plain(a[0].(*JObject).get(str(a[1]))) }},
	{"set JToken this[string]", func(m *machine, _ []*Type, a []Value) Value { setChild(m, a[0], a[1], a[2]); return nil }},
	{"void Add(string, JToken)", func(m *machine, _ []*Type, a []Value) Value {
		p := &JProperty{name: need(m, a[1], "propertyName")}
		p.setValue(m, tokenOf(m, a[2]))
		a[0].(*JObject).append(m, p)
		return nil
	}},
	{"bool Remove(string)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*JObject).remove(str(a[1])) }},
	{"bool ContainsKey(string)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*JObject).index[str(a[1])] != nil }},
	{"JToken GetValue(string)", func(_ *machine, _ []*Type, a []Value) Value { return plain(a[0].(*JObject).get(str(a[1]))) }},
	{"JToken GetValue(string, StringComparison)", func(_ *machine, _ []*Type, a []Value) Value { return plain(a[0].(*JObject).folded(str(a[1]), a[2])) }},
	{"bool TryGetValue(string, out JToken)", func(_ *machine, _ []*Type, a []Value) Value {
		v := a[0].(*JObject).get(str(a[1]))
		out(a[2], plain(v))
		return v != nil
	}},
	{"bool TryGetValue(string, StringComparison, out JToken)", func(_ *machine, _ []*Type, a []Value) Value {
		v := a[0].(*JObject).folded(str(a[1]), a[2])
		out(a[3], plain(v))
		return v != nil
	}},
	{"JProperty Property(string)", func(_ *machine, _ []*Type, a []Value) Value {
		if p := a[0].(*JObject).index[str(a[1])]; p != nil {
			return p
		}
		return nil
	}},
	{"IEnumerable<JProperty> Properties()", func(_ *machine, _ []*Type, a []Value) Value {
		out := &Array{elem: typeJProperty}
		for _, p := range a[0].(*JObject).props {
			out.items = append(out.items, p)
		}
		return out
	}},
	{"IEnumerable<JToken> PropertyValues()", func(_ *machine, _ []*Type, a []Value) Value {
		out := &Array{elem: typeJToken}
		for _, p := range a[0].(*JObject).props {
			out.items = append(out.items, p.value)
		}
		return out
	}},
}

// folded finds a property by a StringComparison; an exact match goes first.
func (o *JObject) folded(name string, how Value) token {
	if v := o.get(name); v != nil {
		return v
	}
	for _, p := range o.props {
		if equalText(p.name, name, how) {
			return p.value
		}
	}
	return nil
}

var arrayMembers = []memberSpec{
	{"new()", func(*machine, []*Type, []Value) Value { return &JArray{} }},
	{"new(params object[])", func(m *machine, _ []*Type, a []Value) Value {
		out := &JArray{}
		for _, v := range arrayItems(a[0]) {
			out.add(m, contentOf(m, v))
		}
		return out
	}},
	{"new(object)", func(m *machine, _ []*Type, a []Value) Value {
		out := &JArray{}
		switch x := a[0].(type) {
		case *Array, *List, *Seq, *Set, *Ordered:
			iterate(m, x, func(v Value) bool { out.add(m, contentOf(m, v)); return true })
		default:
			out.add(m, contentOf(m, x))
		}
		return out
	}},
	{"new(JArray)", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*JArray).clone(m) }},
	{"static JArray Parse(string)", func(m *machine, _ []*Type, a []Value) Value {
		x, ok := parseJSON(m, need(m, a[0], "json")).(*JArray)
		if !ok {
			m.throw(typeJSONReader, "Error reading JArray from JsonReader. Current JsonReader item is not an array.")
		}
		return x
	}},
	{"static JArray FromObject(object)", func(m *machine, _ []*Type, a []Value) Value {
		x, ok := fromObject(m, a[0], 0).(*JArray)
		if !ok {
			m.throw(typeArgument, "Object serialized to a value. JArray instance expected.")
		}
		return x
	}},
	{"JToken this[int]", listGet}, {"set JToken this[int]", listSet},
	{"void Add(JToken)", func(m *machine, _ []*Type, a []Value) Value { a[0].(*JArray).add(m, tokenOf(m, a[1])); return nil }},
	{"void Insert(int, JToken)", func(m *machine, _ []*Type, a []Value) Value {
		a[0].(*JArray).insert(m, num(a[1]), tokenOf(m, a[2]))
		return nil
	}},
	{"void RemoveAt(int)", func(m *machine, _ []*Type, a []Value) Value {
		x := a[0].(*JArray)
		x.removeAt(listIndex(m, num(a[1]), len(x.items)))
		return nil
	}},
	{"bool Remove(JToken)", func(m *machine, _ []*Type, a []Value) Value {
		x, t := a[0].(*JArray), tokenOf(m, a[1])
		if i := x.find(t); i >= 0 {
			x.removeAt(i)
			return true
		}
		return false
	}},
	{"void Clear()", func(_ *machine, _ []*Type, a []Value) Value { clearTokens(a[0].(token)); return nil }},
	{"bool Contains(JToken)", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*JArray).find(tokenOf(m, a[1])) >= 0 }},
	{"int IndexOf(JToken)", func(m *machine, _ []*Type, a []Value) Value { return int32(a[0].(*JArray).find(tokenOf(m, a[1]))) }},
}
