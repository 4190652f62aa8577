package expr

// tokenOf makes a token of a primitive, or gives the token that v is.
func tokenOf(m *machine, v Value) token {
	switch x := normal(v).(type) {
	case nil:
		return &JValue{kind: jNull}
	case token:
		return x
	case string:
		m.grow(32)
		return &JValue{kind: jString, value: x}
	case bool:
		return &JValue{kind: jBoolean, value: x}
	case float64:
		return &JValue{kind: jFloat, value: x}
	case float32:
		return &JValue{kind: jFloat, value: x}
	case Decimal:
		return &JValue{kind: jFloat, value: x}
	case uint64:
		return &JValue{kind: jInteger, value: x}
	case Char:
		return &JValue{kind: jString, value: x.Text()}
	case DateTime, DateTimeOffset:
		return &JValue{kind: jDate, value: x}
	case TimeSpan:
		return &JValue{kind: jTimeSpan, value: x}
	case GUID:
		return &JValue{kind: jGuid, value: x}
	case []byte:
		return &JValue{kind: jBytes, value: x}
	case *URI:
		return &JValue{kind: jURI, value: x}
	default:
		return &JValue{kind: jInteger, value: asInt64(x)}
	}
}

// contentOf makes tokens of what new JArray(…) and Add(object) take: sequences
// become arrays.
func contentOf(m *machine, v Value) token {
	switch x := normal(v).(type) {
	case token, nil, string, []byte:
		return tokenOf(m, x)
	case *Array, *List, *Seq, *Set:
		a := &JArray{}
		iterate(m, x, func(it Value) bool { a.add(m, contentOf(m, it)); return true })
		return a
	case bool, float64, float32, Decimal, DateTime, DateTimeOffset, TimeSpan, GUID, *URI, Char, Enum:
		return tokenOf(m, x)
	}
	if t := typeOf(v); t != nil && t.isNumeric() {
		return tokenOf(m, v)
	}
	m.throw(typeArgument, "Could not determine JSON object type for type "+typeOf(v).fullName()+".")
	return nil
}

// fromObject is JToken.FromObject: what serialising v would give.
func fromObject(m *machine, v Value, depth int) token {
	m.step()
	if depth > 100 {
		m.throw(typeJSONSerialization, "Self referencing loop detected.")
	}
	switch x := normal(v).(type) {
	case token:
		return x.clone(m)
	case *Object:
		o := newObject()
		for i, name := range x.typ.def.anonymous {
			o.put(m, name, fromObject(m, x.values[i], depth+1))
		}
		return o
	case KeyValue:
		o := newObject()
		o.put(m, "Key", fromObject(m, x.Key, depth+1))
		o.put(m, "Value", fromObject(m, x.Value, depth+1))
		return o
	case dictionary:
		o := newObject()
		x.pairs(m, func(k, v Value) bool { o.put(m, text(k), fromObject(m, v, depth+1)); return true })
		return o
	case *Array, *List, *Seq, *Set:
		a := &JArray{}
		iterate(m, x, func(it Value) bool { a.add(m, fromObject(m, it, depth+1)); return true })
		return a
	case record:
		return x.record(m, depth)
	case *Exception:
		o := newObject()
		o.put(m, "ClassName", tokenOf(m, x.Type.fullName()))
		o.put(m, "Message", tokenOf(m, x.Message))
		return o
	}
	return contentOf(m, v)
}

// record is met by objects of the context that can be serialised.
type record interface {
	record(m *machine, depth int) token
}
