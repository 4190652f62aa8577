package jsonpath

import (
	"regexp"
	"strings"

	"stile/jsonval"
)

// filter reads "(condition)" or a bare condition, behind the "?".
func (p *parser) filter() (filter, error) {
	if p.inFilter == maxFilterDepth {
		return nil, p.fail("filters are nested too deep")
	}
	p.inFilter++
	defer func() { p.inFilter-- }()
	p.space()
	return p.or()
}

func (p *parser) or() (filter, error) {
	f, err := p.and()
	if err != nil {
		return nil, err
	}
	out := orFilter{f}
	for p.space(); p.take("||"); p.space() {
		if f, err = p.and(); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(out) == 1 {
		return f, nil
	}
	return out, nil
}

func (p *parser) and() (filter, error) {
	f, err := p.unary()
	if err != nil {
		return nil, err
	}
	out := andFilter{f}
	for p.space(); p.take("&&"); p.space() {
		if f, err = p.unary(); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(out) == 1 {
		return f, nil
	}
	return out, nil
}

func (p *parser) unary() (filter, error) {
	p.space()
	if p.take("!") {
		f, err := p.nested(p.unary)
		return notFilter{f}, err
	}
	if p.take("(") {
		f, err := p.nested(p.or)
		if err != nil {
			return nil, err
		}
		if p.space(); !p.take(")") {
			return nil, p.fail("expected )")
		}
		return f, nil
	}
	return p.condition()
}

// nested bounds the recursion of parentheses and of "!".
func (p *parser) nested(f func() (filter, error)) (filter, error) {
	if p.inFilter == maxFilterDepth {
		return nil, p.fail("the filter is nested too deep")
	}
	p.inFilter++
	defer func() { p.inFilter-- }()
	return f()
}

// operators, longest first where one begins another.
var operators = []string{"===", "!==", "==", "!=", "=~", "<=", ">=", "<", ">",
	"subsetof", "noneof", "anyof", "contains", "empty", "size", "nin", "in"}

func (p *parser) condition() (filter, error) {
	start := p.pos
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	p.space()
	for _, op := range operators {
		lower := strings.ToLower(p.text[p.pos:min(len(p.text), p.pos+len(op))])
		if lower != op {
			continue
		}
		p.pos += len(op)
		p.space()
		if op == "=~" {
			re, err := p.regexp()
			return matchFilter{left, re}, err
		}
		right, err := p.operand()
		return compareFilter{op, left, right}, err
	}
	if left.path == nil {
		p.pos = start
		return nil, p.fail("a value alone is no condition: compare it with something")
	}
	return existsFilter{left}, nil
}

func (p *parser) operand() (o operand, err error) {
	switch c := p.peek(); c {
	case '@', '$':
		p.pos++
		segs, err := p.segments()
		if segs == nil {
			segs = []segment{}
		}
		p.operands++
		return operand{path: segs, definite: definite(segs), fromRoot: c == '$', id: p.operands}, err
	case '\'', '"':
		s, err := p.quoted()
		return operand{literal: jsonval.OfString(s)}, err
	case '[', '{':
		return p.jsonLiteral()
	}
	start := p.pos
	for p.pos < len(p.text) && strings.IndexByte("+-.0123456789eEabcdefghijklmnopqrstuvwxyz", p.text[p.pos]) >= 0 {
		p.pos++
	}
	v, err := jsonval.ParseString(p.text[start:p.pos])
	if err != nil {
		p.pos = start
		if word := p.word(); word != "" {
			// AWS takes a word without quotes for a text.
			return operand{literal: jsonval.OfString(word)}, nil
		}
		return o, p.fail("expected @, $, a text in quotes, a number, true, false, null or a list")
	}
	return operand{literal: v}, nil
}

// jsonLiteral reads [ … ] or { … } with texts in either kind of quotes.
func (p *parser) jsonLiteral() (o operand, err error) {
	var b []byte
	depth := 0
	for start := p.pos; p.pos < len(p.text); {
		switch c := p.text[p.pos]; c {
		case '\'', '"':
			s, err := p.quoted()
			if err != nil {
				return o, err
			}
			b = jsonval.AppendString(b, s)
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		b = append(b, p.text[p.pos])
		p.pos++
		if depth == 0 {
			v, err := jsonval.Parse(b)
			if err != nil {
				p.pos = start
				return o, p.fail("the list is no JSON")
			}
			return operand{literal: v}, nil
		}
	}
	return o, p.fail("the list does not end")
}

// regexp reads /expression/i; it must match the whole text.
func (p *parser) regexp() (*regexp.Regexp, error) {
	if !p.take("/") {
		return nil, p.fail("expected a regular expression between slashes")
	}
	start := p.pos
	for p.pos < len(p.text) && p.text[p.pos] != '/' {
		if p.text[p.pos] == '\\' {
			p.pos++
		}
		p.pos++
	}
	if p.pos >= len(p.text) {
		p.pos = start
		return nil, p.fail("the regular expression does not end")
	}
	source := strings.ReplaceAll(p.text[start:p.pos], `\/`, "/")
	p.pos++
	flags := ""
	for strings.IndexByte("ims", p.peek()) >= 0 && p.peek() != 0 {
		flags += p.text[p.pos : p.pos+1]
		p.pos++
	}
	if flags != "" {
		flags = "(?" + flags + ")"
	}
	re, err := regexp.Compile(flags + `\A(?:` + source + `)\z`)
	if err != nil {
		p.pos = start
		return nil, p.fail("bad regular expression")
	}
	return re, nil
}

// word reads letters, digits, _ and -, beginning with a letter or _.
func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (p.pos == start || c != '-' && (c < '0' || c > '9')) {
			break
		}
		p.pos++
	}
	return p.text[start:p.pos]
}
