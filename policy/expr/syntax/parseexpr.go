package syntax

import (
	"strings"

	"stile/policy/expr/clr"
)

// precedence of the binary operators, tighter is higher (C# 7, 7.3.1).
var precedence = map[string]int{
	"??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7,
	"<": 8, ">": 8, "<=": 8, ">=": 8, "is": 8, "as": 8, "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}

const assignments = " = += -= *= /= %= &= |= ^= <<= >>= ??= "

func (p *parser) expression() Node {
	start := p.peek().Span
	if !p.enter(start) {
		return &Literal{Span: start, Type: clr.TypeNull}
	}
	defer p.leave()
	if l := p.lambda(); l != nil {
		return l
	}
	if p.peek().isWord("from") && p.peekAt(1).kind == tName && p.peekAt(2).Is("in") {
		p.fail(p.peek().Span, "query syntax is not supported", "call Where, Select and OrderBy instead")
	}
	left := p.binary(1)
	if p.Is("?") {
		p.take()
		t := &Ternary{Cond: left, Yes: p.valueOrThrow()}
		p.want(":")
		t.No = p.valueOrThrow()
		t.Span = p.from(start.At)
		return t
	}
	if t := p.peek(); t.kind == tPunct && strings.Contains(assignments, " "+t.text+" ") {
		p.take()
		value := p.expression()
		return &Assignment{Span: p.from(start.At), Op: t.text, Target: left, Value: value}
	}
	return left
}

// valueOrThrow takes an expression, or throw where C# lets one stand: behind => and
// ??, and in either branch of ?:.
func (p *parser) valueOrThrow() Node {
	if !p.Is("throw") {
		return p.expression()
	}
	at := p.take().At
	value := p.expression()
	return &ThrowExpr{Span: p.from(at), Value: value}
}

func (p *parser) binary(least int) Node {
	at := p.peek().At
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
			left = &AsCast{Span: p.from(at), Operand: left, To: to}
		case "??":
			var right Node
			if p.Is("throw") {
				right = p.valueOrThrow()
			} else {
				right = p.binary(level)
			}
			left = &Binary{p.from(at), op.text, op.Span, left, right}
		default:
			right := p.binary(level + 1)
			left = &Binary{p.from(at), op.text, op.Span, left, right}
		}
	}
	return left
}

// typeTest takes what follows "is": null, a constant, a type, or a type with a name.
func (p *parser) typeTest(at int, operand Node) Node {
	t := &TypeTest{Operand: operand}
	switch tok := p.peek(); {
	case tok.kind == tLiteral || tok.Is("-"):
		t.Value = p.unary()
	default:
		t.To = p.typeRef()
		// "x is int ? a : b": the ? belongs to the ternary where a value follows.
		if t.To.Nullable && p.startsValue(p.peek()) {
			t.To.Nullable = false
			p.i--
		} else if p.peek().kind == tName && !p.peek().isWord("when") {
			t.Local = p.take().text
		}
	}
	t.Span = p.from(at)
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

func (p *parser) unary() Node {
	t := p.peek()
	if t.kind == tPunct {
		switch t.text {
		case "!", "-", "+", "~", "++", "--":
			if !p.enter(t.Span) {
				return &Literal{Span: t.Span, Type: clr.TypeNull}
			}
			defer p.leave()
			op := p.take()
			operand := p.unary()
			return &Unary{p.from(op.At), op.text, operand}
		case "(":
			if c := p.cast(); c != nil {
				return c
			}
		}
	}
	if t.isWord("await") && p.peekAt(1).kind == tName {
		p.fail(t.Span, "await is not allowed in a policy expression", "policy expressions run without waiting")
	}
	return p.primary()
}

// cast takes (T)operand, or nothing where the parenthesis is an ordinary one.
func (p *parser) cast() Node {
	open := p.peek().Span
	m := p.mark()
	p.take()
	to := p.typeRef()
	ok := !p.failed && p.Is(")")
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
		return &Literal{Span: open, Type: clr.TypeNull}
	}
	defer p.leave()
	operand := p.unary()
	return &Cast{p.from(open.At), to, operand}
}

// castFollows is C#'s rule for (x) followed by a lexeme: a cast where x can only be
// a type, or where the lexeme cannot continue an ordinary expression.
func (p *parser) castFollows(to *TypeRef) bool {
	t := p.peek()
	if KeywordTypes[to.Name] || to.Rank > 0 || to.Nullable {
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

func (p *parser) primary() Node {
	at := p.peek().At
	n := p.atom()
	for !p.failed {
		switch t := p.peek(); {
		case t.Is("."):
			p.take()
			n = p.member(at, n)
		case t.Is("("):
			n = &Invocation{Target: n, Args: p.arguments("(", ")"), Span: p.from(at)}
			n.(*Invocation).Span = p.from(at)
		case t.Is("["):
			args := p.arguments("[", "]")
			n = &Indexing{p.from(at), n, args}
		case t.Is("++"), t.Is("--"):
			p.take()
			n = &Postfix{p.from(at), t.text, n}
		case t.Is("?.") || t.Is("?") && p.indexFollows():
			return p.conditional(at, n)
		default:
			return n
		}
	}
	return n
}

func (p *parser) member(at int, target Node) Node {
	name := p.wantName()
	args := p.genericArgs()
	return &MemberAccess{Span: p.from(at), Target: target, Name: name.text, NameAt: name.Span, Args: args}
}

// indexFollows tells x?[i] from x ? [… : the second form starts no C# 7 expression.
func (p *parser) indexFollows() bool { return p.peekAt(1).Is("[") }

// conditional takes ?.a.b(c)[d]: all that follows is skipped when target is null.
func (p *parser) conditional(at int, target Node) Node {
	op := p.take()
	if !p.enter(op.Span) {
		return target
	}
	defer p.leave()
	var n Node = &Receiver{op.Span}
	if op.text == "?." {
		n = p.member(op.At, n)
	}
	for !p.failed {
		switch t := p.peek(); {
		case t.Is("."):
			p.take()
			n = p.member(op.At, n)
		case t.Is("("):
			args := p.arguments("(", ")")
			n = &Invocation{p.from(op.At), n, args}
		case t.Is("["):
			args := p.arguments("[", "]")
			n = &Indexing{p.from(op.At), n, args}
		case t.Is("?.") || t.Is("?") && p.indexFollows():
			n = p.conditional(op.At, n)
			return &Conditional{p.from(at), target, n}
		default:
			return &Conditional{p.from(at), target, n}
		}
	}
	return n
}

func (p *parser) arguments(open, end string) []Argument {
	p.want(open)
	var args []Argument
	for !p.failed && !p.Is(end) {
		args = append(args, p.argument())
		if !p.accept(",") {
			break
		}
		if p.Is(end) {
			p.unexpected("an argument")
		}
	}
	p.want(end)
	return args
}

func (p *parser) argument() Argument {
	a := Argument{Span: p.peek().Span}
	if p.peek().kind == tName && p.peekAt(1).Is(":") {
		a.Name = p.take().text
		p.take()
	}
	if p.Is("ref") {
		p.fail(p.peek().Span, "ref arguments are not supported", "")
	}
	if p.accept("out") {
		a.Out = true
		if m := p.mark(); true {
			t := p.typeRef()
			if !p.failed && p.peek().kind == tName && (p.peekAt(1).Is(")") || p.peekAt(1).Is(",")) {
				a.Declare, a.Local = t, p.take().text
				p.keep(m)
				a.Span = p.from(a.At)
				return a
			}
			p.reset(m)
		}
	}
	a.Value = p.expression()
	a.Span = p.from(a.At)
	return a
}
