package expr

import (
	"math"
)

var typeMath = statics("System.Math")

// constants are the static properties that C# takes as compile-time constants.
var constants = map[string]Value{
	"static string Empty": "",
}

var numberSpecs = []typeSpec{
	numberSpec(typeSByte), numberSpec(typeByte), numberSpec(typeShort), numberSpec(typeUShort), numberSpec(typeInt),
	numberSpec(typeUInt), numberSpec(typeLong), numberSpec(typeULong), numberSpec(typeFloat), numberSpec(typeDouble),
	numberSpec(typeDecimal), boolSpec, charSpec, mathSpec,
}

// numberSpec is the table of one numeric type.
func numberSpec(t *Type) typeSpec {
	k := t.def.keyword
	list := []memberSpec{
		{"static " + k + " Parse(string)", func(m *machine, _ []*Type, a []Value) Value { return parseNumber(m, need(m, a[0], "String"), t) }},
		{"static " + k + " Parse(string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value {
			return parseNumber(m, need(m, a[0], "String"), t)
		}},
		{"static bool TryParse(string, out " + k + ")", func(m *machine, _ []*Type, a []Value) Value { return tryNumber(a[0], a[1], t) }},
		{"static bool TryParse(string, NumberStyles, IFormatProvider, out " + k + ")", func(m *machine, _ []*Type, a []Value) Value {
			return tryNumber(a[0], a[3], t)
		}},
		{"string ToString()", func(m *machine, _ []*Type, a []Value) Value { return text(a[0]) }},
		{"string ToString(string)", func(m *machine, _ []*Type, a []Value) Value { return m.text(formatNumber(m, a[0], str(a[1]))) }},
		{"string ToString(IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value { return text(a[0]) }},
		{"string ToString(string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value {
			return m.text(formatNumber(m, a[0], str(a[1])))
		}},
		{"int CompareTo(" + k + ")", func(m *machine, _ []*Type, a []Value) Value { return int32(orderNumbers(a[0], a[1])) }},
		{"bool Equals(" + k + ")", func(m *machine, _ []*Type, a []Value) Value { return equalValues(m, a[0], a[1]) }},
		{"int GetHashCode()", func(m *machine, _ []*Type, a []Value) Value { return int32(asInt64(a[0])) ^ int32(asInt64(a[0])>>32) }},
	}
	least, most := Value(nil), Value(nil)
	switch {
	case t.is(typeULong):
		least, most = uint64(0), uint64(math.MaxUint64)
	case t.isIntegral():
		l, h := limits(t)
		least, most = toNumber(l, t), toNumber(h, t)
	case t.is(typeDouble):
		least, most = -math.MaxFloat64, math.MaxFloat64
		list = append(list, realMembers...)
	case t.is(typeFloat):
		least, most = float32(-math.MaxFloat32), float32(math.MaxFloat32)
	case t.is(typeDecimal):
		least, most = Decimal{maxCoefficient, 0}.negate(), Decimal{maxCoefficient, 0}
		list = append(list, decimalMembers...)
	}
	list = append(list,
		memberSpec{"static " + k + " MinValue", func(*machine, []*Type, []Value) Value { return least }},
		memberSpec{"static " + k + " MaxValue", func(*machine, []*Type, []Value) Value { return most }})
	return typeSpec{typ: t, bases: "IComparable", members: list}
}

func tryNumber(s, to Value, t *Type) Value {
	v, fault := readNumber(str(s), t)
	if fault != "" || s == nil {
		out(to, t.zero())
		return false
	}
	out(to, v)
	return true
}

var realMembers = []memberSpec{
	{"static bool IsNaN(double)", func(_ *machine, _ []*Type, a []Value) Value { return math.IsNaN(a[0].(float64)) }},
	{"static bool IsInfinity(double)", func(_ *machine, _ []*Type, a []Value) Value { return math.IsInf(a[0].(float64), 0) }},
	{"static double NaN", func(*machine, []*Type, []Value) Value { return nan }},
	{"static double PositiveInfinity", func(*machine, []*Type, []Value) Value { return infinity }},
	{"static double NegativeInfinity", func(*machine, []*Type, []Value) Value { return -infinity }},
}

var decimalMembers = []memberSpec{
	{"static decimal Zero", func(*machine, []*Type, []Value) Value { return Decimal{} }},
	{"static decimal One", func(*machine, []*Type, []Value) Value { return asDecimal(int32(1)) }},
	{"static decimal Round(decimal)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(Decimal).round(0, false) }},
	{"static decimal Round(decimal, int)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(Decimal).round(num(a[1]), false) }},
	{"static decimal Truncate(decimal)", func(_ *machine, _ []*Type, a []Value) Value { return wholeDecimal(a[0].(Decimal), 0) }},
	{"static decimal Floor(decimal)", func(_ *machine, _ []*Type, a []Value) Value { return wholeDecimal(a[0].(Decimal), -1) }},
	{"static decimal Ceiling(decimal)", func(_ *machine, _ []*Type, a []Value) Value { return wholeDecimal(a[0].(Decimal), 1) }},
}

// wholeDecimal cuts the fraction: towards zero, down (-1) or up (1).
func wholeDecimal(d Decimal, way int) Decimal {
	w := Decimal{n: d.coefficient()}
	w.n = w.n.Quo(d.coefficient(), pow10(d.scale))
	if c := d.compare(w); c*way > 0 {
		return decimalOp(nil, "+", w, asDecimal(int32(way)).(Decimal))
	}
	return w
}

var boolSpec = typeSpec{typ: typeBool, bases: "IComparable", members: []memberSpec{
	{"static bool Parse(string)", func(m *machine, _ []*Type, a []Value) Value {
		return toBoolean(m, need(m, a[0], "value"))
	}},
	{"static bool TryParse(string, out bool)", func(m *machine, _ []*Type, a []Value) Value {
		b, ok := parseBool(str(a[0]))
		out(a[1], b)
		return ok
	}},
	{"static string TrueString", func(*machine, []*Type, []Value) Value { return "True" }},
	{"static string FalseString", func(*machine, []*Type, []Value) Value { return "False" }},
	{"bool Equals(bool)", func(m *machine, _ []*Type, a []Value) Value { return a[0] == a[1] }},
	{"int CompareTo(bool)", func(m *machine, _ []*Type, a []Value) Value { return int32(compareValues(m, a[0], a[1])) }},
}}

func unary1(sig string, f func(float64) float64) memberSpec {
	return memberSpec{sig, func(_ *machine, _ []*Type, a []Value) Value { return f(a[0].(float64)) }}
}

var mathSpec = typeSpec{typ: typeMath, members: append(append([]memberSpec{
	unary1("static double Sqrt(double)", math.Sqrt), unary1("static double Log(double)", math.Log),
	unary1("static double Log10(double)", math.Log10), unary1("static double Exp(double)", math.Exp),
	unary1("static double Sin(double)", math.Sin), unary1("static double Cos(double)", math.Cos),
	unary1("static double Tan(double)", math.Tan), unary1("static double Atan(double)", math.Atan),
	unary1("static double Floor(double)", math.Floor), unary1("static double Ceiling(double)", math.Ceil),
	unary1("static double Truncate(double)", math.Trunc), unary1("static double Round(double)", math.RoundToEven),
	{"static double Pow(double, double)", func(_ *machine, _ []*Type, a []Value) Value { return math.Pow(a[0].(float64), a[1].(float64)) }},
	{"static double Log(double, double)", func(_ *machine, _ []*Type, a []Value) Value {
		return math.Log(a[0].(float64)) / math.Log(a[1].(float64))
	}},
	{"static double PI", func(*machine, []*Type, []Value) Value { return math.Pi }},
	{"static double E", func(*machine, []*Type, []Value) Value { return math.E }},
	{"static double Round(double, int)", func(_ *machine, _ []*Type, a []Value) Value { return roundReal(a[0].(float64), num(a[1]), false) }},
	{"static double Round(double, MidpointRounding)", func(_ *machine, _ []*Type, a []Value) Value {
		return roundReal(a[0].(float64), 0, a[1].(Enum).n == 1)
	}},
	{"static double Round(double, int, MidpointRounding)", func(_ *machine, _ []*Type, a []Value) Value {
		return roundReal(a[0].(float64), num(a[1]), a[2].(Enum).n == 1)
	}},
	{"static decimal Round(decimal, int, MidpointRounding)", func(_ *machine, _ []*Type, a []Value) Value {
		return a[0].(Decimal).round(num(a[1]), a[2].(Enum).n == 1)
	}},
	{"static long DivRem(long, long, out long)", func(m *machine, _ []*Type, a []Value) Value {
		out(a[2], integerOp(m, "%", a[0].(int64), a[1].(int64), -1))
		return integerOp(m, "/", a[0].(int64), a[1].(int64), -1)
	}},
}, decimalMembers[2:]...), minMaxMembers()...)}

// minMaxMembers are Max, Min, Abs and Sign for every type that has them.
func minMaxMembers() []memberSpec {
	var out []memberSpec
	for _, t := range []*Type{typeSByte, typeByte, typeShort, typeUShort, typeInt, typeUInt, typeLong, typeULong, typeFloat, typeDouble, typeDecimal} {
		k := t.def.keyword
		out = append(out,
			memberSpec{"static " + k + " Max(" + k + ", " + k + ")", func(_ *machine, _ []*Type, a []Value) Value {
				if orderNumbers(a[0], a[1]) < 0 {
					return a[1]
				}
				return a[0]
			}},
			memberSpec{"static " + k + " Min(" + k + ", " + k + ")", func(_ *machine, _ []*Type, a []Value) Value {
				if orderNumbers(a[0], a[1]) > 0 {
					return a[1]
				}
				return a[0]
			}})
		if !t.isIntegral() || signed(t) {
			zero := t.zero()
			out = append(out,
				memberSpec{"static " + k + " Abs(" + k + ")", func(m *machine, _ []*Type, a []Value) Value {
					if orderNumbers(a[0], zero) >= 0 {
						return a[0]
					}
					wide := promoted(t, t)
					n := unaryNumber("-", toNumber(a[0], wide))
					if t.isIntegral() && asInt64(n) < 0 {
						m.throw(typeOverflow, "Negating the minimum value of a twos complement number is invalid.")
					}
					return toNumber(n, t)
				}},
				memberSpec{"static int Sign(" + k + ")", func(_ *machine, _ []*Type, a []Value) Value { return int32(orderNumbers(a[0], zero)) }})
		}
	}
	return out
}

func roundReal(f float64, digits int, away bool) float64 {
	scale := math.Pow(10, float64(digits))
	if away {
		return math.Round(f*scale) / scale
	}
	return math.RoundToEven(f*scale) / scale
}
