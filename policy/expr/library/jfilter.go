package library

import (
	"strings"

	"stile/policy/expr/clr"
)

// jfilter is [?(@.path op value)]; an empty op asks for existence.
type jfilter struct {
	path  []jpath
	op    string
	value Token
	and   *jfilter
	or    *jfilter
}

func (p *pathParser) filter() *jfilter {
	p.blank()
	if p.i >= len(p.s) || p.s[p.i] != '@' {
		p.fail()
	}
	p.i++
	f := &jfilter{}
	f.path = p.steps(func() bool { return p.i >= len(p.s) || strings.IndexByte(" =<>!)&|", p.s[p.i]) >= 0 })
	p.blank()
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if strings.HasPrefix(p.s[p.i:], op) {
			f.op = op
			p.i += len(op)
			p.blank()
			f.value = p.literal()
			break
		}
	}
	p.blank()
	switch {
	case strings.HasPrefix(p.s[p.i:], "&&"):
		p.i += 2
		f.and = p.filter()
	case strings.HasPrefix(p.s[p.i:], "||"):
		p.i += 2
		f.or = p.filter()
	}
	return f
}

func (p *pathParser) literal() Token {
	if p.i < len(p.s) && (p.s[p.i] == '\'' || p.s[p.i] == '"') {
		return &JValue{kind: jString, Value: p.quoted()}
	}
	from := p.i
	for p.i < len(p.s) && strings.IndexByte(" )&|", p.s[p.i]) < 0 {
		p.i++
	}
	word := p.s[from:p.i]
	if word == "" {
		p.fail()
	}
	return parseJSON(p.m, word)
}

func (f *jfilter) holds(m *clr.Machine, t Token) bool {
	ok := false
	for _, c := range selectTokens(m, t, f.path) {
		if f.op == "" || f.compares(m, c) {
			ok = true
			break
		}
	}
	switch {
	case f.and != nil:
		return ok && f.and.holds(m, t)
	case f.or != nil:
		return ok || f.or.holds(m, t)
	}
	return ok
}

func (f *jfilter) compares(m *clr.Machine, t Token) bool {
	v, ok := t.(*JValue)
	w, ok2 := f.value.(*JValue)
	if !ok || !ok2 {
		return f.op == "!="
	}
	x, y := v.Value, w.Value
	if tx, ty := clr.TypeOf(x), clr.TypeOf(y); tx != nil && ty != nil && tx.IsNumeric() && ty.IsNumeric() {
		return clr.Ordered(f.op, clr.Order(clr.AsFloat(x), clr.AsFloat(y)))
	}
	if f.op == "==" || f.op == "!=" {
		return clr.EqualValues(m, x, y) == (f.op == "==")
	}
	a, ok := x.(string)
	c, ok2 := y.(string)
	return ok && ok2 && clr.Ordered(f.op, clr.Order(a, c))
}
