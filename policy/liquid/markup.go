package liquid

import (
	"regexp"
	"strconv"
	"strings"

	"stile/diag"
)

// expression is a value as it is written: a constant, a range or a path.
type expression struct {
	constant any
	// first is the name that a path begins with; dynamic is a path that begins with
	// [value]. isPath says that one of them is there.
	isPath  bool
	first   string
	dynamic *expression
	steps   []pathStep
	// from and to are a range's.
	from, to *expression
}

type pathStep struct {
	name    string
	bracket *expression // [value]; nil for .name
}

// call is one filter of an output.
type call struct {
	name   string
	filter *filter // nil for a filter that does not exist, which changes nothing
	args   []expression
}

// output is a value with its filters.
type output struct {
	value   expression
	filters []call
}

// fragment gives the length of the first quoted fragment of s: quoted text, or a
// run without blanks, commas, bars and quotes that stand alone. 0: none is there.
// With commas it goes on over commas, as a value before filters does.
func fragment(s string, commas bool) int {
	i := 0
	for i < len(s) {
		c := s[i]
		switch {
		case c == '"' || c == '\'':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return i
			}
			if i == 0 {
				return n + 2
			}
			i += n + 2
		case c == '|' || c == ',' && !commas || strings.IndexByte(blanks, c) >= 0:
			return i
		default:
			i++
		}
	}
	return i
}

var (
	wholeNumber = regexp.MustCompile(`^[+-]?\d+$`)
	realNumber  = regexp.MustCompile(`^[+-]?\d[\d.,|]+$`)
	rangeText   = regexp.MustCompile(`^\((\S+)\.\.(\S+)\)$`)
	pathPart    = regexp.MustCompile(`\[[^\]]+\]|[\p{L}\p{Nd}_-]+\??`)
)

// expression compiles the text of a fragment.
func (p *parser) expression(text string) expression {
	switch text {
	case "", "nil", "null":
		return expression{}
	case "true":
		return expression{constant: true}
	case "false":
		return expression{constant: false}
	case "blank", "empty":
		return expression{constant: empty{}}
	}
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return expression{constant: text[1 : n-1]}
	}
	if wholeNumber.MatchString(text) {
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return expression{constant: int32(n)}
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return expression{constant: n}
		}
	}
	if m := rangeText.FindStringSubmatch(text); m != nil {
		from, to := p.expression(m[1]), p.expression(m[2])
		return expression{from: &from, to: &to}
	}
	if realNumber.MatchString(text) {
		if f, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64); err == nil {
			return expression{constant: f}
		}
	}
	return p.path(text)
}

// path compiles a.b["c"][d]; signs that no path has are passed over, as DotLiquid
// passes over them.
func (p *parser) path(text string) expression {
	parts := pathPart.FindAllString(text, -1)
	if len(parts) == 0 {
		return expression{}
	}
	e := expression{isPath: true}
	for i, part := range parts {
		inner, bracketed := strings.CutPrefix(part, "[")
		switch {
		case i == 0 && bracketed:
			first := p.expression(strings.TrimSuffix(inner, "]"))
			e.dynamic, p.anyName = &first, true
		case i == 0:
			e.first = part
			p.names[part] = true
		case bracketed:
			step := p.expression(strings.TrimSpace(strings.TrimSuffix(inner, "]")))
			e.steps = append(e.steps, pathStep{bracket: &step})
		default:
			e.steps = append(e.steps, pathStep{name: part})
		}
	}
	return e
}

// output compiles `value | Filter: arg, arg | …`; at is its offset in the template.
func (p *parser) output(markup string, at int) output {
	lead := len(markup) - len(strings.TrimLeft(markup, blanks))
	rest := markup[lead:]
	n := fragment(rest, true)
	o := output{value: p.expression(rest[:n])}
	rest = rest[n:]
	bar := strings.IndexByte(rest, '|')
	ignored := rest
	if bar >= 0 {
		ignored = rest[:bar]
	}
	if strings.TrimSpace(ignored) != "" {
		p.warn(at+lead+n, len(ignored), "this text of the template is passed over: "+brief(ignored), "a value is one path, number or quoted text, with filters behind |")
	}
	if bar < 0 {
		return o
	}
	from := at + lead + n + bar + 1
	for _, text := range splitOutside(rest[bar+1:], '|') {
		if c, ok := p.call(text, from); ok {
			o.filters = append(o.filters, c)
		}
		from += len(text) + 1
	}
	return o
}

// call compiles one filter.
func (p *parser) call(text string, at int) (c call, ok bool) {
	lead := len(text) - len(strings.TrimLeft(text, blanks))
	n := lead
	for n < len(text) && wordByte(text[n]) {
		n++
	}
	c.name = text[lead:n]
	if c.name == "" {
		p.warn(at, max(len(text), 1), "there is no filter behind |", "remove |, or name a filter")
		return c, false
	}
	c.filter = filters[c.name]
	if c.filter == nil {
		hint := "the filters are those of the set-body policy, written in Pascal case"
		if near, ok := diag.Nearest(pascal(c.name), filterNames); ok {
			hint = "did you mean " + near + "?"
		}
		p.warn(at+lead, len(c.name), "there is no filter "+c.name+": the value passes as it is", hint)
	}
	args := strings.TrimLeft(text[n:], blanks)
	for args != "" && (args[0] == ':' || args[0] == ',') {
		args = strings.TrimLeft(args[1:], blanks)
		k := fragment(args, false)
		c.args = append(c.args, p.expression(args[:k]))
		args = strings.TrimLeft(args[k:], blanks)
	}
	if args != "" {
		p.warn(at+lead, len(c.name), "this text behind the filter is passed over: "+brief(args), "put commas between arguments")
	}
	if f := c.filter; f != nil && (len(c.args) < f.least || len(c.args) > len(f.params)) {
		p.warn(at+lead, len(c.name), "filter "+c.name+" has "+strconv.Itoa(len(c.args))+" arguments: it writes an error into the text",
			"it takes "+takes(f.least, len(f.params)))
	}
	return c, true
}

func takes(least, most int) string {
	if least == most {
		return strconv.Itoa(least)
	}
	return strconv.Itoa(least) + " to " + strconv.Itoa(most)
}

// splitOutside splits at a sign outside quotes.
func splitOutside(s string, sign byte) (out []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\'':
			if n := strings.IndexByte(s[i+1:], c); n >= 0 {
				i += n + 1
			}
		case c == sign:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// pascal writes snake_case as the .NET method is named.
func pascal(name string) string {
	var b strings.Builder
	for _, word := range strings.Split(name, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

func brief(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:37], "") + "..."
	}
	return strconv.Quote(s)
}
