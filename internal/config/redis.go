package config

import (
	"regexp"
	"time"

	"stile/internal/config/doctree"
	"stile/internal/redis"
)

// Redis is the key redis: the server that several nodes share. It takes effect at a
// start.
type Redis struct {
	// URL is the server's address, without a password; empty where Secret names it.
	URL string
	// Secret is the whole address, by reference.
	Secret SecretRef
	// Username and Password prove the node, beside an address in plain text.
	Username string
	Password SecretRef
	// Authority is PEM of who may have signed the server's certificate; none: the
	// machine's own list.
	Authority SecretRef
	// Timeout bounds a call, Connect the making of a connection; 0 is the default.
	Timeout, Connect time.Duration
	// Prefix begins all keys; empty is that of the project's name.
	Prefix string
	// Refuse has what is limited be refused while the server is away.
	Refuse bool
	Line   int
}

// KeyPrefix begins all keys of a project.
func (c *Config) KeyPrefix() string {
	if c.Redis != nil && c.Redis.Prefix != "" {
		return c.Redis.Prefix
	}
	return "stile:" + c.Name + ":"
}

var redisPrefix = regexp.MustCompile(`^[!-~]{1,80}$`)

func (r *reader) redis(n *doctree.Node) {
	e := &Redis{Line: n.Line}
	failure := "local"
	r.Map(n, "redis",
		doctree.Field{Name: "url", Required: true, Read: func(n *doctree.Node) { r.redisURL(n, e) }},
		doctree.Field{Name: "username", Read: r.NonEmpty(&e.Username)},
		doctree.Field{Name: "password", Read: r.secretRef("a password", &e.Password)},
		doctree.Field{Name: "authority", Read: r.secretRef("an authority", &e.Authority)},
		doctree.Field{Name: "timeout", Read: r.within("redis.timeout", time.Millisecond, time.Second, &e.Timeout)},
		doctree.Field{Name: "connect-timeout", Read: r.within("redis.connect-timeout", time.Millisecond, 30*time.Second, &e.Connect)},
		doctree.Field{Name: "prefix", Read: func(n *doctree.Node) {
			r.NonEmpty(&e.Prefix)(n)
			if e.Prefix != "" && !redisPrefix.MatchString(e.Prefix) {
				r.Fault(n, doctree.CodeValue, "redis.prefix has 1 to 80 visible characters of ASCII", `write for example "stile:orders:"`)
			}
		}},
		doctree.Field{Name: "on-failure", Read: r.OneOf(&failure, "local", "refuse")})
	e.Refuse = failure == "refuse"
	if e.URL == "" && e.Password.Text != "" && e.Secret.Text != "" {
		r.Fault(n.Get("password"), doctree.CodeValue, "redis.url is a secret that has the password in it", "remove redis.password, or write the url out without a password")
	}
	r.cfg.Redis = e
}

// redisURL reads an address, which may stand here unless it has a password in it, or
// the reference of one.
func (r *reader) redisURL(n *doctree.Node, e *Redis) {
	if n.Kind == doctree.Map {
		r.secretRef("an address", &e.Secret)(n)
		return
	}
	r.NonEmpty(&e.URL)(n)
	at, err := redis.ParseEndpoint(e.URL)
	switch {
	case e.URL == "":
	case err != nil:
		r.Fault(n, doctree.CodeValue, "redis.url: "+err.Error(), "write for example redis://127.0.0.1:6379, or rediss:// for TLS")
	case at.Password != "":
		e.URL = ""
		r.Fault(n, codeSecret, "redis.url has a password in it, which is a secret and must not be written out here",
			`write url: { secret: "env://NAME" }, or the url without a password and password: { secret: "env://NAME" }`)
	}
}

// within reads a duration between two others.
func (r *reader) within(what string, least, most time.Duration, to *time.Duration) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if r.duration(what, least, to)(n); *to > most {
			r.Fault(n, doctree.CodeValue, what+" must be at most "+most.String(), "what waits longer holds up callers")
		}
	}
}
