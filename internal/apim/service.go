// Package apim holds the gateway's nouns: a service with its APIs, operations,
// products, subscriptions, named values, backends and policy fragments.
//
// It is not a runtime (gateway compiles a Service into a snapshot) and not a
// format (files reads APIOps folders into it, and a management API will write
// it). Names are Azure API Management's.
//
// Invariants: a Service is complete before it is handed on and is not changed
// afterwards; the exchange values inside it are shared by every request that
// runs on its snapshot; secrets are held as secret.Value and keys never as text
// that prints.
package apim

import (
	"crypto/sha256"
	"net/netip"
	"path"
	"strings"

	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// Service is one API Management service.
type Service struct {
	// Policy is the global policy document; nil where there is none.
	Policy        *policy.Source
	APIs          []*API
	Products      []*Product
	Subscriptions []*Subscription
	NamedValues   []*NamedValue
	Backends      []*Backend
	Fragments     []*Fragment
	Certificates  []*Certificate
	Loggers       []*Logger
	Schemas       []*Schema
	Workspaces    []*Workspace
	Users         []*User
	Groups        []*Group
	Listener      Listener
	// ManagedIdentity says that a source of managed identities' tokens is configured.
	ManagedIdentity bool
	// ExternalCache says that there is a cache outside the process.
	ExternalCache bool
	// TrustedHops are the proxies before the gateway: behind them a caller's address is
	// what they say in X-Forwarded-For.
	TrustedHops []netip.Prefix
}

// CallbacksID is the id and the path of the built-in API on which services
// outside answer waiting tasks. A Service may hold an API of this id that carries
// policy documents only.
const CallbacksID = exchange.CallbacksAPI

// Place is where a noun was declared, for diagnostics; Line is 0 where unknown.
type Place struct {
	File string
	Line int
}

// API is one revision of an API: all revisions share an ID, one is current.
type API struct {
	exchange.API
	Place      Place
	Policy     *policy.Source
	Operations []*Operation
	// Description is what the operations were read from; nil where there is none.
	Description *Description
	// Offline says that no request reaches this revision.
	Offline bool
	// Workspace is the id of the workspace that the noun stands in, empty for the
	// service. Its own ID then begins with it: WORKSPACE/NAME.
	Workspace string
	// WebSocket says that requests open a WebSocket connection; the API's one operation
	// is onHandshake.
	WebSocket bool
	// VersionScheme says how clients name Version: "" (unversioned), Segment,
	// Header or Query; VersionName is the header's or query parameter's name.
	VersionScheme, VersionName string
}

// Operation is one operation of an API.
type Operation struct {
	exchange.Operation
	Place  Place
	Policy *policy.Source
}

// Product is a product and the ids of the APIs in it.
type Product struct {
	exchange.Product
	Place  Place
	APIs   []string
	Policy *policy.Source
	// Workspace is as in API. GroupIDs are the product's groups as they were named.
	Workspace string
	GroupIDs  []string
}

// Subscription is a subscription with up to two keys; a subscription without a
// key can still be a role's.
type Subscription struct {
	// Subscription.Key is empty here: it is the key that a request carried.
	exchange.Subscription
	Place Place
	// State is active, or another of API Management's states, which no key opens.
	State string
	// Keys are the primary and the secondary key; either may be zero.
	Keys []Key
	// Workspace is as in API.
	Workspace string
	// Owner is a user's id; empty for none.
	Owner string
}

// AllAccess is the scope of the built-in subscription that opens every API, those of
// workspaces too.
const AllAccess = "all-access"

// Digest is the SHA-256 of a subscription key: what is known of one.
type Digest [sha256.Size]byte

// Key is one key of a subscription: its digest, or a reference whose value is
// digested when the service is compiled into a snapshot. The key's text is nowhere.
type Key struct {
	Digest Digest
	Ref    secret.Ref
}

// NewKey gives a key by its text.
func NewKey(text string) Key { return Key{Digest: sha256.Sum256([]byte(text))} }

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.Digest == Digest{} && k.Ref.IsZero() }

// Workspace is a part of the service whose names are its own: what stands in it sees
// nothing of the service's and of other workspaces, the built-in named values apart.
type Workspace struct {
	exchange.Workspace
	Policy *policy.Source
	Place  Place
}

// User is somebody who may own subscriptions; GroupIDs are the groups as named.
type User struct {
	exchange.User
	GroupIDs []string
	Place    Place
}

// Group is a group of users.
type Group struct {
	exchange.Group
	Place Place
}

// Listener is what the gateway proves over TLS, and what it asks of callers.
type Listener struct {
	// Certificates are ids of Certificates; the first one is for callers that name no
	// host, or one that none is for.
	Certificates []string
	// NoClientCertificates: callers are not asked for one.
	NoClientCertificates bool
	// Authorities are PEM texts of who may have signed callers' certificates; none: the
	// machine's own list.
	Authorities []Authority
	// HopHeader is the field, in lower case, in which trusted hops pass a caller's
	// certificate on: client-cert (RFC 9440), x-arr-clientcert, or empty for none.
	HopHeader string
	Place     Place
}

// Authority is PEM text of certificates behind a reference.
type Authority struct {
	Ref   secret.Ref
	Place Place
}

// NamedValue is a named value: Value, or Ref where it lies elsewhere.
type NamedValue struct {
	ID, DisplayName string
	Value           string
	Secret          bool
	Ref             secret.Ref
	Place           Place
	// Workspace is as in API; ID is the plain name. BuiltIn ones are seen everywhere.
	Workspace string
	BuiltIn   bool
}

// Fragment is a policy fragment.
type Fragment struct {
	ID     string
	Source policy.Source
	Place  Place
	// Workspace is as in API; ID is the plain name.
	Workspace string
}

// Certificate is what policies name by certificate-id: PEM behind a reference.
type Certificate struct {
	ID    string
	Ref   secret.Ref
	Place Place
}

// Logger is an Event Hub that log-to-eventhub names: behind a connection string, from
// Ref or the named value of that display name, or at Endpoint with the managed identity
// ClientID (empty: the system-assigned one).
type Logger struct {
	ID, Hub            string
	Endpoint, ClientID string
	Ref                secret.Ref
	NamedValue         string
	Place              Place
}

// API gives the current revision of an API by its id, nil where there is none.
func (s *Service) API(id string) *API {
	for _, a := range s.APIs {
		if a.ID == id && a.IsCurrentRevision {
			return a
		}
	}
	return nil
}

// Product gives a product by its id, nil where there is none.
func (s *Service) Product(id string) *Product {
	for _, p := range s.Products {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Subscription gives a subscription by its id, nil where there is none.
func (s *Service) Subscription(id string) *Subscription {
	for _, x := range s.Subscriptions {
		if x.ID == id {
			return x
		}
	}
	return nil
}

// Operation gives an operation by its id, nil where there is none.
func (a *API) Operation(id string) *Operation {
	for _, o := range a.Operations {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// Active is the state of a subscription whose keys open what it covers.
const Active = "active"

// WorkspaceOf gives the workspace whose document stands in a file, empty for the
// service's.
func (s *Service) WorkspaceOf(file string) string {
	for _, w := range s.Workspaces {
		if dir := path.Dir(w.Place.File); dir != "." && strings.HasPrefix(file, dir+"/") {
			return w.ID
		}
	}
	return ""
}
