package library

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
)

// tokenTo is the explicit operator from JToken to a primitive.
func tokenTo(m *clr.Machine, v clr.Value, to *clr.Type) clr.Value {
	if p, ok := v.(*JProperty); ok {
		v = p.value
	}
	inner := clr.StripNullable(to)
	nullable := !to.IsValue()
	j, ok := v.(*JValue)
	switch {
	case v == nil && nullable:
		return nil
	case v == nil:
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: value")
	case !ok:
		m.Throw(clr.TypeArgument, fmt.Sprintf("Can not convert %s to %s.", jsonKindName(v.(Token)), inner.Def.Name))
	case j.Value == nil && nullable:
		return nil
	case j.Value == nil:
		m.Throw(clr.TypeArgument, fmt.Sprintf("Can not convert Null to %s.", inner.Def.Name))
	}
	if inner.Is(clr.TypeArray) {
		switch x := j.Value.(type) {
		case []byte:
			return x
		case string:
			return clr.FromBase64(m, x)
		}
	}
	return clr.ChangeType(m, j.Value, inner)
}

func jsonKindName(t Token) string {
	return clr.Enum{Type: typeJTokenType, N: int32(t.kindOf())}.String()
}

// tokenValue is Value<T>() and ToObject<T>() for one token: null gives default(T).
func tokenValue(m *clr.Machine, v clr.Value, to *clr.Type) clr.Value {
	if v == nil {
		return to.Zero()
	}
	t := v.(Token)
	if clr.TypeOf(t).Derives(to) {
		return t
	}
	j, ok := t.(*JValue)
	if !ok {
		m.Throw(clr.TypeInvalidCast, fmt.Sprintf("Cannot cast %s to Newtonsoft.Json.Linq.JToken.", clr.TypeOf(t).FullName()))
	}
	if j.Value == nil {
		return to.Zero()
	}
	return clr.ChangeType(m, j.Value, to)
}

// toObject is ToObject<T>: it also fills arrays, lists and dictionaries.
func toObject(m *clr.Machine, t Token, to *clr.Type) clr.Value {
	m.Step()
	if to.Derives(TypeJToken) || clr.Same(to, clr.TypeObject) {
		if !clr.TypeOf(t).Derives(to) {
			if j, ok := t.(*JValue); ok && j.Value == nil {
				return nil
			}
			m.Throw(clr.TypeJSONSerialization, fmt.Sprintf("Cannot deserialize the current JSON into type '%s'.", to.FullName()))
		}
		if j, ok := t.(*JValue); ok && clr.Same(to, clr.TypeObject) {
			return j.Value
		}
		return t
	}
	if j, ok := t.(*JValue); ok {
		if j.Value == nil && to.IsValue() {
			m.Throw(clr.TypeJSONSerialization, fmt.Sprintf("Error converting value {null} to type '%s'.", to.FullName()))
		}
		return tokenValue(m, j, to)
	}
	if e := to.ElementType(); e != nil {
		switch x := t.(type) {
		case *JArray:
			items := make([]clr.Value, len(x.items))
			for i, it := range x.items {
				items[i] = toObject(m, it, e)
			}
			if to.Is(clr.TypeArray) {
				return clr.MakeArray(e, items)
			}
			return &clr.List{Elem: e, Items: items}
		case *JObject:
			if d := to.AsBase(typeIDictionary.Def); d != nil {
				out := newDict(d.Args[0], d.Args[1])
				for _, p := range x.props {
					out.put(m, p.name, toObject(m, p.value, d.Args[1]))
				}
				return out
			}
		}
	}
	m.Throw(clr.TypeJSONSerialization, fmt.Sprintf("Cannot deserialize the current JSON (%s) into type '%s'.", strings.ToLower(jsonKindName(t)), to.FullName()))
	return nil
}
