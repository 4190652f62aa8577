package expr

import (
	"fmt"
	"strings"
)

// tokenTo is the explicit operator from JToken to a primitive.
func tokenTo(m *machine, v Value, to *Type) Value {
	if p, ok := v.(*JProperty); ok {
		v = p.value
	}
	inner := stripNullable(to)
	nullable := !to.isValue()
	j, ok := v.(*JValue)
	switch {
	case v == nil && nullable:
		return nil
	case v == nil:
		m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: value")
	case !ok:
		m.throw(typeArgument, fmt.Sprintf("Can not convert %s to %s.", jsonKindName(v.(token)), inner.def.name))
	case j.value == nil && nullable:
		return nil
	case j.value == nil:
		m.throw(typeArgument, fmt.Sprintf("Can not convert Null to %s.", inner.def.name))
	}
	if inner.is(typeArray) {
		switch x := j.value.(type) {
		case []byte:
			return x
		case string:
			return fromBase64(m, x)
		}
	}
	return changeType(m, j.value, inner)
}

func jsonKindName(t token) string { return Enum{typeJTokenType, int32(t.kindOf())}.String() }

// tokenValue is Value<T>() and ToObject<T>() for one token: null gives default(T).
func tokenValue(m *machine, v Value, to *Type) Value {
	if v == nil {
		return to.zero()
	}
	t := v.(token)
	if typeOf(t).derives(to) {
		return t
	}
	j, ok := t.(*JValue)
	if !ok {
		m.throw(typeInvalidCast, fmt.Sprintf("Cannot cast %s to Newtonsoft.Json.Linq.JToken.", typeOf(t).fullName()))
	}
	if j.value == nil {
		return to.zero()
	}
	return changeType(m, j.value, to)
}

// toObject is ToObject<T>: it also fills arrays, lists and dictionaries.
func toObject(m *machine, t token, to *Type) Value {
	m.step()
	if to.derives(typeJToken) || same(to, typeObject) {
		if !typeOf(t).derives(to) {
			if j, ok := t.(*JValue); ok && j.value == nil {
				return nil
			}
			m.throw(typeJSONSerialization, fmt.Sprintf("Cannot deserialize the current JSON into type '%s'.", to.fullName()))
		}
		if j, ok := t.(*JValue); ok && same(to, typeObject) {
			return j.value
		}
		return t
	}
	if j, ok := t.(*JValue); ok {
		if j.value == nil && to.isValue() {
			m.throw(typeJSONSerialization, fmt.Sprintf("Error converting value {null} to type '%s'.", to.fullName()))
		}
		return tokenValue(m, j, to)
	}
	if e := to.elementType(); e != nil {
		switch x := t.(type) {
		case *JArray:
			items := make([]Value, len(x.items))
			for i, it := range x.items {
				items[i] = toObject(m, it, e)
			}
			if to.is(typeArray) {
				return makeArray(e, items)
			}
			return &List{elem: e, items: items}
		case *JObject:
			if d := to.asBase(typeIDictionary.def); d != nil {
				out := newDict(d.args[0], d.args[1])
				for _, p := range x.props {
					out.put(m, p.name, toObject(m, p.value, d.args[1]))
				}
				return out
			}
		}
	}
	m.throw(typeJSONSerialization, fmt.Sprintf("Cannot deserialize the current JSON (%s) into type '%s'.", strings.ToLower(jsonKindName(t)), to.fullName()))
	return nil
}
