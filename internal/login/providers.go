package login

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"stile/internal/config"
	"stile/internal/identity/oidc"
)

// providers are the project's identity providers, as the project stands now. What
// a provider has fetched lives on while its entry in stile.yaml does not change.
type providers struct {
	config Config

	mu   sync.Mutex
	of   *config.Config
	made map[string]*oidc.Provider // by name
	from map[string]string         // name → the entry that it was made of
}

func newProviders(c Config) *providers { return &providers{config: c} }

// project is stile.yaml as it stands now.
func (x *providers) project() *config.Config {
	c, _ := x.config.Project()
	return c
}

// configured are the entries of stile.yaml.
func (x *providers) configured() []config.Provider { return x.project().Identity.Providers }

// keys says that programs may sign with access keys.
func (x *providers) keys() bool { return len(x.project().AccessKeys) > 0 }

// url is identity.url, nil where stile.yaml names none.
func (x *providers) url() *url.URL {
	text := x.project().Identity.URL
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil // config takes only what is a URL
	}
	return u
}

// all are the providers, in the order of stile.yaml.
func (x *providers) all() (out []*oidc.Provider) {
	for _, p := range x.configured() {
		if made := x.named(p.Name); made != nil {
			out = append(out, made)
		}
	}
	return out
}

// named finds a provider; nil where there is none.
func (x *providers) named(name string) *oidc.Provider {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now, dir := x.config.Project(); now != x.of {
		x.make(now, dir)
	}
	return x.made[name]
}

// make is called with mu held.
func (x *providers) make(now *config.Config, dir string) {
	made, from := map[string]*oidc.Provider{}, map[string]string{}
	for _, c := range now.Identity.Providers {
		entry := fmt.Sprintf("%q", []any{c.Kind, c.Issuer, c.ClientID, c.ClientSecret.Text, c.Audiences, c.Scopes, c.Claims})
		from[c.Name] = entry
		if x.from[c.Name] == entry {
			made[c.Name] = x.made[c.Name]
			continue
		}
		made[c.Name] = oidc.New(x.configOf(c, dir))
	}
	x.of, x.made, x.from = now, made, from
}

func (x *providers) configOf(c config.Provider, dir string) oidc.Config {
	out := oidc.Config{Name: c.Name, Kind: c.Kind, Issuer: c.Issuer, ClientID: c.ClientID, Audiences: c.Audiences, Scopes: c.Scopes,
		Subject: c.Claims.Subject, Groups: c.Claims.Groups, Roles: c.Claims.Roles, Transport: x.config.Transport, Now: x.config.Now, Log: x.config.Log}
	if c.ClientSecret.Text != "" {
		out.Secret = func(ctx context.Context) (string, error) { return x.config.Secret(ctx, dir, c.ClientSecret.Text) }
	}
	return out
}
