package asl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stile/jsonval"
)

// maxRange is how many items States.ArrayRange may make.
const maxRange = 1000

func array(c *callScope) (jsonval.Value, error) { return jsonval.OfItems(c.args...), nil }

func arrayPartition(c *callScope) (v jsonval.Value, err error) {
	items, err := c.array(0)
	if err != nil {
		return v, err
	}
	size, err := c.integer(1)
	if err != nil {
		return v, err
	}
	if size < 1 {
		return v, errors.New("the chunk size must be a positive number")
	}
	var out jsonval.Array
	for len(items) > 0 {
		n := int(min(size, int64(len(items))))
		out.Add(jsonval.OfItems(items[:n]...))
		items = items[n:]
	}
	return out.Value(), nil
}

func arrayContains(c *callScope) (v jsonval.Value, err error) {
	items, err := c.array(0)
	if err != nil {
		return v, err
	}
	for _, m := range items {
		if jsonval.Equal(m, c.args[1]) {
			return jsonval.TrueValue, nil
		}
	}
	return jsonval.FalseValue, nil
}

func arrayRange(c *callScope) (v jsonval.Value, err error) {
	var n [3]int64
	for i := range n {
		if n[i], err = c.integer(i); err != nil {
			return v, err
		}
	}
	first, last, step := n[0], n[1], n[2]
	if step == 0 {
		return v, errors.New("the step must not be 0")
	}
	var out jsonval.Array
	for count := 0; step > 0 && first <= last || step < 0 && first >= last; first += step {
		if count++; count > maxRange {
			return v, fmt.Errorf("the range has more than %d items", maxRange)
		}
		out.Add(jsonval.OfInt(first))
	}
	return out.Value(), nil
}

func arrayGetItem(c *callScope) (v jsonval.Value, err error) {
	items, err := c.array(0)
	if err != nil {
		return v, err
	}
	i, err := c.integer(1)
	if err != nil {
		return v, err
	}
	if i < 0 || i >= int64(len(items)) {
		return v, fmt.Errorf("index %d is outside the array of %d items", i, len(items))
	}
	return items[i], nil
}

func arrayLength(c *callScope) (v jsonval.Value, err error) {
	items, err := c.array(0)
	if err != nil {
		return v, err
	}
	return jsonval.OfInt(int64(len(items))), nil
}

func arrayUnique(c *callScope) (v jsonval.Value, err error) {
	items, err := c.array(0)
	if err != nil {
		return v, err
	}
	var out jsonval.Array
	seen := map[string]bool{}
	for _, m := range items {
		if key := string(canonical(nil, m)); !seen[key] {
			seen[key] = true
			out.Add(m)
		}
	}
	return out.Value(), nil
}

// canonical appends a text that is the same for exactly the values that
// jsonval.Equal takes for equal.
func canonical(b []byte, v jsonval.Value) []byte {
	switch v.Kind() {
	case jsonval.Number:
		if f, ok := v.Float(); ok {
			return strconv.AppendFloat(b, f+0, 'g', -1, 64)
		}
	case jsonval.String:
		s, _ := v.Str()
		return jsonval.AppendString(b, s)
	case jsonval.ArrayKind:
		b = append(b, '[')
		v.EachItem(func(m jsonval.Value) bool {
			b = append(canonical(b, m), ',')
			return true
		})
		return append(b, ']')
	case jsonval.ObjectKind:
		members := v.Members()
		slices.SortFunc(members, func(x, y jsonval.Member) int { return strings.Compare(x.Name, y.Name) })
		b = append(b, '{')
		for _, m := range members {
			b = append(jsonval.AppendString(b, m.Name), ':')
			b = append(canonical(b, m.Value), ',')
		}
		return append(b, '}')
	}
	return append(b, v.Raw()...)
}
