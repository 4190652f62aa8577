package exchange

import (
	"crypto"
	"time"
)

// Deployment is context.Deployment: the gateway itself. It is read only.
type Deployment struct {
	// GatewayID is "managed" for the service's own gateway, else a gateway's name.
	GatewayID, InstanceID, Region, ServiceID, ServiceName string
	// SelfHosted says that the gateway is none of the service's own.
	SelfHosted bool
	// Certificates are the stored certificates, in order of their ids.
	Certificates []Certificate
	// Trusts tells whether a chain in DER, the certificate first, leads at a time to an
	// authority of the gateway; revocation is not looked at. nil trusts nothing.
	Trusts func(chain [][]byte, now time.Time) bool
}

// Certificate is a stored certificate as expressions see it.
type Certificate struct {
	ID string
	// Chain is the certificate and those that signed it, in DER.
	Chain [][]byte
	// Key is the private key; nil where there is none. Expressions may sign and
	// decrypt with it; none can read it.
	Key crypto.PrivateKey
}

// PrivateEndpoint is context.Request.PrivateEndpointConnection.
type PrivateEndpoint struct{ Name, GroupID, MemberName string }

// Authorization is what get-authorization-context puts into a variable.
type Authorization struct {
	AccessToken Redacted
	// Claims are the claims beside the token, by name, in the provider's order.
	Claims []Claim
}

// Claim is one claim of an Authorization; Value is a string, float64, bool or nil.
type Claim struct {
	Name  string
	Value any
}
