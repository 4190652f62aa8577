package clr

import (
	"strings"
	"unicode"
)

// SameValue is ==: by content for strings and structs, by reference for the rest.
func SameValue(m *Machine, x, y Value) bool {
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	switch x.(type) {
	case []byte:
		a, ok1 := x.([]byte)
		b, ok2 := y.([]byte)
		return ok1 && ok2 && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case string, bool, Char, Enum, DateTime, DateTimeOffset, TimeSpan, GUID, Decimal, int32, int64, float64:
		return EqualValues(m, x, y)
	}
	return Comparable(x) && Comparable(y) && x == y
}

// Comparable guards == between interfaces: a Go slice or map inside would panic.
func Comparable(v Value) bool {
	switch v.(type) {
	case []byte, KeyValue:
		return false
	}
	return true
}

// EqualValues is object.Equals: by type and content for strings, numbers and
// structs, by reference for the rest.
func EqualValues(m *Machine, x, y Value) bool {
	x, y = Normal(x), Normal(y)
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	switch a := x.(type) {
	case Decimal:
		b, ok := y.(Decimal)
		return ok && a.Compare(b) == 0
	case DateTime:
		b, ok := y.(DateTime)
		return ok && a.Ticks == b.Ticks
	case DateTimeOffset:
		b, ok := y.(DateTimeOffset)
		return ok && a.Utc() == b.Utc()
	case KeyValue:
		b, ok := y.(KeyValue)
		return ok && EqualValues(m, a.Key, b.Key) && EqualValues(m, a.Value, b.Value)
	case string:
		m.Work(len(a) / 256)
		return x == y
	case wrapper:
		b, ok := y.(wrapper)
		return ok && EqualValues(m, a.Unwrap(), b.Unwrap())
	case *Object:
		b, ok := y.(*Object)
		if !ok || !Same(a.Type, b.Type) {
			return false
		}
		if a.Type.Def.Anonymous == nil && !a.Type.Is(TypeTuple) {
			return a == b
		}
		for i := range a.Values {
			if !EqualValues(m, a.Values[i], b.Values[i]) {
				return false
			}
		}
		return true
	case Enum:
		b, ok := y.(Enum)
		return ok && a.N == b.N && Same(a.Type, b.Type)
	case []byte:
		b, ok := y.([]byte)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	}
	return Comparable(y) && x == y
}

// CompareValues is Comparer.Default: it throws where values have no order.
func CompareValues(m *Machine, x, y Value) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return -1
	case y == nil:
		return 1
	}
	switch a := x.(type) {
	case string:
		if b, ok := y.(string); ok {
			return CompareCulture(a, b, false)
		}
	case bool:
		if b, ok := y.(bool); ok {
			return Bit(a) - Bit(b)
		}
	case DateTime:
		if b, ok := y.(DateTime); ok {
			return Order(a.Ticks, b.Ticks)
		}
	case DateTimeOffset:
		if b, ok := y.(DateTimeOffset); ok {
			return Order(a.Utc(), b.Utc())
		}
	case TimeSpan:
		if b, ok := y.(TimeSpan); ok {
			return Order(a, b)
		}
	case GUID:
		if b, ok := y.(GUID); ok {
			return Order(a.String(), b.String())
		}
	case Enum:
		if b, ok := y.(Enum); ok {
			return Order(a.N, b.N)
		}
	case wrapper:
		if b, ok := y.(wrapper); ok {
			return CompareValues(m, a.Unwrap(), b.Unwrap())
		}
	}
	if tx, ty := TypeOf(x), TypeOf(y); tx.IsNumeric() && Same(tx, ty) {
		return OrderNumbers(x, y)
	}
	m.Throw(TypeArgument, "At least one object must implement IComparable.")
	return 0
}

// Order compares two ordered values: -1, 0 or 1.
func Order[T int32 | int64 | TimeSpan | string | float64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// KeyOf gives what a Go map can hold as the key of a dictionary or set.
func KeyOf(m *Machine, v Value) any {
	switch v := v.(type) {
	case nil:
		m.Throw(TypeArgumentNull, "Value cannot be null.\nParameter name: key")
	case string:
		m.Work(len(v) / 256)
	case Decimal:
		return "m" + v.String()
	case DateTime:
		return v.Ticks
	case DateTimeOffset:
		return TimeSpan(v.Utc())
	case wrapper:
		return KeyOf(m, v.Unwrap())
	case *Object:
		return Text(v)
	case KeyValue, []byte:
		return Text(v)
	case Enum:
		return v.N
	}
	return v
}

// ComparableStruct tells the structs that have == and != besides the numbers.
func ComparableStruct(t *Type) bool {
	return t.IsEnum() || t.Def.Equatable || Same(t, TypeBool) || Same(t, TypeGuid) || Same(t, TypeDateTime) || Same(t, TypeDateTimeOffset) || Same(t, TypeTimeSpan)
}

// CompareCulture orders as the invariant culture does for letters and digits:
// first without regard to case, then lower case before upper.
func CompareCulture(x, y string, ignoreCase bool) int {
	a, b := collation(x), collation(y)
	if c := strings.Compare(a, b); c != 0 || ignoreCase {
		return c
	}
	return -strings.Compare(x, y)
}

// collation maps text so that symbols sort before digits and digits before letters.
func collation(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r):
			return unicode.ToLower(r) + 0x20000
		case unicode.IsDigit(r):
			return r + 0x10000
		}
		return r
	}, s)
}
