package value

import (
	"math"
	"strings"
)

// maxNesting bounds how deep values may nest where Go's stack follows them.
const maxNesting = 10000

// maxSteps bounds walks over values that share parts, which may be exponentially
// larger than the memory they take; maxText bounds the text made of them.
const (
	maxSteps = 20_000_000
	maxText  = 64 << 20
)

// Equal is the = operator: deep, numbers as doubles (NaN equals nothing), members
// in any order, functions only to themselves.
//
// Values that nest too deep, or hold themselves so often that comparing would not
// end, end the evaluation (see Machine.Spend).
func Equal(a, b Value) bool {
	steps := 0
	return equal(a, b, 0, &steps)
}

func equal(a, b Value, depth int, steps *int) bool {
	if a.Same(b) {
		return true
	}
	if a.kind != b.kind {
		return false
	}
	if depth > maxNesting {
		panic(Overflow())
	}
	if *steps++; *steps > maxSteps {
		panic(TooLong())
	}
	switch a.kind {
	case ArrayKind:
		x, y := a.Items(), b.Items()
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i], depth+1, steps) {
				return false
			}
		}
		return true
	case ObjectKind:
		x, y := a.Object(), b.Object()
		if x.Len() != y.Len() {
			return false
		}
		for _, m := range x.Members() {
			if !y.Has(m.Name) || !equal(m.Value, y.Get(m.Name), depth+1, steps) {
				return false
			}
		}
		return true
	}
	return false
}

// Truthy is what $boolean gives, false for undefined. Infinite numbers are an
// error D1001.
func Truthy(v Value) (bool, error) {
	steps := 0
	return truthy(v, 0, &steps)
}

func truthy(v Value, depth int, steps *int) (bool, error) {
	switch v.kind {
	case BoolKind:
		return v.num != 0, nil
	case StringKind:
		return v.str != "", nil
	case NumberKind:
		ok, err := Numeric(v)
		return ok && v.num != 0, err
	case ObjectKind:
		return v.Len() > 0, nil
	case ArrayKind:
		if depth > maxNesting {
			return false, Overflow()
		}
		if *steps++; *steps > maxSteps {
			return false, TooLong()
		}
		any := false
		for _, item := range v.Items() {
			t, err := truthy(item, depth+1, steps)
			if err != nil {
				return false, err
			}
			any = any || t
		}
		return any, nil
	}
	return false, nil
}

// Numeric reports a number that is not NaN; infinite ones are an error D1001.
func Numeric(v Value) (bool, error) {
	if v.kind != NumberKind || math.IsNaN(v.num) {
		return false, nil
	}
	if math.IsInf(v.num, 0) {
		return false, &Error{Code: "D1001", Value: v}
	}
	return true, nil
}

// CompareStrings orders strings as JavaScript does, by UTF-16 units.
func CompareStrings(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		// A character beyond U+FFFF begins with a surrogate, which is less than
		// U+E000 and above, though its UTF-8 begins with more.
		if x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0) {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		return 1
	}
	return strings.Compare(a[n:], b[n:])
}
