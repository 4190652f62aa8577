package clr

import (
	"math"
)

// AsInt64 gives an integral, char or enum value; reals are truncated.
func AsInt64(v Value) int64 {
	switch x := v.(type) {
	case int32:
		return int64(x)
	case int64:
		return x
	case uint8:
		return int64(x)
	case Char:
		return int64(x)
	case int8:
		return int64(x)
	case int16:
		return int64(x)
	case uint16:
		return int64(x)
	case uint32:
		return int64(x)
	case uint64:
		return int64(x)
	case float32:
		return truncateReal(float64(x))
	case float64:
		return truncateReal(x)
	case Decimal:
		n, _ := x.Truncate()
		return n
	case Enum:
		return int64(x.N)
	case bool:
		return int64(Bit(x))
	}
	return 0
}

// truncateReal is (long)d; what C# leaves open outside long's range is its least value.
func truncateReal(f float64) int64 {
	if f != f || f >= 1<<63 || f < -1<<63 {
		return math.MinInt64
	}
	return int64(f)
}

// AsFloat gives a number as float64.
func AsFloat(v Value) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case float32:
		return float64(x)
	case Decimal:
		return x.float()
	case uint64:
		return float64(x)
	}
	return float64(AsInt64(v))
}

// ToNumber converts between numeric types as an unchecked cast does.
func ToNumber(v Value, to *Type) Value {
	switch to.Def {
	case TypeInt.Def:
		if x, ok := v.(int32); ok {
			return x
		}
		if IsReal(v) {
			return realToInt32(AsFloat(v))
		}
		return int32(AsInt64(v))
	case TypeLong.Def:
		return AsInt64(v)
	case TypeDouble.Def:
		return AsFloat(v)
	case TypeFloat.Def:
		return float32(AsFloat(v))
	case TypeDecimal.Def:
		return AsDecimal(v)
	case TypeChar.Def:
		return Char(AsInt64(v))
	case TypeByte.Def:
		return uint8(AsInt64(v))
	case TypeSByte.Def:
		return int8(AsInt64(v))
	case TypeShort.Def:
		return int16(AsInt64(v))
	case TypeUShort.Def:
		return uint16(AsInt64(v))
	case TypeUInt.Def:
		return uint32(AsInt64(v))
	case TypeULong.Def:
		if IsReal(v) && AsFloat(v) >= 1<<63 && AsFloat(v) < 1<<64 {
			return uint64(AsFloat(v))
		}
		return uint64(AsInt64(v))
	}
	return v
}

// IsReal tells float and double values.
func IsReal(v Value) bool {
	switch v.(type) {
	case float64, float32:
		return true
	}
	return false
}

func realToInt32(f float64) int32 {
	if f != f || f >= 1<<31 || f <= -(1<<31)-1 {
		return math.MinInt32
	}
	return int32(f)
}

// Limits are the least and greatest values of the integral types.
func Limits(t *Type) (least, most int64) {
	switch t.Def {
	case TypeSByte.Def:
		return math.MinInt8, math.MaxInt8
	case TypeByte.Def:
		return 0, math.MaxUint8
	case TypeShort.Def:
		return math.MinInt16, math.MaxInt16
	case TypeUShort.Def, TypeChar.Def:
		return 0, math.MaxUint16
	case TypeInt.Def:
		return math.MinInt32, math.MaxInt32
	case TypeUInt.Def:
		return 0, math.MaxUint32
	case TypeULong.Def:
		return 0, math.MaxInt64
	}
	return math.MinInt64, math.MaxInt64
}

// FitsIn tells whether n is in the range of an integral type.
func FitsIn(n int64, t *Type) bool {
	least, most := Limits(t)
	return n >= least && n <= most
}

// OrderNumbers compares two numbers of one type.
func OrderNumbers(x, y Value) int {
	switch a := x.(type) {
	case int32:
		return Order(a, y.(int32))
	case int64:
		return Order(a, y.(int64))
	case uint64:
		return Order(a, y.(uint64))
	case float64:
		return Order(a, y.(float64))
	case float32:
		return Order(float64(a), float64(y.(float32)))
	case Decimal:
		return a.Compare(y.(Decimal))
	}
	return Order(AsInt64(x), AsInt64(y))
}

// Articled names a type as .NET's overflow messages do: an Int32.
func Articled(t *Type) string {
	switch t.Def {
	case TypeInt.Def:
		return "an Int32"
	case TypeLong.Def:
		return "an Int64"
	case TypeShort.Def:
		return "an Int16"
	case TypeByte.Def:
		return "an unsigned byte"
	case TypeSByte.Def:
		return "a signed byte"
	case TypeChar.Def:
		return "a character"
	}
	return "a " + t.Def.Name
}

// RealFits tells whether the whole part of a real number is in t's range.
func RealFits(f float64, t *Type) bool {
	least, most := Limits(t)
	return f > float64(least)-1 && f < float64(most)+1
}

// Nan and Infinity are double.NaN and double.PositiveInfinity.
var (
	Nan      = math.NaN()
	Infinity = math.Inf(1)
)
