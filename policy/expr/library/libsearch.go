package library

import (
	"strings"
	"unicode"

	"stile/policy/expr/clr"
)

// ignoresCase tells for a StringComparison: its odd members ignore case.
func ignoresCase(v clr.Value) bool {
	e, ok := v.(clr.Enum)
	return ok && e.N%2 == 1
}

func ordinal(v clr.Value) bool {
	e, ok := v.(clr.Enum)
	return ok && e.N >= 4
}

func fold(s string) string { return strings.Map(unicode.ToLower, strings.Map(unicode.ToUpper, s)) }

func equalText(x, y string, comparison clr.Value) bool {
	if ignoresCase(comparison) {
		return fold(x) == fold(y)
	}
	return x == y
}

func compareText(x, y clr.Value, comparison clr.Value) int {
	if x == nil || y == nil {
		return clr.Bit(x != nil) - clr.Bit(y != nil)
	}
	a, b := str(x), str(y)
	switch {
	case ordinal(comparison) && ignoresCase(comparison):
		return strings.Compare(strings.ToUpper(a), strings.ToUpper(b))
	case ordinal(comparison):
		return ordinalOrder(a, b)
	}
	return clr.CompareCulture(a, b, ignoresCase(comparison))
}

// ordinalOrder compares code units, which differs from bytes beyond the basic plane.
func ordinalOrder(a, b string) int {
	if clr.Ascii(a) && clr.Ascii(b) {
		return strings.Compare(a, b)
	}
	u, w := clr.Units(a), clr.Units(b)
	for i := 0; i < len(u) && i < len(w); i++ {
		if u[i] != w[i] {
			return int(u[i]) - int(w[i])
		}
	}
	return len(u) - len(w)
}

// indexOf finds the first (or last) place of sub at or after from, in code units.
func indexOf(m *clr.Machine, s, sub string, from int, comparison clr.Value, last bool) clr.Value {
	size := clr.Length(s)
	if from < 0 || from > size {
		m.Throw(clr.TypeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: startIndex")
	}
	m.Work(len(s) / 64)
	if ignoresCase(comparison) {
		s, sub = strings.ToUpper(s), strings.ToUpper(sub)
	}
	if last {
		return int32(clr.UnitIndex(s, strings.LastIndex(s, sub)))
	}
	at := clr.ByteIndex(s, from)
	i := strings.Index(s[at:], sub)
	if i < 0 {
		return int32(-1)
	}
	return int32(clr.UnitIndex(s, at+i))
}

// indexAny finds the first or last of several characters.
func indexAny(s string, set clr.Value, last bool) clr.Value {
	chars := map[clr.Char]bool{}
	for _, c := range set.(*clr.Array).Items {
		chars[c.(clr.Char)] = true
	}
	found := -1
	for i, u := range clr.Units(s) {
		if chars[clr.Char(u)] {
			found = i
			if !last {
				break
			}
		}
	}
	return int32(found)
}

// lastBefore is LastIndexOf(text, startIndex): it looks at the text up to startIndex.
func lastBefore(m *clr.Machine, s, sub string, from int) clr.Value {
	if from < 0 {
		return int32(-1)
	}
	end := min(from+1, clr.Length(s))
	return int32(clr.UnitIndex(s, strings.LastIndex(s[:clr.ByteIndex(s, end)], sub)))
}

var stringSearch = []memberSpec{
	{"bool Contains(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		m.Work(len(a[0].(string)) / 64)
		return strings.Contains(a[0].(string), need(m, a[1], "value"))
	}},
	{"bool Contains(string, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, a[2], false).(int32) >= 0
	}},
	{"bool Contains(char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return strings.Contains(a[0].(string), a[1].(clr.Char).Text())
	}},
	{"bool StartsWith(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return strings.HasPrefix(a[0].(string), need(m, a[1], "value"))
	}},
	{"bool StartsWith(string, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, p := a[0].(string), need(m, a[1], "value")
		if ignoresCase(a[2]) {
			s, p = fold(s), fold(p)
		}
		return strings.HasPrefix(s, p)
	}},
	{"bool EndsWith(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return strings.HasSuffix(a[0].(string), need(m, a[1], "value"))
	}},
	{"bool EndsWith(string, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, p := a[0].(string), need(m, a[1], "value")
		if ignoresCase(a[2]) {
			s, p = fold(s), fold(p)
		}
		return strings.HasSuffix(s, p)
	}},
	{"int IndexOf(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, nil, false)
	}},
	{"int IndexOf(string, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), num(a[2]), nil, false)
	}},
	{"int IndexOf(string, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, a[2], false)
	}},
	{"int IndexOf(string, int, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), num(a[2]), a[3], false)
	}},
	{"int IndexOf(char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), a[1].(clr.Char).Text(), 0, nil, false)
	}},
	{"int IndexOf(char, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), a[1].(clr.Char).Text(), num(a[2]), nil, false)
	}},
	{"int IndexOfAny(char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexAny(a[0].(string), a[1], false)
	}},
	{"int LastIndexOfAny(char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexAny(a[0].(string), a[1], true)
	}},
	{"int LastIndexOf(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, nil, true)
	}},
	{"int LastIndexOf(string, StringComparison)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, a[2], true)
	}},
	{"int LastIndexOf(string, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return lastBefore(m, a[0].(string), need(m, a[1], "value"), num(a[2]))
	}},
	{"int LastIndexOf(char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return indexOf(m, a[0].(string), a[1].(clr.Char).Text(), 0, nil, true)
	}},
	{"int LastIndexOf(char, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return lastBefore(m, a[0].(string), a[1].(clr.Char).Text(), num(a[2]))
	}},
	{"string[] Split(params char[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return splitText(m, a[0], a[1], -1, nil) }},
	{"string[] Split(char[], int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return splitText(m, a[0], a[1], num(a[2]), nil)
	}},
	{"string[] Split(char[], StringSplitOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return splitText(m, a[0], a[1], -1, a[2])
	}},
	{"string[] Split(char[], int, StringSplitOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return splitText(m, a[0], a[1], num(a[2]), a[3])
	}},
	{"string[] Split(string[], StringSplitOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return splitText(m, a[0], a[1], -1, a[2])
	}},
	{"string[] Split(string[], int, StringSplitOptions)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return splitText(m, a[0], a[1], num(a[2]), a[3])
	}},
}

// splitText is String.Split. most is -1 for no limit; options 1 leaves empty parts out.
func splitText(m *clr.Machine, text, by clr.Value, most int, options clr.Value) clr.Value {
	var seps []string
	if set, ok := by.(*clr.Array); ok {
		for _, it := range set.Items {
			switch x := it.(type) {
			case clr.Char:
				seps = append(seps, x.Text())
			case string:
				if x != "" {
					seps = append(seps, x)
				}
			}
		}
	}
	e, _ := options.(clr.Enum)
	drop := e.N == 1
	s := text.(string)
	m.Work(len(s) / 64)
	m.Grow(len(s))
	out := &clr.Array{Elem: clr.TypeString}
	if most == 0 {
		return out
	}
	add := func(part string) {
		if !drop || part != "" {
			m.Grow(16)
			out.Items = append(out.Items, part)
		}
	}
	from := 0
	for i := 0; i < len(s) && (most < 0 || len(out.Items) < most-1); {
		n := separatorAt(s[i:], seps)
		if n == 0 {
			i++
			continue
		}
		add(s[from:i])
		i += n
		from = i
	}
	rest := s[from:]
	for drop && most > 0 {
		n := separatorAt(rest, seps)
		if n == 0 {
			break
		}
		rest = rest[n:]
	}
	add(rest)
	return out
}

// separatorAt gives the length of the separator that s begins with; white space
// separates where none is named.
func separatorAt(s string, seps []string) int {
	if len(seps) == 0 {
		for i, r := range s {
			if i > 0 {
				return i
			}
			if !unicode.IsSpace(r) {
				return 0
			}
		}
		return len(s)
	}
	for _, sep := range seps {
		if strings.HasPrefix(s, sep) {
			return len(sep)
		}
	}
	return 0
}
