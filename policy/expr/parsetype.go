package expr

import (
	"strings"
)

var keywordTypes = wordSet(`bool byte sbyte char decimal double float int uint long ulong short ushort object string void`)

// typeRef takes a type; it fails where none stands.
func (p *parser) typeRef() *typeRef {
	at := p.peek().at
	t := &typeRef{}
	switch tok := p.peek(); {
	case tok.kind == tKeyword && keywordTypes[tok.text]:
		t.name = p.take().text
	case tok.kind == tName:
		t.name = p.qualified(t)
	default:
		p.unexpected("a type")
	}
	if p.is("?") {
		p.take()
		t.nullable = true
	}
	for p.is("[") && p.peekAt(1).is("]") {
		p.take()
		p.take()
		t.rank++
	}
	if t.nullable && t.rank > 0 {
		t.nullable, t.nullableElem = false, true
	}
	t.span = p.from(at)
	return t
}

// qualified takes a dotted name with type arguments at its end.
func (p *parser) qualified(t *typeRef) string {
	var b strings.Builder
	for {
		b.WriteString(p.wantName().text)
		if p.is("<") {
			t.args = p.typeArgs()
		}
		if p.failed || !p.is(".") && !p.is("::") || p.peekAt(1).kind != tName {
			return b.String()
		}
		p.take()
		b.WriteByte('.')
	}
}

func (p *parser) typeArgs() []*typeRef {
	if !p.enter(p.peek().span) {
		return nil
	}
	defer p.leave()
	p.want("<")
	var args []*typeRef
	for !p.failed {
		args = append(args, p.typeRef())
		if !p.accept(",") {
			break
		}
	}
	p.closeAngle()
	return args
}

// closeAngle takes ">", splitting ">>" and the like where generics nest.
func (p *parser) closeAngle() {
	t := p.peek()
	if t.kind == tPunct && len(t.text) > 1 && t.text[0] == '>' {
		p.splits = append(p.splits, split{p.i, *t})
		t.text = t.text[1:]
		t.at++
		return
	}
	p.want(">")
}

// tryType takes a type if one stands here, else nothing.
func (p *parser) tryType() *typeRef {
	m := p.mark()
	t := p.typeRef()
	ok := !p.failed
	i := p.i
	if !ok {
		p.reset(m)
		return nil
	}
	p.keep(m)
	p.i = i
	return t
}

// genericArgs takes <T, …> after a name where C#'s rule says that it is a list of
// type arguments and no comparison.
func (p *parser) genericArgs() []*typeRef {
	if !p.is("<") {
		return nil
	}
	m := p.mark()
	args := p.typeArgs()
	ok := !p.failed
	i := p.i
	if ok {
		switch t := &p.toks[i]; {
		case t.kind == tEnd:
		case t.kind == tPunct && strings.Contains(" ( ) ] } : ; , . ? ?. == != | ^ && || & [ { ", " "+t.text+" "):
		default:
			ok = false
		}
	}
	if !ok {
		p.reset(m)
		return nil
	}
	p.keep(m)
	p.i = i
	return args
}
