package expr

import (
	"strings"
	"unicode/utf8"

	"stile/policy/expr/netregex"
)

var (
	typeRegex           = class("System.Text.RegularExpressions.Regex")
	typeCapture         = class("System.Text.RegularExpressions.Capture")
	typeGroup           = class("System.Text.RegularExpressions.Group")
	typeMatch           = class("System.Text.RegularExpressions.Match")
	typeGroupCollection = class("System.Text.RegularExpressions.GroupCollection")
	typeMatchCollection = class("System.Text.RegularExpressions.MatchCollection")
	typeRegexOptions    = enumType("System.Text.RegularExpressions.RegexOptions")
)

// regex is a compiled Regex.
type regex struct {
	re      *netregex.Regexp
	pattern string
}

func (*regex) runtimeType() *Type { return typeRegex }

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

func (c *matched) runtimeType() *Type {
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
	return length(string(c.text[:c.at[2*c.group]]))
}

func (c *matched) of(group int) *matched {
	return &matched{re: c.re, text: c.text, at: c.at, group: group}
}

// groupList is a GroupCollection or MatchCollection.
type groupList struct {
	typ   *Type
	items []Value
	whole *matched
}

func (c *groupList) runtimeType() *Type { return c.typ }

func (c *groupList) each(m *machine, yield func(Value) bool) { each(m, c.items, yield) }

func regexOf(m *machine, pattern string, options Value) *regex {
	e, _ := options.(Enum)
	m.work(len(pattern))
	re, err := netregex.Compile(valid(pattern), netregex.Options(e.n))
	if err != nil {
		m.throw(typeArgument, "parsing \""+pattern+"\" - "+err.Error())
	}
	return &regex{re, pattern}
}

// stepsPerUnit is how many steps of the matcher cost one step of the expression.
const stepsPerUnit = 8

func (r *regex) find(m *machine, text []rune, from int) *matched {
	n := 0
	at := r.re.Find(text, from, func() {
		if n++; n%stepsPerUnit == 0 {
			m.step()
		}
	})
	m.work(len(text) / 64)
	return &matched{re: r, text: text, at: at, isMatch: true}
}

// next continues behind a match; an empty one moves on by a character.
func (r *regex) next(m *machine, c *matched) *matched {
	from := c.at[1]
	if c.at[0] == c.at[1] {
		from++
	}
	if from > len(c.text) {
		return &matched{re: r, text: c.text, isMatch: true}
	}
	return r.find(m, c.text, from)
}

func (r *regex) all(m *machine, s string, f func(c *matched) bool) {
	for c := r.find(m, []rune(valid(s)), 0); c.success() && f(c); c = r.next(m, c) {
		m.step()
	}
}

func (r *regex) matches(m *machine, s string) Value {
	out := &groupList{typ: typeMatchCollection}
	r.all(m, s, func(c *matched) bool {
		m.grow(64)
		out.items = append(out.items, c)
		return true
	})
	return out
}

// replace calls by for each match, at most most times where most is not negative.
func (r *regex) replace(m *machine, s string, most int, by func(c *matched) string) Value {
	var b strings.Builder
	last, text := 0, []rune(valid(s))
	r.all(m, s, func(c *matched) bool {
		if most == 0 {
			return false
		}
		most--
		b.WriteString(string(text[last:c.at[0]]))
		b.WriteString(by(c))
		m.grow(b.Len() / 8)
		last = c.at[1]
		return true
	})
	b.WriteString(string(text[last:]))
	return m.text(b.String())
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

func (r *regex) split(m *machine, s string) Value {
	out := &Array{elem: typeString}
	last, text := 0, []rune(valid(s))
	r.all(m, s, func(c *matched) bool {
		m.grow(16)
		out.items = append(out.items, string(text[last:c.at[0]]))
		for g := 1; g < len(c.at)/2; g++ {
			if c.of(g).success() {
				out.items = append(out.items, c.of(g).String())
			}
		}
		last = c.at[1]
		return true
	})
	out.items = append(out.items, string(text[last:]))
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

func groupNamed(m *machine, c *matched, name string) Value {
	g, err := c.re.re.Group(name)
	if err != nil || c.at == nil {
		return &matched{re: c.re, text: c.text}
	}
	return c.of(g)
}

// regexForms gives each operation as a static method, with and without options,
// and as an instance method.
func regexForms(result, name, rest string, f func(m *machine, r *regex, a []Value) Value) []memberSpec {
	return []memberSpec{
		{result + " " + name + "(string" + rest + ")", func(m *machine, _ []*Type, a []Value) Value { return f(m, a[0].(*regex), a[1:]) }},
		{"static " + result + " " + name + "(string, string" + rest + ")", func(m *machine, _ []*Type, a []Value) Value {
			return f(m, regexOf(m, need(m, a[1], "pattern"), nil), append([]Value{a[0]}, a[2:]...))
		}},
		{"static " + result + " " + name + "(string, string" + rest + ", RegexOptions)", func(m *machine, _ []*Type, a []Value) Value {
			last := len(a) - 1
			return f(m, regexOf(m, need(m, a[1], "pattern"), a[last]), append([]Value{a[0]}, a[2:last]...))
		}},
	}
}

var regexMembers = concatAll(
	[]memberSpec{
		{"new(string)", func(m *machine, _ []*Type, a []Value) Value { return regexOf(m, need(m, a[0], "pattern"), nil) }},
		{"new(string, RegexOptions)", func(m *machine, _ []*Type, a []Value) Value { return regexOf(m, need(m, a[0], "pattern"), a[1]) }},
		{"static string Escape(string)", func(m *machine, _ []*Type, a []Value) Value { return mapText(m, need(m, a[0], "str"), escapeRegex) }},
		{"string Replace(string, string, int)", func(m *machine, _ []*Type, a []Value) Value {
			with := str(a[2])
			return a[0].(*regex).replace(m, need(m, a[1], "input"), num(a[3]), func(c *matched) string { return c.expand(with) })
		}},
	},
	regexForms("bool", "IsMatch", "", func(m *machine, r *regex, a []Value) Value {
		return r.find(m, []rune(valid(need(m, a[0], "input"))), 0).success()
	}),
	regexForms("Match", "Match", "", func(m *machine, r *regex, a []Value) Value {
		return r.find(m, []rune(valid(need(m, a[0], "input"))), 0)
	}),
	regexForms("MatchCollection", "Matches", "", func(m *machine, r *regex, a []Value) Value { return r.matches(m, need(m, a[0], "input")) }),
	regexForms("string[]", "Split", "", func(m *machine, r *regex, a []Value) Value { return r.split(m, need(m, a[0], "input")) }),
	regexForms("string", "Replace", ", string", func(m *machine, r *regex, a []Value) Value {
		with := need(m, a[1], "replacement")
		return r.replace(m, need(m, a[0], "input"), -1, func(c *matched) string { return c.expand(with) })
	}),
	regexForms("string", "Replace", ", Func<Match,string>", func(m *machine, r *regex, a []Value) Value {
		f := a[1]
		return r.replace(m, need(m, a[0], "input"), -1, func(c *matched) string { return str(call(m, f, c)) })
	}),
)

var regexSpecs = []typeSpec{
	{typ: typeRegexOptions, enum: "None=0 IgnoreCase=1 Multiline=2 ExplicitCapture=4 Compiled=8 Singleline=16 IgnorePatternWhitespace=32 RightToLeft=64 ECMAScript=256 CultureInvariant=512"},
	{typ: typeRegex, members: regexMembers},
	{typ: typeCapture, members: []memberSpec{
		{"string Value", func(m *machine, _ []*Type, a []Value) Value { return m.text(a[0].(*matched).String()) }},
		{"int Index", func(_ *machine, _ []*Type, a []Value) Value { return int32(a[0].(*matched).index()) }},
		{"int Length", func(_ *machine, _ []*Type, a []Value) Value { return int32(length(a[0].(*matched).String())) }},
	}},
	{typ: typeGroup, bases: "Capture", members: []memberSpec{
		{"bool Success", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*matched).success() }},
	}},
	{typ: typeMatch, bases: "Group", members: []memberSpec{
		{"GroupCollection Groups", func(_ *machine, _ []*Type, a []Value) Value {
			c := a[0].(*matched)
			out := &groupList{typ: typeGroupCollection, whole: c}
			for g := 0; g < len(c.at)/2; g++ {
				out.items = append(out.items, c.of(g))
			}
			return out
		}},
		{"Match NextMatch()", func(m *machine, _ []*Type, a []Value) Value {
			c := a[0].(*matched)
			if !c.success() {
				return c
			}
			return c.re.next(m, c)
		}},
		{"string Result(string)", func(m *machine, _ []*Type, a []Value) Value {
			return m.text(a[0].(*matched).expand(need(m, a[1], "replacement")))
		}},
	}},
	{typ: typeGroupCollection, bases: "IEnumerable<Group>", members: []memberSpec{
		{"Group this[int]", func(_ *machine, _ []*Type, a []Value) Value {
			c := a[0].(*groupList)
			if i := num(a[1]); i >= 0 && i < len(c.items) {
				return c.items[i]
			}
			return &matched{re: c.whole.re}
		}},
		{"Group this[string]", func(m *machine, _ []*Type, a []Value) Value {
			return groupNamed(m, a[0].(*groupList).whole, need(m, a[1], "groupname"))
		}},
		{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(max(1, len(a[0].(*groupList).items))) }},
	}},
	{typ: typeMatchCollection, bases: "IEnumerable<Match>", members: []memberSpec{
		{"Match this[int]", func(m *machine, _ []*Type, a []Value) Value {
			c := a[0].(*groupList)
			return c.items[listIndex(m, num(a[1]), len(c.items))]
		}},
		{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(len(a[0].(*groupList).items)) }},
	}},
}
