package policies

import (
	"context"
	"time"

	"stile/internal/policies/cachecodec"
	"stile/policy"
)

// Between two looks at a cache in which another node is to put a value: at first, and at most.
const (
	shortestLook = 5 * time.Millisecond
	longestLook  = 100 * time.Millisecond
)

// valueIn gets a value of an expression.
func valueIn(ctx context.Context, store policy.Cache, at string, env *policy.Env) (cachecodec.Value, bool, error) {
	found, _, ok, err := store.Get(ctx, at, env.Now())
	kept, isValue := found.(cachecodec.Value)
	return kept, ok && isValue && err == nil, err
}

// claim makes the caller the one of all nodes that makes the value, and leave ends
// that. Where another does it, claim waits until the value is there (done), or until
// that one has given up. With anew the value that is there is an old one: claim does
// not wait, and done says that there is nothing to make. A cache that fails lets every
// node make its own.
func (m *maker) claim(ctx context.Context, env *policy.Env, at string, anew bool) (leave func(), found any, done bool, err error) {
	store := m.caching.of(env)
	locks, ok := store.(policy.CacheLocks)
	if !ok {
		return func() {}, nil, false, nil
	}
	for look := shortestLook; ; look = min(2*look, longestLook) {
		leave, got, err := locks.Lock(ctx, at)
		if err != nil {
			return func() {}, nil, false, nil
		}
		kept, there, _ := valueIn(ctx, store, at, env)
		fresh := there && (!anew || kept.Refresh.IsZero() || env.Now().Before(kept.Refresh))
		switch {
		case got && !fresh:
			return leave, nil, false, nil
		case got:
			leave()
		}
		if fresh || anew && there {
			env.Note("made by another node")
			return nil, kept.Value, true, nil
		}
		if err := env.Wait(ctx, look); err != nil {
			return nil, nil, false, err
		}
	}
}
