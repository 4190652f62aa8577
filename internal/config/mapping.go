package config

import (
	"net/url"
	"path/filepath"
	"strings"

	"stile/internal/config/doctree"
)

// MapEntry says where calls to a foreign address go: exactly one of GatewaySelf,
// Connection, HTTP and Folder is set.
type MapEntry struct {
	// Key is a URL origin, a host (with optional port), or an ARN whose parts may
	// hold `*`.
	Key string
	// GatewaySelf sends the call through the project's own gateway, in process.
	GatewaySelf bool
	Connection  string
	HTTP        string // an absolute URL without trailing slash
	Folder      string // a path, only for arn:aws:s3:::BUCKET
	Line        int
}

func (r *reader) mapping(n *doctree.Node) {
	if n.Kind != doctree.Map {
		r.Fault(n, doctree.CodeValue, "map must be a map from an address to where calls to it go", `write for example "https://acme.azure-api.net": { gateway: self }`)
		return
	}
	for _, m := range n.Members {
		e := MapEntry{Key: m.Name, Line: m.Line}
		if problem := checkKey(m.Name); problem != "" {
			r.FaultAt(m.Line, m.Column, doctree.CodeValue, problem, "write a URL origin, a host, or an ARN")
		}
		r.target(&e, m)
		r.cfg.Map = append(r.cfg.Map, e)
	}
}

func (r *reader) target(e *MapEntry, m doctree.Member) {
	r.Map(m.Value, "a map entry",
		doctree.Field{Name: "gateway", Read: func(n *doctree.Node) {
			var word string
			r.OneOf(&word, "self")(n)
			e.GatewaySelf = word == "self"
		}},
		doctree.Field{Name: "connection", Read: r.NonEmpty(&e.Connection)},
		doctree.Field{Name: "http", Read: func(n *doctree.Node) {
			if problem := checkHTTP(n.Text); problem != "" {
				r.Fault(n, doctree.CodeValue, "http "+problem, "")
				return
			}
			e.HTTP = strings.TrimRight(n.Text, "/")
		}},
		doctree.Field{Name: "folder", Read: func(n *doctree.Node) {
			r.NonEmpty(&e.Folder)(n)
			if !strings.HasPrefix(e.Key, "arn:aws:s3:::") {
				r.Fault(n, doctree.CodeValue, "folder goes only with a bucket, arn:aws:s3:::BUCKET", "")
			}
			if e.Folder != "" && !filepath.IsLocal(filepath.FromSlash(e.Folder)) {
				r.Fault(n, doctree.CodeValue, "folder must stay inside the project", "write a path relative to stile.yaml")
			}
		}})
	if m.Value.Kind == doctree.Map && len(m.Value.Members) != 1 {
		r.Fault(m.Value, doctree.CodeValue, "a map entry has exactly one of gateway, connection, http, folder", "")
	}
}

func checkKey(key string) string {
	switch {
	case strings.HasPrefix(key, "arn:"):
		if strings.Count(key, ":") < 5 {
			return "an ARN has six parts: arn:partition:service:region:account:resource"
		}
		if strings.Contains(key, "**") {
			return "`*` matches within one part of an ARN; `**` means nothing here"
		}
	case strings.Contains(key, "*"):
		return "`*` may stand only in an ARN"
	case strings.Contains(key, "://"):
		u, err := url.Parse(key)
		if err != nil || u.Host == "" || u.User != nil {
			return "this is not a URL origin"
		}
		if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
			return "a URL origin has no path; the path is the gateway's path"
		}
	case key == "" || strings.ContainsAny(key, "/ ?#@"):
		return "this is neither a URL origin, a host, nor an ARN"
	}
	return ""
}

// Resolve finds the entry for a target: a URL, a host, or an ARN. A URL matches
// its origin before its host; ARNs without `*` win over patterns, and of patterns
// the first in the file.
func (c *Config) Resolve(target string) (MapEntry, bool) {
	if strings.HasPrefix(target, "arn:") {
		return c.resolveARN(target)
	}
	host := target
	if strings.Contains(target, "://") {
		origin := ""
		for i := range c.Map {
			e := &c.Map[i]
			if !strings.Contains(e.Key, "://") {
				continue
			}
			if e.Key != target && origin == "" {
				if origin = originOf(target); origin == "" {
					break
				}
			}
			if e.Key == target || originOf(e.Key) == origin {
				return *e, true
			}
		}
		u, err := url.Parse(target)
		if err != nil {
			return MapEntry{}, false
		}
		host = u.Host
	} else {
		host, _, _ = strings.Cut(host, "/")
	}
	return c.resolveHost(host)
}

func (c *Config) resolveHost(host string) (MapEntry, bool) {
	bare := host
	if u, err := url.Parse("//" + host); err == nil {
		bare = u.Hostname()
	}
	for _, want := range []string{host, bare} {
		for _, e := range c.Map {
			if !strings.HasPrefix(e.Key, "arn:") && !strings.Contains(e.Key, "://") && strings.EqualFold(e.Key, want) {
				return e, true
			}
		}
	}
	return MapEntry{}, false
}

func (c *Config) resolveARN(arn string) (MapEntry, bool) {
	for _, e := range c.Map {
		if e.Key == arn {
			return e, true
		}
	}
	for _, e := range c.Map {
		if strings.HasPrefix(e.Key, "arn:") && matchARN(e.Key, arn) {
			return e, true
		}
	}
	return MapEntry{}, false
}

// originOf gives scheme://host[:port] in lower case without a default port.
func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return ""
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if p := u.Port(); scheme == "https" && p == "443" || scheme == "http" && p == "80" {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return scheme + "://" + host
}

// matchARN matches part by part between colons, `*` standing for any text within
// its part.
func matchARN(pattern, arn string) bool {
	ps, as := strings.Split(pattern, ":"), strings.Split(arn, ":")
	if len(ps) != len(as) {
		return false
	}
	for i := range ps {
		if !matchPart(ps[i], as[i]) {
			return false
		}
	}
	return true
}

func matchPart(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		mid, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(s, mid)
		}
		i := strings.Index(s, mid)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(mid):], more
	}
}
