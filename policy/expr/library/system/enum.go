package system

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

func enumSpecs() []clr.TypeSpec {
	try := func(ignoreCase func(a []clr.Value) bool) clr.Native {
		return func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			s, _ := a[0].(string)
			n, ok := parseEnum(t[0], s, ignoreCase(a))
			set(a[len(a)-1], clr.Enum{Type: t[0], N: n})
			return ok
		}
	}
	return []clr.TypeSpec{{Type: clr.TypeEnum, Bases: "IComparable", Members: []clr.MemberSpec{
		clr.Line("static bool TryParse<T>(string value, out T result)", try(func([]clr.Value) bool { return false })),
		clr.Line("static bool TryParse<T>(string value, bool ignoreCase, out T result)", try(func(a []clr.Value) bool { return a[1] == true })),
		clr.Line("bool HasFlag(Enum flag)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			x, y := a[0].(clr.Enum), a[1]
			flag, ok := y.(clr.Enum)
			if !ok {
				null(m, "flag")
			}
			return x.N&flag.N == flag.N
		}),
		clr.Line("int CompareTo(object target)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			other, ok := a[1].(clr.Enum)
			if !ok {
				return int32(1)
			}
			return int32(clr.Order(a[0].(clr.Enum).N, other.N))
		}),
		clr.Line("string ToString(string format)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			e := a[0].(clr.Enum)
			s, _ := a[1].(string)
			switch s {
			case "", "G", "g", "F", "f":
				return e.String()
			case "D", "d":
				return strconv.Itoa(int(e.N))
			case "X", "x":
				return clr.FormatNumber(m, e.N, "X8")
			}
			m.Throw(clr.TypeFormat, "Format String can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\".")
			return nil
		}),
	}}}
}

// parseEnum reads a constant's name or number, or several with commas between.
func parseEnum(t *clr.Type, s string, ignoreCase bool) (n int32, ok bool) {
	if !t.IsEnum() || strings.TrimSpace(s) == "" {
		return 0, false
	}
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		if v, err := strconv.ParseInt(part, 10, 32); err == nil {
			n |= int32(v)
			continue
		}
		found := false
		for i, name := range t.Def.Names {
			if name == part || ignoreCase && strings.EqualFold(name, part) {
				n, found = n|t.Def.Numbers[i], true
				break
			}
		}
		if !found {
			return 0, false
		}
	}
	return n, true
}
