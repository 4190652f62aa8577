package library

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// jpath is one step of a JSONPath as SelectToken reads it.
type jpath struct {
	name   string
	index  int
	kind   pathKind
	from   *int
	to     *int
	step   int
	names  []string
	filter *jfilter
	deep   bool
}

type pathKind uint8

const (
	byName pathKind = iota
	byIndex
	byAll
	bySlice
	byNames
	byFilter
)

type pathParser struct {
	m *clr.Machine
	s string
	i int
}

func parsePath(m *clr.Machine, s string) []jpath {
	p := &pathParser{m: m, s: s}
	if strings.HasPrefix(s, "$") {
		p.i++
	}
	return p.steps(func() bool { return p.i >= len(p.s) })
}

func (p *pathParser) fail() {
	p.m.Throw(clr.TypeJSON, "Unexpected character while parsing path: '"+p.s+"'.")
}

func (p *pathParser) steps(done func() bool) []jpath {
	var out []jpath
	first := true
	for !done() {
		deep := false
		switch {
		case strings.HasPrefix(p.s[p.i:], ".."):
			deep = true
			p.i += 2
		case p.s[p.i] == '.':
			p.i++
		case p.s[p.i] != '[' && !first:
			p.fail()
		}
		first = false
		if p.i >= len(p.s) {
			p.fail()
		}
		var st jpath
		if p.s[p.i] == '[' {
			st = p.bracket()
		} else {
			st = p.named()
		}
		st.deep = deep
		out = append(out, st)
	}
	return out
}

func (p *pathParser) named() jpath {
	from := p.i
	for p.i < len(p.s) && strings.IndexByte(".[]()=<>! &|", p.s[p.i]) < 0 {
		p.i++
	}
	name := p.s[from:p.i]
	switch name {
	case "":
		p.fail()
	case "*":
		return jpath{kind: byAll}
	}
	return jpath{kind: byName, name: name}
}

func (p *pathParser) bracket() jpath {
	p.i++
	end := func() {
		if p.i >= len(p.s) || p.s[p.i] != ']' {
			p.fail()
		}
		p.i++
	}
	if p.i >= len(p.s) {
		p.fail()
	}
	switch c := p.s[p.i]; {
	case c == '*':
		p.i++
		end()
		return jpath{kind: byAll}
	case c == '\'' || c == '"':
		st := jpath{kind: byNames}
		for {
			st.names = append(st.names, p.quoted())
			if p.i >= len(p.s) || p.s[p.i] != ',' {
				break
			}
			p.i++
			p.blank()
		}
		end()
		return st
	case strings.HasPrefix(p.s[p.i:], "?("):
		p.i += 2
		f := p.filter()
		if p.i >= len(p.s) || p.s[p.i] != ')' {
			p.fail()
		}
		p.i++
		end()
		return jpath{kind: byFilter, filter: f}
	}
	from := p.i
	if k := strings.IndexByte(p.s[p.i:], ']'); k >= 0 {
		p.i += k
	} else {
		p.fail()
	}
	st := p.numbers(p.s[from:p.i])
	end()
	return st
}

func (p *pathParser) numbers(s string) jpath {
	if !strings.Contains(s, ":") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			p.fail()
		}
		return jpath{kind: byIndex, index: n}
	}
	st := jpath{kind: bySlice, step: 1}
	for i, part := range strings.Split(s, ":") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || i > 2 || i == 2 && n <= 0 {
			p.fail()
		}
		switch i {
		case 0:
			st.from = &n
		case 1:
			st.to = &n
		case 2:
			st.step = n
		}
	}
	return st
}

func (p *pathParser) quoted() string {
	if p.i >= len(p.s) {
		p.fail()
	}
	q := p.s[p.i]
	end := strings.IndexByte(p.s[min(p.i+1, len(p.s)):], q)
	if q != '\'' && q != '"' || end < 0 {
		p.fail()
	}
	s := p.s[p.i+1 : p.i+1+end]
	p.i += end + 2
	return s
}

func (p *pathParser) blank() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

// selectTokens walks the path from t.
func selectTokens(m *clr.Machine, t Token, path []jpath) []Token {
	found := []Token{t}
	for _, st := range path {
		var next []Token
		for _, f := range found {
			if !st.deep {
				next = st.take(m, f, next)
				continue
			}
			for _, d := range descend(m, f, nil) {
				next = st.take(m, d, next)
			}
		}
		found = next
	}
	return found
}

// descend lists t and all containers and values under it, properties left out.
func descend(m *clr.Machine, t Token, out []Token) []Token {
	m.Step()
	out = append(out, t)
	switch x := t.(type) {
	case *JObject:
		for _, p := range x.props {
			out = descend(m, p.value, out)
		}
	case *JArray:
		for _, it := range x.items {
			out = descend(m, it, out)
		}
	}
	return out
}

func (st jpath) take(m *clr.Machine, t Token, out []Token) []Token {
	m.Step()
	switch x := t.(type) {
	case *JObject:
		switch st.kind {
		case byName:
			if v := x.get(st.name); v != nil {
				out = append(out, v)
			}
		case byNames:
			for _, n := range st.names {
				if v := x.get(n); v != nil {
					out = append(out, v)
				}
			}
		case byAll, byFilter:
			for _, p := range x.props {
				if st.kind == byAll || st.filter.holds(m, p.value) {
					out = append(out, p.value)
				}
			}
		}
	case *JArray:
		switch st.kind {
		case byIndex:
			if st.index >= 0 && st.index < len(x.items) {
				out = append(out, x.items[st.index])
			}
		case bySlice:
			from, to := bound(st.from, 0, len(x.items)), bound(st.to, len(x.items), len(x.items))
			for i := from; i < to; i += st.step {
				out = append(out, x.items[i])
			}
		case byAll, byFilter:
			for _, it := range x.items {
				if st.kind == byAll || st.filter.holds(m, it) {
					out = append(out, it)
				}
			}
		}
	}
	return out
}

func bound(n *int, other, size int) int {
	if n == nil {
		return other
	}
	if *n < 0 {
		return max(0, size+*n)
	}
	return min(*n, size)
}
