package asl

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"stile/jsonval"
)

// roundHalfUp rounds a number to the nearest whole one, halves towards +infinity.
// ok is false for other kinds and beyond int64.
func roundHalfUp(v jsonval.Value) (int64, bool) {
	if v.Kind() != jsonval.Number {
		return 0, false
	}
	if n, ok := v.Int(); ok {
		return n, true
	}
	f, ok := v.Float()
	if !ok || math.Abs(f) >= 1<<62 {
		return 0, false
	}
	// big keeps the decimal text exact enough that 0.49999999999999999 stays below a half.
	b, _, err := big.ParseFloat(v.Text(), 10, 256, big.ToNearestEven)
	if err != nil {
		return 0, false
	}
	b.Add(b, big.NewFloat(0.5))
	n, acc := b.Int64()
	if b.Sign() < 0 && acc != big.Exact {
		n-- // Int64 cuts towards zero; the floor is wanted
	}
	return n, true
}

func mathAdd(c *callScope) (v jsonval.Value, err error) {
	sum := int64(0)
	for i := range 2 {
		n, err := c.integer(i)
		if err != nil {
			return v, err
		}
		if n < math.MinInt32 || n > math.MaxInt32 {
			return v, fmt.Errorf("argument %d is outside -2147483648 to 2147483647", i+1)
		}
		sum += n
	}
	return jsonval.OfInt(sum), nil
}

// mathRandom gives a whole number from the first argument (in) to the second
// (out); with a seed, the same one each time.
func mathRandom(c *callScope) (v jsonval.Value, err error) {
	start, err := c.integer(0)
	if err != nil {
		return v, err
	}
	end, err := c.integer(1)
	if err != nil {
		return v, err
	}
	if end <= start || start < -(1<<53) || end > 1<<53 {
		return v, errors.New("the end must be greater than the start")
	}
	var bits uint64
	if len(c.args) == 3 {
		seed, err := c.integer(2)
		if err != nil {
			return v, err
		}
		bits = mix(uint64(seed))
	} else {
		bits = c.rand()
	}
	return jsonval.OfInt(start + int64(bits%uint64(end-start))), nil
}

// mix spreads a seed over 64 bits (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

func uuid(c *callScope) (jsonval.Value, error) {
	hi := c.rand()
	return jsonval.OfString(uuidOf(hi, c.rand())), nil
}

// uuidOf makes a UUID of 128 random bits.
func uuidOf(hi, lo uint64) string {
	hi = hi&^0xF000 | 0x4000 // version 4
	lo = lo&^(3<<62) | 1<<63 // variant 10
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xFFFF, hi&0xFFFF, lo>>48, lo&(1<<48-1))
}
