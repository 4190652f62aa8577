package exchange

import (
	"net/url"
	"strconv"
	"strings"
)

// URL is an absolute URL in the parts that policies see (IUrl of policy
// expressions). Path is canonical and still escaped; Query keeps order.
type URL struct {
	Scheme, Host string
	Port         int // 0 where the scheme's default
	Path         string
	Query        []Param // decoded
}

// ParseURL reads an absolute URL, or a path with query alone.
func ParseURL(s string) (URL, error) {
	if u, ok := plainURL(s); ok {
		return u, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return URL{}, err
	}
	out := URL{Scheme: u.Scheme, Host: u.Hostname(), Path: u.EscapedPath(), Query: ParseQuery(u.RawQuery)}
	if p := u.Port(); p != "" {
		out.Port, err = strconv.Atoi(p)
	}
	return out, err
}

// plainURL reads the URL of a web service that is spelled out: nothing in it is
// escaped, and it has no user, query or fragment. net/url gives the same of it.
func plainURL(s string) (u URL, ok bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme != "https" && scheme != "http" {
		return u, false
	}
	host, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	host, port, ported := strings.Cut(host, ":")
	if host == "" || ported && (port == "" || len(port) > 5) {
		return u, false
	}
	number := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return u, false
		}
		number = number*10 + int(port[i]-'0')
	}
	for i := range len(host) {
		if !unreserved(host[i]) {
			return u, false
		}
	}
	for i := range len(path) {
		if path[i] != '/' && !unreserved(path[i]) {
			return u, false
		}
	}
	return URL{Scheme: scheme, Host: host, Port: number, Path: path}, true
}

// unreserved are RFC 3986's characters that are never escaped.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// ParseQuery reads a query string without "?", keeping order; pairs that do not
// decode are kept as they are written.
func ParseQuery(raw string) []Param {
	var out []Param
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		out = append(out, Param{unescape(k), unescape(v)})
	}
	return out
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// QueryString gives the query with its "?", or "" where there is none: made anew from
// what policies saw, so that no backend reads another one. A blank is %20, which every
// backend takes for one.
func (u URL) QueryString() string {
	var b strings.Builder
	for i, p := range u.Query {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(escapeQuery(p.Name))
		b.WriteByte('=')
		b.WriteString(escapeQuery(p.Value))
	}
	return b.String()
}

func escapeQuery(s string) string {
	if strings.IndexByte(s, ' ') < 0 {
		return url.QueryEscape(s)
	}
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// Authority is host, with the port where it is not the scheme's default.
func (u URL) Authority() string {
	host := u.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port == 0 || u.Port == u.DefaultPort() {
		return host
	}
	return host + ":" + strconv.Itoa(u.Port)
}

// DefaultPort is 443 for https, 80 for http, else 0.
func (u URL) DefaultPort() int {
	switch u.Scheme {
	case "https":
		return 443
	case "http":
		return 80
	}
	return 0
}

// String gives the URL in full; without scheme and host, path and query alone.
func (u URL) String() string {
	if u.Scheme == "" {
		return u.Path + u.QueryString()
	}
	if (u.Port == 0 || u.Port == u.DefaultPort()) && !strings.Contains(u.Host, ":") {
		return u.Scheme + "://" + u.Host + u.Path + u.QueryString()
	}
	return u.Scheme + "://" + u.Authority() + u.Path + u.QueryString()
}
