package library

import (
	"encoding/base64"
	endian "encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeRandom       = clr.Class("System.Random")
	typeConvert      = clr.Statics("System.Convert")
	typeBitConverter = clr.Statics("System.BitConverter")
	typeEnvironment  = clr.Statics("System.Environment")
	typeBuffer       = clr.Statics("System.Buffer")
)

// Random is System.Random over a seed of its own.
type Random struct{ state uint64 }

// RuntimeType names the .NET type.
func (*Random) RuntimeType() *clr.Type { return typeRandom }

// next is splitmix64: the same seed gives the same numbers, though not .NET's.
func (r *Random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *Random) between(m *clr.Machine, least, most int64) clr.Value {
	if most < least {
		m.Throw(clr.TypeArgumentRange, "'minValue' cannot be greater than maxValue.\nParameter name: minValue")
	}
	if most == least {
		return int32(least)
	}
	return int32(least + int64(r.next()%uint64(most-least)))
}

var systemSpecs = []typeSpec{
	arraySpec,
	{typ: clr.TypeGuid, bases: "IComparable", members: []memberSpec{
		{"static Guid NewGuid()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
			if m.Env.NewGUID == nil {
				panic(clr.Exhausted("no source of GUIDs was given to this expression"))
			}
			return clr.ParseGUID(m, m.Env.NewGUID())
		}},
		{"static Guid Empty", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.GUID{} }},
		{"static Guid Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.ParseGUID(m, need(m, a[0], "input"))
		}},
		{"static bool TryParse(string, out Guid)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			g, ok := clr.ReadGUID(str(a[0]))
			out(a[1], g)
			return ok
		}},
		{"new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.ParseGUID(m, need(m, a[0], "g"))
		}},
		{"new(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, _ := a[0].([]byte)
			if len(b) != 16 {
				m.Throw(clr.TypeArgument, "Byte array for GUID must be exactly 16 bytes long.\nParameter name: b")
			}
			return clr.GUID(b).Swapped()
		}},
		{"byte[] ToByteArray()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			g := a[0].(clr.GUID).Swapped()
			return g[:]
		}},
		{"string ToString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(clr.GUID).Format(m, str(a[1]))
		}},
		{"bool Equals(Guid)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }},
		{"int CompareTo(Guid)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.CompareValues(m, a[0], a[1]))
		}},
		{"int GetHashCode()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return hashOf(clr.Text(a[0])) }},
	}},
	{typ: typeRandom, members: []memberSpec{
		{"new()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value { return &Random{m.Random()} }},
		{"new(int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return &Random{uint64(clr.AsInt64(a[0]))}
		}},
		{"int Next()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*Random).between(m, 0, math.MaxInt32)
		}},
		{"int Next(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if num(a[1]) < 0 {
				m.Throw(clr.TypeArgumentRange, "'maxValue' must be greater than zero.\nParameter name: maxValue")
			}
			return a[0].(*Random).between(m, 0, clr.AsInt64(a[1]))
		}},
		{"int Next(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*Random).between(m, clr.AsInt64(a[1]), clr.AsInt64(a[2]))
		}},
		{"double NextDouble()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return float64(a[0].(*Random).next()>>11) / (1 << 53)
		}},
		{"void NextBytes(byte[])", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			for i, b := 0, a[1].([]byte); i < len(b); i++ {
				b[i] = byte(a[0].(*Random).next())
			}
			return nil
		}},
	}},
	{typ: typeConvert, members: convertMembers()},
	{typ: typeBitConverter, members: bitMembers},
	{typ: typeEnvironment, members: []memberSpec{
		{"static string NewLine", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "\n" }},
	}},
	{typ: typeBuffer, members: []memberSpec{
		{"static void BlockCopy(byte[], int, byte[], int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			copyArray(m, a[0], num(a[1]), a[2], num(a[3]), num(a[4]))
			return nil
		}},
	}},
}

func convertMembers() []memberSpec {
	list := []memberSpec{
		{"static string ToBase64String(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, ok := a[0].([]byte)
			if !ok {
				m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: inArray")
			}
			return m.Text(base64.StdEncoding.EncodeToString(b))
		}},
		{"static byte[] FromBase64String(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.FromBase64(m, need(m, a[0], "s"))
		}},
		{"static string ToString(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(clr.Text(a[0])) }},
		{"static string ToString(object, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(clr.Text(a[0])) }},
		{"static string ToString(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return inBase(m, uint64(uint32(clr.AsInt64(a[0]))), a[1])
		}},
		{"static string ToString(long, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return inBase(m, uint64(clr.AsInt64(a[0])), a[1])
		}},
	}
	for _, t := range []*clr.Type{clr.TypeBool, clr.TypeChar, clr.TypeSByte, clr.TypeByte, clr.TypeShort, clr.TypeUShort, clr.TypeInt, clr.TypeUInt, clr.TypeLong, clr.TypeULong, clr.TypeFloat, clr.TypeDouble, clr.TypeDecimal, clr.TypeDateTime} {
		name := t.String()
		sig := "static " + name + " To" + t.Def.Name
		convert := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[0] == nil && clr.Same(t, clr.TypeDateTime) {
				return clr.DateTime{}
			}
			return clr.ChangeType(m, a[0], t)
		}
		list = append(list, memberSpec{sig + "(object)", convert}, memberSpec{sig + "(object, IFormatProvider)", convert})
		if t.IsIntegral() && !t.Is(clr.TypeChar) {
			list = append(list, memberSpec{sig + "(string, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return fromBase(m, need(m, a[0], "value"), num(a[1]), t)
			}})
		}
	}
	return list
}

func inBase(m *clr.Machine, u uint64, base clr.Value) clr.Value {
	switch num(base) {
	case 10:
		return strconv.FormatInt(int64(u), 10)
	case 2, 8, 16:
		return strconv.FormatUint(u, num(base))
	}
	m.Throw(clr.TypeArgument, "Invalid Base.")
	return nil
}

func fromBase(m *clr.Machine, s string, base int, t *clr.Type) clr.Value {
	if base != 2 && base != 8 && base != 10 && base != 16 {
		m.Throw(clr.TypeArgument, "Invalid Base.")
	}
	if base == 16 {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	}
	if base == 10 {
		return clr.ParseNumber(m, s, t)
	}
	u, err := strconv.ParseUint(s, base, 64)
	if err != nil {
		m.Throw(clr.TypeFormat, "Could not find any recognizable digits.")
	}
	return clr.ToNumber(int64(u), t)
}

var bitMembers = []memberSpec{
	{"static bool IsLittleEndian", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return true }},
	{"static string ToString(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		b, _ := a[0].([]byte)
		parts := make([]string, len(b))
		for i, x := range b {
			parts[i] = strings.ToUpper(hex.EncodeToString([]byte{x}))
		}
		return m.Text(strings.Join(parts, "-"))
	}},
	{"static byte[] GetBytes(long)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return endian.LittleEndian.AppendUint64(nil, uint64(a[0].(int64)))
	}},
	{"static byte[] GetBytes(int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return endian.LittleEndian.AppendUint32(nil, uint32(a[0].(int32)))
	}},
	{"static byte[] GetBytes(short)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return endian.LittleEndian.AppendUint16(nil, uint16(a[0].(int16)))
	}},
	{"static int ToInt32(byte[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(endian.LittleEndian.Uint32(window(m, a[0], num(a[1]), 4)))
	}},
	{"static uint ToUInt32(byte[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return endian.LittleEndian.Uint32(window(m, a[0], num(a[1]), 4))
	}},
	{"static long ToInt64(byte[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int64(endian.LittleEndian.Uint64(window(m, a[0], num(a[1]), 8)))
	}},
	{"static ulong ToUInt64(byte[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return endian.LittleEndian.Uint64(window(m, a[0], num(a[1]), 8))
	}},
}

func window(m *clr.Machine, v clr.Value, from, n int) []byte {
	b, _ := v.([]byte)
	if from < 0 || n < 0 || from+n > len(b) {
		m.Throw(clr.TypeArgument, "Destination array is not long enough to copy all the items in the collection. Check array index and length.")
	}
	return b[from : from+n]
}
