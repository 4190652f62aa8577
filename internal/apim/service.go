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
	"net/netip"

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
	// ManagedIdentity says that a source of managed identities' tokens is configured.
	ManagedIdentity bool
	// TrustedHops are the proxies before the gateway: behind them a caller's address is
	// what they say in X-Forwarded-For.
	TrustedHops []netip.Prefix
}

// CallbacksID is the id and the path of the built-in API on which services
// outside answer waiting tasks. A Service may hold an API of this id that carries
// policy documents only.
const CallbacksID = "callbacks"

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
}

// Subscription is a subscription with up to two keys; a subscription without a
// key can still be a role's.
type Subscription struct {
	// Subscription.Key is empty here: it is the key that a request carried.
	exchange.Subscription
	Place Place
	// State is active, or another of API Management's states, which no key opens.
	State string
	Keys  []Key
}

// Key is one key of a subscription: a value, or a reference that is resolved when
// the service is compiled into a snapshot.
type Key struct {
	Value secret.Value
	Ref   secret.Ref
}

// NamedValue is a named value: Value, or Ref where it lies elsewhere.
type NamedValue struct {
	ID, DisplayName string
	Value           string
	Secret          bool
	Ref             secret.Ref
	Place           Place
}

// Backend is a backend entity of type single.
type Backend struct {
	exchange.Backend
	Place Place
}

// Fragment is a policy fragment.
type Fragment struct {
	ID     string
	Source policy.Source
	Place  Place
}

// Certificate is what policies name by certificate-id: PEM behind a reference.
type Certificate struct {
	ID    string
	Ref   secret.Ref
	Place Place
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
