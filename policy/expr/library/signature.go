package library

import (
	"fmt"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// memberSpec is one line of the library: a signature and what runs it.
//
//	int Length                              property
//	set int Capacity                        its setter, value last
//	char this[int]                          indexer; "set char this[int]" its setter
//	string Substring(int, int)              method
//	static string Join(string, params object[])
//	new(int capacity)                       constructor
//	ext int Count<T>(IEnumerable<T>)        extension method
//	bool TryParse(string, out int)          out arguments arrive as *ref
//	T As<T>(bool preserveContent = false)   default value
type memberSpec struct {
	sig string
	run clr.Native
}

// typeSpec is a type's share of the library.
type typeSpec struct {
	typ     *clr.Type
	bases   string
	members []memberSpec
	// enum lists "Name=1 Other=2".
	enum string
}

// sigParser reads the little language of memberSpec. Its input is this package's
// own text: a fault is a broken invariant and panics.
type sigParser struct {
	lib   *Table
	toks  []sigToken
	i     int
	sig   string
	scope map[string]bool
}

func (l *Table) parseSig(owner *clr.Type, spec memberSpec) *clr.Member {
	s := &sigParser{lib: l, toks: sigTokens(spec.sig), sig: spec.sig, scope: map[string]bool{}}
	for _, p := range owner.Def.Params {
		s.scope[p] = true
	}
	m := &clr.Member{Owner: owner, Run: spec.run, Sig: spec.sig}
	s.prefix(m)
	if m.Kind == clr.Constructor {
		m.Name, m.Result = "new", owner
		m.Params = s.params("(", ")")
		return m
	}
	// A method's own type parameters stand behind its name but scope over its result.
	if g := strings.Index(spec.sig, "<"); g >= 0 && strings.Contains(spec.sig, "(") {
		m.Generics = ownGenerics(spec.sig)
		for _, p := range m.Generics {
			s.scope[p] = true
		}
	}
	m.Result = s.typ()
	m.Name = s.take()
	if len(m.Generics) > 0 {
		for s.take() != ">" {
		}
	}
	switch {
	case m.Name == "this":
		m.Params = s.params("[", "]")
		if m.Kind == clr.SetterMember {
			m.Kind = clr.IndexSetter
		} else {
			m.Kind = clr.IndexMember
		}
	case s.peek() == "(":
		m.Params = s.params("(", ")")
	case m.Kind != clr.SetterMember:
		m.Kind = clr.PropertyMember
	}
	return m
}

// ownGenerics finds the <…> that stands directly before the parameter list.
func ownGenerics(sig string) []string {
	open := strings.IndexByte(sig, '(')
	head := strings.TrimSpace(sig[:open])
	if !strings.HasSuffix(head, ">") {
		return nil
	}
	at := strings.LastIndexByte(head, ' ')
	name := head[at+1:]
	lt := strings.IndexByte(name, '<')
	if lt < 0 {
		return nil
	}
	return strings.Split(name[lt+1:len(name)-1], ",")
}

func (s *sigParser) prefix(m *clr.Member) {
	for {
		switch s.peek() {
		case "static":
			m.Static = true
		case "ext":
			m.Static, m.Extension = true, true
		case "set":
			m.Kind = clr.SetterMember
		case "new":
			m.Kind = clr.Constructor
			s.take()
			return
		default:
			return
		}
		s.take()
	}
}

func (s *sigParser) peek() string { return s.toks[s.i].text }

func (s *sigParser) take() string {
	t := s.toks[s.i]
	if t.text == "" {
		s.broken("ends early")
	}
	s.i++
	return t.text
}

func (s *sigParser) broken(why string) {
	panic(fmt.Sprintf("expr: signature %q %s", s.sig, why))
}

func (s *sigParser) typ() *clr.Type {
	name := s.take()
	var t *clr.Type
	if s.scope[name] {
		t = &clr.Type{Param: name}
	} else if t = s.lib.ByName[name]; t == nil {
		s.broken("names the unknown type " + name)
	}
	if s.peek() == "<" && t.Def != nil && (len(t.Def.Params) > 0 || t.IsFunc() || s.lib.OfArity(t, 1) != t) {
		s.take()
		var args []*clr.Type
		for {
			args = append(args, s.typ())
			sep := s.take()
			if sep == ">" {
				break
			}
		}
		t = &clr.Type{Def: s.lib.OfArity(t, len(args)).Def, Args: args}
	} else {
		t = s.lib.OfArity(t, 0)
	}
	for {
		switch {
		case s.peek() == "?":
			s.take()
			t = clr.NullableOf(t)
		case s.peek() == "[" && s.toks[s.i+1].text == "]":
			s.i += 2
			t = clr.ArrayOf(t)
		default:
			return t
		}
	}
}

func (s *sigParser) params(open, end string) []clr.Param {
	if s.take() != open {
		s.broken("lacks " + open)
	}
	var out []clr.Param
	for s.peek() != end {
		out = append(out, s.param())
		if s.peek() == "," {
			s.take()
		}
	}
	return out
}

func (s *sigParser) param() clr.Param {
	p := clr.Param{}
	switch s.peek() {
	case "out":
		s.take()
		p.Out = true
	case "params":
		s.take()
		p.Variadic = true
	}
	p.Type = s.typ()
	if isSigName(s.peek()) {
		p.Name = s.take()
	}
	if s.peek() == "=" {
		s.take()
		p.Optional = true
		p.DefaultVal = s.literal()
		s.i++
	}
	return p
}

// literal reads the default of an optional parameter.
func (s *sigParser) literal() clr.Value {
	switch t := s.peek(); {
	case t == "true" || t == "false":
		return t == "true"
	case t == "null":
		return nil
	default:
		n, err := strconv.Atoi(t)
		if err != nil {
			s.broken("has a default that is no literal")
		}
		return int32(n)
	}
}

// sigToken is a word or a mark of a signature; the last one is empty.
type sigToken struct{ text string }

func isSigName(s string) bool {
	return s != "" && (s[0] == '_' || s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
}

func sigTokens(sig string) []sigToken {
	var out []sigToken
	for i := 0; i < len(sig); {
		n := 1
		if isSigName(sig[i:]) || sig[i] >= '0' && sig[i] <= '9' {
			for i+n < len(sig) && (isSigName(sig[i+n:]) || sig[i+n] >= '0' && sig[i+n] <= '9') {
				n++
			}
		}
		if sig[i] != ' ' {
			out = append(out, sigToken{sig[i : i+n]})
		}
		i += n
	}
	return append(out, sigToken{})
}
