package jsonata

import (
	"stile/jsonata/syntax"
	"stile/jsonata/value"
)

// sort orders items by the terms, stable; undefined comes last. Keys are evaluated
// once an item, and only where they are compared.
func (e *evaluation) sort(s *syntax.Sort, items []value.Value, whole value.Value, env *frame) (value.Value, error) {
	if len(items) <= 1 {
		if !whole.IsArray() {
			whole = value.OfList(value.NewSequence(whole))
		}
		return whole, nil
	}
	list := whole.List()
	o := &ordering{e: e, terms: s.Terms, position: s.Position, env: env, tuples: list != nil && list.Tuples,
		items: items, keys: make([]value.Value, len(items)*len(s.Terms)), known: make([]bool, len(items)*len(s.Terms))}
	e.Produce(2 * len(items) * itemBytes)
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	if err := mergeSort(order, make([]int, len(order)), o.after); err != nil {
		return value.Undefined, err
	}
	out := make([]value.Value, len(items))
	for i, at := range order {
		out[i] = items[at]
	}
	return value.OfItems(out...), nil
}

type ordering struct {
	e        *evaluation
	terms    []syntax.SortTerm
	position int
	env      *frame
	tuples   bool
	items    []value.Value
	keys     []value.Value
	known    []bool
}

func (o *ordering) key(item, term int) (value.Value, error) {
	at := item*len(o.terms) + term
	if !o.known[at] {
		context, scope := o.items[item], o.env
		if o.tuples {
			t := context.Tuple()
			context, scope = t.At, frameOf(o.env, t)
		}
		v, err := o.e.eval(o.terms[term].Expr, context, scope)
		if err != nil {
			return value.Undefined, err
		}
		o.keys[at], o.known[at] = v, true
	}
	return o.keys[at], nil
}

// after tells whether item i must stand behind item j.
func (o *ordering) after(i, j int) (bool, error) {
	o.e.Spend(1)
	for t := range o.terms {
		a, err := o.key(i, t)
		if err != nil {
			return false, err
		}
		b, err := o.key(j, t)
		if err != nil {
			return false, err
		}
		switch {
		case a.IsUndefined() && b.IsUndefined():
			continue
		case a.IsUndefined():
			return true, nil
		case b.IsUndefined():
			return false, nil
		}
		c, err := o.compare(a, b)
		if err != nil {
			return false, err
		}
		if c != 0 {
			return c > 0 != o.terms[t].Descending, nil
		}
	}
	return false, nil
}

func (o *ordering) compare(a, b value.Value) (int, error) {
	if !a.IsNumber() && !a.IsString() {
		return 0, &Error{Code: "T2008", Position: o.position, Value: a}
	}
	if !b.IsNumber() && !b.IsString() {
		return 0, &Error{Code: "T2008", Position: o.position, Value: b}
	}
	if a.Kind() != b.Kind() {
		return 0, &Error{Code: "T2007", Position: o.position, Value: a, Value2: b}
	}
	if a.IsString() {
		return value.CompareStrings(a.Str(), b.Str()), nil
	}
	switch {
	case a.Num() == b.Num():
		return 0, nil
	case a.Num() < b.Num():
		return -1, nil
	}
	return 1, nil
}

// mergeSort orders as the reference implementation does, down to which pairs it
// compares, so that comparators that contradict themselves give the same order.
func mergeSort(a, spare []int, after func(i, j int) (bool, error)) error {
	if len(a) <= 1 {
		return nil
	}
	middle := len(a) / 2
	if err := mergeSort(a[:middle], spare[:middle], after); err != nil {
		return err
	}
	if err := mergeSort(a[middle:], spare[middle:], after); err != nil {
		return err
	}
	copy(spare, a)
	left, right := spare[:middle], spare[middle:len(a)]
	for n := range a {
		switch {
		case len(left) == 0:
			a[n], right = right[0], right[1:]
		case len(right) == 0:
			a[n], left = left[0], left[1:]
		default:
			swap, err := after(left[0], right[0])
			if err != nil {
				return err
			}
			if swap {
				a[n], right = right[0], right[1:]
			} else {
				a[n], left = left[0], left[1:]
			}
		}
	}
	return nil
}
