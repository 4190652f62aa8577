package library

import (
	"strings"
	"unicode/utf8"

	"stile/policy/expr/clr"
	"stile/rx"
)

var (
	typeRegex           = clr.Class("System.Text.RegularExpressions.Regex")
	typeCapture         = clr.Class("System.Text.RegularExpressions.Capture")
	typeGroup           = clr.Class("System.Text.RegularExpressions.Group")
	typeMatch           = clr.Class("System.Text.RegularExpressions.Match")
	typeGroupCollection = clr.Class("System.Text.RegularExpressions.GroupCollection")
	typeMatchCollection = clr.Class("System.Text.RegularExpressions.MatchCollection")
	typeRegexOptions    = clr.EnumType("System.Text.RegularExpressions.RegexOptions")
)

type regex struct {
	re      *rx.Regexp
	pattern string
}

func (*regex) RuntimeType() *clr.Type { return typeRegex }

// String gives the pattern.
func (r *regex) String() string { return r.pattern }

// matched is a Group, and for group 0 the Match.
type matched struct {
	re      *regex
	text    []rune
	at      []int
	group   int
	isMatch bool
}

func (c *matched) RuntimeType() *clr.Type {
	if c.isMatch {
		return typeMatch
	}
	return typeGroup
}

func (c *matched) success() bool {
	return c.at != nil && c.at[2*c.group] >= 0 && c.at[2*c.group+1] >= 0
}

// String gives the captured text.
func (c *matched) String() string {
	if !c.success() {
		return ""
	}
	return string(c.text[c.at[2*c.group]:c.at[2*c.group+1]])
}

// index counts UTF-16 units before the matched.
func (c *matched) index() int {
	if !c.success() {
		return 0
	}
	return clr.Length(string(c.text[:c.at[2*c.group]]))
}

func (c *matched) of(group int) *matched {
	return &matched{re: c.re, text: c.text, at: c.at, group: group}
}

// groupList is a GroupCollection or MatchCollection.
type groupList struct {
	typ   *clr.Type
	items []clr.Value
	whole *matched
}

func (c *groupList) RuntimeType() *clr.Type { return c.typ }

func (c *groupList) Each(m *clr.Machine, yield func(clr.Value) bool) { clr.Each(m, c.items, yield) }

func regexOf(m *clr.Machine, pattern string, options clr.Value) *regex {
	e, _ := options.(clr.Enum)
	m.Work(len(pattern))
	re, err := rx.Compile(clr.Valid(pattern), rx.Options(e.N))
	if err != nil {
		m.Throw(clr.TypeArgument, "parsing \""+pattern+"\" - "+err.Error())
	}
	return &regex{re, pattern}
}

// stepsPerUnit is how many steps of the matcher cost one step of the expression.
const stepsPerUnit = 8

func (r *regex) find(m *clr.Machine, text []rune, from int) *matched {
	n := 0
	at := r.re.Find(text, from, func() {
		if n++; n%stepsPerUnit == 0 {
			m.Step()
		}
	})
	m.Work(len(text) / 64)
	return &matched{re: r, text: text, at: at, isMatch: true}
}

// next continues behind a match; an empty one moves on by a character.
func (r *regex) next(m *clr.Machine, c *matched) *matched {
	from := c.at[1]
	if c.at[0] == c.at[1] {
		from++
	}
	if from > len(c.text) {
		return &matched{re: r, text: c.text, isMatch: true}
	}
	return r.find(m, c.text, from)
}

func (r *regex) all(m *clr.Machine, s string, f func(c *matched) bool) {
	for c := r.find(m, []rune(clr.Valid(s)), 0); c.success() && f(c); c = r.next(m, c) {
		m.Step()
	}
}

func (r *regex) matches(m *clr.Machine, s string) clr.Value {
	out := &groupList{typ: typeMatchCollection}
	r.all(m, s, func(c *matched) bool {
		m.Grow(64)
		out.items = append(out.items, c)
		return true
	})
	return out
}

// replace calls by for each match, at most most times where most is not negative.
func (r *regex) replace(m *clr.Machine, s string, most int, by func(c *matched) string) clr.Value {
	var b strings.Builder
	last, text := 0, []rune(clr.Valid(s))
	r.all(m, s, func(c *matched) bool {
		if most == 0 {
			return false
		}
		most--
		b.WriteString(string(text[last:c.at[0]]))
		b.WriteString(by(c))
		m.Grow(b.Len() / 8)
		last = c.at[1]
		return true
	})
	b.WriteString(string(text[last:]))
	return m.Text(b.String())
}

// expand puts groups into a replacement: $1, ${name}, $&, $$.
func (c *matched) expand(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '$' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		name, used := dollarName(pattern[i+1:])
		switch {
		case name == "$":
			b.WriteByte('$')
		case name == "&":
			b.WriteString(c.String())
		case name == "`":
			b.WriteString(string(c.text[:c.at[0]]))
		case name == "'":
			b.WriteString(string(c.text[c.at[1]:]))
		default:
			g, err := c.re.re.Group(name)
			if name == "" || err != nil {
				b.WriteByte('$')
				continue
			}
			b.WriteString(c.of(g).String())
		}
		i += used
	}
	return b.String()
}

// dollarName reads what follows $; used is its length.
func dollarName(s string) (name string, used int) {
	if strings.IndexByte("$&`'", s[0]) >= 0 {
		return s[:1], 1
	}
	if s[0] == '{' {
		if end := strings.IndexByte(s, '}'); end > 0 {
			return s[1:end], end + 1
		}
		return "", 0
	}
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n], n
}

func (r *regex) split(m *clr.Machine, s string) clr.Value {
	out := &clr.Array{Elem: clr.TypeString}
	last, text := 0, []rune(clr.Valid(s))
	r.all(m, s, func(c *matched) bool {
		m.Grow(16)
		out.Items = append(out.Items, string(text[last:c.at[0]]))
		for g := 1; g < len(c.at)/2; g++ {
			if c.of(g).success() {
				out.Items = append(out.Items, c.of(g).String())
			}
		}
		last = c.at[1]
		return true
	})
	out.Items = append(out.Items, string(text[last:]))
	return out
}

// escapeRegex is Regex.Escape.
func escapeRegex(s string) string {
	var b strings.Builder
	for _, r := range s {
		if i := strings.IndexRune("\t\n\f\r", r); i >= 0 {
			b.WriteString(`\` + string("tnfr"[i]))
			continue
		}
		if r < utf8.RuneSelf && strings.ContainsRune(`\*+?|{[()^$.# `, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func groupNamed(m *clr.Machine, c *matched, name string) clr.Value {
	g, err := c.re.re.Group(name)
	if err != nil || c.at == nil {
		return &matched{re: c.re, text: c.text}
	}
	return c.of(g)
}

// regexForms gives each operation as a static method, with and without options,
// and as an instance method.
func regexForms(result, name, rest string, f func(m *clr.Machine, r *regex, a []clr.Value) clr.Value) []memberSpec {
	return []memberSpec{
		{result + " " + name + "(string" + rest + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(m, a[0].(*regex), a[1:]) }},
		{"static " + result + " " + name + "(string, string" + rest + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return f(m, regexOf(m, need(m, a[1], "pattern"), nil), append([]clr.Value{a[0]}, a[2:]...))
		}},
		{"static " + result + " " + name + "(string, string" + rest + ", RegexOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			last := len(a) - 1
			return f(m, regexOf(m, need(m, a[1], "pattern"), a[last]), append([]clr.Value{a[0]}, a[2:last]...))
		}},
	}
}

var regexMembers = concatAll(
	[]memberSpec{
		{"new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return regexOf(m, need(m, a[0], "pattern"), nil)
		}},
		{"new(string, RegexOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return regexOf(m, need(m, a[0], "pattern"), a[1])
		}},
		{"static string Escape(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return mapText(m, need(m, a[0], "str"), escapeRegex)
		}},
	},
	regexForms("bool", "IsMatch", "", func(m *clr.Machine, r *regex, a []clr.Value) clr.Value {
		return r.find(m, []rune(clr.Valid(need(m, a[0], "input"))), 0).success()
	}),
	regexForms("Match", "Match", "", func(m *clr.Machine, r *regex, a []clr.Value) clr.Value {
		return r.find(m, []rune(clr.Valid(need(m, a[0], "input"))), 0)
	}),
	regexForms("MatchCollection", "Matches", "", func(m *clr.Machine, r *regex, a []clr.Value) clr.Value { return r.matches(m, need(m, a[0], "input")) }),
	regexForms("string[]", "Split", "", func(m *clr.Machine, r *regex, a []clr.Value) clr.Value { return r.split(m, need(m, a[0], "input")) }),
	regexForms("string", "Replace", ", string", func(m *clr.Machine, r *regex, a []clr.Value) clr.Value {
		with := need(m, a[1], "replacement")
		return r.replace(m, need(m, a[0], "input"), -1, func(c *matched) string { return c.expand(with) })
	}),
	regexForms("string", "Replace", ", Func<Match,string>", func(m *clr.Machine, r *regex, a []clr.Value) clr.Value {
		f := a[1]
		return r.replace(m, need(m, a[0], "input"), -1, func(c *matched) string { return str(call(m, f, c)) })
	}),
)

var regexSpecs = []typeSpec{
	{typ: typeRegexOptions, enum: "None=0 IgnoreCase=1 Multiline=2 ExplicitCapture=4 Compiled=8 Singleline=16 IgnorePatternWhitespace=32 RightToLeft=64 ECMAScript=256 CultureInvariant=512"},
	{typ: typeRegex, members: concatAll(regexMembers, regexMore)},
	{typ: typeCapture, members: []memberSpec{
		{"string Value", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return m.Text(a[0].(*matched).String()) }},
		{"int Index", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(a[0].(*matched).index()) }},
		{"int Length", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.Length(a[0].(*matched).String()))
		}},
	}},
	{typ: typeGroup, bases: "Capture", members: []memberSpec{
		{"bool Success", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*matched).success() }},
	}},
	{typ: typeMatch, bases: "Group", members: []memberSpec{
		{"static Match Empty", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return noMatch }},
		{"GroupCollection Groups", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			c := a[0].(*matched)
			out := &groupList{typ: typeGroupCollection, whole: c}
			for g := 0; g < len(c.at)/2; g++ {
				out.items = append(out.items, c.of(g))
			}
			return out
		}},
		{"Match NextMatch()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			c := a[0].(*matched)
			if !c.success() {
				return c
			}
			return c.re.next(m, c)
		}},
		{"string Result(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(a[0].(*matched).expand(need(m, a[1], "replacement")))
		}},
	}},
	{typ: typeGroupCollection, bases: "IEnumerable<Group>", members: []memberSpec{
		{"Group this[int]", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			c := a[0].(*groupList)
			if i := num(a[1]); i >= 0 && i < len(c.items) {
				return c.items[i]
			}
			return &matched{re: c.whole.re}
		}},
		{"Group this[string]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return groupNamed(m, a[0].(*groupList).whole, need(m, a[1], "groupname"))
		}},
		{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(max(1, len(a[0].(*groupList).items)))
		}},
	}},
	{typ: typeMatchCollection, bases: "IEnumerable<Match>", members: []memberSpec{
		{"Match this[int]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			c := a[0].(*groupList)
			return c.items[listIndex(m, num(a[1]), len(c.items))]
		}},
		{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(len(a[0].(*groupList).items))
		}},
	}},
}
