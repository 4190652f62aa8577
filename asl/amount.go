package asl

import (
	"fmt"
	"strings"

	"stile/jsonval"
)

// amountRange says which literal numbers a field takes: lo … hi, whole ones
// unless fraction is set.
type amountRange struct {
	lo, hi   int64
	fraction bool
}

// amount compiles a field that is a number, or of JSONPath its twin FIELDPath, or
// of JSONata an expression.
func (c *compiler) amount(st *State, n *node, path, field string, r amountRange) Amount {
	a := Amount{}
	m := n.get(field)
	if st.QueryLanguage == JSONata {
		if m != nil && m.kind == jsonval.String {
			a.Query = c.flexible(st, m, join(path, field))
			if !isQuery(m.text) {
				c.wrong(m, join(path, field), "Expected value of type Integer", `write a number or "{% … %}"`)
			}
			return a
		}
	} else if twin := n.get(field + "Path"); twin != nil {
		c.exclusive(n, path, false, field, field+"Path")
		a.Path = c.onePath(twin, join(path, field+"Path"), field+"Path")
	}
	switch {
	case m == nil:
	case r.fraction:
		a.Literal = c.fraction(m, join(path, field), r)
	default:
		whole, _ := c.integer(m, join(path, field), r.lo, r.hi)
		a.Literal = float64(whole)
	}
	a.present = m != nil
	return a
}

// fraction reads a number that need not be whole.
func (c *compiler) fraction(n *node, path string, r amountRange) float64 {
	v, ok := 0.0, false
	if n.kind == jsonval.Number {
		v, ok = n.value(c.src).Float()
	}
	switch {
	case !ok:
		c.wrong(n, path, "Expected value of type Float", "write a number")
	case v < float64(r.lo):
		c.wrong(n, path, fmt.Sprintf("Minimum value is %d", r.lo), "")
	case v > float64(r.hi):
		c.wrong(n, path, fmt.Sprintf("Maximum value is %d", r.hi), "")
	default:
		return v
	}
	return 0
}

// isQuery says that a text is a JSONata expression: it begins with "{%" and ends
// with "%}".
func isQuery(s string) bool {
	return len(s) >= 4 && strings.HasPrefix(s, "{%") && strings.HasSuffix(s, "%}")
}

// flexible compiles a field that is a payload template in JSONPath, and in JSONata
// any value that may hold expressions.
func (c *compiler) flexible(st *State, n *node, path string) *Template {
	return c.payload(n, path, false)
}
