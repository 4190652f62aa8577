package clr

import (
	"math"
)

// Promoted is C#'s binary numeric promotion; nil where two types have none.
func Promoted(x, y *Type) *Type {
	has := func(t *Type) bool { return x.Is(t) || y.Is(t) }
	switch {
	case has(TypeDecimal):
		if has(TypeDouble) || has(TypeFloat) {
			return nil
		}
		return TypeDecimal
	case has(TypeDouble):
		return TypeDouble
	case has(TypeFloat):
		return TypeFloat
	case has(TypeULong):
		if Signed(x) || Signed(y) {
			return nil
		}
		return TypeULong
	case has(TypeLong):
		return TypeLong
	case has(TypeUInt):
		if Signed(x) || Signed(y) {
			return TypeLong
		}
		return TypeUInt
	}
	return TypeInt
}

// Shifted computes << and >> over a promoted value; the count is masked as C# masks it.
func Shifted(op string, v Value, by int32) Value {
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

// NumberOp computes over two values of one promoted type.
func NumberOp(m *Machine, op string, x, y Value, checked bool) Value {
	switch a := x.(type) {
	case int32:
		c := y.(int32)
		if checked {
			r := wideOp(m, op, int64(a), int64(c))
			if r != int64(int32(r)) {
				m.Throw(TypeOverflow, "Arithmetic operation resulted in an overflow.")
			}
			return int32(r)
		}
		return IntegerOp(m, op, a, c, -1)
	case int64:
		c := y.(int64)
		if checked {
			overflow64(m, op, a, c)
		}
		return IntegerOp(m, op, a, c, -1)
	case uint32:
		if checked {
			r := wideOp(m, op, int64(a), int64(y.(uint32)))
			if r != int64(uint32(r)) {
				m.Throw(TypeOverflow, "Arithmetic operation resulted in an overflow.")
			}
			return uint32(r)
		}
		return IntegerOp(m, op, a, y.(uint32), 0)
	case uint64:
		return IntegerOp(m, op, a, y.(uint64), 0)
	case float32:
		return float32(realOp(op, float64(a), float64(y.(float32))))
	case float64:
		return realOp(op, a, y.(float64))
	case Decimal:
		return DecimalOp(m, op, a, y.(Decimal))
	}
	return x
}

func wideOp(m *Machine, op string, a, c int64) int64 { return IntegerOp(m, op, a, c, -1) }

func overflow64(m *Machine, op string, a, c int64) {
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
		m.Throw(TypeOverflow, "Arithmetic operation resulted in an overflow.")
	}
}

// IntegerOp wraps as C# does unchecked. minus is -1 in a signed type, else 0.
func IntegerOp[T int32 | int64 | uint32 | uint64](m *Machine, op string, a, c T, minus int) T {
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
		m.Throw(TypeDivideByZero, "Attempted to divide by zero.")
	}
	if minus < 0 && c+1 == 0 {
		if op == "%" {
			return 0
		}
		if a != 0 && -a == a {
			m.Throw(TypeOverflow, "Arithmetic operation resulted in an overflow.")
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

// CompareNumbers compares two values of one type; NaN is unequal to everything.
func CompareNumbers(op string, x, y Value) bool {
	if f, ok := x.(float64); ok {
		g := y.(float64)
		if math.IsNaN(f) || math.IsNaN(g) {
			return op == "!="
		}
	}
	if f, ok := x.(float32); ok && (f != f || y.(float32) != y.(float32)) {
		return op == "!="
	}
	return Ordered(op, OrderNumbers(x, y))
}

// UnaryNumber computes - or ~ over a promoted number; any other operator leaves it.
func UnaryNumber(op string, v Value) Value {
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
			return x.Negate()
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

// StripNullable gives T for T?, else the type itself.
func StripNullable(t *Type) *Type {
	if t.Is(TypeNullable) {
		return t.Args[0]
	}
	return t
}

// Ordered reads a comparison operator over the result of an ordering.
func Ordered(op string, c int) bool {
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

// Signed tells the four signed integral types.
func Signed(t *Type) bool {
	return t.Is(TypeSByte) || t.Is(TypeShort) || t.Is(TypeInt) || t.Is(TypeLong)
}
