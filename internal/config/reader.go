package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"stile/internal/config/doctree"
)

// later are keys of stile.yaml that other versions know.
var later = []string{"cache", "environments"}

type reader struct {
	*doctree.Reader
	cfg *Config
	// subscribed are the ids of subscriptions so far: there may be very many.
	subscribed map[string]bool
}

func (r *reader) root(n *doctree.Node) {
	fields := []doctree.Field{
		{Name: "name", Read: r.NonEmpty(&r.cfg.Name)},
		{Name: "gateway", Read: r.folder("gateway", &r.cfg.Gateway.Path)},
		{Name: "workflows", Read: r.folder("workflows", &r.cfg.Workflows.Path)},
		{Name: "samples", Read: r.Each(r.sample)},
		{Name: "subscriptions", Read: r.Each(r.subscription)},
		{Name: "users", Read: r.Each(r.user)},
		{Name: "gateway-tls", Read: r.gatewayTLS},
		{Name: "public-url", Read: r.publicURL},
		{Name: "trusted-hops", Read: r.Each(r.trustedHop)},
		{Name: "map", Read: r.mapping},
		{Name: "buckets", Read: r.buckets},
		{Name: "activities", Read: r.Each(r.activity)},
		{Name: "egress", Read: r.Each(r.egress)},
		{Name: "engine", Read: r.engine},
		{Name: "lambda", Read: r.lambda},
		{Name: "access-keys", Read: r.Each(r.accessKey)},
		{Name: "identity", Read: r.identity},
		{Name: "certificates", Read: r.Each(r.certificate)},
		{Name: "managed-identity", Read: r.managedIdentity},
		{Name: "authorizations", Read: r.Each(r.authorization)},
		{Name: "telemetry", Read: r.telemetry},
		{Name: "logs", Read: r.logs},
		{Name: "notify", Read: r.Each(r.notify)},
		{Name: "secrets", Read: r.secrets},
		{Name: "retention", Read: r.retention},
		{Name: "limits", Read: r.limits},
		{Name: "redis", Read: r.redis},
	}
	for _, name := range later {
		fields = append(fields, doctree.Field{Name: name, Later: true})
	}
	r.Map(n, "stile.yaml", fields...)
}

// folder reads {path: P}, P relative to the file or absolute.
func (r *reader) folder(what string, to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind == doctree.String {
			r.Fault(n, doctree.CodeValue, what+" is a map with the key path", "write `"+what+": { path: "+n.Text+" }`")
			return
		}
		r.Map(n, what, doctree.Field{Name: "path", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(to)(n)
			*to = filepath.FromSlash(*to)
		}})
	}
}

func (r *reader) sample(n *doctree.Node) {
	s := Sample{Line: n.Line}
	r.Map(n, "a sample",
		doctree.Field{Name: "name", Required: true, Read: r.NonEmpty(&s.Name)},
		doctree.Field{Name: "address", Required: true, Read: func(n *doctree.Node) {
			r.Text(&s.Address)(n)
			host, port, err := net.SplitHostPort(s.Address)
			ip, ipErr := netip.ParseAddr(host)
			if err != nil || port == "" || ipErr != nil && host != "localhost" || ipErr == nil && !ip.IsLoopback() {
				r.Fault(n, doctree.CodeValue, "a sample's address must be a loopback host and port", "write for example 127.0.0.1:7491")
			}
		}})
	for _, o := range r.cfg.Samples {
		if s.Name != "" && o.Name == s.Name || s.Address != "" && o.Address == s.Address && !strings.HasSuffix(s.Address, ":0") {
			r.Fault(n, doctree.CodeDuplicate, "another sample has this name or address", "")
		}
	}
	r.cfg.Samples = append(r.cfg.Samples, s)
}

func (r *reader) subscription(n *doctree.Node) {
	s := Subscription{Line: n.Line}
	var product, scope string
	r.Map(n, "a subscription",
		doctree.Field{Name: "id", Required: true, Read: r.NonEmpty(&s.ID)},
		doctree.Field{Name: "name", Read: r.NonEmpty(&s.Name)},
		doctree.Field{Name: "product", Read: r.NonEmpty(&product)},
		doctree.Field{Name: "scope", Read: r.NonEmpty(&scope)},
		doctree.Field{Name: "owner", Read: r.NonEmpty(&s.Owner)},
		doctree.Field{Name: "dev-keys", Read: r.devKeys(&s)})
	switch {
	case product != "" && scope != "":
		r.Fault(n, doctree.CodeValue, "a subscription has product or scope, not both", "keep one of them")
	case product != "":
		s.Scope = "product/" + product
	case scope != "":
		got, ok := ParseScope(scope)
		if !ok {
			r.Fault(n.Get("scope"), doctree.CodeValue, "not a subscription's scope", "write products/ID, apis/ID, or apis for all APIs")
		}
		s.Scope = got
	}
	if s.Name == "" {
		s.Name = s.ID
	}
	if r.subscribed[s.ID] && s.ID != "" {
		r.Fault(n, doctree.CodeDuplicate, "another subscription has the id "+s.ID, "")
	}
	if r.subscribed == nil {
		r.subscribed = map[string]bool{}
	}
	r.subscribed[s.ID] = true
	r.cfg.Subscriptions = append(r.cfg.Subscriptions, s)
}

func (r *reader) devKeys(s *Subscription) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Texts(&s.DevKeys)(n)
		if len(s.DevKeys) > 2 {
			r.Fault(n, doctree.CodeValue, "a subscription has at most two keys", "remove the others")
		}
		for _, k := range s.DevKeys {
			if len(k) < 4 || len(k) > 256 || strings.TrimSpace(k) != k {
				r.Fault(n, doctree.CodeValue, "a key has 4 to 256 characters and no space at its ends", "")
				return
			}
		}
	}
}

// ParseScope reads the scope of an API Management subscription in the spellings
// of ARM and APIOps (/products/ID, /apis/ID, /apis, /, the same behind a service's
// full id) and gives "" for all APIs, else product/ID or api/ID.
func ParseScope(s string) (scope string, ok bool) {
	if i := strings.LastIndex(s, "/Microsoft.ApiManagement/service/"); i >= 0 {
		_, s, _ = strings.Cut(s[i+len("/Microsoft.ApiManagement/service/"):], "/")
	}
	parts := strings.Split(strings.Trim(s, "/"), "/")
	switch {
	case len(parts) == 1 && (parts[0] == "" || parts[0] == "apis"):
		return "", true
	case len(parts) == 2 && parts[1] != "" && (parts[0] == "products" || parts[0] == "product"):
		return "product/" + parts[1], true
	case len(parts) == 2 && parts[1] != "" && (parts[0] == "apis" || parts[0] == "api"):
		return "api/" + parts[1], true
	}
	return "", false
}

func (r *reader) publicURL(n *doctree.Node) {
	var s string
	r.Text(&s)(n)
	if err := checkHTTP(s); err != "" {
		r.Fault(n, doctree.CodeValue, "public-url "+err, "write for example https://gateway.example.com")
		return
	}
	r.cfg.PublicURL = strings.TrimRight(s, "/")
}

// checkHTTP says what is wrong with an http(s) URL without query; "" if nothing.
func checkHTTP(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "must be an absolute http or https URL"
	case u.User != nil:
		return "must not carry a user or password"
	case u.RawQuery != "" || u.Fragment != "":
		return "must not have a query or fragment"
	}
	return ""
}

func (r *reader) engine(n *doctree.Node) {
	r.Map(n, "engine", doctree.Field{Name: "address", Read: func(n *doctree.Node) {
		a, err := netip.ParseAddr(n.Text)
		if err != nil || a.Zone() != "" {
			r.Fault(n, doctree.CodeValue, "engine.address must be an IP address", "write for example 127.0.0.1")
			return
		}
		r.cfg.Engine.Address = a
	}},
		doctree.Field{Name: "disk", Read: r.disk},
		doctree.Field{Name: "max-payload", Read: r.limit("max-payload", 262_144, 64<<20, &r.cfg.Engine.MaxPayload)},
		doctree.Field{Name: "max-history", Read: r.limit("max-history", 25_000, 10_000_000, &r.cfg.Engine.MaxHistory)})
}

// limit reads a limit of AWS's, lo, that may be raised up to hi.
func (r *reader) limit(what string, lo, hi int, to *int) func(*doctree.Node) {
	return func(n *doctree.Node) {
		v, err := strconv.Atoi(n.Text)
		if n.Kind != doctree.Number || err != nil || v < lo || v > hi {
			r.Fault(n, doctree.CodeValue, fmt.Sprintf("engine.%s must be a whole number from %d to %d", what, lo, hi), "AWS's limit is the smallest; leave the key out for it")
			return
		}
		*to = v
	}
}
