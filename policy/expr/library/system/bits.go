package system

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"

	"stile/policy/expr/clr"
)

// bitSpecs is BitConverter.
func bitSpecs() []clr.TypeSpec {
	give := func(sig string, f func(v clr.Value) []byte) clr.MemberSpec {
		return clr.Line("static byte[] GetBytes("+sig+" value)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(a[0]) })
	}
	take := func(result, name string, n int, f func(b []byte) clr.Value) clr.MemberSpec {
		return clr.Line("static "+result+" "+name+"(byte[] value, int startIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return f(bytesAt(m, a[0], int(clr.AsInt64(a[1])), n))
		})
	}
	le := binary.LittleEndian
	return []clr.TypeSpec{{Type: clr.TypeBitConverter, Members: []clr.MemberSpec{
		clr.Line("static bool IsLittleEndian", constant(true)),
		clr.Line("static string ToString(byte[] value)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b := needBytes(m, a[0])
			return dashed(m, b, 0, len(b))
		}),
		give("short", func(v clr.Value) []byte { return le.AppendUint16(nil, uint16(v.(int16))) }),
		give("int", func(v clr.Value) []byte { return le.AppendUint32(nil, uint32(v.(int32))) }),
		give("long", func(v clr.Value) []byte { return le.AppendUint64(nil, uint64(v.(int64))) }),
		take("int", "ToInt32", 4, func(b []byte) clr.Value { return int32(le.Uint32(b)) }),
		take("uint", "ToUInt32", 4, func(b []byte) clr.Value { return le.Uint32(b) }),
		take("long", "ToInt64", 8, func(b []byte) clr.Value { return int64(le.Uint64(b)) }),
		take("ulong", "ToUInt64", 8, func(b []byte) clr.Value { return le.Uint64(b) }),
		give("bool", func(v clr.Value) []byte { return []byte{byte(clr.Bit(v == true))} }),
		give("char", func(v clr.Value) []byte { return le.AppendUint16(nil, uint16(v.(clr.Char))) }),
		give("ushort", func(v clr.Value) []byte { return le.AppendUint16(nil, v.(uint16)) }),
		give("uint", func(v clr.Value) []byte { return le.AppendUint32(nil, v.(uint32)) }),
		give("ulong", func(v clr.Value) []byte { return le.AppendUint64(nil, v.(uint64)) }),
		give("float", func(v clr.Value) []byte { return le.AppendUint32(nil, math.Float32bits(v.(float32))) }),
		give("double", func(v clr.Value) []byte { return le.AppendUint64(nil, math.Float64bits(v.(float64))) }),
		take("bool", "ToBoolean", 1, func(b []byte) clr.Value { return b[0] != 0 }),
		take("char", "ToChar", 2, func(b []byte) clr.Value { return clr.Char(le.Uint16(b)) }),
		take("short", "ToInt16", 2, func(b []byte) clr.Value { return int16(le.Uint16(b)) }),
		take("ushort", "ToUInt16", 2, func(b []byte) clr.Value { return le.Uint16(b) }),
		take("float", "ToSingle", 4, func(b []byte) clr.Value { return math.Float32frombits(le.Uint32(b)) }),
		take("double", "ToDouble", 8, func(b []byte) clr.Value { return math.Float64frombits(le.Uint64(b)) }),
		clr.Line("static long DoubleToInt64Bits(double value)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int64(math.Float64bits(a[0].(float64)))
		}),
		clr.Line("static double Int64BitsToDouble(long value)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return math.Float64frombits(uint64(a[0].(int64)))
		}),
		clr.Line("static string ToString(byte[] value, int startIndex)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, from := needBytes(m, a[0]), int(clr.AsInt64(a[1]))
			return dashed(m, b, from, len(b)-from)
		}),
		clr.Line("static string ToString(byte[] value, int startIndex, int length)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return dashed(m, needBytes(m, a[0]), int(clr.AsInt64(a[1])), int(clr.AsInt64(a[2])))
		}),
	}}}
}

func needBytes(m *clr.Machine, v clr.Value) []byte {
	b, ok := v.([]byte)
	if !ok {
		null(m, "value")
	}
	return b
}

// bytesAt gives the n bytes of a number, or throws what BitConverter throws.
func bytesAt(m *clr.Machine, v clr.Value, from, n int) []byte {
	b := needBytes(m, v)
	switch {
	case from < 0 || from >= len(b):
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: startIndex")
	case from > len(b)-n:
		m.Throw(clr.TypeArgument, "Destination array is not long enough to copy all the items in the collection. Check array index and length.\nParameter name: value")
	}
	return b[from : from+n]
}

// dashed is BitConverter.ToString: bytes in hexadecimal with dashes between.
func dashed(m *clr.Machine, b []byte, from, n int) clr.Value {
	switch {
	case from < 0 || from >= len(b) && from > 0:
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: startIndex")
	case n < 0:
		m.Throw(clr.TypeArgumentRange, "Value must be positive.\nParameter name: length")
	case from > len(b)-n:
		m.Throw(clr.TypeArgument, "Destination array is not long enough to copy all the items in the collection. Check array index and length.\nParameter name: value")
	}
	m.Grow(3 * n)
	var out strings.Builder
	for i, c := range b[from : from+n] {
		if i > 0 {
			out.WriteByte('-')
		}
		out.WriteString(strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return out.String()
}
