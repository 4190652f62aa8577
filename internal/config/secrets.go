package config

import (
	"time"

	"stile/internal/config/doctree"
)

// SecretsConfig is the key secrets: how secrets are kept fresh.
type SecretsConfig struct {
	// Refresh is how often a secret without a version is fetched again; MaxAge is how
	// old a last good value may be and still serve. 0 is the default of the store.
	Refresh, MaxAge time.Duration
	// AgeIdentity is the file of the identities that open age:// references, relative
	// to stile.yaml or absolute; empty where the file does not say.
	AgeIdentity string
}

// shortestRefresh keeps a project from fetching more often than vaults allow.
const shortestRefresh = time.Second

func (r *reader) secrets(n *doctree.Node) {
	c := &r.cfg.Secrets
	r.Map(n, "secrets",
		doctree.Field{Name: "refresh", Read: r.duration("secrets.refresh", shortestRefresh, &c.Refresh)},
		doctree.Field{Name: "max-age", Read: r.duration("secrets.max-age", shortestRefresh, &c.MaxAge)},
		doctree.Field{Name: "age-identity", Read: r.NonEmpty(&c.AgeIdentity)})
	if c.MaxAge > 0 && c.MaxAge < c.Refresh {
		r.Fault(n, doctree.CodeValue, "secrets.max-age is shorter than secrets.refresh", "a value must live until it is fetched again")
	}
}

// duration reads a duration as Go writes it: 30s, 5m, 24h.
func (r *reader) duration(what string, least time.Duration, to *time.Duration) func(*doctree.Node) {
	return func(n *doctree.Node) {
		d, err := time.ParseDuration(n.Text)
		if err != nil || d < least {
			r.Fault(n, doctree.CodeValue, what+" must be a duration of "+least.String()+" or more", "write for example 30s, 5m or 24h")
			return
		}
		*to = d
	}
}
