package config

import (
	"slices"
	"strings"

	"stile/internal/config/doctree"
)

// Authorization is one entry of authorizations: a connection of the credential
// manager, as get-authorization-context names it, and the connection of the project
// whose tokens it gives.
type Authorization struct {
	Provider, ID string
	// Connection is the name of a file in connections/, of type
	// OAUTH_CLIENT_CREDENTIALS.
	Connection string
	// Identities may ask with a token of theirs (identity-type jwt); the gateway itself
	// always may.
	Identities   []AuthorizedIdentity
	Line, Column int
}

// AuthorizedIdentity is a user or an application of Microsoft Entra ID: the claims
// tid and oid of its tokens, in small letters.
type AuthorizedIdentity struct{ Tenant, Object string }

func (r *reader) authorization(n *doctree.Node) {
	a := Authorization{Line: n.Line, Column: n.Column}
	r.Map(n, "an authorization",
		doctree.Field{Name: "provider", Required: true, Read: r.NonEmpty(&a.Provider)},
		doctree.Field{Name: "id", Required: true, Read: r.NonEmpty(&a.ID)},
		doctree.Field{Name: "connection", Required: true, Read: r.NonEmpty(&a.Connection)},
		doctree.Field{Name: "identities", Read: r.Each(func(n *doctree.Node) {
			var i AuthorizedIdentity
			r.Map(n, "an identity", doctree.Field{Name: "tenant", Required: true, Read: r.guid(&i.Tenant)},
				doctree.Field{Name: "object", Required: true, Read: r.guid(&i.Object)})
			a.Identities = append(a.Identities, i)
		})})
	if slices.ContainsFunc(r.cfg.Authorizations, func(o Authorization) bool { return o.Provider == a.Provider && o.ID == a.ID }) {
		r.Fault(n, doctree.CodeDuplicate, "another authorization of provider "+a.Provider+" has the id "+a.ID, "")
	}
	r.cfg.Authorizations = append(r.cfg.Authorizations, a)
}

// guid reads a GUID.
func (r *reader) guid(to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		text := strings.ToLower(n.Text)
		ok := len(text) == 36
		for i := 0; ok && i < len(text); i++ {
			switch i {
			case 8, 13, 18, 23:
				ok = text[i] == '-'
			default:
				ok = strings.IndexByte("0123456789abcdef", text[i]) >= 0
			}
		}
		if !ok {
			r.Fault(n, doctree.CodeValue, "this must be a GUID", "")
			return
		}
		*to = text
	}
}
