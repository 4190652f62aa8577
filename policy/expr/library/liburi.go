package library

import (
	"net/url"
	"strconv"
	"strings"

	"stile/policy/expr/clr"
)

// URI is System.Uri.
type URI struct {
	u        *url.URL
	original string
}

// RuntimeType names the .NET type.
func (*URI) RuntimeType() *clr.Type { return typeURI }

// String is Uri.ToString(): the address with its escapes undone where that is safe.
func (u *URI) String() string {
	if !u.u.IsAbs() {
		return u.original
	}
	s := u.absolute()
	if t, err := url.PathUnescape(strings.NewReplacer("%25", "%2525", "%23", "%2523", "%3F", "%253F", "%2F", "%252F").Replace(s)); err == nil {
		return t
	}
	return s
}

func defaultPort(scheme string) int {
	switch scheme {
	case "http", "ws":
		return 80
	case "https", "wss":
		return 443
	case "ftp":
		return 21
	case "mailto":
		return 25
	}
	return -1
}

func (u *URI) port() int {
	if n, err := strconv.Atoi(u.u.Port()); err == nil {
		return n
	}
	return defaultPort(u.u.Scheme)
}

func (u *URI) authority() string {
	host := strings.ToLower(u.u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := u.port(); p >= 0 && p != defaultPort(u.u.Scheme) {
		host += ":" + strconv.Itoa(p)
	}
	return host
}

func (u *URI) path() string {
	if u.u.Opaque != "" {
		return u.u.Opaque
	}
	if p := u.u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

func (u *URI) query() string {
	if u.u.RawQuery == "" {
		return ""
	}
	return "?" + strings.ReplaceAll(u.u.RawQuery, " ", "%20")
}

func (u *URI) fragment() string {
	if f := u.u.EscapedFragment(); f != "" {
		return "#" + f
	}
	return ""
}

func (u *URI) absolute() string {
	if u.u.Opaque != "" {
		return u.u.Scheme + ":" + u.u.Opaque + u.query() + u.fragment()
	}
	return u.u.Scheme + "://" + u.authority() + u.path() + u.query() + u.fragment()
}

func parseURI(s string, relative bool) (*URI, bool) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || !u.IsAbs() && !relative || u.IsAbs() && u.Host == "" && defaultPort(u.Scheme) > 0 && u.Scheme != "mailto" {
		return nil, false
	}
	return &URI{u, s}, true
}

func newURI(m *clr.Machine, s string, relative bool) clr.Value {
	m.Grow(len(s))
	u, ok := parseURI(s, relative)
	if !ok {
		m.Throw(clr.TypeURIFormat, "Invalid URI: The format of the URI could not be determined.")
	}
	return u
}

func uriText(sig string, f func(u *URI) string) memberSpec {
	return memberSpec{sig, func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		u := a[0].(*URI)
		if !u.u.IsAbs() {
			m.Throw(clr.TypeInvalidOperation, "This operation is not supported for a relative URI.")
		}
		return f(u)
	}}
}

// mayBeRelative reads UriKind: Absolute is 1.
func mayBeRelative(v clr.Value) bool { return v.(clr.Enum).N != 1 }

var uriMembers = []memberSpec{
	{"new(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return newURI(m, need(m, a[0], "uriString"), false)
	}},
	{"new(string, UriKind)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return newURI(m, need(m, a[0], "uriString"), mayBeRelative(a[1]))
	}},
	{"new(Uri, string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		rel, ok := parseURI(need(m, a[1], "relativeUri"), true)
		if a[0] == nil || !ok {
			m.Throw(clr.TypeURIFormat, "Invalid URI: The format of the URI could not be determined.")
		}
		r := a[0].(*URI).u.ResolveReference(rel.u)
		return &URI{r, r.String()}
	}},
	uriText("string Host", func(u *URI) string { return strings.ToLower(u.u.Hostname()) }),
	uriText("string DnsSafeHost", func(u *URI) string { return strings.ToLower(u.u.Hostname()) }),
	uriText("string Authority", (*URI).authority), uriText("string AbsolutePath", (*URI).path),
	uriText("string LocalPath", func(u *URI) string { return lenientUnescape(u.path()) }),
	uriText("string AbsoluteUri", (*URI).absolute), uriText("string Scheme", func(u *URI) string { return u.u.Scheme }),
	uriText("string Query", (*URI).query), uriText("string Fragment", (*URI).fragment),
	uriText("string PathAndQuery", func(u *URI) string { return u.path() + u.query() }),
	uriText("string UserInfo", func(u *URI) string { return u.u.User.String() }),
	{"string OriginalString", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*URI).original }},
	{"int Port", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(a[0].(*URI).port()) }},
	{"bool IsAbsoluteUri", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*URI).u.IsAbs() }},
	{"bool IsDefaultPort", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(*URI).port() == defaultPort(a[0].(*URI).u.Scheme)
	}},
	{"string[] Segments", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.StringArray(strings.SplitAfter(strings.TrimSuffix(a[0].(*URI).path(), ""), "/"))
	}},
	{"string GetLeftPart(UriPartial)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		u := a[0].(*URI)
		switch a[1].(clr.Enum).N {
		case 0:
			return u.u.Scheme + "://"
		case 1:
			return u.u.Scheme + "://" + u.authority()
		case 2:
			return u.u.Scheme + "://" + u.authority() + u.path()
		}
		return u.u.Scheme + "://" + u.authority() + u.path() + u.query()
	}},
	{"static string EscapeDataString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return mapText(m, need(m, a[0], "stringToEscape"), func(s string) string { return percent(s, "-_.~", false) })
	}},
	{"static string EscapeUriString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return mapText(m, need(m, a[0], "stringToEscape"), func(s string) string { return percent(s, "-_.~!*'();:@&=+$,/?#[]", false) })
	}},
	{"static string UnescapeDataString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return mapText(m, need(m, a[0], "stringToUnescape"), lenientUnescape)
	}},
	{"static bool TryCreate(string, UriKind, out Uri)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		u, ok := parseURI(str(a[0]), mayBeRelative(a[1]))
		if !ok || a[0] == nil {
			out(a[2], nil)
			return false
		}
		out(a[2], u)
		return true
	}},
	{"static bool IsWellFormedUriString(string, UriKind)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, ok := parseURI(str(a[0]), mayBeRelative(a[1]))
		return ok && !strings.ContainsAny(str(a[0]), " <>\"{}|\\^`")
	}},
}
