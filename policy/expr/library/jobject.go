package library

import (
	"stile/policy/expr/clr"
)

// TokenOf makes a token of a primitive, or gives the token that v is.
func TokenOf(m *clr.Machine, v clr.Value) Token {
	switch x := clr.Normal(v).(type) {
	case nil:
		return &JValue{kind: jNull}
	case Token:
		return x
	case string:
		m.Grow(32)
		return &JValue{kind: jString, Value: x}
	case bool:
		return &JValue{kind: jBoolean, Value: x}
	case float64:
		return &JValue{kind: jFloat, Value: x}
	case float32:
		return &JValue{kind: jFloat, Value: x}
	case clr.Decimal:
		return &JValue{kind: jFloat, Value: x}
	case uint64:
		return &JValue{kind: jInteger, Value: x}
	case clr.Char:
		return &JValue{kind: jString, Value: x.Text()}
	case clr.DateTime, clr.DateTimeOffset:
		return &JValue{kind: jDate, Value: x}
	case clr.TimeSpan:
		return &JValue{kind: jTimeSpan, Value: x}
	case clr.GUID:
		return &JValue{kind: jGuid, Value: x}
	case []byte:
		return &JValue{kind: jBytes, Value: x}
	case *URI:
		return &JValue{kind: jURI, Value: x}
	default:
		return &JValue{kind: jInteger, Value: clr.AsInt64(x)}
	}
}

// contentOf makes tokens of what new JArray(…) and Add(object) take: sequences
// become arrays.
func contentOf(m *clr.Machine, v clr.Value) Token {
	switch x := clr.Normal(v).(type) {
	case Token, nil, string, []byte:
		return TokenOf(m, x)
	case *clr.Array, *clr.List, *clr.Seq, *Set:
		a := &JArray{}
		clr.Iterate(m, x, func(it clr.Value) bool { a.Add(m, contentOf(m, it)); return true })
		return a
	case bool, float64, float32, clr.Decimal, clr.DateTime, clr.DateTimeOffset, clr.TimeSpan, clr.GUID, *URI, clr.Char, clr.Enum:
		return TokenOf(m, x)
	}
	if t := clr.TypeOf(v); t != nil && t.IsNumeric() {
		return TokenOf(m, v)
	}
	m.Throw(clr.TypeArgument, "Could not determine JSON object type for type "+clr.TypeOf(v).FullName()+".")
	return nil
}

// fromObject is JToken.FromObject: what serialising v would give.
func fromObject(m *clr.Machine, v clr.Value, depth int) Token {
	m.Step()
	if depth > 100 {
		m.Throw(clr.TypeJSONSerialization, "Self referencing loop detected.")
	}
	switch x := clr.Normal(v).(type) {
	case Token:
		return x.clone(m)
	case *clr.Object:
		o := newObject()
		for i, name := range x.Type.Def.Anonymous {
			o.put(m, name, fromObject(m, x.Values[i], depth+1))
		}
		return o
	case clr.KeyValue:
		o := newObject()
		o.put(m, "Key", fromObject(m, x.Key, depth+1))
		o.put(m, "Value", fromObject(m, x.Value, depth+1))
		return o
	case dictionary:
		o := newObject()
		x.pairs(m, func(k, v clr.Value) bool { o.put(m, clr.Text(k), fromObject(m, v, depth+1)); return true })
		return o
	case *clr.Array, *clr.List, *clr.Seq, *Set:
		a := &JArray{}
		clr.Iterate(m, x, func(it clr.Value) bool { a.Add(m, fromObject(m, it, depth+1)); return true })
		return a
	case record:
		return x.record(m, depth)
	case *clr.Exception:
		o := newObject()
		o.put(m, "ClassName", TokenOf(m, x.Type.FullName()))
		o.put(m, "Message", TokenOf(m, x.Message))
		return o
	}
	return contentOf(m, v)
}

// record is met by objects of the context that can be serialised.
type record interface {
	record(m *clr.Machine, depth int) Token
}
