package liquid

import (
	"slices"
	"strings"

	"stile/policy/expr/clr"
)

func size(r *render, in any, _ []any) any {
	if s, ok := in.(string); ok {
		return int32(clr.Length(s))
	}
	items, _ := r.items(in)
	return int32(len(items))
}

func first(r *render, in any, _ []any) any {
	if items, _ := r.items(in); len(items) > 0 {
		return items[0]
	}
	return nil
}

func last(r *render, in any, _ []any) any {
	if items, _ := r.items(in); len(items) > 0 {
		return items[len(items)-1]
	}
	return nil
}

func join(r *render, in any, args []any) any {
	if in == nil {
		return nil
	}
	items, _ := r.items(in)
	parts := make([]string, len(items))
	for i, it := range items {
		parts[i] = textOf(it)
		r.m.Grow(len(parts[i]) + len(given(args[0])) + 16)
	}
	return strings.Join(parts, given(args[0]))
}

func mapped(r *render, in any, args []any) any {
	if in == nil {
		return nil
	}
	items, _ := r.items(in)
	out := make(List, len(items))
	r.m.Grow(16 * len(items))
	for i, it := range items {
		r.m.Step()
		switch it.(type) {
		case *Hash, Pair, Object:
			out[i], _ = r.member(it, args[0], true)
		}
	}
	return out
}

func compact(r *render, in any, _ []any) any {
	if in == nil {
		return nil
	}
	return List(slices.DeleteFunc(slices.Clone(r.flat(in)), func(v any) bool { return v == nil }))
}

func concat(r *render, in any, args []any) any {
	if in == nil || args[0] == nil {
		if in == nil {
			return args[0]
		}
		return in
	}
	x, _ := r.items(in)
	y, _ := r.items(args[0])
	r.m.Grow(16 * (len(x) + len(y)))
	return List(slices.Concat(x, y))
}

func reverse(r *render, in any, _ []any) any {
	items, ok := r.items(in)
	if _, text := in.(string); !ok || text {
		return in
	}
	r.m.Grow(16 * len(items))
	out := slices.Clone(items)
	slices.Reverse(out)
	return List(out)
}

func uniq(r *render, in any, _ []any) any {
	if in == nil {
		return nil
	}
	var out List
	seen := map[any]bool{}
	for _, it := range r.flat(in) {
		r.m.Step()
		if it != nil && simple(it) {
			key := it
			if _, text := it.(string); !text {
				key = clr.TypeOf(it).FullName() + "\x00" + clr.Text(it)
			}
			if seen[key] {
				continue
			}
			r.m.Grow(48)
			seen[key] = true
		} else if slices.ContainsFunc(out, func(o any) bool { r.m.Step(); return r.same(o, it) }) {
			continue
		}
		out = append(out, it)
	}
	return out
}

// sorted orders without regard to case, by a property where one is named. Values
// of different types cannot be ordered.
func sorted(r *render, in any, args []any) any {
	if in == nil {
		return nil
	}
	list := slices.Clone(r.flat(in))
	r.m.Grow(16 * len(list))
	by := given(args[0])
	key := func(v any) any { return v }
	if by != "" {
		known := false
		for _, it := range list {
			h, ok := it.(*Hash)
			if !ok {
				return List(list)
			}
			_, has := h.Get(by)
			known = known || has
		}
		if !known {
			return List(list)
		}
		key = func(v any) any { out, _ := v.(*Hash).Get(by); return out }
	}
	slices.SortStableFunc(list, func(a, b any) int { return r.rank(key(a), key(b)) })
	return List(list)
}

func (r *render) rank(x, y any) int {
	r.m.Step()
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return -1
	case y == nil:
		return 1
	}
	a, text := x.(string)
	if b, both := y.(string); text && both {
		r.m.Work((len(a) + len(b)) / 64)
		return clr.CompareCulture(a, b, true)
	}
	if !simple(x) || !simple(y) {
		r.m.Throw(clr.TypeInvalidOperation, "Failed to compare two elements in the array.")
	}
	if typeName(x) != typeName(y) {
		r.m.Throw(clr.TypeArgument, "Object must be of type "+clr.TypeOf(x).Def.Name+".")
	}
	return clr.CompareValues(r.m, x, y)
}
