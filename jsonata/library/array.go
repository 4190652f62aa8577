package library

import (
	"stile/jsonata/value"
)

var arrayTable = []value.Native{
	{Name: "count", Signature: "<a:n>", Arity: 1, Call: count},
	{Name: "append", Signature: "<xx:a>", Arity: 2, Call: appendLists},
	{Name: "sort", Signature: "<af?:a>", Arity: 2, Call: given(sortList)},
	{Name: "reverse", Signature: "<a:a>", Arity: 1, Call: given(reverse)},
	{Name: "shuffle", Signature: "<a:a>", Arity: 1, Call: given(shuffle)},
	{Name: "distinct", Signature: "<x:x>", Arity: 1, Call: given(distinct)},
	{Name: "zip", Signature: "<a+>", Arity: 0, Call: zip},
}

func count(c *value.Call, args []value.Value) (value.Value, error) {
	list := arg(args, 0)
	n := list.Len()
	c.Spend(1 + n/8)
	return value.OfNumber(float64(n)), nil
}

func appendLists(c *value.Call, args []value.Value) (value.Value, error) {
	a, b := arg(args, 0), arg(args, 1)
	if !a.IsUndefined() && !b.IsUndefined() {
		charge(c, sizeOf(a)+sizeOf(b))
	}
	return value.Append(a, b), nil
}

// sizeOf counts the items of an array, 1 for all else.
func sizeOf(v value.Value) int {
	if v.IsArray() {
		return v.Len()
	}
	return 1
}

func reverse(c *value.Call, args []value.Value) (value.Value, error) {
	items := args[0].Items()
	if len(items) <= 1 {
		return args[0], nil
	}
	charge(c, len(items))
	out := make([]value.Value, len(items))
	for i, item := range items {
		out[len(items)-1-i] = item
	}
	return value.OfItems(out...), nil
}

// shuffle draws each item's place among those before it.
func shuffle(c *value.Call, args []value.Value) (value.Value, error) {
	items := args[0].Items()
	if len(items) <= 1 {
		return args[0], nil
	}
	charge(c, len(items))
	out := make([]value.Value, len(items))
	for i, item := range items {
		r, err := c.Random()
		if err != nil {
			return value.Undefined, err
		}
		j := int(r * float64(i+1))
		out[i] = out[j]
		out[j] = item
	}
	return value.OfItems(out...), nil
}

// distinct keeps the first of equal items. Numbers, strings and the like are found
// at once; arrays and objects are compared with those kept.
func distinct(c *value.Call, args []value.Value) (value.Value, error) {
	if !args[0].IsArray() || args[0].Len() <= 1 {
		return args[0], nil
	}
	items := args[0].Items()
	charge(c, len(items))
	out := &value.List{Sequence: args[0].IsSequence()}
	type scalar struct {
		kind value.Kind
		num  float64
		str  string
	}
	seen := map[scalar]bool{}
	var large []value.Value
	for _, item := range items {
		if item.IsArray() || item.IsObject() || item.IsFunction() {
			if hasEqual(c, large, item) {
				continue
			}
			large = append(large, item)
		} else {
			key := scalar{item.Kind(), item.Num(), item.Str()}
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		out.Push(item)
	}
	return value.OfList(out), nil
}

func hasEqual(c *value.Call, list []value.Value, v value.Value) bool {
	for _, w := range list {
		c.Spend(1 + min(v.Len(), w.Len()))
		if value.Equal(v, w) {
			return true
		}
	}
	return false
}

func zip(c *value.Call, args []value.Value) (value.Value, error) {
	n := -1
	for _, a := range args {
		if size := len(a.Items()); n < 0 || size < n {
			n = size
		}
	}
	n = max(n, 0)
	charge(c, n*(len(args)+1))
	out := make([]value.Value, n)
	for i := range out {
		tuple := make([]value.Value, len(args))
		for j, a := range args {
			tuple[j] = a.Items()[i]
		}
		out[i] = value.OfItems(tuple...)
	}
	return value.OfItems(out...), nil
}

// sortList is a stable merge sort: the comparator says whether its first argument
// stands behind its second.
func sortList(c *value.Call, args []value.Value) (value.Value, error) {
	items := args[0].Items()
	if len(items) <= 1 {
		return args[0], nil
	}
	charge(c, 2*len(items))
	behind, err := comparator(c, items, arg(args, 1))
	if err != nil {
		return value.Undefined, err
	}
	out, err := mergeSort(c, append([]value.Value(nil), items...), make([]value.Value, len(items)), behind)
	return value.OfItems(out...), err
}

type order = func(a, b value.Value) (bool, error)

func comparator(c *value.Call, items []value.Value, fn value.Value) (order, error) {
	if fn.IsFunction() {
		return func(a, b value.Value) (bool, error) {
			v, err := c.Apply(fn, []value.Value{a, b})
			return isTrue(v), err
		}, nil
	}
	numbers, texts := true, true
	for _, item := range items {
		ok, err := value.Numeric(item)
		if err != nil && numbers {
			return nil, err
		}
		numbers, texts = numbers && ok, texts && item.IsString()
	}
	switch {
	case numbers:
		return func(a, b value.Value) (bool, error) { return a.Num() > b.Num(), nil }, nil
	case texts:
		return func(a, b value.Value) (bool, error) { return value.CompareStrings(a.Str(), b.Str()) > 0, nil }, nil
	}
	return nil, &value.Error{Code: "D3070", Index: 1}
}

// isTrue is JavaScript's own idea of truth, which is not $boolean's.
func isTrue(v value.Value) bool {
	switch v.Kind() {
	case value.UndefinedKind, value.NullKind:
		return false
	case value.StringKind:
		return v.Str() != ""
	case value.NumberKind:
		return v.Num() != 0 && v.Num() == v.Num()
	case value.BoolKind:
		return v.Bool()
	}
	return true
}

func mergeSort(c *value.Call, items, spare []value.Value, behind order) ([]value.Value, error) {
	if len(items) <= 1 {
		return items, nil
	}
	middle := len(items) / 2
	left, err := mergeSort(c, items[:middle], spare[:middle], behind)
	if err != nil {
		return nil, err
	}
	right, err := mergeSort(c, items[middle:], spare[middle:], behind)
	if err != nil {
		return nil, err
	}
	c.Spend(len(items))
	out := spare[:0]
	for len(left) > 0 && len(right) > 0 {
		after, err := behind(left[0], right[0])
		if err != nil {
			return nil, err
		}
		if after {
			out, right = append(out, right[0]), right[1:]
		} else {
			out, left = append(out, left[0]), left[1:]
		}
	}
	out = append(append(out, left...), right...)
	copy(items, out)
	return items, nil
}
