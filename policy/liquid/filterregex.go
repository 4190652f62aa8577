package liquid

import (
	"strconv"
	"strings"

	"stile/policy/expr/clr"
	"stile/rx"
)

// replace is Regex.Replace, of the first match where most is 1: its replacement is
// literal then.
func replace(most int) func(r *render, in any, args []any) any {
	return func(r *render, in any, args []any) any {
		text, pattern := given(in), given(args[0])
		if text == "" || pattern == "" {
			return in
		}
		return r.regexReplace(text, pattern, given(args[1]), most, most < 0)
	}
}

func (r *render) regexReplace(text, pattern, replacement string, most int, groups bool) any {
	re, err := rx.Compile(pattern, 0)
	if err != nil {
		r.m.Throw(clr.TypeArgument, "parsing \""+pattern+"\" - "+err.Error())
	}
	in := []rune(text)
	r.m.Grow(4 * len(in))
	var b strings.Builder
	from := 0
	for at := 0; at <= len(in) && most != 0; most-- {
		m := re.Find(in, at, r.m.Step)
		if m == nil {
			break
		}
		b.WriteString(string(in[from:m[0]]))
		piece := replacement
		if groups {
			piece = expandGroups(replacement, re, in, m)
		}
		r.m.Grow(len(piece) + m[0] - from)
		b.WriteString(piece)
		from, at = m[1], m[1]
		if m[0] == m[1] {
			at++
		}
	}
	b.WriteString(string(in[from:]))
	return r.m.Text(b.String())
}

// expandGroups puts groups into a replacement: $1, ${name}, $&, $$.
func expandGroups(s string, re *rx.Regexp, in []rune, m []int) string {
	group := func(n int) string {
		if 2*n+1 >= len(m) || m[2*n] < 0 {
			return ""
		}
		return string(in[m[2*n]:m[2*n+1]])
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		rest := s[i+1:]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.Atoi(rest[:digits])
		switch end := strings.IndexByte(rest, '}'); {
		case rest[0] == '$':
			b.WriteByte('$')
			i++
		case rest[0] == '&' || rest[0] == '0' && digits == 1:
			b.WriteString(group(0))
			i++
		case digits > 0 && err == nil && 2*n+1 < len(m):
			b.WriteString(group(n))
			i += digits
		case rest[0] == '{' && end > 0:
			n, err := re.Group(rest[1:end])
			if err != nil {
				b.WriteByte('$')
				continue
			}
			b.WriteString(group(n))
			i += end + 1
		default:
			b.WriteByte('$')
		}
	}
	return b.String()
}

// stripHTML takes scripts, comments and styles away, then all tags.
func stripHTML(r *render, in any, _ []any) any {
	if blank(given(in)) {
		return in
	}
	s := in.(string)
	for _, pattern := range []string{`(?is)<script.*?</script>|<!--.*?-->|<style.*?</style>`, `(?s)<.*?>`} {
		s, _ = r.regexReplace(s, pattern, "", -1, false).(string)
	}
	return s
}
