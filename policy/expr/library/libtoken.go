package library

import (
	"strconv"

	"stile/policy/expr/clr"
)

// deepEquals compares tokens by value.
func deepEquals(m *clr.Machine, x, y clr.Value) bool {
	m.Step()
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
	return clr.EqualValues(m, x, y)
}

// childCount counts a token's children.
func childCount(t Token) int {
	switch x := t.(type) {
	case *JObject:
		return len(x.props)
	case *JArray:
		return len(x.items)
	case *JProperty:
		return 1
	}
	return 0
}

// childAt gives a child by its place, null where there is none.
func childAt(t Token, i int) clr.Value {
	if i < 0 || i >= childCount(t) {
		return nil
	}
	switch x := t.(type) {
	case *JObject:
		return x.props[i]
	case *JArray:
		return x.items[i]
	}
	return t.(*JProperty).value
}

// pathOf is JToken.Path.
func pathOf(t Token) string {
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

func selectOne(m *clr.Machine, t, path clr.Value, must bool) clr.Value {
	found := selectTokens(m, t.(Token), parsePath(m, need(m, path, "path")))
	switch {
	case len(found) > 1:
		m.Throw(clr.TypeJSON, "Path returned multiple tokens.")
	case len(found) == 1:
		return found[0]
	case must:
		m.Throw(clr.TypeJSON, "Could not find token at path '"+str(path)+"'.")
	}
	return nil
}

var tokenMembers = []memberSpec{
	{"JToken this[object]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return child(m, a[0], a[1]) }},
	{"set JToken this[object]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		setChild(m, a[0], a[1], a[2])
		return nil
	}},
	{"JTokenType Type", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.Enum{Type: typeJTokenType, N: int32(a[0].(Token).kindOf())}
	}},
	{"bool HasValues", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return childCount(a[0].(Token)) > 0 }},
	{"string Path", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return pathOf(a[0].(Token)) }},
	{"JContainer Parent", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return plain(a[0].(Token).up()) }},
	{"JToken Root", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		t := a[0].(Token)
		for t.up() != nil {
			t = t.up()
		}
		return t
	}},
	{"JToken First", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return childAt(a[0].(Token), 0) }},
	{"JToken Last", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return childAt(a[0].(Token), childCount(a[0].(Token))-1)
	}},
	{"IEnumerable<JToken> Children()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return tokenArray(a[0].(Token).children())
	}},
	{"IEnumerable<T> Children<T>()", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		out := &clr.Array{Elem: t[0]}
		for _, c := range a[0].(Token).children() {
			if IsInstance(c, t[0]) {
				out.Items = append(out.Items, c)
			}
		}
		return out
	}},
	{"JToken DeepClone()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(Token).clone(m) }},
	{"void Remove()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { detach(m, a[0].(Token)); return nil }},
	{"void Replace(JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		replaceToken(m, a[0].(Token), a[1])
		return nil
	}},
	{"static bool DeepEquals(JToken, JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return deepEquals(m, a[0], a[1]) }},
	{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(clr.Text(a[0])) }},
	{"string ToString(Formatting)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(writeJSON(a[0].(Token), a[1].(clr.Enum).N == 1))
	}},
}

var tokenReaders = []memberSpec{
	{"static JToken Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return parseJSON(m, need(m, a[0], "json"))
	}},
	{"static JToken FromObject(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil {
			m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: o")
		}
		return fromObject(m, a[0], 0)
	}},
	{"JToken SelectToken(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return selectOne(m, a[0], a[1], false) }},
	{"JToken SelectToken(string, bool errorWhenNoMatch)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return selectOne(m, a[0], a[1], truth(a[2]))
	}},
	{"IEnumerable<JToken> SelectTokens(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return tokenArray(selectTokens(m, a[0].(Token), parsePath(m, need(m, a[1], "path"))))
	}},
	{"T Value<T>(object)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		return tokenValue(m, child(m, a[0], a[1]), t[0])
	}},
	{"T ToObject<T>()", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return toObject(m, a[0].(Token), t[0]) }},
	{"ext T Value<T>(IEnumerable<JToken>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return tokenValue(m, a[0], t[0]) }},
	{"ext IEnumerable<T> Values<T>(IEnumerable<JToken>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		to := t[0]
		return lazy(to, a[0], func(m *clr.Machine, src clr.Value, yield func(clr.Value) bool) {
			clr.Iterate(m, src, func(v clr.Value) bool { return yield(tokenValue(m, v, to)) })
		})
	}},
}

var objectMembers = []memberSpec{
	{"new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return newObject() }},
	{"new(params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		o := newObject()
		for _, v := range arrayItems(a[0]) {
			addContent(m, o, v)
		}
		return o
	}},
	{"new(JObject)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*JObject).clone(m) }},
	{"static JObject Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		o, ok := parseJSON(m, need(m, a[0], "json")).(*JObject)
		if !ok {
			m.Throw(clr.TypeJSONReader, "Error reading JObject from JsonReader. Current JsonReader item is not an object.")
		}
		return o
	}},
	{"static JObject FromObject(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		o, ok := fromObject(m, a[0], 0).(*JObject)
		if !ok {
			m.Throw(clr.TypeArgument, "Object serialized to a value. JObject instance expected.")
		}
		return o
	}},
	{"JToken this[string]", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return plain(a[0].(*JObject).get(str(a[1])))
	}},
	{"set JToken this[string]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		setChild(m, a[0], a[1], a[2])
		return nil
	}},
	{"void Add(string, JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		p := &JProperty{name: need(m, a[1], "propertyName")}
		p.setValue(m, TokenOf(m, a[2]))
		a[0].(*JObject).append(m, p)
		return nil
	}},
	{"bool Remove(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		m.Work(len(a[0].(*JObject).props) / 32)
		return a[0].(*JObject).remove(str(a[1]))
	}},
	{"bool ContainsKey(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*JObject).index[str(a[1])] != nil
	}},
	{"JToken GetValue(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return plain(a[0].(*JObject).get(str(a[1])))
	}},
	{"JToken GetValue(string, StringComparison)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return plain(a[0].(*JObject).folded(str(a[1]), a[2]))
	}},
	{"bool TryGetValue(string, out JToken)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		v := a[0].(*JObject).get(str(a[1]))
		out(a[2], plain(v))
		return v != nil
	}},
	{"bool TryGetValue(string, StringComparison, out JToken)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		v := a[0].(*JObject).folded(str(a[1]), a[2])
		out(a[3], plain(v))
		return v != nil
	}},
	{"JProperty Property(string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if p := a[0].(*JObject).index[str(a[1])]; p != nil {
			return p
		}
		return nil
	}},
	{"IEnumerable<JProperty> Properties()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		out := &clr.Array{Elem: typeJProperty}
		for _, p := range a[0].(*JObject).props {
			out.Items = append(out.Items, p)
		}
		return out
	}},
	{"IEnumerable<JToken> PropertyValues()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		out := &clr.Array{Elem: TypeJToken}
		for _, p := range a[0].(*JObject).props {
			out.Items = append(out.Items, p.value)
		}
		return out
	}},
}

// folded finds a property by a StringComparison; an exact match goes first.
func (o *JObject) folded(name string, how clr.Value) Token {
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
	{"new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &JArray{} }},
	{"new(params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		out := &JArray{}
		for _, v := range arrayItems(a[0]) {
			out.Add(m, contentOf(m, v))
		}
		return out
	}},
	{"new(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		out := &JArray{}
		switch x := a[0].(type) {
		case *clr.Array, *clr.List, *clr.Seq, *Set, *Ordered:
			clr.Iterate(m, x, func(v clr.Value) bool { out.Add(m, contentOf(m, v)); return true })
		default:
			out.Add(m, contentOf(m, x))
		}
		return out
	}},
	{"new(JArray)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*JArray).clone(m) }},
	{"static JArray Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		x, ok := parseJSON(m, need(m, a[0], "json")).(*JArray)
		if !ok {
			m.Throw(clr.TypeJSONReader, "Error reading JArray from JsonReader. Current JsonReader item is not an array.")
		}
		return x
	}},
	{"static JArray FromObject(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		x, ok := fromObject(m, a[0], 0).(*JArray)
		if !ok {
			m.Throw(clr.TypeArgument, "Object serialized to a value. JArray instance expected.")
		}
		return x
	}},
	{"JToken this[int]", listGet}, {"set JToken this[int]", listSet},
	{"void Add(JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		a[0].(*JArray).Add(m, TokenOf(m, a[1]))
		return nil
	}},
	{"void Insert(int, JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		a[0].(*JArray).insert(m, num(a[1]), TokenOf(m, a[2]))
		return nil
	}},
	{"void RemoveAt(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		x := a[0].(*JArray)
		m.Work(len(x.items) / 32)
		x.removeAt(listIndex(m, num(a[1]), len(x.items)))
		return nil
	}},
	{"bool Remove(JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		x, t := a[0].(*JArray), TokenOf(m, a[1])
		if i := x.find(t); i >= 0 {
			m.Work(len(x.items) / 32)
			x.removeAt(i)
			return true
		}
		return false
	}},
	{"void Clear()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { clearTokens(a[0].(Token)); return nil }},
	{"bool Contains(JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*JArray).search(m, a[1]) >= 0
	}},
	{"int IndexOf(JToken)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(a[0].(*JArray).search(m, a[1]))
	}},
}
