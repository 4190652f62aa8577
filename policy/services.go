package policy

import (
	"context"
	"errors"
	"time"

	"stile/policy/exchange"
)

// Cache is what the cache policies share over requests. It lives beside the
// configuration snapshot and survives a reload. Values must not be changed once
// they are in it; the policies put in copies.
type Cache interface {
	// Get gives a value that is still fresh, and when it ends.
	Get(ctx context.Context, key string, now time.Time) (value any, expires time.Time, ok bool, err error)
	// Put keeps a value of about size bytes for ttl; it may drop others for it, or not
	// take it at all.
	Put(ctx context.Context, key string, value any, size int64, ttl time.Duration, now time.Time) error
	// Remove forgets a value, if there is one.
	Remove(ctx context.Context, key string) error
}

// ErrNotKept is Put's error for a value whose type the cache cannot hold.
var ErrNotKept = errors.New("a value of this type cannot be kept in the external cache")

// CacheLocks may be implemented by a Cache that several nodes share: of all that want
// to make the value of a key, one has its lock.
type CacheLocks interface {
	// Lock takes the lock; ok is false while another has it. The holder calls leave
	// once; the lock of a holder that is gone ends by itself.
	Lock(ctx context.Context, key string) (leave func(), ok bool, err error)
}

// TokenSource gives access tokens of managed identities.
type TokenSource interface {
	// Token gives a token for a resource, of the identity with this client id; the
	// empty client id is the system-assigned identity. The source keeps a token until
	// it expires; it may be asked at every request, by many goroutines.
	Token(ctx context.Context, resource, clientID string) (string, error)
}

// Authorizations gives tokens of the credential manager's connections.
type Authorizations interface {
	// Authorization gives the token of a connection. It may be asked at every request,
	// by many goroutines, and keeps a token until it expires. The error holds no secret.
	Authorization(ctx context.Context, q AuthorizationQuery) (*exchange.Authorization, error)
}

// AuthorizationQuery names a connection, and who asks for it.
type AuthorizationQuery struct {
	Provider, Authorization string
	// IdentityType is managed, for the gateway itself, or jwt, for the bearer of
	// Identity.
	IdentityType string
	Identity     exchange.Redacted
}

// Quotas count in fixed windows. The host's Counters may implement it; quota and
// quota-by-key fail where they do not.
type Quotas interface {
	// TakeQuota counts N in every bound of a group, or nothing in any where one has no
	// room left. A bound with N of 0 is looked at only: it needs room for 1. It is exact
	// on one node.
	TakeQuota(ctx context.Context, group string, bounds []QuotaBound, now time.Time) (QuotaResult, error)
	// AddQuota counts N in every bound, whether there is room or not.
	AddQuota(ctx context.Context, group string, bounds []QuotaBound, now time.Time) error
}

// QuotaBound is one bound of a quota: N of at most Limit units in each window.
type QuotaBound struct {
	// Key names the counter inside its group.
	Key      string
	N, Limit int64
	// Start is when some window begins; windows lie end to end, before it too.
	Start time.Time
	// Period is a window's length in whole seconds; 0: one window for ever.
	Period time.Duration
}

// QuotaResult is TakeQuota's answer.
type QuotaResult struct {
	Allowed bool
	// Refused is the index of the first bound without room, where not allowed.
	Refused int
	// RetryAfter is how long until that bound's window ends; 0: it never does.
	RetryAfter time.Duration
	// Used is what the window of each bound has counted now; nil where not allowed.
	Used []int64
}

// Slots count what is under way now. The host's Counters may implement it;
// limit-concurrency fails where they do not.
type Slots interface {
	// Enter takes one of limit slots under a key; ok is false where none is free. The
	// caller calls leave once.
	Enter(key string, limit int64) (leave func(), ok bool)
}

// Equipped may be implemented by Values, so that a document which needs something
// that the host was not given is told of when it loads.
type Equipped interface {
	// ManagedIdentity reports whether Env.Identity will give tokens.
	ManagedIdentity() bool
}

// Outside may be implemented by Values, so that a document which asks for the external
// cache is told of where there is none.
type Outside interface {
	// ExternalCache reports whether there will be Env.External.
	ExternalCache() bool
}

// Spaced may be implemented by Values of a workspace, whose documents share no counter,
// cached value, identity or authorization with the service's and other workspaces'.
type Spaced interface {
	// Workspace is the workspace's id, empty for the service.
	Workspace() string
}

// Workspace is the id of the workspace that the document stands in, empty for the service.
func (c *Compiler) Workspace() string {
	if s, ok := c.values.(Spaced); ok {
		return s.Workspace()
	}
	return ""
}

// ExternalCache reports whether the host says that it has an external cache.
func (c *Compiler) ExternalCache() bool {
	o, ok := c.values.(Outside)
	return ok && o.ExternalCache()
}

// ManagedIdentity reports whether the host says that it has managed identities.
func (c *Compiler) ManagedIdentity() bool {
	e, ok := c.values.(Equipped)
	return ok && e.ManagedIdentity()
}

// Keep keeps a value for later policies of the same exchange; Kept gives it back.
// The key's type belongs to the caller, as with a context's values. Outside a
// pipeline nothing is kept.
func (e *Env) Keep(key, value any) {
	if e.run == nil {
		return
	}
	if e.run.kept == nil {
		e.run.kept = map[any]any{}
	}
	e.run.kept[key] = value
}

// Exchange is the exchange that the running pipeline is of, also for policies that
// run on another one inside it (send-request's); nil outside a pipeline.
func (e *Env) Exchange() *exchange.Exchange {
	if e.run == nil {
		return nil
	}
	return e.run.ex
}

// OnAnswer calls f once when the backend section has ended with an answer, before
// outbound; never where a cache answered or a policy failed. Outside a pipeline f
// is dropped.
func (e *Env) OnAnswer(f func(ctx context.Context)) {
	if e.run != nil {
		e.run.answered = append(e.run.answered, f)
	}
}

// Kept gives what Keep kept under the key in this exchange, nil where nothing.
func (e *Env) Kept(key any) any {
	if e.run == nil {
		return nil
	}
	return e.run.kept[key]
}
