// Package eventsapi is the wire of EventBridge's connection actions: awsJson1_1 over
// an http.Handler, POST / with X-Amz-Target AWSEvents.ACTION, so that unmodified AWS
// clients make the connections that HTTP Tasks name.
//
// It is not where connections are kept (connections), knows no other action of
// EventBridge, and does not verify signatures. internal/app mounts it on the control
// listener beside the Step Functions API.
//
// Invariants: a body is checked against the service model before a host is asked,
// with all its faults in one ValidationException; member names match by exact case
// and unknown ones are ignored; a refusal has AWS's code, and its text where that is
// known, and status 400; a secret value is in no answer, message or log; a permission
// is decided on the name that was asked for, before a host is.
package eventsapi

import (
	"context"
	"log/slog"
	"net/http"

	"stile/internal/connections"
	"stile/internal/identity"
)

// Prefix begins the X-Amz-Target of every action here.
const Prefix = "AWSEvents."

// Service is the name that calls are signed for.
const Service = "events"

// Connections is what the actions need of a host. Refusals are *sfn.Error; any other
// error becomes InternalException.
type Connections interface {
	CreateConnection(ctx context.Context, in connections.New) (connections.Connection, error)
	UpdateConnection(ctx context.Context, u connections.Update) (connections.Connection, error)
	DeleteConnection(ctx context.Context, name string) (connections.Connection, error)
	DeauthorizeConnection(ctx context.Context, name string) (connections.Connection, error)
	DescribeConnection(ctx context.Context, name string) (connections.Connection, error)
	ListConnections(ctx context.Context, q connections.Query) ([]connections.Connection, string, error)
}

// Permissions decide what who calls, known by the context, may do.
type Permissions interface {
	// Permit decides on an action ("events:CreateConnection") on a thing, given by all
	// names that a role may have for it.
	Permit(ctx context.Context, action string, resources ...string) identity.Decision
	// Anywhere says whether the caller may do an action on anything at all.
	Anywhere(ctx context.Context, action string) identity.Decision
	// User names the caller in a refusal.
	User(ctx context.Context) string
	// Refused is told of every refusal for want of a permission.
	Refused(ctx context.Context, action, resource string, d identity.Decision)
}

// Config is what the API is made of. Connections and Permissions are required.
type Config struct {
	Connections Connections
	Permissions Permissions
	// Account and Region stand in the names of connections.
	Account, Region string
	// NewID makes the id of a request.
	NewID func() string
	// Log takes failures that are not refusals; nil drops them.
	Log *slog.Logger
}

// New makes the handler. It answers POST / alone; the caller routes to it.
func New(cfg Config) http.Handler {
	if cfg.Connections == nil || cfg.Permissions == nil {
		panic("eventsapi: no connections, or nobody decides on permissions")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &server{cfg: cfg, actions: actionTable()}
}
