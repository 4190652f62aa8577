package syntax

import "strconv"

// Bounds on hostile texts. Real expressions are far below them.
const (
	MaxSource  = 1 << 20 // bytes
	MaxNesting = 1000    // brackets and right-hand sides within each other
	MaxHeight  = 10000   // of the tree: 1+1+1+… grows by one with each term
)

// powers are the binding powers of operators that stand behind an expression.
var powers = map[string]int{
	".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "?:": 40, "??": 40, "+": 50, "-": 50, "*": 60, "/": 60,
	"%": 60, "=": 40, "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "and": 30, "or": 25,
	"in": 40, "&": 50,
}

// parser reads tokens by top-down operator precedence. node is the next token; it
// is read before the one in front of it is looked at, as in the original, which
// decides where a slash begins a regular expression.
type parser struct {
	lexer
	node  token
	depth int
}

// Parse gives the tree of an expression. Errors are *Error.
func Parse(src string) (n Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			n, err = nil, e
		}
	}()
	if len(src) > MaxSource {
		return nil, &Error{Message: "Expression is longer than " + strconv.Itoa(MaxSource) + " bytes"}
	}
	p := &parser{lexer: lexer{src: src}}
	p.advance(false)
	r := p.expression(0)
	if p.node.kind != tEnd {
		p.failAt("S0201", p.node, p.node.value, nil)
	}
	return shape(r), nil
}

// failAt ends the parse at a token.
func (p *parser) failAt(code string, t token, tok, value any) {
	panic(fault(code, t.at, t.position, tok, value))
}

// advance reads the next token; infix tells that an operator may stand there.
func (p *parser) advance(infix bool) {
	p.node = p.next(infix)
	if p.node.op == "!" || p.node.op == "~" {
		p.failAt("S0204", p.node, p.node.value, nil)
	}
}

// want goes over an operator that must stand here.
func (p *parser) want(op string, infix bool) {
	if p.node.op != op {
		code := "S0202"
		if p.node.kind == tEnd {
			code = "S0203"
		}
		p.failAt(code, p.node, p.node.value, op)
	}
	p.advance(infix)
}

// expression reads as long as operators bind stronger than the power on the left.
func (p *parser) expression(power int) *raw {
	if p.depth++; p.depth > MaxNesting {
		panic(&Error{At: p.node.at, Position: p.node.position,
			Message: "Expression nests deeper than " + strconv.Itoa(MaxNesting) + " levels"})
	}
	t := p.node
	p.advance(true)
	left := p.prefix(t)
	for power < powers[p.node.op] {
		t = p.node
		p.advance(false)
		left = p.infix(t, left)
	}
	p.depth--
	return left
}

// prefix reads what begins with a token.
func (p *parser) prefix(t token) *raw {
	if t.kind != tOperator {
		return &raw{token: t}
	}
	r := &raw{token: t}
	switch t.op {
	case "and", "or", "in":
	case "-":
		r.kind, r.left = rNegate, p.expression(70)
	case "*":
		r.kind = rWildcard
	case "**":
		r.kind = rDescend
	case "%":
		r.kind = rParent
	case "(":
		r.kind = rBlock
		for p.node.op != ")" {
			r.list = append(r.list, p.expression(0))
			if p.node.op != ";" {
				break
			}
			p.advance(false)
		}
		p.want(")", true)
	case "[":
		r.kind, r.list = rArray, p.items()
	case "{":
		r.kind, r.pairs = rObject, p.pairs()
	case "|":
		r.kind, r.left = rTransform, p.expression(0)
		p.want("|", false)
		r.right = p.expression(0)
		if p.node.op == "," {
			p.advance(false)
			r.third = p.expression(0)
		}
		p.want("|", false)
	default:
		p.failAt("S0211", t, t.value, nil)
	}
	return r
}

// items reads the items of an array up to its end.
func (p *parser) items() (list []*raw) {
	for p.node.op != "]" || len(list) > 0 {
		item := p.expression(0)
		if p.node.op == ".." {
			item = &raw{kind: rBinary, token: p.node, left: item}
			p.advance(false)
			item.right = p.expression(0)
		}
		list = append(list, item)
		if p.node.op != "," {
			break
		}
		p.advance(false)
	}
	p.want("]", true)
	return list
}

// pairs reads the pairs of an object up to its end.
func (p *parser) pairs() (pairs [][2]*raw) {
	for p.node.op != "}" || len(pairs) > 0 {
		key := p.expression(0)
		p.want(":", false)
		pairs = append(pairs, [2]*raw{key, p.expression(0)})
		if p.node.op != "," {
			break
		}
		p.advance(false)
	}
	p.want("}", true)
	return pairs
}

// infix reads what stands behind an operator that follows an expression.
func (p *parser) infix(t token, left *raw) *raw {
	r := &raw{kind: rBinary, token: t, left: left}
	switch t.op {
	case "(":
		return p.call(r)
	case "[":
		if p.node.op == "]" {
			// [] is no filter: it keeps the array of what all filters before it filter.
			for left.kind == rBinary && left.token.op == "[" {
				left = left.left
			}
			left.keepArray = true
			p.advance(false)
			return r.left
		}
		r.right = p.expression(0)
		p.want("]", true)
	case "{":
		r.kind, r.pairs = rGroup, p.pairs()
	case "^":
		p.sort(r)
	case ":=":
		if !left.is(tVariable) {
			p.failAt("S0212", left.token, left.token.value, nil)
		}
		r.right = p.expression(powers[":="] - 1)
	case "@", "#":
		r.right = p.expression(powers[t.op])
		if !r.right.is(tVariable) {
			p.failAt("S0214", r.right.token, t.op, nil)
		}
	case "?":
		r.kind, r.right = rCondition, p.expression(0)
		if p.node.op == ":" {
			p.advance(false)
			r.third = p.expression(0)
		}
	case "?:", "??":
		r.kind, r.right = rDefault, p.expression(0)
	default:
		r.right = p.expression(powers[t.op])
	}
	return r
}

// sort reads the terms of an order-by.
func (p *parser) sort(r *raw) {
	r.kind = rSort
	p.want("(", false)
	for {
		falling := p.node.op == ">"
		if falling || p.node.op == "<" {
			p.advance(false)
		}
		r.list = append(r.list, p.expression(0))
		r.falling = append(r.falling, falling)
		if p.node.op != "," {
			break
		}
		p.advance(false)
	}
	p.want(")", false)
}

// call reads arguments, and the rest of a function's definition where the callee
// is the word for one.
func (p *parser) call(r *raw) *raw {
	r.kind = rCall
	for p.node.op != ")" || len(r.list) > 0 {
		if p.node.op == "?" {
			r.kind = rPartial
			r.list = append(r.list, &raw{token: p.node})
			p.advance(false)
		} else {
			r.list = append(r.list, p.expression(0))
		}
		if p.node.op != "," {
			break
		}
		p.advance(false)
	}
	p.want(")", true)
	if !r.left.is(tName) || r.left.token.value != "function" && r.left.token.value != "λ" {
		return r
	}
	for i, a := range r.list {
		if !a.is(tVariable) {
			p.failAt("S0208", a.token, a.token.value, float64(i+1))
		}
	}
	r.kind = rLambda
	if p.node.op == "<" {
		r.signature = p.signature()
	}
	p.want("{", false)
	r.right = p.expression(0)
	p.want("}", false)
	return r
}

// signature reads the tokens of a function's signature: it is their text without
// white space.
func (p *parser) signature() *Signature {
	open, depth := p.node, 1
	text := []byte("<")
	for depth > 0 && p.node.op != "{" && p.node.kind != tEnd {
		p.advance(false)
		switch p.node.op {
		case ">":
			depth--
		case "<":
			depth++
		}
		text = append(text, spelled(p.node.value)...)
	}
	p.want(">", false)
	s, err := ParseSignature(string(text))
	if err != nil {
		e := err.(*Error)
		e.Position += open.position
		e.At = open.at
		panic(e)
	}
	return s
}

// spelled gives a token's value as JavaScript turns it into a string.
func spelled(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case pattern:
		return "/" + v.text + "/" + v.flags + "g"
	}
	return printed(value)
}
