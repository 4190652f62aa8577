package xpath

import "fmt"

// Expression is a compiled XPath expression.
type Expression struct{ eval evaluator }

type evaluator func(c *context) value

// maxNesting bounds how deep an expression nests.
const maxNesting = 64

// Compile reads an expression. space gives the namespace of a prefix. The error is
// a *SyntaxError.
func Compile(text string, space func(prefix string) (string, bool)) (*Expression, error) {
	toks, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, toks: toks, space: space}
	e, err := p.whole()
	if err != nil {
		return nil, err
	}
	return &Expression{e}, nil
}

type parser struct {
	text  string
	toks  []token
	i     int
	depth int
	space func(string) (string, bool)
}

// whole reads to the end; faults inside panic with their error.
func (p *parser) whole() (e evaluator, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *SyntaxError:
			e, err = nil, r
		default:
			panic(r)
		}
	}()
	e = p.expr()
	if p.peek().kind != 0 {
		p.fail()
	}
	return e, nil
}

func (p *parser) fail() {
	panic(&SyntaxError{Message: fmt.Sprintf("'%s' has an invalid token.", p.text)})
}

func (p *parser) peek() token { return p.toks[p.i] }

func (p *parser) is(text string) bool { return p.peek().kind == 'o' && p.peek().text == text }

func (p *parser) take(text string) bool {
	if p.is(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) must(text string) {
	if !p.take(text) {
		p.fail()
	}
}

// word takes an operator that is spelt as a name.
func (p *parser) word(text string) bool {
	if t := p.peek(); t.kind == 'n' && t.text == text {
		p.i++
		return true
	}
	return false
}

func (p *parser) expr() evaluator {
	if p.depth++; p.depth > maxNesting {
		panic(&SyntaxError{Message: "The xpath query is too complex."})
	}
	defer func() { p.depth-- }()
	left := p.and()
	for p.word("or") {
		l, r := left, p.and()
		left = truthOf(func(c *context) bool { return l(c).truth() || r(c).truth() })
	}
	return left
}

// logic gives a truth at a context.
type logic func(c *context) bool

func (p *parser) and() evaluator {
	left := p.equality()
	for p.word("and") {
		l, r := left, p.equality()
		left = truthOf(func(c *context) bool { return l(c).truth() && r(c).truth() })
	}
	return left
}

func truthOf(f logic) evaluator {
	return func(c *context) value { return value{kind: boolKind, b: f(c)} }
}

func (p *parser) equality() evaluator {
	left := p.relation()
	for {
		switch {
		case p.take("="):
			left = comparison("=", left, p.relation())
		case p.take("!="):
			left = comparison("!=", left, p.relation())
		default:
			return left
		}
	}
}

func (p *parser) relation() evaluator {
	left := p.sum()
	for {
		op := p.peek().text
		if p.peek().kind != 'o' || op != "<" && op != ">" && op != "<=" && op != ">=" {
			return left
		}
		p.i++
		left = comparison(op, left, p.sum())
	}
}

func comparison(op string, l, r evaluator) evaluator {
	return truthOf(func(c *context) bool { return compare(c, op, l(c), r(c)) })
}

func arithmetic(op string, l, r evaluator) evaluator {
	return func(c *context) value { return number(compute(op, l(c).number(), r(c).number())) }
}

func (p *parser) sum() evaluator {
	left := p.product()
	for {
		switch {
		case p.take("+"):
			left = arithmetic("+", left, p.product())
		case p.take("-"):
			left = arithmetic("-", left, p.product())
		default:
			return left
		}
	}
}

func (p *parser) product() evaluator {
	left := p.negation()
	for {
		switch {
		case p.take("*"):
			left = arithmetic("*", left, p.negation())
		case p.word("div"):
			left = arithmetic("div", left, p.negation())
		case p.word("mod"):
			left = arithmetic("mod", left, p.negation())
		default:
			return left
		}
	}
}

func (p *parser) negation() evaluator {
	minus := 0
	for p.take("-") {
		minus++
	}
	e := p.union()
	if minus == 0 {
		return e
	}
	return func(c *context) value {
		n := e(c).number()
		if minus%2 == 1 {
			n = -n
		}
		return number(n)
	}
}

func (p *parser) union() evaluator {
	left := p.path()
	for p.take("|") {
		l, r := left, p.path()
		left = func(c *context) value {
			x, y := l(c), r(c)
			if x.kind != nodesKind || y.kind != nodesKind {
				panic(&SyntaxError{Message: noNodes})
			}
			return value{kind: nodesKind, nodes: c.sorted(append(append([]item{}, x.nodes...), y.nodes...))}
		}
	}
	return left
}
