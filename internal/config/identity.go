package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"stile/internal/config/doctree"
	"stile/internal/reach"
)

// Identity is the key identity: who vouches for the callers of the control
// listener.
type Identity struct {
	// URL is the control listener as browsers see it, without trailing slash; empty
	// where it is reached by its own address alone.
	URL       string
	Providers []Provider
}

// Kinds of a Provider: what its tokens look like.
const (
	KindEntra   = "entra"
	KindOkta    = "okta"
	KindGeneric = "generic"
)

// Provider is one OpenID provider.
type Provider struct {
	Name, Kind string
	// Issuer is the base of its discovery document, without trailing slash.
	Issuer   string
	ClientID string
	// ClientSecret is the application's secret; without Text the application is public.
	ClientSecret SecretRef
	// Audiences are taken in access tokens beside the client id; Scopes are asked for
	// at a login beside openid and profile.
	Audiences, Scopes []string
	Claims            ProviderClaims
	Line, Column      int
}

// ProviderClaims name the claims that are read; empty: those of the kind.
type ProviderClaims struct{ Subject, Groups, Roles string }

var (
	providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	entraPath    = regexp.MustCompile(`^/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/v2\.0$`)
)

func (r *reader) identity(n *doctree.Node) {
	r.Map(n, "identity",
		doctree.Field{Name: "url", Read: r.identityURL},
		doctree.Field{Name: "providers", Read: r.Each(r.provider)})
}

func (r *reader) identityURL(n *doctree.Node) {
	var s string
	r.Text(&s)(n)
	problem := checkHTTP(s)
	if u, err := url.Parse(s); problem == "" && err == nil {
		switch {
		case u.Scheme == "http" && !loopbackURL(s):
			problem = "must be https, or http on a loopback address: a session's cookie goes there"
		case strings.Trim(u.Path, "/") != "":
			problem = "must have no path: the pages are at the root of their host"
		}
	}
	if problem != "" {
		r.Fault(n, doctree.CodeValue, "identity.url "+problem, "write for example https://control.example.com")
		return
	}
	r.cfg.Identity.URL = strings.TrimRight(s, "/")
}

func (r *reader) provider(n *doctree.Node) {
	p := Provider{Kind: KindGeneric, Line: n.Line, Column: n.Column}
	claim := func(name string, to *string) doctree.Field { return doctree.Field{Name: name, Read: r.NonEmpty(to)} }
	r.Map(n, "a provider",
		doctree.Field{Name: "name", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&p.Name)(n)
			if p.Name != "" && !providerName.MatchString(p.Name) {
				r.Fault(n, doctree.CodeValue, "a provider's name has 1 to 63 small letters, digits and -", "write for example entra")
			}
		}},
		doctree.Field{Name: "kind", Read: r.OneOf(&p.Kind, KindEntra, KindOkta, KindGeneric)},
		doctree.Field{Name: "issuer", Required: true, Read: func(n *doctree.Node) { p.Issuer = r.issuer(n) }},
		doctree.Field{Name: "client-id", Required: true, Read: r.NonEmpty(&p.ClientID)},
		doctree.Field{Name: "client-secret", Read: r.secretRef("a client secret", &p.ClientSecret)},
		doctree.Field{Name: "audiences", Read: r.words("an audience", &p.Audiences)},
		doctree.Field{Name: "scopes", Read: r.words("a scope", &p.Scopes)},
		doctree.Field{Name: "claims", Read: func(n *doctree.Node) {
			r.Map(n, "claims", claim("subject", &p.Claims.Subject), claim("groups", &p.Claims.Groups), claim("roles", &p.Claims.Roles))
		}})
	if u, err := url.Parse(p.Issuer); p.Kind == KindEntra && p.Issuer != "" && err == nil && !entraPath.MatchString(u.Path) {
		r.Fault(n.Get("issuer"), doctree.CodeValue, "an issuer of kind entra names one tenant by its GUID and ends in /v2.0",
			"write https://login.microsoftonline.com/TENANT-GUID/v2.0")
	}
	if p.Name != "" && slices.ContainsFunc(r.cfg.Identity.Providers, func(o Provider) bool { return o.Name == p.Name }) {
		r.Fault(n, doctree.CodeDuplicate, "another provider has the name "+p.Name, "")
	}
	r.cfg.Identity.Providers = append(r.cfg.Identity.Providers, p)
}

// issuer reads an issuer's URL: https anywhere, http on loopback, and no address
// of a metadata service.
func (r *reader) issuer(n *doctree.Node) string {
	var s string
	r.NonEmpty(&s)(n)
	if s == "" {
		return ""
	}
	problem := checkHTTP(s)
	if problem == "" && strings.HasPrefix(s, "http://") && !loopbackURL(s) {
		problem = "must be https, or http on a loopback address: its keys decide who is who"
	}
	if u, err := url.Parse(s); problem == "" && err == nil {
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
			if refused := reach.Check(ip, reach.Inside); refused != nil {
				problem = "cannot be used: " + refused.Error()
			}
		}
	}
	if problem != "" {
		r.Fault(n, doctree.CodeValue, "issuer "+problem, "write for example https://login.example.com")
		return ""
	}
	return strings.TrimRight(s, "/")
}

// words reads a list of texts that stand in space-separated lists on the wire.
func (r *reader) words(what string, to *[]string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Texts(to)(n)
		for _, s := range *to {
			if s == "" || strings.ContainsAny(s, " \t\r\n\"\\") {
				r.Fault(n, doctree.CodeValue, what+" is one word, not empty, without spaces or quotes", "write a list, one item each")
				return
			}
		}
	}
}
