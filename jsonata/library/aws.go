package library

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"

	"stile/jsonata/value"
	"stile/jsonval"
)

// awsTable are the functions that Step Functions adds, and $random, to which it
// gives a seed. It publishes no signatures for them: what they take and refuse is as
// it was measured there.
var awsTable = []value.Native{
	{Name: "partition", Signature: "<x?n?:a>", Arity: 2, Call: given(partition)},
	{Name: "range", Signature: "<nnn?:a>", Arity: 3, Call: given(rangeOf)},
	{Name: "hash", Signature: "<ss?:s>", Arity: 2, Call: given(digest)},
	{Name: "random", Signature: "<n?:n>", Arity: 0, Call: random},
	{Name: "uuid", Signature: "<:s>", Arity: 0, Call: func(c *value.Call, _ []value.Value) (value.Value, error) {
		id, err := c.UUID()
		return value.OfString(id), err
	}},
	{Name: "parse", Signature: "<s-:x>", Arity: 1, Call: given(parse)},
}

// refused is the error of a value that Step Functions' functions do not take.
func refused(text string) error { return &value.Error{Code: "D3137", Text: text} }

// partition cuts an array into arrays of a size; the last may be shorter. Without a
// size it is one piece.
func partition(c *value.Call, args []value.Value) (value.Value, error) {
	if !args[0].IsArray() {
		return value.Undefined, fault("T0412", args[0], 1)
	}
	items, size := args[0].Items(), int64(args[0].Len())
	if n := arg(args, 1); !n.IsUndefined() {
		size = min(n.Int(), size)
	}
	switch {
	case len(items) == 0 || size == 0:
		return value.Undefined, nil
	case size < 0:
		return value.Undefined, refused("Second argument must be zero or greater")
	}
	charge(c, 2*len(items))
	out := &value.List{}
	for n := int(size); len(items) > 0; items = items[n:] {
		n = min(n, len(items))
		out.Push(value.OfItems(items[:n:n]...))
	}
	return value.OfList(out), nil
}

// mostOfRange is how many numbers of $range Step Functions has memory for.
const mostOfRange = 360_145

// rangeOf counts from the first number to the second, which it may reach, by the
// third, all cut towards zero. One number stands for itself; where the third leads
// away, is zero or missing, there are none.
func rangeOf(c *value.Call, args []value.Value) (value.Value, error) {
	first, last, step := args[0].Int(), arg(args, 1).Int(), arg(args, 2).Int()
	if arg(args, 1).IsUndefined() || step == 0 || first < last && step < 0 || first > last && step > 0 {
		return value.Undefined, nil
	}
	way, stride := uint64(last)-uint64(first), uint64(step) // both may be more than an int64
	if step < 0 {
		way, stride = -way, -stride
	}
	if way/stride >= mostOfRange {
		return value.Undefined, value.TooLarge()
	}
	n := int(way/stride) + 1
	charge(c, n)
	out := value.NewSequence()
	out.Items = make([]value.Value, n)
	for i := range n {
		out.Items[i] = value.OfInt(first + int64(i)*step)
	}
	return value.OfList(out), nil
}

// digest gives a hash of a string's UTF-8 in hexadecimal digits.
func digest(c *value.Call, args []value.Value) (value.Value, error) {
	if arg(args, 1).IsUndefined() {
		return value.Undefined, nil
	}
	kinds := map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-384": sha512.New384, "SHA-512": sha512.New}
	kind := args[1].Str()
	if kinds[kind] == nil {
		return value.Undefined, refused("Hash algorithm '" + kind + "' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5")
	}
	c.Spend(1 + len(args[0].Str())/8)
	h := kinds[kind]()
	h.Write([]byte(args[0].Str()))
	return text(c, hex.EncodeToString(h.Sum(nil))), nil
}

func random(c *value.Call, args []value.Value) (value.Value, error) {
	if seed := arg(args, 0); !seed.IsUndefined() {
		return value.OfNumber(seeded(seed.Int())), nil
	}
	f, err := c.Random()
	return value.OfNumber(f), err
}

// seeded gives the first double of java.util.Random's generator, a 48-bit linear
// congruence, for a seed.
func seeded(seed int64) float64 {
	const factor, mask = 0x5deece66d, 1<<48 - 1
	state := (uint64(seed) ^ factor) & mask
	state = (state*factor + 0xb) & mask
	high := state >> 22
	state = (state*factor + 0xb) & mask
	return float64(high<<27+state>>21) / (1 << 53)
}

// parse reads JSON text: one value, no name twice in an object, no number that is too
// large.
func parse(c *value.Call, args []value.Value) (value.Value, error) {
	s := args[0].Str()
	c.Spend(1 + len(s))
	c.Produce(len(s))
	v, err := jsonval.Parse([]byte(s))
	if err != nil || !value.Strict(v) {
		return value.Undefined, refused("Invalid JSON")
	}
	return value.From(v), nil
}
