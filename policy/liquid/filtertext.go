package liquid

import (
	"html"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"stile/policy/expr/clr"
)

func sortedNames(table map[string]*filter) []string { return slices.Sorted(maps.Keys(table)) }

func lower(s string) string { return strings.ToLower(s) }

func upper(s string) string { return strings.ToUpper(s) }

func trimLeft(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }

func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// titleCase is TextInfo.ToTitleCase: words begin with a capital and go on in small
// letters, those all in capitals stay.
func titleCase(s string) string {
	var b strings.Builder
	text := []rune(s)
	for i := 0; i < len(text); {
		if !unicode.IsLetter(text[i]) {
			b.WriteRune(text[i])
			i++
			continue
		}
		from := i
		for i < len(text) && (unicode.IsLetter(text[i]) || unicode.IsMark(text[i]) || text[i] == '\'') {
			i++
		}
		word := string(text[from:i])
		if i-from > 1 && strings.ToUpper(word) == word {
			b.WriteString(word)
			continue
		}
		b.WriteRune(unicode.ToTitle(text[from]))
		b.WriteString(strings.ToLower(string(text[from+1 : i])))
	}
	return b.String()
}

// htmlEncode is WebUtility.HtmlEncode.
func htmlEncode(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '"':
			b.WriteString("&quot;")
		case c == '\'':
			b.WriteString("&#39;")
		case c == '&':
			b.WriteString("&amp;")
		case c >= 160 && c < 256, c > 0xffff:
			b.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func htmlDecode(s string) string { return html.UnescapeString(s) }

// urlEncode is WebUtility.UrlEncode.
func urlEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("-_.!*()", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
		}
	}
	return b.String()
}

// urlDecode is WebUtility.UrlDecode: an escape that is none stays.
func urlDecode(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return clr.Valid(text)
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		if s[i] == '+' {
			b.WriteByte(' ')
			continue
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

func newlineToBr(s string) string {
	if blank(s) {
		return s
	}
	return strings.NewReplacer("\r\n", "<br />\r\n", "\n", "<br />\n").Replace(s)
}

func stripNewlines(s string) string {
	if blank(s) {
		return s
	}
	return strings.NewReplacer("\r\n", "", "\n", "").Replace(s)
}

// given is a text argument; null is empty.
func given(v any) string {
	s, _ := v.(string)
	return s
}

func appendText(r *render, in any, args []any) any {
	if in == nil {
		return nil
	}
	return r.m.Text(in.(string) + given(args[0]))
}

func prepend(r *render, in any, args []any) any {
	if in == nil {
		return nil
	}
	return r.m.Text(given(args[0]) + in.(string))
}

func defaultText(_ *render, in any, args []any) any {
	if !blank(given(in)) {
		return in
	}
	return args[0]
}

func remove(r *render, in any, args []any) any {
	if blank(given(in)) {
		return in
	}
	switch args[0] {
	case nil:
		r.m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: oldValue")
	case "":
		r.m.Throw(clr.TypeArgument, "String cannot be of zero length.\nParameter name: oldValue")
	}
	return r.m.Text(strings.ReplaceAll(in.(string), args[0].(string), ""))
}

func removeFirst(r *render, in any, args []any) any {
	if blank(given(in)) {
		return in
	}
	return r.regexReplace(in.(string), given(args[0]), "", 1, false)
}

func split(r *render, in any, args []any) any {
	s, by := given(in), given(args[0])
	if blank(s) {
		return List{in}
	}
	r.m.Grow(16 * (len(s)/max(len(by), 1) + 1))
	if by == "" {
		items, _ := r.items(s)
		return List(items)
	}
	out := List{}
	for part := range strings.SplitSeq(s, by) {
		if part != "" {
			out = append(out, part)
		}
	}
	return out
}

// truncate counts UTF-16 units, as .NET's strings do.
func truncate(r *render, in any, args []any) any {
	s, most, end := given(in), int(args[0].(int32)), given(args[1])
	if s == "" {
		return in
	}
	if most < 0 {
		return end
	}
	if clr.Length(s) <= most {
		return s
	}
	return r.m.Text(clr.Slice(s, 0, max(most-clr.Length(end), 0)) + end)
}

func truncateWords(r *render, in any, args []any) any {
	s, most, end := given(in), int(args[0].(int32)), given(args[1])
	if s == "" {
		return in
	}
	if most <= 0 {
		return end
	}
	list := strings.Split(s, " ")
	r.m.Grow(16 * len(list))
	if len(list) <= most {
		return s
	}
	return r.m.Text(strings.Join(list[:most], " ") + end)
}

// slice cuts text; items of a list of texts are joined, as DotLiquid does.
func slice(r *render, in any, args []any) any {
	from, n := int64(args[0].(int32)), int64(args[1].(int32))
	s, ok := in.(string)
	if l, isList := in.(List); isList {
		return r.sliceList(l, from, n)
	}
	if !ok {
		return in
	}
	length := int64(len(utf16.Encode([]rune(s))))
	if from > length {
		return nil
	}
	if from < 0 {
		if from += length; from < 0 {
			n, from = max(0, n+from), 0
		}
	}
	n = min(n, length-from)
	if n < 0 {
		r.m.Throw(clr.TypeArgumentRange, "Length cannot be less than zero.\nParameter name: length")
	}
	return r.m.Text(clr.Slice(s, int(from), int(from+n)))
}

func (r *render) sliceList(l List, from, n int64) any {
	if from < 0 {
		from = max(0, int64(len(l))+from)
	}
	from = min(from, int64(len(l)))
	var b strings.Builder
	for _, it := range l[from:min(from+max(n, 0), int64(len(l)))] {
		b.WriteString(textOf(it))
	}
	return r.m.Text(b.String())
}
