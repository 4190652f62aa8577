package library

import (
	"math"
	"strings"

	"stile/jsonata/value"
)

func contains(c *value.Call, args []value.Value) (value.Value, error) {
	c.Spend(1 + len(args[0].Str())/8)
	if args[1].IsString() {
		return value.OfBool(strings.Contains(args[0].Str(), args[1].Str())), nil
	}
	rs := decoded(args[0].Str())
	c.Produce(4 * len(rs))
	m, err := search(c, "contains", args[1], args[0], rs)
	return value.OfBool(m != nil), err
}

func split(c *value.Call, args []value.Value) (value.Value, error) {
	separator, limit := args[1], arg(args, 2)
	if limit.Num() < 0 {
		return value.Undefined, fault("D3020", limit, 3)
	}
	out := &value.List{}
	if !within(limit, 0) {
		return value.OfList(out), nil
	}
	s := args[0].Str()
	c.Spend(1 + len(s)/8)
	if separator.IsString() {
		pieces(c, s, separator.Str(), limit, out)
		return value.OfList(out), nil
	}
	rs := decoded(s)
	c.Produce(4 * len(rs))
	start, n := 0, 0
	m, err := search(c, "split", separator, args[0], rs)
	for ; err == nil && m != nil && within(limit, n); n++ {
		c.Produce(itemBytes)
		out.Push(text(c, encoded(rs[min(start, m.start):m.start])))
		start = m.end
		m, err = m.next()
	}
	if err != nil {
		return value.Undefined, err
	}
	if within(limit, n) {
		out.Push(text(c, encoded(rs[start:])))
	}
	return value.OfList(out), nil
}

// pieces splits at a string; at an empty one, between all characters. A limit is
// cut to an integer of 32 bits.
func pieces(c *value.Call, s, separator string, limit value.Value, out *value.List) {
	most := len(s) + 1
	if !limit.IsUndefined() {
		most = int(min(math.Mod(math.Trunc(limit.Num()), 1<<32), float64(most)))
	}
	if separator == "" {
		rs := decoded(s)
		rs = rs[:min(most, len(rs))]
		charge(c, len(rs))
		for _, r := range rs {
			out.Push(value.OfString(encoded([]rune{r})))
		}
		return
	}
	for more := true; more && len(out.Items) < most; {
		var piece string
		piece, s, more = strings.Cut(s, separator)
		charge(c, 1)
		out.Push(value.OfString(piece))
	}
}

func replace(c *value.Call, args []value.Value) (value.Value, error) {
	pattern, with, limit := args[1], arg(args, 2), arg(args, 3)
	if pattern.IsString() && pattern.Str() == "" {
		return value.Undefined, fault("D3010", pattern, 2)
	}
	if limit.Num() < 0 {
		return value.Undefined, fault("D3011", limit, 4)
	}
	if !within(limit, 0) {
		return args[0], nil
	}
	s := args[0].Str()
	c.Spend(1 + len(s)/8)
	if pattern.IsString() {
		return replaceText(c, s, pattern.Str(), with, limit), nil
	}
	rs := decoded(s)
	c.Produce(4 * len(rs))
	m, err := search(c, "replace", pattern, args[0], rs)
	if err != nil || m == nil {
		return args[0], err
	}
	var b strings.Builder
	at := 0
	for n := 0; err == nil && m != nil && within(limit, n); n++ {
		b.WriteString(encoded(rs[min(at, m.start):m.start]))
		var put string
		if put, err = replacement(c, m, with, rs); err != nil {
			break
		}
		c.Produce(len(put))
		b.WriteString(put)
		at = min(m.start+len(m.match), len(rs))
		m, err = m.next()
	}
	if err != nil {
		return value.Undefined, err
	}
	b.WriteString(encoded(rs[at:]))
	return text(c, b.String()), nil
}

// replaceText replaces a string. A function is not called here: it stands for its
// own text, which is none.
func replaceText(c *value.Call, s, pattern string, with, limit value.Value) value.Value {
	var b strings.Builder
	put := with.Str()
	if with.IsUndefined() {
		put = "undefined" // as JavaScript writes it
	}
	for n := 0; within(limit, n); n++ {
		before, after, ok := strings.Cut(s, pattern)
		if !ok {
			break
		}
		c.Spend(1)
		c.Produce(len(before) + len(put))
		b.WriteString(before)
		b.WriteString(put)
		s = after
	}
	b.WriteString(s)
	return text(c, b.String())
}

// replacement gives what stands in for one match.
func replacement(c *value.Call, m *found, with value.Value, rs []rune) (string, error) {
	if with.IsString() {
		c.Spend(1 + len(with.Str()))
		return expand(c, with.Str(), m), nil
	}
	v, err := c.Apply(with, []value.Value{m.asObject(c, rs)})
	if err != nil {
		return "", err
	}
	if !v.IsString() {
		return "", &value.Error{Code: "D3012", Value: v}
	}
	return v.Str(), nil
}

// expand puts groups in for $1, the match for $0 and a dollar sign for $$. Of the
// digits it takes as many as the number of groups has, or fewer where there is no
// such group.
func expand(c *value.Call, with string, m *found) string {
	var b strings.Builder
	most := 1
	for n := len(m.groups); n >= 10; n /= 10 {
		most++
	}
	for {
		before, after, ok := strings.Cut(with, "$")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		with = after
		switch {
		case strings.HasPrefix(after, "$"):
			b.WriteByte('$')
			with = after[1:]
			continue
		case strings.HasPrefix(after, "0"):
			whole := encoded(m.match)
			c.Produce(len(whole))
			b.WriteString(whole)
			with = after[1:]
			continue
		}
		n, digits := leading(after, most)
		if digits > 1 && n > len(m.groups) {
			n, digits = leading(after, most-1)
		}
		if digits == 0 {
			b.WriteByte('$')
			continue
		}
		if n >= 1 && n <= len(m.groups) {
			group := m.groups[n-1].Str()
			c.Produce(len(group))
			b.WriteString(group)
		}
		with = after[digits:]
	}
}

// leading reads a number of at most so many digits.
func leading(s string, most int) (n, digits int) {
	for digits < min(most, len(s)) && s[digits] >= '0' && s[digits] <= '9' {
		n = n*10 + int(s[digits]-'0')
		digits++
	}
	return n, digits
}
