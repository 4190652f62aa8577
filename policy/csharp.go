package policy

import "strings"

// matcher finds the end of a policy expression in text that goes on with markup.
// It knows just enough C# for that: strings (plain, verbatim, interpolated),
// character literals, comments, brackets. It also notes where strings stand, for
// entity references inside them are the author's own text.
type matcher struct {
	s string
	// strings are the spans [from,to) of string and character literals.
	strings [][2]int
}

// matchExpression takes s[i] for the opening bracket of an expression and gives
// the offset just behind its closing bracket; ok is false where there is none.
func (m *matcher) matchExpression(i int) (end int, ok bool) {
	return m.brackets(i, 0)
}

// maxNesting bounds the recursion through interpolated strings.
const maxNesting = 64

func (m *matcher) brackets(i, depth int) (int, bool) {
	if depth > maxNesting {
		return 0, false
	}
	var open []byte
	for i < len(m.s) {
		c := m.s[i]
		switch {
		case c == '(' || c == '[' || c == '{':
			open = append(open, c)
			i++
		case c == ')' || c == ']' || c == '}':
			if len(open) == 0 || closing(open[len(open)-1]) != c {
				return 0, false
			}
			open = open[:len(open)-1]
			i++
			if len(open) == 0 {
				return i, true
			}
		default:
			next, ok := m.token(i, depth)
			if !ok {
				return 0, false
			}
			i = next
		}
	}
	return 0, false
}

func closing(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

// token steps over one string, character, comment or other byte at i.
func (m *matcher) token(i, depth int) (int, bool) {
	rest := m.s[i:]
	switch {
	case strings.HasPrefix(rest, "//"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return i + n + 1, true
		}
		return 0, false
	case strings.HasPrefix(rest, "/*"):
		if n := strings.Index(rest[2:], "*/"); n >= 0 {
			return i + n + 4, true
		}
		return 0, false
	case strings.HasPrefix(rest, `$@"`), strings.HasPrefix(rest, `@$"`):
		return m.text(i, i+3, true, true, depth)
	case strings.HasPrefix(rest, `$"`):
		return m.text(i, i+2, false, true, depth)
	case strings.HasPrefix(rest, `@"`):
		return m.text(i, i+2, true, false, depth)
	case rest[0] == '"':
		return m.text(i, i+1, false, false, depth)
	case rest[0] == '\'':
		return m.character(i), true
	}
	return i + 1, true
}

// text steps over a string literal that began at from and whose characters begin
// at i.
func (m *matcher) text(from, i int, verbatim, holes bool, depth int) (int, bool) {
	for i < len(m.s) {
		c := m.s[i]
		next := byte(0)
		if i+1 < len(m.s) {
			next = m.s[i+1]
		}
		switch {
		case c == '\\' && !verbatim:
			i += 2
		case c == '"' && verbatim && next == '"':
			i += 2
		case c == '"':
			m.strings = append(m.strings, [2]int{from, i + 1})
			return i + 1, true
		case c == '{' && holes && next == '{':
			i += 2
		case c == '{' && holes:
			m.strings = append(m.strings, [2]int{from, i})
			end, ok := m.brackets(i, depth+1)
			if !ok {
				return 0, false
			}
			i, from = end, end
		default:
			i++
		}
	}
	return 0, false
}

// character steps over a character literal. A quote without its pair on the same
// line is stepped over alone; the expression's compiler reports it.
func (m *matcher) character(i int) int {
	for j := i + 1; j < len(m.s) && m.s[j] != '\n'; j++ {
		switch m.s[j] {
		case '\\':
			j++
		case '\'':
			m.strings = append(m.strings, [2]int{i, j + 1})
			return j + 1
		}
	}
	return i + 1
}
