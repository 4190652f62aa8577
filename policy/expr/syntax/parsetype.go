package syntax

import (
	"strings"
)

// KeywordTypes are the types that have a keyword.
var KeywordTypes = wordSet(`bool byte sbyte char decimal double float int uint long ulong short ushort object string void`)

// typeRef takes a type; it fails where none stands.
func (p *parser) typeRef() *TypeRef {
	at := p.peek().At
	t := &TypeRef{}
	switch tok := p.peek(); {
	case tok.kind == tKeyword && KeywordTypes[tok.text]:
		t.Name = p.take().text
	case tok.kind == tName:
		t.Name = p.qualified(t)
	case tok.Is("("):
		p.tupleType(t)
	default:
		p.unexpected("a type")
	}
	if p.Is("?") {
		p.take()
		t.Nullable = true
	}
	for p.Is("[") && p.peekAt(1).Is("]") {
		p.take()
		p.take()
		t.Rank++
	}
	if t.Nullable && t.Rank > 0 {
		t.Nullable, t.NullableElem = false, true
	}
	t.Span = p.from(at)
	return t
}

// qualified takes a dotted name with type arguments at its end.
func (p *parser) qualified(t *TypeRef) string {
	var b strings.Builder
	for {
		b.WriteString(p.wantName().text)
		if p.Is("<") {
			t.Args = p.typeArgs()
		}
		if p.failed || !p.Is(".") && !p.Is("::") || p.peekAt(1).kind != tName {
			return b.String()
		}
		p.take()
		b.WriteByte('.')
	}
}

func (p *parser) typeArgs() []*TypeRef {
	if !p.enter(p.peek().Span) {
		return nil
	}
	defer p.leave()
	p.want("<")
	var args []*TypeRef
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
		t.At++
		return
	}
	p.want(">")
}

// genericArgs takes <T, …> after a name where C#'s rule says that it is a list of
// type arguments and no comparison.
func (p *parser) genericArgs() []*TypeRef {
	if !p.Is("<") {
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
