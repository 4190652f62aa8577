// Package rediscache keeps bytes for a time on a Redis server, for many nodes, and has
// locks by which one node of many makes a value.
//
// It knows no policies and no values: internal/policies/cachecodec turns values into
// bytes. The composition root makes the one Cache of a node where a project names a
// server.
//
// Invariants: a value is never given after its end, by the server's clock; what is no
// value of ours is found by nobody; a lock whose holder is gone ends by itself.
package rediscache

import (
	"context"
	"errors"
	"sync"
	"time"

	"stile/internal/redis"
)

// Cache is safe for concurrent use.
type Cache struct {
	link *redis.Link
	hold time.Duration
}

// Hold is how long a lock outlives a holder that is gone.
const Hold = 2 * time.Second

// New makes a Cache.
func New(link *redis.Link) *Cache { return &Cache{link, Hold} }

var get = redis.NewScript(`
local value = redis.pcall('GET', KEYS[1])
if not value or type(value) ~= 'string' then return {0, '', 0} end
return {1, value, redis.call('PTTL', KEYS[1])}`)

var put = redis.NewScript(`
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1}`)

var remove = redis.NewScript(`
redis.call('DEL', KEYS[1])
return {1}`)

var lock = redis.NewScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {1} end
return {0}`)

// prolong and unlock touch a lock that is still the caller's alone.
var prolong = redis.NewScript(`
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return {0} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1}`)

var unlock = redis.NewScript(`
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return {0} end
redis.call('DEL', KEYS[1])
return {1}`)

var errAnswer = errors.New("the server's answer is none of the script's")

// Get gives a value and how long it still lasts. What has no end is no value of ours.
func (c *Cache) Get(ctx context.Context, key string) (value []byte, left time.Duration, ok bool, err error) {
	out, err := c.link.Run(ctx, get, []string{c.link.Key("cache", key)})
	if err != nil {
		return nil, 0, false, err
	}
	if len(out) != 3 {
		return nil, 0, false, errAnswer
	}
	found, _ := out[0].(int64)
	text, _ := out[1].(string)
	ms, _ := out[2].(int64)
	if found != 1 || ms <= 0 {
		return nil, 0, false, nil
	}
	return []byte(text), time.Duration(ms) * time.Millisecond, true, nil
}

// Put keeps a value for a time, in whole milliseconds; one that lasts no time takes an
// older one away.
func (c *Cache) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return c.Remove(ctx, key)
	}
	_, err := c.link.Run(ctx, put, []string{c.link.Key("cache", key)}, value, ttl.Milliseconds())
	return err
}

// Remove forgets a value.
func (c *Cache) Remove(ctx context.Context, key string) error {
	_, err := c.link.Run(ctx, remove, []string{c.link.Key("cache", key)})
	return err
}

// Lock takes the lock of a key; ok is false while another has it. It is held until
// leave is called, or ctx ends and Hold has passed.
func (c *Cache) Lock(ctx context.Context, key string) (leave func(), ok bool, err error) {
	keys, mine := []string{c.link.Key("lock", key)}, c.link.Epoch()+"-"+c.link.Epoch()
	got, err := c.decided(ctx, lock, keys, mine)
	if err != nil || !got {
		return nil, false, err
	}
	over := make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		tick := time.NewTicker(c.hold / 3)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if still, err := c.decided(ctx, prolong, keys, mine); err == nil && !still {
				return // it ended meanwhile: another may have it
			}
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		holding.Wait()
		_, _ = c.decided(ctx, unlock, keys, mine) // what is not given back ends by itself
	}), true, nil
}

func (c *Cache) decided(ctx context.Context, s *redis.Script, keys []string, mine string) (bool, error) {
	out, err := c.link.Run(ctx, s, keys, mine, c.hold.Milliseconds())
	if err != nil {
		return false, err
	}
	n, ok := out[0].(int64)
	if !ok {
		return false, errAnswer
	}
	return n == 1, nil
}
