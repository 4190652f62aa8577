// Package connections keeps the EventBridge connections that are made over AWS's
// API: their registry, and their secret values, sealed.
//
// It is not the reader of connections/NAME.yaml (files), gives no credentials to a
// call (task/connection) and speaks no wire (eventsapi). app opens it and turns what
// it gives into what a Task is authorized with; eventsapi is its other caller.
//
// Invariants: a secret value is in what a caller gives and never in what it gets: it
// gets a reference, which Fetch opens; what is in the store is sealed, each value for
// its connection and field; a reference names one value for ever, so that a call
// under way never sends a new secret to where the old one belonged; a connection of
// the project's files hides one of its name that was made over the API, and is not
// changed here; with no usable data key the connections are told of, and refuse.
package connections

import (
	"time"

	"stile/internal/secret"
)

// Kinds of authorization (EventBridge's AuthorizationType).
const (
	Basic  = "BASIC"
	OAuth  = "OAUTH_CLIENT_CREDENTIALS"
	APIKey = "API_KEY"
)

// States of a connection (EventBridge's ConnectionState), those that one can be in
// here. Deleting is only answered.
const (
	Authorized   = "AUTHORIZED"
	Deauthorized = "DEAUTHORIZED"
	Deleting     = "DELETING"
)

// MaxConnections is how many there may be (EventBridge's quota for an account and
// region).
const MaxConnections = 3000

// Connection is a connection as it is told of. It holds no secret value.
type Connection struct {
	// Name is unique; ID tells one from another that had its name before.
	Name, ID string
	// ARN is arn:aws:events:REGION:ACCOUNT:connection/NAME/ID. SecretARN is the one
	// that AWS would keep the secrets under; empty where there are none.
	ARN, SecretARN string
	Description    string
	// State is one of the constants; Reason says why, where it is not Authorized.
	State, Reason string
	// Type is the kind of authorization.
	Type string
	Auth Auth
	// Created, Modified and Authorized are when; zero for one of the project's files,
	// of which it is not known.
	Created, Modified, Authorized time.Time
}

// Auth is EventBridge's AuthParameters: of the first three the one that Type needs.
type Auth struct {
	Basic      *BasicAuth
	APIKey     *APIKeyAuth
	OAuth      *OAuthAuth
	Invocation *HTTP
}

// BasicAuth is BasicAuthParameters.
type BasicAuth struct {
	Username string
	Password Secret
}

// APIKeyAuth is ApiKeyAuthParameters: a header's name and its value.
type APIKeyAuth struct {
	Name  string
	Value Secret
}

// OAuthAuth is OAuthParameters.
type OAuthAuth struct {
	ClientID         string
	ClientSecret     Secret
	Endpoint, Method string
	HTTP             *HTTP
}

// HTTP is InvocationHttpParameters or OAuthHttpParameters.
type HTTP struct{ Header, Query, Body []Parameter }

// Parameter has its Value, or a Secret where IsSecret.
type Parameter struct {
	Key, Value string
	IsSecret   bool
	Secret     Secret
}

// Secret is a secret value: Given by who makes or changes a connection, kept under
// Ref in what is told.
type Secret struct {
	Given secret.Value
	Ref   secret.Ref
}

// New is what CreateConnection makes a connection of.
type New struct {
	Name, Description, Type string
	Auth                    Auth
}

// Update is what UpdateConnection changes. Nil and empty change nothing; of Auth,
// what is given takes the place of what was there, a list of parameters as a whole.
type Update struct {
	Name        string
	Description *string
	Type        string
	Auth        Auth
}

// Query is what ListConnections asks for. Token is where the page begins.
type Query struct {
	Prefix, State string
	Max           int
	Token         string
}
