package expr

func exceptionSpec(t *Type, base string) typeSpec {
	return typeSpec{typ: t, bases: base, members: []memberSpec{
		{"new()", func(m *machine, _ []*Type, a []Value) Value {
			return &Exception{Type: t, Message: "Exception of type '" + t.fullName() + "' was thrown."}
		}},
		{"new(string)", func(m *machine, _ []*Type, a []Value) Value { return &Exception{Type: t, Message: str(a[0])} }},
		{"new(string, Exception)", func(m *machine, _ []*Type, a []Value) Value {
			inner, _ := a[1].(*Exception)
			return &Exception{Type: t, Message: str(a[0]), Inner: inner}
		}},
	}}
}

var coreSpecs = []typeSpec{
	{typ: typeObject, members: []memberSpec{
		{"string ToString()", func(m *machine, _ []*Type, a []Value) Value { return m.text(text(a[0])) }},
		{"bool Equals(object)", func(m *machine, _ []*Type, a []Value) Value { return equalValues(m, a[0], a[1]) }},
		{"int GetHashCode()", func(m *machine, _ []*Type, a []Value) Value { return hashOf(text(a[0])) }},
		{"static bool Equals(object, object)", func(m *machine, _ []*Type, a []Value) Value { return equalValues(m, a[0], a[1]) }},
		{"static bool ReferenceEquals(object, object)", func(m *machine, _ []*Type, a []Value) Value {
			return comparable(a[0]) && comparable(a[1]) && a[0] == a[1]
		}},
	}},
	{typ: typeVoid}, {typ: typeFunc}, {typ: typeAction},
	{typ: typeNullable, members: []memberSpec{
		{"bool HasValue", func(m *machine, _ []*Type, a []Value) Value { return a[0] != nil }},
		{"T Value", func(m *machine, _ []*Type, a []Value) Value {
			if a[0] == nil {
				m.throw(typeInvalidOperation, "Nullable object must have a value.")
			}
			return a[0]
		}},
		{"T GetValueOrDefault()", func(m *machine, t []*Type, a []Value) Value {
			if a[0] == nil {
				return t[0].zero()
			}
			return a[0]
		}},
		{"T GetValueOrDefault(T)", func(m *machine, _ []*Type, a []Value) Value {
			if a[0] == nil {
				return a[1]
			}
			return a[0]
		}},
		{"string ToString()", func(m *machine, _ []*Type, a []Value) Value { return text(a[0]) }},
	}},
	{typ: typeException, members: append(exceptionSpec(typeException, "").members,
		memberSpec{"string Message", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*Exception).Message }},
		memberSpec{"string StackTrace", func(m *machine, _ []*Type, a []Value) Value { return "" }},
		memberSpec{"string Source", func(m *machine, _ []*Type, a []Value) Value { return "" }},
		memberSpec{"Exception InnerException", func(m *machine, _ []*Type, a []Value) Value {
			if e := a[0].(*Exception).Inner; e != nil {
				return e
			}
			return nil
		}},
		memberSpec{"Exception GetBaseException()", func(m *machine, _ []*Type, a []Value) Value {
			e := a[0].(*Exception)
			for e.Inner != nil {
				e = e.Inner
			}
			return e
		}},
	)},
	exceptionSpec(typeArgument, "Exception"), exceptionSpec(typeArgumentNull, "ArgumentException"),
	exceptionSpec(typeArgumentRange, "ArgumentException"), exceptionSpec(typeFormat, "Exception"),
	exceptionSpec(typeInvalidCast, "Exception"), exceptionSpec(typeInvalidOperation, "Exception"),
	exceptionSpec(typeNotSupported, "Exception"), exceptionSpec(typeNullReference, "Exception"),
	exceptionSpec(typeIndexRange, "Exception"), exceptionSpec(typeArithmetic, "Exception"),
	exceptionSpec(typeOverflow, "ArithmeticException"), exceptionSpec(typeDivideByZero, "ArithmeticException"),
	exceptionSpec(typeKeyNotFound, "Exception"), exceptionSpec(typeCryptographic, "Exception"),
	exceptionSpec(typeURIFormat, "FormatException"), exceptionSpec(typeJSON, "Exception"),
	exceptionSpec(typeJSONReader, "JsonException"), exceptionSpec(typeJSONSerialization, "JsonException"),
}

// str reads a string argument; null is "".
func str(v Value) string {
	s, _ := v.(string)
	return s
}

// need reads a string argument that must not be null.
func need(m *machine, v Value, name string) string {
	s, ok := v.(string)
	if !ok {
		m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: "+name)
	}
	return s
}

func num(v Value) int { return int(asInt64(v)) }

// out gives an out argument its value.
func out(v, value Value) { v.(*ref).set(value) }

// call calls a delegate argument.
func call(m *machine, f Value, args ...Value) Value {
	fn, ok := f.(*Function)
	if !ok {
		m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: predicate")
	}
	return fn.call(m, args...)
}

func truth(v Value) bool {
	b, _ := v.(bool)
	return b
}

// hashOf is GetHashCode: .NET's own is not stable between runs, so that any fixed
// function serves.
func hashOf(s string) int32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int32(h)
}
