package liquid

import (
	"strings"

	"stile/policy/expr/clr"
)

// holds evaluates a condition.
func (r *render) holds(c *condition) bool {
	if c.negated != nil {
		return !r.holds(c.negated)
	}
	ok := r.compare(c)
	switch {
	case c.joiner == "or" && !ok, c.joiner == "and" && ok:
		return r.holds(c.next)
	}
	return ok
}

func (r *render) compare(c *condition) bool {
	x := r.value(&c.left)
	if c.operator == "" {
		return truthy(x)
	}
	y := r.value(&c.right)
	switch c.operator {
	case "==":
		return r.equal(x, y)
	case "!=", "<>":
		return !r.equal(x, y)
	case "<", ">", "<=", ">=":
		return x != nil && y != nil && clr.Ordered(c.operator, r.order(x, y))
	case "contains":
		if s, ok := x.(string); ok {
			return strings.Contains(s, r.text(y))
		}
		return r.among(x, y)
	case "startswith", "endswith":
		return r.ends(c.operator, x, y)
	}
	h, ok := x.(*Hash)
	if !ok {
		return false
	}
	if c.operator == "haskey" {
		_, ok = h.Get(textOf(y))
		return ok
	}
	for _, p := range h.pairs {
		if r.same(p.Value, y) {
			return true
		}
	}
	return false
}

func (r *render) among(list, v any) bool {
	items, _ := list.(List)
	for _, it := range items {
		r.m.Step()
		if r.same(it, v) {
			return true
		}
	}
	return false
}

func (r *render) ends(operator string, x, y any) bool {
	first := operator == "startswith"
	switch v := x.(type) {
	case string:
		if first {
			return strings.HasPrefix(v, r.text(y))
		}
		return strings.HasSuffix(v, r.text(y))
	case List:
		switch {
		case len(v) == 0:
			return y == nil
		case first:
			return r.equal(v[0], y)
		}
		return r.equal(v[len(v)-1], y)
	}
	return false
}

// text is the cast to string of contains and its like.
func (r *render) text(v any) string {
	s, ok := v.(string)
	switch {
	case v == nil:
		r.m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: value")
	case !ok:
		r.m.Throw(clr.TypeInvalidCast, "Unable to cast object of type '"+typeName(v)+"' to type 'System.String'.")
	}
	return s
}

// equal is ==: the right value is taken as the left one's type where that can be.
func (r *render) equal(x, y any) bool {
	if _, ok := x.(empty); ok {
		return r.isEmpty(y)
	}
	if _, ok := y.(empty); ok {
		return r.isEmpty(x)
	}
	if x != nil && y != nil && typeName(x) != typeName(y) {
		if z, ok := r.tryChange(y, x); ok {
			y = z
		}
	}
	return r.same(x, y)
}

// same is Equals: values of one type, lists and hashes only with themselves.
func (r *render) same(x, y any) bool {
	switch a := x.(type) {
	case nil:
		return y == nil
	case *Hash:
		b, ok := y.(*Hash)
		return ok && a == b
	case List:
		b, ok := y.(List)
		return ok && len(a) > 0 && len(a) == len(b) && &a[0] == &b[0]
	case Pair, Object, span, empty:
		return false
	case string:
		b, ok := y.(string)
		return ok && a == b
	}
	if y == nil || typeName(x) != typeName(y) {
		return false
	}
	return clr.SameValue(r.m, x, y)
}

func (r *render) isEmpty(v any) bool {
	switch x := v.(type) {
	case string:
		return x == ""
	case List:
		return len(x) == 0
	case *Hash:
		return len(x.pairs) == 0
	case span:
		return x.from > x.to
	}
	return false
}

// order compares like Comparer: the right value as the left one's type.
func (r *render) order(x, y any) int {
	if !simple(x) || !simple(y) {
		r.m.Throw(clr.TypeArgument, "At least one object must implement IComparable.")
	}
	t := clr.TypeOf(x)
	y = clr.ChangeType(r.m, y, t)
	if a, ok := x.(string); ok {
		return clr.CompareCulture(a, y.(string), false)
	}
	return clr.CompareValues(r.m, x, y)
}

// tryChange is Convert.ChangeType without its exceptions.
func (r *render) tryChange(v, like any) (out any, ok bool) {
	if !simple(v) || !simple(like) {
		return nil, false
	}
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *clr.Thrown:
			out, ok = nil, false
		default:
			panic(x)
		}
	}()
	return clr.ChangeType(r.m, v, clr.TypeOf(like)), true
}

// simple: the value is one of .NET's own, which converts.
func simple(v any) bool {
	switch v.(type) {
	case nil, *Hash, List, Pair, Object, empty, span:
		return false
	}
	return true
}

// typeName is the full name of a value's .NET type.
func typeName(v any) string {
	switch v.(type) {
	case *Hash:
		return "DotLiquid.Hash"
	case List:
		return "System.Object[]"
	case Pair:
		return "System.Collections.Generic.KeyValuePair`2[System.String,System.Object]"
	case Object:
		return "DotLiquid.Drop"
	case span:
		return "System.Linq.Enumerable+RangeIterator"
	case empty:
		return "DotLiquid.Symbol"
	}
	return clr.TypeOf(v).FullName()
}
