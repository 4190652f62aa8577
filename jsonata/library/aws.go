package library

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"math"

	"stile/jsonata/value"
	"stile/jsonval"
)

// awsTable are the functions that Step Functions adds, and $random, to which it
// gives a seed. It publishes no signatures for them.
var awsTable = []value.Native{
	{Name: "partition", Signature: "<an:a>", Arity: 2, Call: given(partition)},
	{Name: "range", Signature: "<nnn:a>", Arity: 3, Call: given(rangeOf)},
	{Name: "hash", Signature: "<ss:s>", Arity: 2, Call: given(digest)},
	{Name: "random", Signature: "<n?:n>", Arity: 0, Call: random},
	{Name: "uuid", Signature: "<:s>", Arity: 0, Call: func(c *value.Call, _ []value.Value) (value.Value, error) {
		id, err := c.UUID()
		return value.OfString(id), err
	}},
	{Name: "parse", Signature: "<s-:x>", Arity: 1, Call: given(parse)},
}

// partition cuts an array into arrays of a size; the last may be shorter.
func partition(c *value.Call, args []value.Value) (value.Value, error) {
	size := math.Trunc(arg(args, 1).Num())
	if !(size >= 1) {
		return value.Undefined, own("The second argument of partition function must evaluate to a positive integer")
	}
	items := args[0].Items()
	charge(c, 2*len(items))
	out := &value.List{}
	for n := int(min(size, float64(len(items)))); len(items) > 0; {
		n = min(n, len(items))
		out.Push(value.OfItems(items[:n:n]...))
		items = items[n:]
	}
	return value.OfList(out), nil
}

// rangeOf counts from the first number to the second, which it may reach, by the
// third. One number stands for itself.
func rangeOf(c *value.Call, args []value.Value) (value.Value, error) {
	first, last, step := args[0].Num(), arg(args, 1), arg(args, 2)
	if last.IsUndefined() || step.IsUndefined() {
		return value.Undefined, nil
	}
	steps := (last.Num() - first) / step.Num()
	if step.Num() == 0 || math.IsNaN(steps) {
		return value.Undefined, own("The third argument of range function must not evaluate to zero")
	}
	out := value.NewSequence()
	n := int(min(math.Floor(steps), 1e12)) + 1
	if steps < 0 {
		return value.OfList(out), nil
	}
	charge(c, n)
	out.Items = make([]value.Value, n)
	for i := range n {
		out.Items[i] = value.OfNumber(first + float64(i)*step.Num())
	}
	return value.OfList(out), nil
}

// digest gives a hash of a string's UTF-8 in hexadecimal digits.
func digest(c *value.Call, args []value.Value) (value.Value, error) {
	kinds := map[string]func() hash.Hash{"MD5": md5.New, "SHA-1": sha1.New, "SHA-256": sha256.New, "SHA-384": sha512.New384, "SHA-512": sha512.New}
	kind := arg(args, 1).Str()
	if kinds[kind] == nil {
		return value.Undefined, own("The second argument of hash function must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512")
	}
	c.Spend(1 + len(args[0].Str())/8)
	h := kinds[kind]()
	h.Write([]byte(args[0].Str()))
	return text(c, hex.EncodeToString(h.Sum(nil))), nil
}

func random(c *value.Call, args []value.Value) (value.Value, error) {
	if seed := arg(args, 0); !seed.IsUndefined() {
		return value.OfNumber(seeded(seed.Num())), nil
	}
	f, err := c.Random()
	return value.OfNumber(f), err
}

// seeded gives the first double of java.util.Random's generator, a 48-bit linear
// congruence, for a seed cut to an integer.
func seeded(seed float64) float64 {
	const factor, mask = 0x5deece66d, 1<<48 - 1
	if !(math.Abs(seed) < 1<<63) {
		seed = 0
	}
	state := (uint64(int64(seed)) ^ factor) & mask
	state = (state*factor + 0xb) & mask
	high := state >> 22
	state = (state*factor + 0xb) & mask
	return float64(high<<27+state>>21) / (1 << 53)
}

// parse reads JSON text.
func parse(c *value.Call, args []value.Value) (value.Value, error) {
	s := args[0].Str()
	c.Spend(1 + len(s))
	c.Produce(len(s))
	v, err := jsonval.Parse([]byte(s))
	if err != nil {
		return value.Undefined, own("The argument of parse function is not valid JSON: " + err.Error())
	}
	return value.From(v), nil
}
