package expr

import (
	"math"
)

// asInt64 gives an integral, char or enum value; reals are truncated.
func asInt64(v Value) int64 {
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
		n, _ := x.truncate()
		return n
	case Enum:
		return int64(x.n)
	case bool:
		return int64(bit(x))
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

func asFloat(v Value) float64 {
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
	return float64(asInt64(v))
}

// toNumber converts between numeric types as an unchecked cast does.
func toNumber(v Value, to *Type) Value {
	switch to.def {
	case typeInt.def:
		if x, ok := v.(int32); ok {
			return x
		}
		if isReal(v) {
			return realToInt32(asFloat(v))
		}
		return int32(asInt64(v))
	case typeLong.def:
		return asInt64(v)
	case typeDouble.def:
		return asFloat(v)
	case typeFloat.def:
		return float32(asFloat(v))
	case typeDecimal.def:
		return asDecimal(v)
	case typeChar.def:
		return Char(asInt64(v))
	case typeByte.def:
		return uint8(asInt64(v))
	case typeSByte.def:
		return int8(asInt64(v))
	case typeShort.def:
		return int16(asInt64(v))
	case typeUShort.def:
		return uint16(asInt64(v))
	case typeUInt.def:
		return uint32(asInt64(v))
	case typeULong.def:
		if isReal(v) && asFloat(v) >= 1<<63 && asFloat(v) < 1<<64 {
			return uint64(asFloat(v))
		}
		return uint64(asInt64(v))
	}
	return v
}

func isReal(v Value) bool {
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

// limits are the least and greatest values of the integral types.
func limits(t *Type) (least, most int64) {
	switch t.def {
	case typeSByte.def:
		return math.MinInt8, math.MaxInt8
	case typeByte.def:
		return 0, math.MaxUint8
	case typeShort.def:
		return math.MinInt16, math.MaxInt16
	case typeUShort.def, typeChar.def:
		return 0, math.MaxUint16
	case typeInt.def:
		return math.MinInt32, math.MaxInt32
	case typeUInt.def:
		return 0, math.MaxUint32
	case typeULong.def:
		return 0, math.MaxInt64
	}
	return math.MinInt64, math.MaxInt64
}

func fitsIn(n int64, t *Type) bool {
	least, most := limits(t)
	return n >= least && n <= most
}

// orderNumbers compares two numbers of one type.
func orderNumbers(x, y Value) int {
	switch a := x.(type) {
	case int32:
		return order(a, y.(int32))
	case int64:
		return order(a, y.(int64))
	case uint64:
		return order(a, y.(uint64))
	case float64:
		return order(a, y.(float64))
	case float32:
		return order(float64(a), float64(y.(float32)))
	case Decimal:
		return a.compare(y.(Decimal))
	}
	return order(asInt64(x), asInt64(y))
}

func articled(t *Type) string {
	switch t.def {
	case typeInt.def:
		return "an Int32"
	case typeLong.def:
		return "an Int64"
	case typeShort.def:
		return "an Int16"
	case typeByte.def:
		return "an unsigned byte"
	case typeSByte.def:
		return "a signed byte"
	case typeChar.def:
		return "a character"
	}
	return "a " + t.def.name
}

// realFits tells whether the whole part of a real number is in t's range.
func realFits(f float64, t *Type) bool {
	least, most := limits(t)
	return f > float64(least)-1 && f < float64(most)+1
}

var (
	nan      = math.NaN()
	infinity = math.Inf(1)
)
