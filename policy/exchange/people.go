package exchange

import (
	"io"
	"time"
)

// User is context.User: who owns the subscription that a request counts against.
type User struct {
	ID, Email, FirstName, LastName, Note string
	// Groups are those that the user is in, sorted by ID; API Management puts every
	// user into developers.
	Groups     []Group
	Identities []UserIdentity
	// RegistrationDate is zero where unknown.
	RegistrationDate time.Time
}

// Group is one of context.User.Groups and context.Product.Groups.
type Group struct{ ID, Name string }

// UserIdentity is one of context.User.Identities: ID is who the user is at Provider
// (Basic, Aad, Google …).
type UserIdentity struct{ ID, Provider string }

// Product is context.Product.
type Product struct {
	ID, Name             string
	State                string // NotPublished or Published
	SubscriptionRequired bool
	ApprovalRequired     bool
	SubscriptionsLimit   int
	Groups               []Group
}

// Subscription is context.Subscription: an APIM subscription (a key's owner).
type Subscription struct {
	ID, Name string
	// Scope is "" for all APIs, or product/ID or api/ID.
	Scope string
	// Start is when the subscription began, from which quotas count their windows;
	// zero where unknown.
	Start time.Time
	// Created and End are its other dates; zero where unknown. State alone decides
	// whether it opens anything.
	Created, End time.Time
	// Key is the key that this request carried; empty for a step.
	Key Redacted
	// Secondary says that Key is the second of the two.
	Secondary bool
}

// Workspace is context.Workspace.
type Workspace struct{ ID, Name string }

// LocalID is the name of a noun without its workspace. Nouns of a workspace have ids
// of the form WORKSPACE/NAME, so that no two share one; expressions see the name.
func LocalID(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}

// Tunnel is a connection that was switched to another protocol: bytes both ways.
// Close ends it and may be called more than once, from any goroutine; a Read or
// Write under way returns then.
type Tunnel interface{ io.ReadWriteCloser }
