package expr

import (
	"math"
)

// promoted is C#'s binary numeric promotion; nil where two types have none.
func promoted(x, y *Type) *Type {
	has := func(t *Type) bool { return x.is(t) || y.is(t) }
	switch {
	case has(typeDecimal):
		if has(typeDouble) || has(typeFloat) {
			return nil
		}
		return typeDecimal
	case has(typeDouble):
		return typeDouble
	case has(typeFloat):
		return typeFloat
	case has(typeULong):
		if signed(x) || signed(y) {
			return nil
		}
		return typeULong
	case has(typeLong):
		return typeLong
	case has(typeUInt):
		if signed(x) || signed(y) {
			return typeLong
		}
		return typeUInt
	}
	return typeInt
}

func shifted(op string, v Value, by int32) Value {
	left := op == "<<"
	switch x := v.(type) {
	case int32:
		return shiftBy(x, uint(by&31), left)
	case uint32:
		return shiftBy(x, uint(by&31), left)
	case int64:
		return shiftBy(x, uint(by&63), left)
	case uint64:
		return shiftBy(x, uint(by&63), left)
	}
	return v
}

func shiftBy[T int32 | uint32 | int64 | uint64](x T, by uint, left bool) T {
	if left {
		return x << by
	}
	return x >> by
}

// numberOp computes over two values of one promoted type.
func numberOp(m *machine, op string, x, y Value, checked bool) Value {
	switch a := x.(type) {
	case int32:
		c := y.(int32)
		if checked {
			r := wideOp(m, op, int64(a), int64(c))
			if r != int64(int32(r)) {
				m.throw(typeOverflow, "Arithmetic operation resulted in an overflow.")
			}
			return int32(r)
		}
		return integerOp(m, op, a, c, -1)
	case int64:
		c := y.(int64)
		if checked {
			overflow64(m, op, a, c)
		}
		return integerOp(m, op, a, c, -1)
	case uint32:
		if checked {
			r := wideOp(m, op, int64(a), int64(y.(uint32)))
			if r != int64(uint32(r)) {
				m.throw(typeOverflow, "Arithmetic operation resulted in an overflow.")
			}
			return uint32(r)
		}
		return integerOp(m, op, a, y.(uint32), 0)
	case uint64:
		return integerOp(m, op, a, y.(uint64), 0)
	case float32:
		return float32(realOp(op, float64(a), float64(y.(float32))))
	case float64:
		return realOp(op, a, y.(float64))
	case Decimal:
		return decimalOp(m, op, a, y.(Decimal))
	}
	return x
}

func wideOp(m *machine, op string, a, c int64) int64 { return integerOp(m, op, a, c, -1) }

func overflow64(m *machine, op string, a, c int64) {
	bad := false
	switch op {
	case "+":
		bad = (a > 0 && c > math.MaxInt64-a) || (a < 0 && c < math.MinInt64-a)
	case "-":
		bad = (c < 0 && a > math.MaxInt64+c) || (c > 0 && a < math.MinInt64+c)
	case "*":
		bad = a != 0 && (a*c/a != c || a == -1 && c == math.MinInt64)
	}
	if bad {
		m.throw(typeOverflow, "Arithmetic operation resulted in an overflow.")
	}
}

// integerOp wraps as C# does unchecked. minus is -1 in a signed type, else 0.
func integerOp[T int32 | int64 | uint32 | uint64](m *machine, op string, a, c T, minus int) T {
	switch op {
	case "+":
		return a + c
	case "-":
		return a - c
	case "*":
		return a * c
	case "&":
		return a & c
	case "|":
		return a | c
	case "^":
		return a ^ c
	}
	if c == 0 {
		m.throw(typeDivideByZero, "Attempted to divide by zero.")
	}
	if minus < 0 && c+1 == 0 {
		if op == "%" {
			return 0
		}
		if a != 0 && -a == a {
			m.throw(typeOverflow, "Arithmetic operation resulted in an overflow.")
		}
		return -a
	}
	if op == "%" {
		return a % c
	}
	return a / c
}

func realOp(op string, a, c float64) float64 {
	switch op {
	case "+":
		return a + c
	case "-":
		return a - c
	case "*":
		return a * c
	case "/":
		return a / c
	}
	return math.Mod(a, c)
}

// compareNumbers compares two values of one type; NaN is unequal to everything.
func compareNumbers(op string, x, y Value) bool {
	if f, ok := x.(float64); ok {
		g := y.(float64)
		if math.IsNaN(f) || math.IsNaN(g) {
			return op == "!="
		}
	}
	if f, ok := x.(float32); ok && (f != f || y.(float32) != y.(float32)) {
		return op == "!="
	}
	return ordered(op, orderNumbers(x, y))
}

func unaryNumber(op string, v Value) Value {
	switch x := v.(type) {
	case int32:
		return signOf(op, x)
	case int64:
		return signOf(op, x)
	case uint32:
		if op == "~" {
			return ^x
		}
	case uint64:
		if op == "~" {
			return ^x
		}
	case float32:
		if op == "-" {
			return -x
		}
	case float64:
		if op == "-" {
			return -x
		}
	case Decimal:
		if op == "-" {
			return x.negate()
		}
	}
	return v
}

func signOf[T int32 | int64](op string, x T) Value {
	switch op {
	case "-":
		return -x
	case "~":
		return ^x
	}
	return x
}

func stripNullable(t *Type) *Type {
	if t.is(typeNullable) {
		return t.args[0]
	}
	return t
}

func ordered(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case ">":
		return c > 0
	case "<=":
		return c <= 0
	case ">=":
		return c >= 0
	case "==":
		return c == 0
	}
	return c != 0
}

func signed(t *Type) bool {
	return t.is(typeSByte) || t.is(typeShort) || t.is(typeInt) || t.is(typeLong)
}
