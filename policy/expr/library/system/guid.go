package system

import (
	"stile/policy/expr/clr"
)

func guidSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{{Type: clr.TypeGuid, Bases: "IComparable", Members: []clr.MemberSpec{
		clr.Line("static Guid NewGuid()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
			if m.Env.NewGUID == nil {
				panic(clr.Exhausted("no source of GUIDs was given to this expression"))
			}
			return clr.ParseGUID(m, m.Env.NewGUID())
		}),
		clr.Line("static Guid Empty", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.GUID{} }),
		clr.Line("static Guid Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.ParseGUID(m, needText(m, a[0], "input"))
		}),
		clr.Line("static bool TryParse(string, out Guid)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			g, ok := clr.ReadGUID(text(a[0]))
			set(a[1], g)
			return ok
		}),
		clr.Line("new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.ParseGUID(m, needText(m, a[0], "g"))
		}),
		clr.Line("new(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, _ := a[0].([]byte)
			if len(b) != 16 {
				m.Throw(clr.TypeArgument, "Byte array for GUID must be exactly 16 bytes long.\nParameter name: b")
			}
			return clr.GUID(b).Swapped()
		}),
		clr.Line("byte[] ToByteArray()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			g := a[0].(clr.GUID).Swapped()
			return g[:]
		}),
		clr.Line("string ToString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(clr.GUID).Format(m, text(a[1]))
		}),
		clr.Line("bool Equals(Guid)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }),
		clr.Line("int CompareTo(Guid)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.CompareValues(m, a[0], a[1]))
		}),
		clr.Line("int GetHashCode()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return sum32(clr.Text(a[0])) }),
	}}}
}

// sum32 is GetHashCode: .NET's own is not stable between runs, so that any fixed
// function serves.
func sum32(s string) int32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int32(h)
}
