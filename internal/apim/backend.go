package apim

import (
	"stile/internal/secret"
	"stile/policy/exchange"
)

// Backend is a backend entity: one service with its URL, or a pool of others.
type Backend struct {
	exchange.Backend
	Place Place
	// Workspace is as in API; ID is the plain name.
	Workspace string
	// Pool is the members of a backend of type Pool; a pool has no URL.
	Pool []PoolMember
	// Rules open its circuit.
	Rules []exchange.BreakerRule
	// Authorization, Header and Query go with every request.
	Authorization *Authorization
	Header, Query []Credential
	// CertificateIDs and Thumbprints name the stored certificate that proves the gateway.
	CertificateIDs, Thumbprints []string
	// AnyChain and AnyName leave the server's certificate unchecked.
	AnyChain, AnyName bool
	Proxy             *Proxy
}

// PoolMember is a backend in a pool, by its id.
type PoolMember struct {
	ID               string
	Priority, Weight int
	Line             int
}

// Text is a text that may hold {{named values}}, or lies elsewhere.
type Text struct {
	Text string
	Ref  secret.Ref
	Line int
}

// Credential is one header or query parameter.
type Credential struct {
	Name  string
	Value Text
}

// Authorization is the Authorization field that a backend wants.
type Authorization struct {
	Scheme    string
	Parameter Text
}

// Proxy is the proxy that a backend is reached through.
type Proxy struct {
	URL            string
	User, Password Text
}

// Texts lists the texts of a backend that may need named values or secrets.
func (b *Backend) Texts() (out []*Text) {
	if b.Authorization != nil {
		out = append(out, &b.Authorization.Parameter)
	}
	for i := range b.Header {
		out = append(out, &b.Header[i].Value)
	}
	for i := range b.Query {
		out = append(out, &b.Query[i].Value)
	}
	if b.Proxy != nil {
		out = append(out, &b.Proxy.User, &b.Proxy.Password)
	}
	return out
}
