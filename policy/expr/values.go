package expr

import (
	"stile/policy/exchange"
)

// Value is a .NET value in its Go form:
//
//	null                          nil
//	bool                          bool
//	sbyte short int long          int8 int16 int32 int64
//	byte ushort uint ulong        uint8 uint16 uint32 uint64
//	float double decimal          float32 float64 Decimal
//	char string                   Char, string (UTF-8; Length and indexes count UTF-16 units)
//	T?                            nil or the form of T
//	DateTime DateTimeOffset       DateTime, DateTimeOffset
//	TimeSpan Guid enum            TimeSpan, GUID, Enum
//	byte[]                        []byte
//	T[]  List<T>                  *Array, *List
//	Dictionary HashSet            *Dict, *Set
//	KeyValuePair                  KeyValue
//	IEnumerable made by LINQ      *Seq
//	JObject JArray JProperty      *JObject, *JArray, *JProperty
//	JValue                        *JValue
//	Func Action                   *Function
//	Exception                     *Exception
//	Jwt BasicAuthCredentials      *Jwt, *Basic
//	IResponse                     *exchange.Response
//	IRequest IUrl IApi …          pointers to the exchange's structs
//
// A host that stores variables of its own may also use []string (read as
// string[]), int (read as int) and map-free structs of package exchange.
type Value = any

// Char is a UTF-16 code unit.
type Char uint16

// Enum is a value of an enumeration.
type Enum struct {
	typ *Type
	n   int32
}

// KeyValue is KeyValuePair<K, V>.
type KeyValue struct {
	typ        *Type
	Key, Value Value
}

// Array is T[] for every T but byte.
type Array struct {
	elem  *Type
	items []Value
}

// List is List<T>.
type List struct {
	elem  *Type
	items []Value
	// version lets foreach notice a change under way.
	version int
}

// Seq is a lazy sequence: each calls yield with every item until it gives false.
type Seq struct {
	elem *Type
	each func(m *machine, yield func(Value) bool)
}

// Function is a delegate.
type Function struct {
	typ  *Type
	call func(m *machine, args ...Value) Value
}

// Object is a value of an anonymous type.
type Object struct {
	typ    *Type
	values []Value
}

// Exception is a .NET exception.
type Exception struct {
	Type    *Type
	Message string
	Inner   *Exception
}

func (e *Exception) describe() string {
	if e.Type == nil {
		return e.Message
	}
	return e.Type.def.name + ": " + e.Message
}

// Bytes gives the Go form of a byte array made by a host.
func normal(v Value) Value {
	switch v := v.(type) {
	case int:
		return int32(v)
	case []string:
		return stringArray(v)
	case exchange.Redacted:
		return v.Reveal()
	}
	return v
}

func stringArray(list []string) *Array {
	a := &Array{elem: typeString, items: make([]Value, len(list))}
	for i, s := range list {
		a.items[i] = s
	}
	return a
}

// typeOf gives the run-time type of a value; nil for null.
func typeOf(v Value) *Type {
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		return typeBool
	case string:
		return typeString
	case int32:
		return typeInt
	case int64:
		return typeLong
	case float64:
		return typeDouble
	case Char:
		return typeChar
	case uint8:
		return typeByte
	case int8:
		return typeSByte
	case int16:
		return typeShort
	case uint16:
		return typeUShort
	case uint32:
		return typeUInt
	case uint64:
		return typeULong
	case float32:
		return typeFloat
	case Decimal:
		return typeDecimal
	case Enum:
		return v.typ
	case KeyValue:
		return v.typ
	case *Array:
		return arrayOf(v.elem)
	case []byte:
		return arrayOf(typeByte)
	case *List:
		return generic(typeList, v.elem)
	case *Seq:
		return generic(typeEnumerable, v.elem)
	case *Function:
		return v.typ
	case *Object:
		return v.typ
	case *Exception:
		return v.Type
	}
	return typeOfMore(v)
}

// typeOfMore continues typeOf with the types of the library.
func typeOfMore(v Value) *Type {
	switch v := v.(type) {
	case DateTime:
		return typeDateTime
	case DateTimeOffset:
		return typeDateTimeOffset
	case TimeSpan:
		return typeTimeSpan
	case GUID:
		return typeGuid
	case *exchange.Response:
		return typeResponse
	case *exchange.Request:
		return typeRequest
	case *exchange.URL:
		return typeURL
	case typed:
		return v.runtimeType()
	}
	return typeObject
}

// wrapper is met by values that stand for a primitive, such as JValue.
type wrapper interface{ unwrap() Value }

// typed is met by the library's smaller run-time values.
type typed interface{ runtimeType() *Type }

// iterate calls yield with every item of a sequence until it gives false.
func iterate(m *machine, v Value, yield func(Value) bool) {
	switch v := v.(type) {
	case *Array:
		each(m, v.items, yield)
	case *List:
		version := v.version
		for i := 0; i < len(v.items); i++ {
			m.step()
			if !yield(v.items[i]) {
				return
			}
			if v.version != version {
				m.throw(typeInvalidOperation, "Collection was modified; enumeration operation may not execute.")
			}
		}
	case *Seq:
		v.each(m, yield)
	case []byte:
		for _, b := range v {
			m.step()
			if !yield(b) {
				return
			}
		}
	case string:
		for _, u := range units(v) {
			m.step()
			if !yield(Char(u)) {
				return
			}
		}
	case sequence:
		v.each(m, yield)
	case nil:
		m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: source")
	default:
		m.throw(typeInvalidCast, "the value is no sequence")
	}
}

// sequence is met by the library's other enumerable values.
type sequence interface {
	each(m *machine, yield func(Value) bool)
}

func each(m *machine, items []Value, yield func(Value) bool) {
	for _, it := range items {
		m.step()
		if !yield(it) {
			return
		}
	}
}

// collect gives all items of a sequence.
func collect(m *machine, v Value) []Value {
	var out []Value
	iterate(m, v, func(it Value) bool {
		m.grow(16)
		out = append(out, it)
		return true
	})
	return out
}

// makeArray gives T[] in its Go form.
func makeArray(elem *Type, items []Value) Value {
	if elem.is(typeByte) {
		b := make([]byte, len(items))
		for i, v := range items {
			b[i], _ = v.(byte)
		}
		return b
	}
	return &Array{elem: elem, items: items}
}

// compatible covers what derives does not see: run-time values that stand for an
// interface of the context, and sequences whose items fit.
func compatible(v Value, to *Type) bool {
	if e, ok := v.(interface{ implements(*Type) bool }); ok {
		return e.implements(to)
	}
	return false
}
