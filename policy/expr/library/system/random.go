package system

import (
	"math"

	"stile/policy/expr/clr"
)

var typeRandom = clr.Class("System.Random")

// Random is System.Random: Knuth's subtractive generator, whose numbers for a seed are
// .NET's.
type Random struct {
	seeds      [56]int32
	next, back int
}

// RuntimeType names the .NET type.
func (*Random) RuntimeType() *clr.Type { return typeRandom }

func newRandom(seed int32) *Random {
	r := &Random{back: 21}
	mj := int32(161803398)
	if seed == math.MinInt32 {
		mj -= math.MaxInt32
	} else {
		mj -= max(seed, -seed)
	}
	r.seeds[55] = mj
	mk := int32(1)
	for i := 1; i < 55; i++ {
		at := 21 * i % 55
		r.seeds[at] = mk
		if mk = mj - mk; mk < 0 {
			mk += math.MaxInt32
		}
		mj = r.seeds[at]
	}
	for k := 1; k < 5; k++ {
		for i := 1; i < 56; i++ {
			if r.seeds[i] -= r.seeds[1+(i+30)%55]; r.seeds[i] < 0 {
				r.seeds[i] += math.MaxInt32
			}
		}
	}
	return r
}

// sample gives the next number from 0 to below int.MaxValue.
func (r *Random) sample() int32 {
	if r.next++; r.next >= 56 {
		r.next = 1
	}
	if r.back++; r.back >= 56 {
		r.back = 1
	}
	n := r.seeds[r.next] - r.seeds[r.back]
	if n == math.MaxInt32 {
		n--
	}
	if n < 0 {
		n += math.MaxInt32
	}
	r.seeds[r.next] = n
	return n
}

// real gives the next number from 0 to below 1.
func (r *Random) real() float64 { return float64(r.sample()) * (1.0 / math.MaxInt32) }

func (r *Random) between(m *clr.Machine, least, most int64) clr.Value {
	if most < least {
		m.Throw(clr.TypeArgumentRange, "'minValue' cannot be greater than maxValue.\nParameter name: minValue")
	}
	if most-least <= math.MaxInt32 {
		return int32(int64(r.real()*float64(most-least)) + least)
	}
	n := r.sample()
	if r.sample()%2 == 0 {
		n = -n
	}
	wide := (float64(n) + math.MaxInt32 - 1) / (2*math.MaxInt32 - 1)
	return int32(int64(wide*float64(most-least)) + least)
}

func randomSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{{Type: typeRandom, Members: []clr.MemberSpec{
		clr.Line("new()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value { return newRandom(int32(m.Random())) }),
		clr.Line("new(int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return newRandom(a[0].(int32))
		}),
		clr.Line("int Next()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*Random).sample()
		}),
		clr.Line("int Next(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if clr.AsInt64(a[1]) < 0 {
				m.Throw(clr.TypeArgumentRange, "'maxValue' must be greater than zero.\nParameter name: maxValue")
			}
			return a[0].(*Random).between(m, 0, clr.AsInt64(a[1]))
		}),
		clr.Line("int Next(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*Random).between(m, clr.AsInt64(a[1]), clr.AsInt64(a[2]))
		}),
		clr.Line("double NextDouble()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Random).real() }),
		clr.Line("void NextBytes(byte[])", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			for i, b := 0, a[1].([]byte); i < len(b); i++ {
				b[i] = byte(a[0].(*Random).sample())
			}
			return nil
		}),
	}}}
}
