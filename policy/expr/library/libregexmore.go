package library

import (
	"stile/policy/expr/clr"
	"stile/policy/expr/library/system"
)

// runesFrom gives a text and the rune that begins at a UTF-16 index.
func runesFrom(m *clr.Machine, v, at clr.Value, name string) ([]rune, int) {
	s := clr.Valid(need(m, v, "input"))
	i := num(at)
	if i < 0 || i > clr.Length(s) {
		m.Throw(clr.TypeArgumentRange, "Start index cannot be less than 0 or greater than input length.\nParameter name: "+name)
	}
	text := []rune(s)
	return text, len([]rune(s[:clr.ByteIndex(s, i)]))
}

// noMatch is Match.Empty.
var noMatch = &matched{isMatch: true, re: &regex{}}

// regexMore is what Regex has beyond its everyday members.
var regexMore = []memberSpec{
	{"string Replace(string, string, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		with := str(a[2])
		return a[0].(*regex).replace(m, need(m, a[1], "input"), num(a[3]), func(c *matched) string { return c.expand(with) })
	}},
	{"new(string pattern, RegexOptions options, TimeSpan matchTimeout)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return regexOf(m, need(m, a[0], "pattern"), a[1])
	}},
	{"static string Unescape(string str)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(system.Unescape(m, need(m, a[0], "str")))
	}},
	{"bool IsMatch(string input, int startat)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		text, from := runesFrom(m, a[1], a[2], "startat")
		return a[0].(*regex).find(m, text, from).success()
	}},
	{"Match Match(string input, int startat)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		text, from := runesFrom(m, a[1], a[2], "startat")
		return a[0].(*regex).find(m, text, from)
	}},
	{"MatchCollection Matches(string input, int startat)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		r, found := a[0].(*regex), &groupList{typ: typeMatchCollection}
		text, from := runesFrom(m, a[1], a[2], "startat")
		for c := r.find(m, text, from); c.success(); c = r.next(m, c) {
			m.Grow(64)
			found.items = append(found.items, c)
		}
		return found
	}},
	{"string Replace(string input, Func<Match,string> evaluator, int count)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		f := a[2]
		return a[0].(*regex).replace(m, need(m, a[1], "input"), num(a[3]), func(c *matched) string { return str(call(m, f, c)) })
	}},
	{"string[] Split(string input, int count)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*regex).splitAt(m, need(m, a[1], "input"), num(a[2]))
	}},
	{"string ToString()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*regex).pattern }},
}

// splitAt is Split into at most count pieces; 0 stands for any number.
func (r *regex) splitAt(m *clr.Machine, s string, count int) clr.Value {
	if count < 0 {
		m.Throw(clr.TypeArgumentRange, "Count cannot be less than -1.\nParameter name: count")
	}
	if count == 0 {
		return r.split(m, s)
	}
	found := &clr.Array{Elem: clr.TypeString}
	last, pieces, text := 0, 1, []rune(clr.Valid(s))
	r.all(m, s, func(c *matched) bool {
		if pieces++; pieces > count {
			return false
		}
		m.Grow(16)
		found.Items = append(found.Items, string(text[last:c.at[0]]))
		for g := 1; g < len(c.at)/2; g++ {
			if c.of(g).success() {
				found.Items = append(found.Items, c.of(g).String())
			}
		}
		last = c.at[1]
		return true
	})
	found.Items = append(found.Items, string(text[last:]))
	return found
}
