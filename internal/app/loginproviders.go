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

	"stile/diag"
	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/gateway"
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
	return &providers{project: s.current.Load, now: time.Now, log: s.log,
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

// identityRefs checks what config, which knows no secrets, could not.
func identityRefs(p *files.Project) (out diag.List) {
	for _, c := range p.Config.Identity.Providers {
		if _, err := secret.Parse(c.ClientSecret.Text); c.ClientSecret.Text != "" && err != nil {
			out = append(out, identityFault(p, c, files.CodeSecret, err.Error()))
		}
	}
	return out
}

// identityFaults checks the references and what they lead to: a provider without
// its secret keeps `serve` from starting, and is a warning in `dev`.
func (s *server) identityFaults(p *files.Project) diag.List {
	out := identityRefs(p)
	ctx, cancel := context.WithTimeout(context.Background(), secret.DefaultTimeout)
	defer cancel()
	for _, c := range p.Config.Identity.Providers {
		ref, err := secret.Parse(c.ClientSecret.Text)
		if err != nil {
			continue // told of, or a public application
		}
		if _, err := s.secrets.store.Get(ctx, ref.Under(p.Dir)); err != nil {
			d := identityFault(p, c, gateway.CodeSecret, err.Error())
			if s.mode == modeDev {
				d.Severity = diag.Warning
			}
			out = append(out, d)
		}
	}
	return out
}

func identityFault(p *files.Project, c config.Provider, code, message string) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Severity: diag.Error, File: p.Config.File, Line: c.ClientSecret.Line, Column: c.ClientSecret.Column, Message: message}
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
