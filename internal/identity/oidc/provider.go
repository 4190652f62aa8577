// Package oidc is the client side of OpenID Connect: logging a person in by
// authorization code with PKCE, and telling from an access token who calls an API.
//
// It verifies no signature itself (identity.Verifier does), keeps no session
// (identity/session does) and shows no page. internal/login makes a Provider of each
// in stile.yaml; the command line uses the grants of a device and of a machine.
//
// What it follows: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749 (OAuth),
// 7636 (PKCE), 8628 (device grant), and what Microsoft's and Okta's references say
// of their tokens.
//
// Invariants: a token counts only for the provider that its issuer names, and only
// with an audience of ours; an Entra token's tenant is the issuer's; a flow is
// redeemed once, in ten minutes; a discovered address is on the issuer's own host or
// a public one over https, and no redirect is followed; groups that a token leaves
// out are no groups.
package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"stile/internal/identity"
)

// Kinds of providers, as stile.yaml spells them.
const (
	Entra   = "entra"
	Okta    = "okta"
	Generic = "generic"
)

// Config is a provider as stile.yaml has it.
type Config struct {
	Name, Kind string
	// Issuer has no trailing slash; Entra's ends in /TENANT/v2.0.
	Issuer, ClientID string
	// Secret gives the application's secret as it is now; nil: a public application.
	Secret func(context.Context) (string, error)
	// Audiences are taken in access tokens beside ClientID; Scopes are asked for
	// beside openid and profile.
	Audiences, Scopes []string
	// Subject, Groups and Roles name claims; empty: the kind's own.
	Subject, Groups, Roles string
	// Transport overrides the network; nil dials what internal/reach lets through.
	Transport http.RoundTripper
	Now       func() time.Time
	Log       *slog.Logger
}

// Provider is one OpenID provider. It is safe for concurrent use.
type Provider struct {
	cfg      Config
	accepted []string // spellings of `iss` that are this provider's
	tenant   string   // of Entra
	http     *http.Client
	verifier *identity.Verifier
	overage  sync.Once

	mu     sync.Mutex
	found  *Endpoints
	at     time.Time // when found was fetched
	failed time.Time
	err    error
}

// New makes a Provider; it asks nothing of the network.
func New(cfg Config) *Provider {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Groups == "" {
		cfg.Groups = "groups"
	}
	if cfg.Roles == "" {
		cfg.Roles = "roles"
	}
	p := &Provider{cfg: cfg, accepted: []string{cfg.Issuer, cfg.Issuer + "/"}, http: newClient(cfg.Issuer, cfg.Transport)}
	if u, err := url.Parse(cfg.Issuer); cfg.Kind == Entra && err == nil {
		p.tenant, _, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
		sts := "https://sts.windows.net/"
		if strings.HasSuffix(u.Hostname(), ".chinacloudapi.cn") || strings.HasSuffix(u.Hostname(), ".partner.microsoftonline.cn") {
			sts = "https://sts.chinacloudapi.cn/"
		}
		p.accepted = []string{cfg.Issuer, sts + p.tenant + "/"}
	}
	p.verifier = identity.NewVerifier(nil, p.get, cfg.Now)
	return p
}

// Name is the provider's name in stile.yaml.
func (p *Provider) Name() string { return p.cfg.Name }

// Accepts reports whether a token's `iss` is this provider's.
func (p *Provider) Accepts(issuer string) bool { return slices.Contains(p.accepted, issuer) }

// Endpoints are what a discovery document says.
type Endpoints struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Device        string   `json:"device_authorization_endpoint"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
}

// How long endpoints are used: fresh for an hour, the last good ones for a day
// while the provider does not answer; a failure is not repeated for ten seconds.
const (
	freshFor   = time.Hour
	staleFor   = 24 * time.Hour
	retryAfter = 10 * time.Second
)

// Endpoints fetches the discovery document, or gives the one that it had.
func (p *Provider) Endpoints(ctx context.Context) (Endpoints, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	stale := p.found != nil && now.Sub(p.at) < staleFor
	switch {
	case p.found != nil && now.Sub(p.at) < freshFor:
		return *p.found, nil
	case !p.failed.IsZero() && now.Sub(p.failed) < retryAfter && stale:
		return *p.found, nil
	case !p.failed.IsZero() && now.Sub(p.failed) < retryAfter:
		return Endpoints{}, p.err
	}
	// Who asked and went away must not leave a failure to the others. The client has a
	// time limit of its own.
	e, err := p.discover(context.WithoutCancel(ctx))
	if err != nil {
		p.failed, p.err = now, err
		if stale {
			return *p.found, nil
		}
		return Endpoints{}, err
	}
	p.found, p.at, p.failed = &e, now, time.Time{}
	return e, nil
}

func (p *Provider) discover(ctx context.Context) (e Endpoints, err error) {
	doc, err := p.get(ctx, p.cfg.Issuer+identity.DiscoveryPath, "")
	if err != nil {
		return e, fmt.Errorf("provider %s: %w", p.cfg.Name, err)
	}
	if err := json.Unmarshal(doc, &e); err != nil {
		return e, fmt.Errorf("provider %s: the discovery document is no JSON of its kind", p.cfg.Name)
	}
	if !p.Accepts(e.Issuer) {
		return e, fmt.Errorf("provider %s: the discovery document names another issuer than %s", p.cfg.Name, p.cfg.Issuer)
	}
	for _, at := range []string{e.Authorization, e.Token, e.Device} {
		if at == "" {
			continue
		}
		if _, err := identity.Permitted(p.cfg.Issuer, at); err != nil {
			return e, fmt.Errorf("provider %s: %w", p.cfg.Name, err)
		}
	}
	return e, nil
}

// get is the identity.Get of this provider: whatever named an address, the issuer
// says how far it may lead.
func (p *Provider) get(ctx context.Context, target, _ string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, errors.New("the address cannot be read")
	}
	status, _, body, err := answerOf(p.http, req)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answered %d", req.URL.Host, status)
	}
	return body, err
}
