package xpath

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"stile/policy/expr/xmltree"
)

type valueKind uint8

const (
	nodesKind valueKind = iota
	textKind
	numberKind
	boolKind
)

// value is one of XPath's four types.
type value struct {
	kind  valueKind
	nodes []item
	s     string
	n     float64
	b     bool
}

func number(n float64) value { return value{kind: numberKind, n: n} }

func text(c *context, s string) value {
	c.budget.Grow(len(s))
	return value{kind: textKind, s: s}
}

func (i item) text() string {
	if i.attr != nil {
		return i.attr.Value
	}
	return i.node.Text()
}

func (v value) text() string {
	switch v.kind {
	case nodesKind:
		if len(v.nodes) == 0 {
			return ""
		}
		return v.nodes[0].text()
	case numberKind:
		return numberText(v.n)
	case boolKind:
		return strconv.FormatBool(v.b)
	}
	return v.s
}

func numberText(n float64) string {
	switch {
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case n == 0:
		return "0"
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

func toNumber(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	if strings.Trim(s, "-.0123456789") != "" {
		return math.NaN()
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

func (v value) number() float64 {
	switch v.kind {
	case numberKind:
		return v.n
	case boolKind:
		if v.b {
			return 1
		}
		return 0
	}
	return toNumber(v.text())
}

func (v value) truth() bool {
	switch v.kind {
	case nodesKind:
		return len(v.nodes) > 0
	case numberKind:
		return v.n != 0 && !math.IsNaN(v.n)
	case boolKind:
		return v.b
	}
	return v.s != ""
}

func compute(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "div":
		return x / y
	}
	return math.Mod(x, y)
}

// compare is XPath's comparison: a node-set compares by any of its nodes.
func compare(c *context, op string, x, y value) bool {
	if x.kind == nodesKind && y.kind != boolKind {
		for _, i := range x.nodes {
			c.budget.Work(1)
			if compare(c, op, text(c, i.text()), y) {
				return true
			}
		}
		return false
	}
	if y.kind == nodesKind && x.kind != boolKind {
		for _, i := range y.nodes {
			c.budget.Work(1)
			if compare(c, op, x, text(c, i.text())) {
				return true
			}
		}
		return false
	}
	if op == "=" || op == "!=" {
		var same bool
		switch {
		case x.kind == boolKind || y.kind == boolKind:
			same = x.truth() == y.truth()
		case x.kind == numberKind || y.kind == numberKind:
			same = x.number() == y.number()
		default:
			same = x.text() == y.text()
		}
		return same == (op == "=")
	}
	m, n := x.number(), y.number()
	switch op {
	case "<":
		return m < n
	case "<=":
		return m <= n
	case ">":
		return m > n
	}
	return m >= n
}

// function is one of the library; arguments are at least min and at most max.
type function struct {
	min, max int
	run      func(c *context, a []value) value
}

func boolean(b bool) value { return value{kind: boolKind, b: b} }

// subject is the argument, or the node under evaluation where there is none.
func subject(c *context, a []value) value {
	if len(a) > 0 {
		return a[0]
	}
	return value{kind: nodesKind, nodes: []item{c.at}}
}

func nameOf(c *context, a []value, part func(prefix string, name xmltree.Name) string) value {
	nodes := c.setOf(subject(c, a))
	if len(nodes) == 0 {
		return text(c, "")
	}
	if x := nodes[0].attr; x != nil {
		return text(c, part(x.Prefix, x.Name))
	}
	return text(c, part(nodes[0].node.Prefix, nodes[0].node.Name))
}

func rounded(f func(float64) float64) function {
	return function{1, 1, func(_ *context, a []value) value { return number(f(a[0].number())) }}
}

var functions = map[string]function{
	"last":     {0, 0, func(c *context, _ []value) value { return number(float64(c.size)) }},
	"position": {0, 0, func(c *context, _ []value) value { return number(float64(c.position)) }},
	"count":    {1, 1, func(c *context, a []value) value { return number(float64(len(c.setOf(a[0])))) }},
	"local-name": {0, 1, func(c *context, a []value) value {
		return nameOf(c, a, func(_ string, n xmltree.Name) string { return n.Local })
	}},
	"namespace-uri": {0, 1, func(c *context, a []value) value {
		return nameOf(c, a, func(_ string, n xmltree.Name) string { return n.Space })
	}},
	"name": {0, 1, func(c *context, a []value) value {
		return nameOf(c, a, func(p string, n xmltree.Name) string {
			if p != "" {
				return p + ":" + n.Local
			}
			return n.Local
		})
	}},
	"string": {0, 1, func(c *context, a []value) value { return text(c, subject(c, a).text()) }},
	"concat": {2, 64, func(c *context, a []value) value {
		var b strings.Builder
		for _, v := range a {
			b.WriteString(v.text())
		}
		return text(c, b.String())
	}},
	"starts-with": {2, 2, func(_ *context, a []value) value { return boolean(strings.HasPrefix(a[0].text(), a[1].text())) }},
	"contains":    {2, 2, func(_ *context, a []value) value { return boolean(strings.Contains(a[0].text(), a[1].text())) }},
	"substring-before": {2, 2, func(c *context, a []value) value {
		before, _, ok := strings.Cut(a[0].text(), a[1].text())
		if !ok {
			before = ""
		}
		return text(c, before)
	}},
	"substring-after": {2, 2, func(c *context, a []value) value {
		_, after, _ := strings.Cut(a[0].text(), a[1].text())
		return text(c, after)
	}},
	"substring": {2, 3, substring},
	"string-length": {0, 1, func(c *context, a []value) value {
		return number(float64(len(utf16.Encode([]rune(subject(c, a).text())))))
	}},
	"normalize-space": {0, 1, func(c *context, a []value) value {
		return text(c, strings.Join(strings.FieldsFunc(subject(c, a).text(), func(r rune) bool {
			return r == ' ' || r == '\t' || r == '\r' || r == '\n'
		}), " "))
	}},
	"translate": {3, 3, translate},
	"boolean":   {1, 1, func(_ *context, a []value) value { return boolean(a[0].truth()) }},
	"not":       {1, 1, func(_ *context, a []value) value { return boolean(!a[0].truth()) }},
	"true":      {0, 0, func(*context, []value) value { return boolean(true) }},
	"false":     {0, 0, func(*context, []value) value { return boolean(false) }},
	"number":    {0, 1, func(c *context, a []value) value { return number(subject(c, a).number()) }},
	"sum": {1, 1, func(c *context, a []value) value {
		total := 0.0
		for _, i := range c.setOf(a[0]) {
			c.budget.Work(1)
			total += toNumber(i.text())
		}
		return number(total)
	}},
	"floor": rounded(math.Floor), "ceiling": rounded(math.Ceil),
	"round": rounded(func(n float64) float64 { return math.Floor(n + 0.5) }),
}

func substring(c *context, a []value) value {
	runes := []rune(a[0].text())
	c.budget.Grow(4 * len(runes))
	from := math.Floor(a[1].number() + 0.5)
	to := math.Inf(1)
	if len(a) > 2 {
		to = from + math.Floor(a[2].number()+0.5)
	}
	var b strings.Builder
	for k, r := range runes {
		if p := float64(k + 1); p >= from && p < to {
			b.WriteRune(r)
		}
	}
	return text(c, b.String())
}

func translate(c *context, a []value) value {
	from, to := []rune(a[1].text()), []rune(a[2].text())
	table := make(map[rune]rune, len(from))
	for k, r := range from {
		if _, ok := table[r]; ok {
			continue
		}
		table[r] = -1
		if k < len(to) {
			table[r] = to[k]
		}
	}
	return text(c, strings.Map(func(r rune) rune {
		if t, ok := table[r]; ok {
			return t
		}
		return r
	}, a[0].text()))
}

// call reads a function with its arguments.
func (p *parser) call() evaluator {
	name := p.peek().text
	f, ok := functions[name]
	if !ok {
		panic(&SyntaxError{Message: "Function '" + name + "()' is not supported here.", Context: true})
	}
	p.i++
	p.must("(")
	var args []evaluator
	for !p.take(")") {
		if len(args) > 0 {
			p.must(",")
		}
		args = append(args, p.expr())
	}
	if len(args) < f.min || len(args) > f.max {
		panic(&SyntaxError{Message: "Function '" + name + "' in '" + p.text + "' has an invalid number of arguments."})
	}
	return func(c *context) value {
		c.budget.Work(1)
		values := make([]value, len(args))
		for k, a := range args {
			values[k] = a(c)
		}
		return f.run(c, values)
	}
}
