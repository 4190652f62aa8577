package library

import (
	"math"

	"stile/policy/expr/clr"
)

var typeMath = clr.TypeMath

// Constants are the static properties that C# takes as compile-time constants.
var Constants = map[string]clr.Value{
	"static string Empty": "",
}

var numberSpecs = []typeSpec{
	numberSpec(clr.TypeSByte), numberSpec(clr.TypeByte), numberSpec(clr.TypeShort), numberSpec(clr.TypeUShort), numberSpec(clr.TypeInt),
	numberSpec(clr.TypeUInt), numberSpec(clr.TypeLong), numberSpec(clr.TypeULong), numberSpec(clr.TypeFloat), numberSpec(clr.TypeDouble),
	numberSpec(clr.TypeDecimal), boolSpec, charSpec, mathSpec,
}

// numberSpec is the table of one numeric type.
func numberSpec(t *clr.Type) typeSpec {
	k := t.Def.Keyword
	list := []memberSpec{
		{"static " + k + " Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.ParseNumber(m, need(m, a[0], "String"), t)
		}},
		{"static " + k + " Parse(string, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.ParseNumber(m, need(m, a[0], "String"), t)
		}},
		{"static bool TryParse(string, out " + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return tryNumber(a[0], a[1], t) }},
		{"static bool TryParse(string, NumberStyles, IFormatProvider, out " + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return tryNumber(a[0], a[3], t)
		}},
		{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Text(a[0]) }},
		{"string ToString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(clr.FormatNumber(m, a[0], str(a[1])))
		}},
		{"string ToString(IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Text(a[0]) }},
		{"string ToString(string, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(clr.FormatNumber(m, a[0], str(a[1])))
		}},
		{"int CompareTo(" + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.OrderNumbers(a[0], a[1]))
		}},
		{"bool Equals(" + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.EqualValues(m, a[0], a[1]) }},
		{"int GetHashCode()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.AsInt64(a[0])) ^ int32(clr.AsInt64(a[0])>>32)
		}},
	}
	least, most := clr.Value(nil), clr.Value(nil)
	switch {
	case t.Is(clr.TypeULong):
		least, most = uint64(0), uint64(math.MaxUint64)
	case t.IsIntegral():
		l, h := clr.Limits(t)
		least, most = clr.ToNumber(l, t), clr.ToNumber(h, t)
	case t.Is(clr.TypeDouble):
		least, most = -math.MaxFloat64, math.MaxFloat64
		list = append(list, realMembers...)
	case t.Is(clr.TypeFloat):
		least, most = float32(-math.MaxFloat32), float32(math.MaxFloat32)
	case t.Is(clr.TypeDecimal):
		least, most = clr.Decimal{N: clr.MaxCoefficient, Scale: 0}.Negate(), clr.Decimal{N: clr.MaxCoefficient, Scale: 0}
		list = append(list, decimalMembers...)
	}
	list = append(list,
		memberSpec{"static " + k + " MinValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return least }},
		memberSpec{"static " + k + " MaxValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return most }})
	return typeSpec{typ: t, bases: "IComparable", members: list}
}

func tryNumber(s, to clr.Value, t *clr.Type) clr.Value {
	v, fault := clr.ReadNumber(str(s), t)
	if fault != "" || s == nil {
		out(to, t.Zero())
		return false
	}
	out(to, v)
	return true
}

var realMembers = []memberSpec{
	{"static bool IsNaN(double)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return math.IsNaN(a[0].(float64)) }},
	{"static bool IsInfinity(double)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return math.IsInf(a[0].(float64), 0) }},
	{"static double NaN", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.Nan }},
	{"static double PositiveInfinity", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.Infinity }},
	{"static double NegativeInfinity", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return -clr.Infinity }},
}

var decimalMembers = []memberSpec{
	{"static decimal Zero", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.Decimal{} }},
	{"static decimal One", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.AsDecimal(int32(1)) }},
	{"static decimal Round(decimal)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(clr.Decimal).Round(0, false)
	}},
	{"static decimal Round(decimal, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return roundDecimal(m, a[0], a[1], false)
	}},
	{"static decimal Truncate(decimal)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return wholeDecimal(a[0].(clr.Decimal), 0)
	}},
	{"static decimal Floor(decimal)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return wholeDecimal(a[0].(clr.Decimal), -1)
	}},
	{"static decimal Ceiling(decimal)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return wholeDecimal(a[0].(clr.Decimal), 1)
	}},
}

// wholeDecimal cuts the fraction: towards zero, down (-1) or up (1).
func wholeDecimal(d clr.Decimal, way int) clr.Decimal {
	w := clr.Decimal{N: d.Coefficient()}
	w.N = w.N.Quo(d.Coefficient(), clr.Pow10(d.Scale))
	if c := d.Compare(w); c*way > 0 {
		return clr.DecimalOp(nil, "+", w, clr.AsDecimal(int32(way)).(clr.Decimal))
	}
	return w
}

var boolSpec = typeSpec{typ: clr.TypeBool, bases: "IComparable", members: []memberSpec{
	{"static bool Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.ToBoolean(m, need(m, a[0], "value"))
	}},
	{"static bool TryParse(string, out bool)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		b, ok := clr.ParseBool(str(a[0]))
		out(a[1], b)
		return ok
	}},
	{"static string TrueString", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "True" }},
	{"static string FalseString", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return "False" }},
	{"bool Equals(bool)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }},
	{"int CompareTo(bool)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(clr.CompareValues(m, a[0], a[1]))
	}},
}}

func unary1(sig string, f func(float64) float64) memberSpec {
	return memberSpec{sig, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(a[0].(float64)) }}
}

var mathSpec = typeSpec{typ: typeMath, members: append(append([]memberSpec{
	unary1("static double Sqrt(double)", math.Sqrt), unary1("static double Log(double)", math.Log),
	unary1("static double Log10(double)", math.Log10), unary1("static double Exp(double)", math.Exp),
	unary1("static double Sin(double)", math.Sin), unary1("static double Cos(double)", math.Cos),
	unary1("static double Tan(double)", math.Tan), unary1("static double Atan(double)", math.Atan),
	unary1("static double Floor(double)", math.Floor), unary1("static double Ceiling(double)", math.Ceil),
	unary1("static double Truncate(double)", math.Trunc), unary1("static double Round(double)", math.RoundToEven),
	{"static double Pow(double, double)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return math.Pow(a[0].(float64), a[1].(float64))
	}},
	{"static double Log(double, double)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return math.Log(a[0].(float64)) / math.Log(a[1].(float64))
	}},
	{"static double PI", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return math.Pi }},
	{"static double E", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return math.E }},
	{"static double Round(double, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return roundReal(m, a[0].(float64), num(a[1]), false)
	}},
	{"static double Round(double, MidpointRounding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return roundReal(m, a[0].(float64), 0, a[1].(clr.Enum).N == 1)
	}},
	{"static double Round(double, int, MidpointRounding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return roundReal(m, a[0].(float64), num(a[1]), a[2].(clr.Enum).N == 1)
	}},
	{"static decimal Round(decimal, int, MidpointRounding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return roundDecimal(m, a[0], a[1], a[2].(clr.Enum).N == 1)
	}},
	{"static long DivRem(long, long, out long)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		out(a[2], clr.IntegerOp(m, "%", a[0].(int64), a[1].(int64), -1))
		return clr.IntegerOp(m, "/", a[0].(int64), a[1].(int64), -1)
	}},
}, decimalMembers[2:]...), minMaxMembers()...)}

// minMaxMembers are Max, Min, Abs and Sign for every type that has them.
func minMaxMembers() []memberSpec {
	var out []memberSpec
	for _, t := range []*clr.Type{clr.TypeSByte, clr.TypeByte, clr.TypeShort, clr.TypeUShort, clr.TypeInt, clr.TypeUInt, clr.TypeLong, clr.TypeULong, clr.TypeFloat, clr.TypeDouble, clr.TypeDecimal} {
		k := t.Def.Keyword
		out = append(out,
			memberSpec{"static " + k + " Max(" + k + ", " + k + ")", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				if clr.OrderNumbers(a[0], a[1]) < 0 {
					return a[1]
				}
				return a[0]
			}},
			memberSpec{"static " + k + " Min(" + k + ", " + k + ")", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				if clr.OrderNumbers(a[0], a[1]) > 0 {
					return a[1]
				}
				return a[0]
			}})
		if !t.IsIntegral() || clr.Signed(t) {
			zero := t.Zero()
			out = append(out,
				memberSpec{"static " + k + " Abs(" + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
					if clr.OrderNumbers(a[0], zero) >= 0 {
						return a[0]
					}
					wide := clr.Promoted(t, t)
					n := clr.UnaryNumber("-", clr.ToNumber(a[0], wide))
					if t.IsIntegral() && clr.AsInt64(n) < 0 {
						m.Throw(clr.TypeOverflow, "Negating the minimum value of a twos complement number is invalid.")
					}
					return clr.ToNumber(n, t)
				}},
				memberSpec{"static int Sign(" + k + ")", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
					return int32(clr.OrderNumbers(a[0], zero))
				}})
		}
	}
	return out
}

// roundDecimal checks the digits as .NET does.
func roundDecimal(m *clr.Machine, d, digits clr.Value, away bool) clr.Value {
	n := num(digits)
	if n < 0 || n > 28 {
		m.Throw(clr.TypeArgumentRange, "Decimal can only round to between 0 and 28 digits of precision.\nParameter name: decimals")
	}
	return d.(clr.Decimal).Round(n, away)
}

func roundReal(m *clr.Machine, f float64, digits int, away bool) float64 {
	if digits < 0 || digits > 15 {
		m.Throw(clr.TypeArgumentRange, "Rounding digits must be between 0 and 15, inclusive.\nParameter name: digits")
	}
	scale := math.Pow(10, float64(digits))
	if away {
		return math.Round(f*scale) / scale
	}
	return math.RoundToEven(f*scale) / scale
}
