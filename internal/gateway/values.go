package gateway

import (
	"maps"
	"slices"

	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// values is what documents name outside themselves: policy.Values over a service
// whose secrets are resolved.
type values struct {
	named     map[string]namedValue
	fragments map[string]policy.Source
	backends  map[string]exchange.Backend
	// certificates are by id; identity says that managed identities are configured.
	certificates map[string]certificate
	identity     bool
	external     bool
	loggers      map[string]Logger
	authorities  authorities
	schemas      map[string]policy.StoredSchema
	workspace    string
}

type namedValue struct {
	text   string
	secret bool
	ref    secret.Ref // zero where the value stands in the configuration
	// lacking is why the secret has no value; empty where it has one.
	lacking string
}

// NamedValue gives a named value by its display name.
func (v *values) NamedValue(name string) (text string, secret, ok bool) {
	n, ok := v.named[name]
	return n.text, n.secret, ok
}

// Workspace is the id of the workspace whose documents see the values.
func (v *values) Workspace() string { return v.workspace }

// Fragment gives a fragment's source.
func (v *values) Fragment(id string) (policy.Source, bool) {
	s, ok := v.fragments[id]
	return s, ok
}

// Backend gives a backend entity.
func (v *values) Backend(id string) (exchange.Backend, bool) {
	b, ok := v.backends[id]
	return b, ok
}

// Names lists all names of one kind, sorted.
func (v *values) Names(kind policy.NameKind) []string {
	switch kind {
	case policy.NamedValueNames:
		return slices.Sorted(maps.Keys(v.named))
	case policy.FragmentNames:
		return slices.Sorted(maps.Keys(v.fragments))
	case policy.BackendNames:
		return slices.Sorted(maps.Keys(v.backends))
	}
	return nil
}

// sameSurroundings reports whether documents compiled with old may be taken over, as
// far as the names that they use are unchanged. A document keeps its values for
// backends that expressions name, so all backends count, and all certificates likewise.
func (v *values) sameSurroundings(old *values) bool {
	return maps.Equal(v.backends, old.backends) && maps.Equal(v.schemas, old.schemas) && v.sameCredentials(old)
}

// unchanged reports whether a document compiled with old, whose surroundings are the
// same, would compile to the same with v.
func (v *values) unchanged(old *values, d *policy.Document) bool {
	if d == nil {
		return false
	}
	for _, name := range d.NamedValues() {
		if now, ok := v.named[name]; !ok || now != old.named[name] {
			return false
		}
	}
	for _, id := range d.Fragments() {
		if now, ok := v.fragments[id]; !ok || now != old.fragments[id] {
			return false
		}
	}
	return true
}

// readValues reads the names that documents of a workspace see, empty for the
// service. Those of the service are not seen from a workspace: its certificates and
// its managed identity neither.
func (c *compiler) readValues(svc *apim.Service, workspace string) *values {
	v := &values{named: map[string]namedValue{}, fragments: map[string]policy.Source{}, backends: map[string]exchange.Backend{}, authorities: c.roots, workspace: workspace,
		schemas: c.readSchemas(svc, workspace)}
	v.external = svc.ExternalCache
	if workspace == "" {
		v.certificates, v.identity = c.readCertificates(svc), svc.ManagedIdentity
	}
	for _, n := range svc.NamedValues {
		if n.Workspace != workspace && !n.BuiltIn {
			continue
		}
		if _, twice := v.named[n.DisplayName]; twice {
			c.fault(n.Place, CodeTwice, "another named value has the display name "+n.DisplayName, "")
		}
		value := namedValue{text: n.Value, secret: n.Secret}
		if !n.Ref.IsZero() {
			v, lacking := c.resolve(n.Ref, n.Place, "what uses the named value "+n.DisplayName)
			value = namedValue{v.Reveal(), true, n.Ref, lacking}
		}
		v.named[n.DisplayName] = value
	}
	if workspace == "" {
		v.loggers = c.readLoggers(svc, v)
	}
	for _, f := range svc.Fragments {
		if f.Workspace != workspace {
			continue
		}
		if _, twice := v.fragments[f.ID]; twice {
			c.fault(f.Place, CodeTwice, "another policy fragment has the id "+f.ID, "")
		}
		v.fragments[f.ID] = f.Source
	}
	c.readBackends(svc, workspace, v)
	return v
}
