package expr

import (
	"strings"
)

// precedence of the binary operators, tighter is higher (C# 7, 7.3.1).
var precedence = map[string]int{
	"??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7,
	"<": 8, ">": 8, "<=": 8, ">=": 8, "is": 8, "as": 8, "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}

const assignments = " = += -= *= /= %= &= |= ^= <<= >>= ??= "

func (p *parser) expression() node {
	start := p.peek().span
	if !p.enter(start) {
		return &literal{span: start, typ: typeNull}
	}
	defer p.leave()
	if l := p.lambda(); l != nil {
		return l
	}
	if p.is("throw") {
		p.take()
		value := p.expression()
		return &throwExpr{span: p.from(start.at), value: value}
	}
	if p.peek().isWord("from") && p.peekAt(1).kind == tName && p.peekAt(2).is("in") {
		p.fail(p.peek().span, "query syntax is not supported", "call Where, Select and OrderBy instead")
	}
	left := p.binary(1)
	if p.is("?") {
		p.take()
		t := &ternary{cond: left, yes: p.expression()}
		p.want(":")
		t.no = p.expression()
		t.span = p.from(start.at)
		return t
	}
	if t := p.peek(); t.kind == tPunct && strings.Contains(assignments, " "+t.text+" ") {
		p.take()
		value := p.expression()
		return &assignment{span: p.from(start.at), op: t.text, target: left, value: value}
	}
	return left
}

func (p *parser) binary(least int) node {
	at := p.peek().at
	left := p.unary()
	for !p.failed {
		t := p.peek()
		level, ok := precedence[t.text]
		if !ok || t.kind != tPunct && t.kind != tKeyword || level < least {
			return left
		}
		op := p.take()
		switch op.text {
		case "is":
			left = p.typeTest(at, left)
		case "as":
			to := p.typeRef()
			left = &asCast{span: p.from(at), operand: left, to: to}
		case "??":
			var right node
			if p.is("throw") {
				right = p.expression()
			} else {
				right = p.binary(level)
			}
			left = &binary{p.from(at), op.text, op.span, left, right}
		default:
			right := p.binary(level + 1)
			left = &binary{p.from(at), op.text, op.span, left, right}
		}
	}
	return left
}

// typeTest takes what follows "is": null, a constant, a type, or a type with a name.
func (p *parser) typeTest(at int, operand node) node {
	t := &typeTest{operand: operand}
	switch tok := p.peek(); {
	case tok.kind == tLiteral || tok.is("-"):
		t.value = p.unary()
	default:
		t.to = p.typeRef()
		// "x is int ? a : b": the ? belongs to the ternary where a value follows.
		if t.to.nullable && p.startsValue(p.peek()) {
			t.to.nullable = false
			p.i--
		} else if p.peek().kind == tName && !p.peek().isWord("when") {
			t.local = p.take().text
		}
	}
	t.span = p.from(at)
	return t
}

// startsValue reports whether a lexeme can begin an expression.
func (p *parser) startsValue(t *lexeme) bool {
	switch t.kind {
	case tName, tLiteral, tInterpolated:
		return true
	case tKeyword:
		return t.text != "is" && t.text != "as" && t.text != "in"
	case tPunct:
		return t.text == "(" || t.text == "!" || t.text == "~" || t.text == "-" || t.text == "+"
	}
	return false
}

func (p *parser) unary() node {
	t := p.peek()
	if t.kind == tPunct {
		switch t.text {
		case "!", "-", "+", "~", "++", "--":
			if !p.enter(t.span) {
				return &literal{span: t.span, typ: typeNull}
			}
			defer p.leave()
			op := p.take()
			operand := p.unary()
			return &unary{p.from(op.at), op.text, operand}
		case "(":
			if c := p.cast(); c != nil {
				return c
			}
		}
	}
	if t.isWord("await") && p.peekAt(1).kind == tName {
		p.fail(t.span, "await is not allowed in a policy expression", "policy expressions run without waiting")
	}
	return p.primary()
}

// cast takes (T)operand, or nothing where the parenthesis is an ordinary one.
func (p *parser) cast() node {
	open := p.peek().span
	m := p.mark()
	p.take()
	to := p.typeRef()
	ok := !p.failed && p.is(")")
	if ok {
		p.take()
		ok = p.castFollows(to)
	}
	if !ok {
		p.reset(m)
		return nil
	}
	p.keep(m)
	if !p.enter(open) {
		return &literal{span: open, typ: typeNull}
	}
	defer p.leave()
	operand := p.unary()
	return &cast{p.from(open.at), to, operand}
}

// castFollows is C#'s rule for (x) followed by a lexeme: a cast where x can only be
// a type, or where the lexeme cannot continue an ordinary expression.
func (p *parser) castFollows(to *typeRef) bool {
	t := p.peek()
	if keywordTypes[to.name] || to.rank > 0 || to.nullable {
		return p.startsValue(t)
	}
	switch t.kind {
	case tName, tLiteral, tInterpolated:
		return true
	case tKeyword:
		return t.text != "is" && t.text != "as"
	case tPunct:
		return t.text == "(" || t.text == "!" || t.text == "~"
	}
	return false
}

func (p *parser) primary() node {
	at := p.peek().at
	n := p.atom()
	for !p.failed {
		switch t := p.peek(); {
		case t.is("."):
			p.take()
			n = p.member(at, n)
		case t.is("("):
			n = &invocation{target: n, args: p.arguments("(", ")"), span: p.from(at)}
			n.(*invocation).span = p.from(at)
		case t.is("["):
			args := p.arguments("[", "]")
			n = &indexing{p.from(at), n, args}
		case t.is("++"), t.is("--"):
			p.take()
			n = &postfix{p.from(at), t.text, n}
		case t.is("?.") || t.is("?") && p.indexFollows():
			return p.conditional(at, n)
		default:
			return n
		}
	}
	return n
}

func (p *parser) member(at int, target node) node {
	name := p.wantName()
	args := p.genericArgs()
	return &memberAccess{span: p.from(at), target: target, name: name.text, nameAt: name.span, args: args}
}

// indexFollows tells x?[i] from x ? [… : the second form starts no C# 7 expression.
func (p *parser) indexFollows() bool { return p.peekAt(1).is("[") }

// conditional takes ?.a.b(c)[d]: all that follows is skipped when target is null.
func (p *parser) conditional(at int, target node) node {
	op := p.take()
	if !p.enter(op.span) {
		return target
	}
	defer p.leave()
	var n node = &receiver{op.span}
	if op.text == "?." {
		n = p.member(op.at, n)
	}
	for !p.failed {
		switch t := p.peek(); {
		case t.is("."):
			p.take()
			n = p.member(op.at, n)
		case t.is("("):
			args := p.arguments("(", ")")
			n = &invocation{p.from(op.at), n, args}
		case t.is("["):
			args := p.arguments("[", "]")
			n = &indexing{p.from(op.at), n, args}
		case t.is("?.") || t.is("?") && p.indexFollows():
			n = p.conditional(op.at, n)
			return &conditional{p.from(at), target, n}
		default:
			return &conditional{p.from(at), target, n}
		}
	}
	return n
}

func (p *parser) arguments(open, end string) []argument {
	p.want(open)
	var args []argument
	for !p.failed && !p.is(end) {
		args = append(args, p.argument())
		if !p.accept(",") {
			break
		}
	}
	p.want(end)
	return args
}

func (p *parser) argument() argument {
	a := argument{span: p.peek().span}
	if p.peek().kind == tName && p.peekAt(1).is(":") {
		a.name = p.take().text
		p.take()
	}
	if p.is("ref") {
		p.fail(p.peek().span, "ref arguments are not supported", "")
	}
	if p.accept("out") {
		a.out = true
		if m := p.mark(); true {
			t := p.typeRef()
			if !p.failed && p.peek().kind == tName && (p.peekAt(1).is(")") || p.peekAt(1).is(",")) {
				a.declare, a.local = t, p.take().text
				p.keep(m)
				a.span = p.from(a.at)
				return a
			}
			p.reset(m)
		}
	}
	a.value = p.expression()
	a.span = p.from(a.at)
	return a
}
