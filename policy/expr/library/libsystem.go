package library

import (
	"encoding/base64"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeConvert     = clr.TypeConvert
	typeEnvironment = clr.Statics("System.Environment")
	typeBuffer      = clr.Statics("System.Buffer")
)

var systemSpecs = []typeSpec{
	arraySpec,
	{typ: typeConvert, members: convertMembers()},
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

func window(m *clr.Machine, v clr.Value, from, n int) []byte {
	b, _ := v.([]byte)
	if from < 0 || n < 0 || from+n > len(b) {
		m.Throw(clr.TypeArgument, "Destination array is not long enough to copy all the items in the collection. Check array index and length.")
	}
	return b[from : from+n]
}
