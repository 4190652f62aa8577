package library

import (
	"html"
	"net/url"
	"strings"
	"unicode/utf16"

	"stile/policy/expr/clr"
)

var (
	typeEncoding      = clr.Class("System.Text.Encoding")
	typeStringBuilder = clr.Class("System.Text.StringBuilder")
	typeWebUtility    = clr.Statics("System.Net.WebUtility")
	typeURI           = clr.Class("System.Uri")
)

// encoding is a System.Text.Encoding by its name.
type encoding string

func (encoding) RuntimeType() *clr.Type { return typeEncoding }

func (e encoding) encode(s string) []byte {
	s = clr.Valid(s)
	switch e {
	case "utf-8":
		return []byte(s)
	case "utf-16":
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			out = append(out, byte(u), byte(u>>8))
		}
		return out
	}
	top := rune(0x80)
	if e == "iso-8859-1" {
		top = 0x100
	}
	var out []byte
	for _, r := range s {
		if r >= top {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func (e encoding) decode(b []byte) string {
	switch e {
	case "utf-8":
		return strings.ToValidUTF8(string(b), "\ufffd")
	case "utf-16":
		u := make([]uint16, len(b)/2)
		for i := range u {
			u[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return string(utf16.Decode(u))
	}
	var out strings.Builder
	for _, c := range b {
		if c >= 0x80 && e == "us-ascii" {
			c = '?'
		}
		out.WriteRune(rune(c))
	}
	return out.String()
}

func encodingProperty(name string, e encoding) memberSpec {
	return memberSpec{"static Encoding " + name, func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return e }}
}

// StringBuilder is System.Text.StringBuilder.
type StringBuilder struct{ b strings.Builder }

// RuntimeType names the .NET type.
func (*StringBuilder) RuntimeType() *clr.Type { return typeStringBuilder }

// String gives the text so far.
func (s *StringBuilder) String() string { return s.b.String() }

// Add appends texts.
func (s *StringBuilder) Add(m *clr.Machine, texts ...string) clr.Value {
	for _, t := range texts {
		m.Grow(len(t))
		s.b.WriteString(t)
	}
	return s
}

func (s *StringBuilder) reset(text string) clr.Value {
	s.b.Reset()
	s.b.WriteString(text)
	return s
}

var textSpecs = []typeSpec{
	{typ: typeEncoding, members: []memberSpec{
		encodingProperty("UTF8", "utf-8"), encodingProperty("ASCII", "us-ascii"), encodingProperty("Unicode", "utf-16"),
		encodingProperty("Default", "utf-8"),
		{"static Encoding GetEncoding(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			name := strings.ToLower(need(m, a[0], "name"))
			switch name {
			case "utf-8", "us-ascii", "utf-16", "iso-8859-1":
				return encoding(name)
			case "ascii":
				return encoding("us-ascii")
			case "latin1":
				return encoding("iso-8859-1")
			}
			m.Throw(clr.TypeArgument, "'"+name+"' is not a supported encoding name.")
			return nil
		}},
		{"byte[] GetBytes(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b := a[0].(encoding).encode(need(m, a[1], "s"))
			m.Grow(len(b))
			return b
		}},
		{"string GetString(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, ok := a[1].([]byte)
			if !ok {
				m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: bytes")
			}
			return m.Text(a[0].(encoding).decode(b))
		}},
		{"string GetString(byte[], int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(a[0].(encoding).decode(window(m, a[1], num(a[2]), num(a[3]))))
		}},
		{"int GetByteCount(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(len(a[0].(encoding).encode(need(m, a[1], "s"))))
		}},
		{"string EncodingName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return string(a[0].(encoding)) }},
		{"string WebName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return string(a[0].(encoding)) }},
	}},
	{typ: typeStringBuilder, members: builderMembers},
	{typ: typeWebUtility, members: []memberSpec{
		{"static string UrlEncode(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return mapText(m, a[0], webEncode) }},
		{"static string UrlDecode(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return mapText(m, a[0], func(s string) string { return lenientUnescape(strings.ReplaceAll(s, "+", " ")) })
		}},
		{"static string HtmlEncode(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return mapText(m, a[0], htmlEncode) }},
		{"static string HtmlDecode(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return mapText(m, a[0], html.UnescapeString)
		}},
	}},
	{typ: typeURI, members: uriMembers},
}

func mapText(m *clr.Machine, v clr.Value, f func(string) string) clr.Value {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return m.Text(f(clr.Valid(s)))
}

// webEncode keeps letters, digits and -_.!*() and writes a space as +.
func webEncode(s string) string { return percent(s, "-_.!*()", true) }

func percent(s, keep string, plus bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		case c == ' ' && plus:
			b.WriteByte('+')
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

// lenientUnescape decodes %XX and leaves what is none as it stands.
func lenientUnescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if t, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(t)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

func htmlEncode(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r >= 160 && r < 256 || r > 0xffff:
			b.WriteString("&#" + clr.Text(int32(r)) + ";")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var builderMembers = []memberSpec{
	{"new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &StringBuilder{} }},
	{"new(int)", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &StringBuilder{} }},
	{"new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return (&StringBuilder{}).Add(m, str(a[0]))
	}},
	{"StringBuilder Append(object)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*StringBuilder).Add(m, clr.Text(a[1]))
	}},
	{"StringBuilder Append(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*StringBuilder).Add(m, str(a[1]))
	}},
	{"StringBuilder Append(char)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*StringBuilder).Add(m, clr.Text(a[1]))
	}},
	{"StringBuilder Append(char, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		m.Grow(num(a[2]))
		return a[0].(*StringBuilder).Add(m, strings.Repeat(clr.Text(a[1]), max(0, num(a[2]))))
	}},
	{"StringBuilder AppendLine()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*StringBuilder).Add(m, "\n")
	}},
	{"StringBuilder AppendLine(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*StringBuilder).Add(m, str(a[1]), "\n")
	}},
	{"StringBuilder AppendFormat(string, params object[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*StringBuilder).Add(m, clr.Composite(m, need(m, a[1], "format"), arrayItems(a[2])))
	}},
	{"StringBuilder Replace(string, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*StringBuilder)
		return s.reset(str(replaceText(m, s.String(), need(m, a[1], "oldValue"), str(a[2]))))
	}},
	{"StringBuilder Insert(int, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, at := a[0].(*StringBuilder), num(a[1])
		cut(m, s.String(), at, 0)
		i := clr.ByteIndex(s.String(), at)
		m.Grow(len(s.String()) + len(str(a[2])))
		return s.reset(s.String()[:i] + str(a[2]) + s.String()[i:])
	}},
	{"StringBuilder Remove(int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := a[0].(*StringBuilder)
		t, from, n := s.String(), num(a[1]), num(a[2])
		cut(m, t, from, n)
		return s.reset(t[:clr.ByteIndex(t, from)] + t[clr.ByteIndex(t, from+n):])
	}},
	{"StringBuilder Clear()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*StringBuilder).reset("") }},
	{"int Length", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(m.Length(a[0].(*StringBuilder).String()))
	}},
	{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(a[0].(*StringBuilder).String())
	}},
}
