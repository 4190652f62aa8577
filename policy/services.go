package policy

import (
	"context"
	"time"
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

// TokenSource gives access tokens of managed identities.
type TokenSource interface {
	// Token gives a token for a resource, of the identity with this client id; the
	// empty client id is the system-assigned identity. The source keeps a token until
	// it expires; it may be asked at every request, by many goroutines.
	Token(ctx context.Context, resource, clientID string) (string, error)
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

// Kept gives what Keep kept under the key in this exchange, nil where nothing.
func (e *Env) Kept(key any) any {
	if e.run == nil {
		return nil
	}
	return e.run.kept[key]
}
