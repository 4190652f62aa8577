package clr

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
	Type *Type
	N    int32
}

// KeyValue is KeyValuePair<K, V>.
type KeyValue struct {
	Type       *Type
	Key, Value Value
}

// Array is T[] for every T but byte.
type Array struct {
	Elem  *Type
	Items []Value
}

// List is List<T>.
type List struct {
	Elem  *Type
	Items []Value
	// Version lets foreach notice a change under way.
	Version int
}

// Seq is a lazy sequence: each calls yield with every item until it gives false.
type Seq struct {
	Elem *Type
	Each func(m *Machine, yield func(Value) bool)
}

// Function is a delegate.
type Function struct {
	Type *Type
	Call func(m *Machine, args ...Value) Value
}

// Object is a value of an anonymous type.
type Object struct {
	Type   *Type
	Values []Value
}

// Exception is a .NET exception.
type Exception struct {
	Type    *Type
	Message string
	Inner   *Exception
}

// String is ToString(): the type and the message, and those of what caused it.
func (e *Exception) String() string {
	s := e.Type.FullName() + ": " + e.Message
	if e.Inner != nil {
		s += " ---> " + e.Inner.String() + "\n   --- End of inner exception stack trace ---"
	}
	return s
}

// Describe gives the exception as a fault's message: its type and text.
func (e *Exception) Describe() string {
	if e.Type == nil {
		return e.Message
	}
	return e.Type.Def.Name + ": " + e.Message
}

// Bytes gives the Go form of a byte array made by a host.
func Normal(v Value) Value {
	switch v := v.(type) {
	case int:
		return int32(v)
	case []string:
		return StringArray(v)
	case exchange.Redacted:
		return v.Reveal()
	}
	return v
}

// StringArray gives string[].
func StringArray(list []string) *Array {
	a := &Array{Elem: TypeString, Items: make([]Value, len(list))}
	for i, s := range list {
		a.Items[i] = s
	}
	return a
}

// TypeOf gives the run-time type of a value; nil for null.
func TypeOf(v Value) *Type {
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		return TypeBool
	case string:
		return TypeString
	case int32:
		return TypeInt
	case int64:
		return TypeLong
	case float64:
		return TypeDouble
	case Char:
		return TypeChar
	case uint8:
		return TypeByte
	case int8:
		return TypeSByte
	case int16:
		return TypeShort
	case uint16:
		return TypeUShort
	case uint32:
		return TypeUInt
	case uint64:
		return TypeULong
	case float32:
		return TypeFloat
	case Decimal:
		return TypeDecimal
	case Enum:
		return v.Type
	case KeyValue:
		return v.Type
	case *Array:
		return ArrayOf(v.Elem)
	case []byte:
		return ArrayOf(TypeByte)
	case *List:
		return Generic(TypeList, v.Elem)
	case *Seq:
		return Generic(TypeEnumerable, v.Elem)
	case *Function:
		return v.Type
	case *Object:
		return v.Type
	case *Exception:
		return v.Type
	}
	return typeOfMore(v)
}

// typeOfMore continues typeOf with the types of the library.
func typeOfMore(v Value) *Type {
	switch v := v.(type) {
	case DateTime:
		return TypeDateTime
	case DateTimeOffset:
		return TypeDateTimeOffset
	case TimeSpan:
		return TypeTimeSpan
	case GUID:
		return TypeGuid
	case *exchange.Response:
		return TypeResponse
	case *exchange.Request:
		return TypeRequest
	case *exchange.URL:
		return TypeURL
	case *exchange.Authorization:
		return TypeAuthorization
	case typed:
		return v.RuntimeType()
	}
	return TypeObject
}

// wrapper is met by values that stand for a primitive, such as JValue.
type wrapper interface{ Unwrap() Value }

// typed is met by the library's smaller run-time values.
type typed interface{ RuntimeType() *Type }

// Iterate calls yield with every item of a sequence until it gives false.
func Iterate(m *Machine, v Value, yield func(Value) bool) {
	switch v := v.(type) {
	case *Array:
		Each(m, v.Items, yield)
	case *List:
		version := v.Version
		for i := 0; i < len(v.Items); i++ {
			m.Step()
			if !yield(v.Items[i]) {
				return
			}
			if v.Version != version {
				m.Throw(TypeInvalidOperation, "Collection was modified; enumeration operation may not execute.")
			}
		}
	case *Seq:
		v.Each(m, yield)
	case []byte:
		for _, b := range v {
			m.Step()
			if !yield(b) {
				return
			}
		}
	case string:
		for _, u := range Units(v) {
			m.Step()
			if !yield(Char(u)) {
				return
			}
		}
	case sequence:
		v.Each(m, yield)
	case nil:
		m.Throw(TypeArgumentNull, "Value cannot be null.\nParameter name: source")
	default:
		m.Throw(TypeInvalidCast, "the value is no sequence")
	}
}

// sequence is met by the library's other enumerable values.
type sequence interface {
	Each(m *Machine, yield func(Value) bool)
}

// Each walks items, charging a step for each.
func Each(m *Machine, items []Value, yield func(Value) bool) {
	for _, it := range items {
		m.Step()
		if !yield(it) {
			return
		}
	}
}

// Collect gives all items of a sequence.
func Collect(m *Machine, v Value) []Value {
	var out []Value
	Iterate(m, v, func(it Value) bool {
		m.Grow(16)
		out = append(out, it)
		return true
	})
	return out
}

// MakeArray gives T[] in its Go form.
func MakeArray(elem *Type, items []Value) Value {
	if elem.Is(TypeByte) {
		b := make([]byte, len(items))
		for i, v := range items {
			b[i], _ = v.(byte)
		}
		return b
	}
	return &Array{Elem: elem, Items: items}
}
