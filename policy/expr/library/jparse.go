package library

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"stile/policy/expr/clr"
)

// jparser reads JSON as Newtonsoft does: comments, single quotes, bare names and
// trailing commas are taken; strings in ISO form become dates.
type jparser struct {
	m    *clr.Machine
	s    string
	i    int
	path []string
}

const maxJSONDepth = 256

// parseJSON gives the token; a fault is thrown as JsonReaderException.
func parseJSON(m *clr.Machine, s string) Token {
	m.Grow(len(s))
	p := &jparser{m: m, s: strings.TrimPrefix(s, "\ufeff")}
	p.space()
	if p.i >= len(p.s) {
		p.fail("Error reading JToken from JsonReader.")
	}
	t := p.value(0)
	p.space()
	if p.i < len(p.s) {
		p.fail(fmt.Sprintf("Additional text encountered after finished reading JSON content: %s.", p.here()))
	}
	return t
}

func (p *jparser) fail(message string) {
	line := 1 + strings.Count(p.s[:min(p.i, len(p.s))], "\n")
	col := min(p.i, len(p.s)) - (strings.LastIndexByte(p.s[:min(p.i, len(p.s))], '\n') + 1)
	p.m.Throw(clr.TypeJSONReader, fmt.Sprintf("%s Path '%s', line %d, position %d.", message, strings.TrimPrefix(strings.Join(p.path, ""), "."), line, col))
}

func (p *jparser) here() string {
	if p.i >= len(p.s) {
		return "end of text"
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.i:])
	return string(r)
}

func (p *jparser) space() {
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			p.i++
		case strings.HasPrefix(p.s[p.i:], "//"):
			if end := strings.IndexByte(p.s[p.i:], '\n'); end >= 0 {
				p.i += end
			} else {
				p.i = len(p.s)
			}
		case strings.HasPrefix(p.s[p.i:], "/*"):
			end := strings.Index(p.s[p.i:], "*/")
			if end < 0 {
				p.i = len(p.s)
				p.fail("Unexpected end while parsing comment.")
			}
			p.i += end + 2
		default:
			return
		}
	}
}

func (p *jparser) value(depth int) Token {
	p.m.Step()
	if depth > maxJSONDepth {
		p.fail("The reader's MaxDepth has been exceeded.")
	}
	if p.i >= len(p.s) {
		p.fail("Unexpected end of content while loading JToken.")
	}
	switch c := p.s[p.i]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"' || c == '\'':
		s := p.str(c)
		if d, ok := clr.ParseISODate(s); ok {
			return &JValue{kind: jDate, Value: d}
		}
		return &JValue{kind: jString, Value: s}
	case c == '-' || c == '.' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.word()
}

var jsonWords = []struct {
	word  string
	kind  jkind
	value clr.Value
}{
	{"true", jBoolean, true}, {"false", jBoolean, false}, {"null", jNull, nil}, {"undefined", jUndefined, nil},
	{"NaN", jFloat, clr.Nan}, {"Infinity", jFloat, clr.Infinity},
}

func (p *jparser) word() Token {
	for _, w := range jsonWords {
		if strings.HasPrefix(p.s[p.i:], w.word) {
			p.i += len(w.word)
			if p.i < len(p.s) && isBareName(rune(p.s[p.i])) {
				break
			}
			return &JValue{kind: w.kind, Value: w.value}
		}
	}
	p.fail("Unexpected character encountered while parsing value: " + p.here() + ".")
	return nil
}

func (p *jparser) object(depth int) Token {
	o := newObject()
	p.i++
	for {
		p.space()
		if p.i >= len(p.s) {
			p.fail("Unexpected end of content while loading JObject.")
		}
		if p.s[p.i] == '}' {
			p.i++
			return o
		}
		name := p.name()
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			p.fail("Invalid character after parsing property name. Expected ':' but got: " + p.here() + ".")
		}
		p.i++
		p.space()
		p.path = append(p.path, "."+name)
		v := p.value(depth + 1)
		p.path = p.path[:len(p.path)-1]
		o.put(p.m, name, v)
		p.next('}', "JObject")
	}
}

// next takes a comma, or stands before the end.
func (p *jparser) next(end byte, what string) {
	p.space()
	switch {
	case p.i >= len(p.s):
		p.fail("Unexpected end of content while loading " + what + ".")
	case p.s[p.i] == ',':
		p.i++
	case p.s[p.i] != end:
		p.fail("After parsing a value an unexpected character was encountered: " + p.here() + ".")
	}
}

func (p *jparser) name() string {
	c := p.s[p.i]
	if c == '"' || c == '\'' {
		return p.str(c)
	}
	from := p.i
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !isBareName(r) && r != '$' {
			break
		}
		p.i += n
	}
	if p.i == from {
		p.fail("Invalid property identifier character: " + p.here() + ".")
	}
	return p.s[from:p.i]
}

func (p *jparser) array(depth int) Token {
	a := &JArray{}
	p.i++
	for {
		p.space()
		if p.i >= len(p.s) {
			p.fail("Unexpected end of content while loading JArray.")
		}
		if p.s[p.i] == ']' {
			p.i++
			return a
		}
		p.path = append(p.path, "["+strconv.Itoa(len(a.items))+"]")
		a.Add(p.m, p.value(depth+1))
		p.path = p.path[:len(p.path)-1]
		p.next(']', "JArray")
	}
}

func (p *jparser) number() Token {
	from := p.i
	for p.i < len(p.s) && strings.IndexByte("+-.0123456789abcdefABCDEFxX", p.s[p.i]) >= 0 {
		p.i++
	}
	s := p.s[from:p.i]
	if strings.HasPrefix(p.s[from:], "-Infinity") {
		p.i = from + len("-Infinity")
		return &JValue{kind: jFloat, Value: -clr.Infinity}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return &JValue{kind: jInteger, Value: n}
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return &JValue{kind: jInteger, Value: n}
	}
	if whole := strings.Trim(s, "-0123456789") == ""; whole && len(s) > 380 { // no more does Json.NET read
		p.fail("JSON integer " + s[:380] + "... is too large to parse.")
	} else if n, ok := new(big.Int).SetString(s[:min(len(s), 380)], 10); ok && whole {
		return &JValue{kind: jInteger, Value: n}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && f == 0 || strings.ContainsAny(s, "xX_") {
		p.fail("Input string '" + s + "' is not a valid number.")
	}
	return &JValue{kind: jFloat, Value: f}
}

func (p *jparser) str(quote byte) string {
	p.i++
	from := p.i
	for p.i < len(p.s) && p.s[p.i] != quote && p.s[p.i] != '\\' {
		p.i++
	}
	if p.i < len(p.s) && p.s[p.i] == quote {
		s := p.s[from:p.i]
		p.i++
		return s
	}
	b := []byte(p.s[from:p.i])
	for {
		if p.i >= len(p.s) {
			p.fail("Unterminated string. Expected delimiter: " + string(rune(quote)) + ".")
		}
		c := p.s[p.i]
		p.i++
		switch {
		case c == quote:
			return string(b)
		case c == '\\':
			b = p.escape(b)
		default:
			b = append(b, c)
		}
	}
}

func (p *jparser) escape(b []byte) []byte {
	if p.i >= len(p.s) {
		p.fail("Unterminated string.")
	}
	c := p.s[p.i]
	p.i++
	if k := strings.IndexByte(`"'\/bfnrt`, c); k >= 0 {
		return append(b, "\"'\\/\b\f\n\r\t"[k])
	}
	if c != 'u' {
		p.fail("Bad JSON escape sequence: \\" + string(rune(c)) + ".")
	}
	var u []uint16
	for {
		if p.i+4 > len(p.s) {
			p.fail("Unexpected end while parsing unicode character.")
		}
		n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
		if err != nil {
			p.fail("Could not convert string to unicode character.")
		}
		p.i += 4
		u = append(u, uint16(n))
		if n < 0xd800 || n > 0xdbff || len(u) > 1 || !strings.HasPrefix(p.s[p.i:], `\u`) {
			return append(b, clr.FromUnits(u)...)
		}
		p.i += 2
	}
}

// isBareName is for property names without quotes.
func isBareName(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
