package policy

import (
	"context"
	"sync"
	"time"

	"stile/policy/exchange"
)

// baton is what one of several runs of an exchange holds while it runs: they share
// values, and only calls to the outside go on side by side. Who calls out, or waits,
// lays it down.
type baton struct{ mu sync.Mutex }

// down lays the baton down and gives what takes it up again; without one both do
// nothing.
func (b *baton) down() (up func()) {
	if b == nil {
		return func() {}
	}
	b.mu.Unlock()
	return b.mu.Lock
}

// carried gives an Env whose calls to the outside lay the baton down.
func (b *baton) carried(e Env) Env {
	if e.Backend != nil {
		e.Backend = carriedBackend{b, e.Backend}
	}
	if e.Cache != nil {
		e.Cache = carriedCache{b, e.Cache}
	}
	if e.Identity != nil {
		e.Identity = carriedIdentity{b, e.Identity}
	}
	if e.Tokens != nil {
		e.Tokens = carriedTokens{e.Tokens, b}
	}
	if e.Authorizations != nil {
		e.Authorizations = carriedAuthorizations{b, e.Authorizations}
	}
	return e
}

type carriedBackend struct {
	b    *baton
	next exchange.Caller
}

// Do reads the answer whole while others run.
func (c carriedBackend) Do(ctx context.Context, ex *exchange.Exchange) error {
	defer c.b.down()()
	if err := c.next.Do(ctx, ex); err != nil {
		return err
	}
	if _, err := ex.Response.Body.Bytes(); err != nil {
		return &Failure{Reason: ReasonBackend, Message: err.Error()}
	}
	return nil
}

type carriedCache struct {
	b    *baton
	next Cache
}

func (c carriedCache) Get(ctx context.Context, key string, now time.Time) (any, time.Time, bool, error) {
	defer c.b.down()()
	return c.next.Get(ctx, key, now)
}

func (c carriedCache) Put(ctx context.Context, key string, value any, size int64, ttl time.Duration, now time.Time) error {
	defer c.b.down()()
	return c.next.Put(ctx, key, value, size, ttl, now)
}

func (c carriedCache) Remove(ctx context.Context, key string) error {
	defer c.b.down()()
	return c.next.Remove(ctx, key)
}

type carriedIdentity struct {
	b    *baton
	next TokenSource
}

func (c carriedIdentity) Token(ctx context.Context, resource, clientID string) (string, error) {
	defer c.b.down()()
	return c.next.Token(ctx, resource, clientID)
}

type carriedTokens struct {
	Tokens
	b *baton
}

func (c carriedTokens) Verify(ctx context.Context, token string, sources []KeySource, keys []SigningKey) (Claims, error) {
	defer c.b.down()()
	return c.Tokens.Verify(ctx, token, sources, keys)
}

type carriedAuthorizations struct {
	b    *baton
	next Authorizations
}

func (c carriedAuthorizations) Authorization(ctx context.Context, q AuthorizationQuery) (*exchange.Authorization, error) {
	defer c.b.down()()
	return c.next.Authorization(ctx, q)
}
