package expr

import (
	"strings"
	"unicode"
)

// sameValue is ==: by content for strings and structs, by reference for the rest.
func sameValue(m *machine, x, y Value) bool {
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	switch x.(type) {
	case []byte:
		a, ok1 := x.([]byte)
		b, ok2 := y.([]byte)
		return ok1 && ok2 && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case string, bool, Char, Enum, DateTime, DateTimeOffset, TimeSpan, GUID, Decimal, int32, int64, float64:
		return equalValues(m, x, y)
	}
	return comparable(x) && comparable(y) && x == y
}

// comparable guards == between interfaces: a Go slice or map inside would panic.
func comparable(v Value) bool {
	switch v.(type) {
	case []byte, KeyValue:
		return false
	}
	return true
}

// equalValues is object.Equals: by type and content for strings, numbers and
// structs, by reference for the rest.
func equalValues(m *machine, x, y Value) bool {
	x, y = normal(x), normal(y)
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	switch a := x.(type) {
	case Decimal:
		b, ok := y.(Decimal)
		return ok && a.compare(b) == 0
	case DateTime:
		b, ok := y.(DateTime)
		return ok && a.Ticks == b.Ticks
	case DateTimeOffset:
		b, ok := y.(DateTimeOffset)
		return ok && a.utc() == b.utc()
	case KeyValue:
		b, ok := y.(KeyValue)
		return ok && equalValues(m, a.Key, b.Key) && equalValues(m, a.Value, b.Value)
	case wrapper:
		b, ok := y.(wrapper)
		return ok && equalValues(m, a.unwrap(), b.unwrap())
	case *Object:
		b, ok := y.(*Object)
		if !ok || !same(a.typ, b.typ) {
			return false
		}
		for i := range a.values {
			if !equalValues(m, a.values[i], b.values[i]) {
				return false
			}
		}
		return true
	case Enum:
		b, ok := y.(Enum)
		return ok && a.n == b.n && same(a.typ, b.typ)
	case []byte:
		b, ok := y.([]byte)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	}
	return comparable(y) && x == y
}

// compareValues is Comparer.Default: it throws where values have no order.
func compareValues(m *machine, x, y Value) int {
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
			return compareCulture(a, b, false)
		}
	case bool:
		if b, ok := y.(bool); ok {
			return bit(a) - bit(b)
		}
	case DateTime:
		if b, ok := y.(DateTime); ok {
			return order(a.Ticks, b.Ticks)
		}
	case DateTimeOffset:
		if b, ok := y.(DateTimeOffset); ok {
			return order(a.utc(), b.utc())
		}
	case TimeSpan:
		if b, ok := y.(TimeSpan); ok {
			return order(a, b)
		}
	case GUID:
		if b, ok := y.(GUID); ok {
			return order(a.String(), b.String())
		}
	case Enum:
		if b, ok := y.(Enum); ok {
			return order(a.n, b.n)
		}
	case wrapper:
		if b, ok := y.(wrapper); ok {
			return compareValues(m, a.unwrap(), b.unwrap())
		}
	}
	if tx, ty := typeOf(x), typeOf(y); tx.isNumeric() && same(tx, ty) {
		return orderNumbers(x, y)
	}
	m.throw(typeArgument, "At least one object must implement IComparable.")
	return 0
}

func order[T int32 | int64 | TimeSpan | string | float64 | uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// keyOf gives what a Go map can hold as the key of a dictionary or set.
func keyOf(m *machine, v Value) any {
	switch v := v.(type) {
	case nil:
		m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: key")
	case Decimal:
		return "m" + v.String()
	case DateTime:
		return v.Ticks
	case DateTimeOffset:
		return TimeSpan(v.utc())
	case wrapper:
		return keyOf(m, v.unwrap())
	case *Object:
		return text(v)
	case KeyValue, []byte:
		return text(v)
	case Enum:
		return v.n
	}
	return v
}

func comparableStruct(t *Type) bool {
	return t.isEnum() || same(t, typeBool) || same(t, typeGuid) || same(t, typeDateTime) || same(t, typeDateTimeOffset) || same(t, typeTimeSpan)
}

// compareCulture orders as the invariant culture does for letters and digits:
// first without regard to case, then lower case before upper.
func compareCulture(x, y string, ignoreCase bool) int {
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
