package system

import (
	"math"

	"stile/policy/expr/clr"
)

// mathSpecs adds the rarer functions of Math.
func mathSpecs() []clr.TypeSpec {
	one := func(name string, f func(float64) float64) clr.MemberSpec {
		return clr.Line("static double "+name+"(double)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(a[0].(float64)) })
	}
	two := func(name string, f func(x, y float64) float64) clr.MemberSpec {
		return clr.Line("static double "+name+"(double, double)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return f(a[0].(float64), a[1].(float64))
		})
	}
	return []clr.TypeSpec{{Type: clr.TypeMath, Members: []clr.MemberSpec{
		one("Asin", math.Asin), one("Acos", math.Acos), one("Sinh", math.Sinh), one("Cosh", math.Cosh), one("Tanh", math.Tanh),
		two("Atan2", math.Atan2), two("IEEERemainder", math.Remainder),
		clr.Line("static long BigMul(int, int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int64(a[0].(int32)) * int64(a[1].(int32))
		}),
		clr.Line("static int DivRem(int, int, out int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			set(a[2], clr.IntegerOp(m, "%", a[0].(int32), a[1].(int32), -1))
			return clr.IntegerOp(m, "/", a[0].(int32), a[1].(int32), -1)
		}),
	}}}
}
