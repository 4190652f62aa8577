package expr

import (
	"strings"
	"unicode"
)

// ignoresCase tells for a StringComparison: its odd members ignore case.
func ignoresCase(v Value) bool {
	e, ok := v.(Enum)
	return ok && e.n%2 == 1
}

func ordinal(v Value) bool {
	e, ok := v.(Enum)
	return ok && e.n >= 4
}

func fold(s string) string { return strings.Map(unicode.ToLower, strings.Map(unicode.ToUpper, s)) }

func equalText(x, y string, comparison Value) bool {
	if ignoresCase(comparison) {
		return fold(x) == fold(y)
	}
	return x == y
}

func compareText(x, y Value, comparison Value) int {
	if x == nil || y == nil {
		return bit(x != nil) - bit(y != nil)
	}
	a, b := str(x), str(y)
	switch {
	case ordinal(comparison) && ignoresCase(comparison):
		return strings.Compare(strings.ToUpper(a), strings.ToUpper(b))
	case ordinal(comparison):
		return ordinalOrder(a, b)
	}
	return compareCulture(a, b, ignoresCase(comparison))
}

// ordinalOrder compares code units, which differs from bytes beyond the basic plane.
func ordinalOrder(a, b string) int {
	if ascii(a) && ascii(b) {
		return strings.Compare(a, b)
	}
	u, w := units(a), units(b)
	for i := 0; i < len(u) && i < len(w); i++ {
		if u[i] != w[i] {
			return int(u[i]) - int(w[i])
		}
	}
	return len(u) - len(w)
}

// indexOf finds the first (or last) place of sub at or after from, in code units.
func indexOf(m *machine, s, sub string, from int, comparison Value, last bool) Value {
	size := length(s)
	if from < 0 || from > size {
		m.throw(typeArgumentRange, "Index was out of range. Must be non-negative and less than the size of the collection.\nParameter name: startIndex")
	}
	m.work(len(s) / 64)
	if ignoresCase(comparison) {
		s, sub = strings.ToUpper(s), strings.ToUpper(sub)
	}
	if last {
		return int32(unitIndex(s, strings.LastIndex(s, sub)))
	}
	at := byteIndex(s, from)
	i := strings.Index(s[at:], sub)
	if i < 0 {
		return int32(-1)
	}
	return int32(unitIndex(s, at+i))
}

// indexAny finds the first or last of several characters.
func indexAny(s string, set Value, last bool) Value {
	chars := map[Char]bool{}
	for _, c := range set.(*Array).items {
		chars[c.(Char)] = true
	}
	found := -1
	for i, u := range units(s) {
		if chars[Char(u)] {
			found = i
			if !last {
				break
			}
		}
	}
	return int32(found)
}

// lastBefore is LastIndexOf(text, startIndex): it looks at the text up to startIndex.
func lastBefore(m *machine, s, sub string, from int) Value {
	if from < 0 {
		return int32(-1)
	}
	end := min(from+1, length(s))
	return int32(unitIndex(s, strings.LastIndex(s[:byteIndex(s, end)], sub)))
}

var stringSearch = []memberSpec{
	{"bool Contains(string)", func(m *machine, _ []*Type, a []Value) Value {
		m.work(len(a[0].(string)) / 64)
		return strings.Contains(a[0].(string), need(m, a[1], "value"))
	}},
	{"bool Contains(string, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, a[2], false).(int32) >= 0
	}},
	{"bool Contains(char)", func(m *machine, _ []*Type, a []Value) Value {
		return strings.Contains(a[0].(string), a[1].(Char).Text())
	}},
	{"bool StartsWith(string)", func(m *machine, _ []*Type, a []Value) Value {
		return strings.HasPrefix(a[0].(string), need(m, a[1], "value"))
	}},
	{"bool StartsWith(string, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		s, p := a[0].(string), need(m, a[1], "value")
		if ignoresCase(a[2]) {
			s, p = fold(s), fold(p)
		}
		return strings.HasPrefix(s, p)
	}},
	{"bool EndsWith(string)", func(m *machine, _ []*Type, a []Value) Value {
		return strings.HasSuffix(a[0].(string), need(m, a[1], "value"))
	}},
	{"bool EndsWith(string, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		s, p := a[0].(string), need(m, a[1], "value")
		if ignoresCase(a[2]) {
			s, p = fold(s), fold(p)
		}
		return strings.HasSuffix(s, p)
	}},
	{"int IndexOf(string)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, nil, false)
	}},
	{"int IndexOf(string, int)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), num(a[2]), nil, false)
	}},
	{"int IndexOf(string, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, a[2], false)
	}},
	{"int IndexOf(string, int, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), num(a[2]), a[3], false)
	}},
	{"int IndexOf(char)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), a[1].(Char).Text(), 0, nil, false)
	}},
	{"int IndexOf(char, int)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), a[1].(Char).Text(), num(a[2]), nil, false)
	}},
	{"int IndexOfAny(char[])", func(m *machine, _ []*Type, a []Value) Value { return indexAny(a[0].(string), a[1], false) }},
	{"int LastIndexOfAny(char[])", func(m *machine, _ []*Type, a []Value) Value { return indexAny(a[0].(string), a[1], true) }},
	{"int LastIndexOf(string)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, nil, true)
	}},
	{"int LastIndexOf(string, StringComparison)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), need(m, a[1], "value"), 0, a[2], true)
	}},
	{"int LastIndexOf(string, int)", func(m *machine, _ []*Type, a []Value) Value {
		return lastBefore(m, a[0].(string), need(m, a[1], "value"), num(a[2]))
	}},
	{"int LastIndexOf(char)", func(m *machine, _ []*Type, a []Value) Value {
		return indexOf(m, a[0].(string), a[1].(Char).Text(), 0, nil, true)
	}},
	{"int LastIndexOf(char, int)", func(m *machine, _ []*Type, a []Value) Value {
		return lastBefore(m, a[0].(string), a[1].(Char).Text(), num(a[2]))
	}},
	{"string[] Split(params char[])", func(m *machine, _ []*Type, a []Value) Value { return splitText(m, a[0], a[1], -1, nil) }},
	{"string[] Split(char[], int)", func(m *machine, _ []*Type, a []Value) Value { return splitText(m, a[0], a[1], num(a[2]), nil) }},
	{"string[] Split(char[], StringSplitOptions)", func(m *machine, _ []*Type, a []Value) Value {
		return splitText(m, a[0], a[1], -1, a[2])
	}},
	{"string[] Split(char[], int, StringSplitOptions)", func(m *machine, _ []*Type, a []Value) Value {
		return splitText(m, a[0], a[1], num(a[2]), a[3])
	}},
	{"string[] Split(string[], StringSplitOptions)", func(m *machine, _ []*Type, a []Value) Value {
		return splitText(m, a[0], a[1], -1, a[2])
	}},
	{"string[] Split(string[], int, StringSplitOptions)", func(m *machine, _ []*Type, a []Value) Value {
		return splitText(m, a[0], a[1], num(a[2]), a[3])
	}},
}

// splitText is String.Split. most is -1 for no limit; options 1 leaves empty parts out.
func splitText(m *machine, text, by Value, most int, options Value) Value {
	var seps []string
	if set, ok := by.(*Array); ok {
		for _, it := range set.items {
			switch x := it.(type) {
			case Char:
				seps = append(seps, x.Text())
			case string:
				if x != "" {
					seps = append(seps, x)
				}
			}
		}
	}
	e, _ := options.(Enum)
	drop := e.n == 1
	s := text.(string)
	m.work(len(s) / 64)
	m.grow(len(s))
	out := &Array{elem: typeString}
	if most == 0 {
		return out
	}
	add := func(part string) {
		if !drop || part != "" {
			m.grow(16)
			out.items = append(out.items, part)
		}
	}
	from := 0
	for i := 0; i < len(s) && (most < 0 || len(out.items) < most-1); {
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
