package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"stile/internal/config"
	"stile/internal/identity/oidc"
	"stile/internal/secret"
)

// providers are the project's identity providers, as the project stands now. What
// a provider has fetched lives on while its entry in stile.yaml does not change.
type providers struct {
	project func() *project
	secret  func(ctx context.Context, dir, reference string) (string, error)
	// transport overrides the network for tests.
	transport http.RoundTripper
	now       func() time.Time
	log       *slog.Logger

	mu   sync.Mutex
	of   *project
	made map[string]*oidc.Provider // by name
	from map[string]string         // name → the entry that it was made of
}

func (s *server) newProviders() *providers {
	return &providers{project: s.current.Load, transport: s.opts.providers, now: time.Now, log: s.log,
		secret: func(ctx context.Context, dir, reference string) (string, error) {
			ref, err := secret.Parse(reference)
			if err != nil {
				return "", err
			}
			v, err := s.secrets.store.Get(ctx, ref.Under(dir))
			return v.Reveal(), err
		}}
}

// configured are the entries of stile.yaml.
func (x *providers) configured() []config.Provider { return x.project().Config.Identity.Providers }

// keys says that programs may sign with access keys.
func (x *providers) keys() bool { return len(x.project().Config.AccessKeys) > 0 }

// url is identity.url, nil where stile.yaml names none.
func (x *providers) url() *url.URL {
	text := x.project().Config.Identity.URL
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
	if now := x.project(); now != x.of {
		x.make(now)
	}
	return x.made[name]
}

// make is called with mu held.
func (x *providers) make(now *project) {
	made, from := map[string]*oidc.Provider{}, map[string]string{}
	for _, c := range now.Config.Identity.Providers {
		entry := fmt.Sprintf("%q", []any{c.Kind, c.Issuer, c.ClientID, c.ClientSecret.Text, c.Audiences, c.Scopes, c.Claims})
		from[c.Name] = entry
		if x.from[c.Name] == entry {
			made[c.Name] = x.made[c.Name]
			continue
		}
		made[c.Name] = oidc.New(x.configOf(c, now.Dir))
	}
	x.of, x.made, x.from = now, made, from
}

func (x *providers) configOf(c config.Provider, dir string) oidc.Config {
	out := oidc.Config{Name: c.Name, Kind: c.Kind, Issuer: c.Issuer, ClientID: c.ClientID, Audiences: c.Audiences, Scopes: c.Scopes,
		Subject: c.Claims.Subject, Groups: c.Claims.Groups, Roles: c.Claims.Roles, Transport: x.transport, Now: x.now, Log: x.log}
	if c.ClientSecret.Text != "" {
		out.Secret = func(ctx context.Context) (string, error) { return x.secret(ctx, dir, c.ClientSecret.Text) }
	}
	return out
}

// refuseOpen keeps serve from standing open: a control listener that others can
// reach needs a login, over TLS, under a name.
func refuseOpen(o Options) error {
	var id config.Identity
	if len(o.Dirs) == 1 {
		if c, _ := config.Load(filepath.Join(o.Dirs[0], config.FileName)); c != nil { // its faults are told by load
			id = c.Identity
		}
	}
	for _, a := range []struct {
		flag, addr string
		tls        bool
	}{{"--control", o.Control, false}, {"--control-tls", o.ControlTLS, true}} {
		if config.Loopback(a.addr) {
			continue
		}
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("%s %s: %w", a.flag, a.addr, err)
		}
		is := a.flag + " " + a.addr + " is not a loopback address"
		u, err := url.Parse(id.URL)
		switch {
		case len(id.Providers) == 0:
			return errors.New(is + ", and " + config.FileName + " names no identity providers to log in with: keep it on 127.0.0.1")
		case err != nil || id.URL == "":
			return errors.New(is + ", and " + config.FileName + " does not say by which name it is reached: add identity.url, or keep it on 127.0.0.1")
		case !a.tls && u.Scheme != "https":
			return errors.New(is + ", and credentials would pass it in the clear: set identity.url to the https address of a proxy before it, use --control-tls, or keep it on 127.0.0.1")
		}
	}
	return nil
}

// upkeepEvery is how often keys and sessions are looked after.
const upkeepEvery = time.Hour

// upkeep rotates the issuer's keys when they are due and forgets sessions that are
// over, until ctx ends.
func (s *server) upkeep(ctx context.Context) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		if err := s.login.sessions.Sweep(); err != nil {
			s.log.Error("sessions that are over could not be removed", "error", err)
		}
		if err := s.issuer.Maintain(); err != nil {
			s.log.Error("the issuer's keys could not be looked after; the present one signs on", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
