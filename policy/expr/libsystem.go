package expr

import (
	"encoding/base64"
	endian "encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

var (
	typeRandom       = class("System.Random")
	typeConvert      = statics("System.Convert")
	typeBitConverter = statics("System.BitConverter")
	typeEnvironment  = statics("System.Environment")
	typeBuffer       = statics("System.Buffer")
)

// Random is System.Random over a seed of its own.
type Random struct{ state uint64 }

func (*Random) runtimeType() *Type { return typeRandom }

// next is splitmix64: the same seed gives the same numbers, though not .NET's.
func (r *Random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *Random) between(m *machine, least, most int64) Value {
	if most < least {
		m.throw(typeArgumentRange, "'minValue' cannot be greater than maxValue.\nParameter name: minValue")
	}
	if most == least {
		return int32(least)
	}
	return int32(least + int64(r.next()%uint64(most-least)))
}

var systemSpecs = []typeSpec{
	arraySpec,
	{typ: typeGuid, bases: "IComparable", members: []memberSpec{
		{"static Guid NewGuid()", func(m *machine, _ []*Type, _ []Value) Value {
			if m.env.NewGUID == nil {
				panic(exhausted("no source of GUIDs was given to this expression"))
			}
			return parseGUID(m, m.env.NewGUID())
		}},
		{"static Guid Empty", func(*machine, []*Type, []Value) Value { return GUID{} }},
		{"static Guid Parse(string)", func(m *machine, _ []*Type, a []Value) Value { return parseGUID(m, need(m, a[0], "input")) }},
		{"static bool TryParse(string, out Guid)", func(_ *machine, _ []*Type, a []Value) Value {
			g, ok := readGUID(str(a[0]))
			out(a[1], g)
			return ok
		}},
		{"new(string)", func(m *machine, _ []*Type, a []Value) Value { return parseGUID(m, need(m, a[0], "g")) }},
		{"new(byte[])", func(m *machine, _ []*Type, a []Value) Value {
			b, _ := a[0].([]byte)
			if len(b) != 16 {
				m.throw(typeArgument, "Byte array for GUID must be exactly 16 bytes long.\nParameter name: b")
			}
			return GUID(b).swapped()
		}},
		{"byte[] ToByteArray()", func(_ *machine, _ []*Type, a []Value) Value { g := a[0].(GUID).swapped(); return g[:] }},
		{"string ToString(string)", func(m *machine, _ []*Type, a []Value) Value { return a[0].(GUID).format(m, str(a[1])) }},
		{"bool Equals(Guid)", func(_ *machine, _ []*Type, a []Value) Value { return a[0] == a[1] }},
		{"int CompareTo(Guid)", func(m *machine, _ []*Type, a []Value) Value { return int32(compareValues(m, a[0], a[1])) }},
		{"int GetHashCode()", func(_ *machine, _ []*Type, a []Value) Value { return hashOf(text(a[0])) }},
	}},
	{typ: typeRandom, members: []memberSpec{
		{"new()", func(m *machine, _ []*Type, _ []Value) Value { return &Random{m.random()} }},
		{"new(int)", func(_ *machine, _ []*Type, a []Value) Value { return &Random{uint64(asInt64(a[0]))} }},
		{"int Next()", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*Random).between(m, 0, math.MaxInt32) }},
		{"int Next(int)", func(m *machine, _ []*Type, a []Value) Value {
			if num(a[1]) < 0 {
				m.throw(typeArgumentRange, "'maxValue' must be greater than zero.\nParameter name: maxValue")
			}
			return a[0].(*Random).between(m, 0, asInt64(a[1]))
		}},
		{"int Next(int, int)", func(m *machine, _ []*Type, a []Value) Value {
			return a[0].(*Random).between(m, asInt64(a[1]), asInt64(a[2]))
		}},
		{"double NextDouble()", func(_ *machine, _ []*Type, a []Value) Value { return float64(a[0].(*Random).next()>>11) / (1 << 53) }},
		{"void NextBytes(byte[])", func(_ *machine, _ []*Type, a []Value) Value {
			for i, b := 0, a[1].([]byte); i < len(b); i++ {
				b[i] = byte(a[0].(*Random).next())
			}
			return nil
		}},
	}},
	{typ: typeConvert, members: convertMembers()},
	{typ: typeBitConverter, members: bitMembers},
	{typ: typeEnvironment, members: []memberSpec{
		{"static string NewLine", func(*machine, []*Type, []Value) Value { return "\n" }},
	}},
	{typ: typeBuffer, members: []memberSpec{
		{"static void BlockCopy(byte[], int, byte[], int, int)", func(m *machine, _ []*Type, a []Value) Value {
			copyArray(m, a[0], num(a[1]), a[2], num(a[3]), num(a[4]))
			return nil
		}},
	}},
}

func convertMembers() []memberSpec {
	list := []memberSpec{
		{"static string ToBase64String(byte[])", func(m *machine, _ []*Type, a []Value) Value {
			b, ok := a[0].([]byte)
			if !ok {
				m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: inArray")
			}
			return m.text(base64.StdEncoding.EncodeToString(b))
		}},
		{"static byte[] FromBase64String(string)", func(m *machine, _ []*Type, a []Value) Value { return fromBase64(m, need(m, a[0], "s")) }},
		{"static string ToString(object)", func(m *machine, _ []*Type, a []Value) Value { return m.text(text(a[0])) }},
		{"static string ToString(object, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value { return m.text(text(a[0])) }},
		{"static string ToString(int, int)", func(m *machine, _ []*Type, a []Value) Value { return inBase(m, uint64(uint32(asInt64(a[0]))), a[1]) }},
		{"static string ToString(long, int)", func(m *machine, _ []*Type, a []Value) Value { return inBase(m, uint64(asInt64(a[0])), a[1]) }},
		{"static object ChangeType(object, TypeCode)", func(m *machine, _ []*Type, a []Value) Value { return a[0] }},
	}
	list = list[:len(list)-1]
	for _, t := range []*Type{typeBool, typeChar, typeSByte, typeByte, typeShort, typeUShort, typeInt, typeUInt, typeLong, typeULong, typeFloat, typeDouble, typeDecimal, typeDateTime} {
		name := t.String()
		sig := "static " + name + " To" + t.def.name
		convert := func(m *machine, _ []*Type, a []Value) Value {
			if a[0] == nil && same(t, typeDateTime) {
				return DateTime{}
			}
			return changeType(m, a[0], t)
		}
		list = append(list, memberSpec{sig + "(object)", convert}, memberSpec{sig + "(object, IFormatProvider)", convert})
		if t.isIntegral() && !t.is(typeChar) {
			list = append(list, memberSpec{sig + "(string, int)", func(m *machine, _ []*Type, a []Value) Value {
				return fromBase(m, need(m, a[0], "value"), num(a[1]), t)
			}})
		}
	}
	return list
}

func inBase(m *machine, u uint64, base Value) Value {
	switch num(base) {
	case 10:
		return strconv.FormatInt(int64(u), 10)
	case 2, 8, 16:
		return strconv.FormatUint(u, num(base))
	}
	m.throw(typeArgument, "Invalid Base.")
	return nil
}

func fromBase(m *machine, s string, base int, t *Type) Value {
	if base != 2 && base != 8 && base != 10 && base != 16 {
		m.throw(typeArgument, "Invalid Base.")
	}
	if base == 16 {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	}
	if base == 10 {
		return parseNumber(m, s, t)
	}
	u, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		m.throw(typeFormat, "Could not find any recognizable digits.")
	}
	return toNumber(int64(u), t)
}

var bitMembers = []memberSpec{
	{"static bool IsLittleEndian", func(*machine, []*Type, []Value) Value { return true }},
	{"static string ToString(byte[])", func(m *machine, _ []*Type, a []Value) Value {
		b, _ := a[0].([]byte)
		parts := make([]string, len(b))
		for i, x := range b {
			parts[i] = strings.ToUpper(hex.EncodeToString([]byte{x}))
		}
		return m.text(strings.Join(parts, "-"))
	}},
	{"static byte[] GetBytes(long)", func(_ *machine, _ []*Type, a []Value) Value {
		return endian.LittleEndian.AppendUint64(nil, uint64(a[0].(int64)))
	}},
	{"static byte[] GetBytes(int)", func(_ *machine, _ []*Type, a []Value) Value {
		return endian.LittleEndian.AppendUint32(nil, uint32(a[0].(int32)))
	}},
	{"static byte[] GetBytes(short)", func(_ *machine, _ []*Type, a []Value) Value {
		return endian.LittleEndian.AppendUint16(nil, uint16(a[0].(int16)))
	}},
	{"static int ToInt32(byte[], int)", func(m *machine, _ []*Type, a []Value) Value {
		return int32(endian.LittleEndian.Uint32(window(m, a[0], num(a[1]), 4)))
	}},
	{"static uint ToUInt32(byte[], int)", func(m *machine, _ []*Type, a []Value) Value {
		return endian.LittleEndian.Uint32(window(m, a[0], num(a[1]), 4))
	}},
	{"static long ToInt64(byte[], int)", func(m *machine, _ []*Type, a []Value) Value {
		return int64(endian.LittleEndian.Uint64(window(m, a[0], num(a[1]), 8)))
	}},
	{"static ulong ToUInt64(byte[], int)", func(m *machine, _ []*Type, a []Value) Value {
		return endian.LittleEndian.Uint64(window(m, a[0], num(a[1]), 8))
	}},
}

func window(m *machine, v Value, from, n int) []byte {
	b, _ := v.([]byte)
	if from < 0 || n < 0 || from+n > len(b) {
		m.throw(typeArgument, "Destination array is not long enough to copy all the items in the collection. Check array index and length.")
	}
	return b[from : from+n]
}
