package xlinq

import (
	"fmt"
	"strings"

	"stile/policy/expr/clr"
)

// textValue is the text of an element or attribute that is cast.
func textValue(m *clr.Machine, v clr.Value) string {
	if a, ok := v.(*Attribute); ok {
		return a.a.Value
	}
	return valueOf(m, treeOf(v)).(string)
}

// readers read text as the explicit operators of XElement and XAttribute do.
var readers = []struct {
	typ  string
	read func(m *clr.Machine, s string) clr.Value
}{
	{"bool", readBool}, {"int", number(clr.TypeInt)}, {"uint", number(clr.TypeUInt)}, {"long", number(clr.TypeLong)},
	{"ulong", number(clr.TypeULong)}, {"float", number(clr.TypeFloat)}, {"double", number(clr.TypeDouble)},
	{"decimal", number(clr.TypeDecimal)}, {"DateTime", readDateTime},
	{"DateTimeOffset", func(m *clr.Machine, s string) clr.Value { return clr.ParseOffset(m, s) }},
	{"TimeSpan", func(m *clr.Machine, s string) clr.Value {
		d, ok := parseDuration(s)
		if !ok {
			m.Throw(clr.TypeFormat, "The string '"+s+"' is not a valid TimeSpan value.")
		}
		return d
	}},
	{"Guid", func(m *clr.Machine, s string) clr.Value { return clr.ParseGUID(m, s) }},
}

func readBool(m *clr.Machine, s string) clr.Value {
	switch strings.ToLower(strings.Trim(s, " \t\r\n")) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	m.Throw(clr.TypeFormat, fmt.Sprintf("The string '%s' is not a valid Boolean value.", strings.ToLower(s)))
	return nil
}

// number reads xs:int and its like: no thousands, INF for infinity.
func number(t *clr.Type) func(m *clr.Machine, s string) clr.Value {
	return func(m *clr.Machine, s string) clr.Value {
		s = strings.Trim(s, " \t\r\n")
		if !t.IsIntegral() && !t.Is(clr.TypeDecimal) {
			switch s {
			case "INF":
				return clr.ToNumber(clr.Infinity, t)
			case "-INF":
				return clr.ToNumber(-clr.Infinity, t)
			}
		}
		if strings.Contains(s, ",") {
			s = "?"
		}
		return clr.ParseNumber(m, s, t)
	}
}

func readDateTime(m *clr.Machine, s string) clr.Value {
	d := clr.ParseDateTime(m, s)
	if strings.HasSuffix(strings.TrimSpace(s), "Z") {
		d.Kind = clr.KindUTC
	}
	return d
}

// casts gives the explicit operators of an owner, for T and T?.
func casts(owner, param string) []clr.MemberSpec {
	out := []clr.MemberSpec{clr.Line("static string op_Explicit("+owner+")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if a[0] == nil {
			return nil
		}
		return textValue(m, a[0])
	})}
	for _, r := range readers {
		read := r.read
		out = append(out, clr.Line("static "+r.typ+" op_Explicit("+owner+")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			need(m, a[0], param)
			return read(m, textValue(m, a[0]))
		}), clr.Line("static "+r.typ+"? op_Explicit("+owner+")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[0] == nil {
				return nil
			}
			return read(m, textValue(m, a[0]))
		}))
	}
	return out
}
