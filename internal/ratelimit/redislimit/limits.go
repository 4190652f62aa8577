// Package redislimit counts for many nodes at once: the rules of internal/ratelimit as
// scripts that a Redis server runs, one for each question, so that each is atomic.
//
// It is beside ratelimit's counters in memory, of which it has one of each: what a node
// lets through is counted there too. The composition root makes Limits and Quotas where
// a project names a server.
//
// Invariants: while the server answers, at most limit calls are let through in any
// window, over all nodes, by the server's clock alone; whatever happens to the server,
// a node by itself lets no more than limit through in any window; a question waits no
// longer than the Link's timeout.
package redislimit

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"time"

	"stile/internal/ratelimit"
	"stile/internal/redis"
)

//go:embed window.lua
var windowText string

//go:embed fixed.lua
var fixedText string

// Config is what Limits and Quotas work with.
type Config struct {
	Link *redis.Link
	// Refuse has a question fail that the server does not answer; else the node answers
	// by what it has let through itself.
	Refuse bool
	// Clock gives the time by which the server counts; nil is the server's own clock,
	// which is the same for all nodes.
	Clock func(caller time.Time) time.Time
}

// ErrUncounted is the error of a question that must be refused: nothing is known.
var ErrUncounted = errors.New("the counters of all nodes cannot be reached")

// maxEntries bounds the log of one key, as in memory.
const maxEntries = 1024

// exact is the largest number of calls that is told apart from the next one. Lua's
// numbers are exact twice as far, so that sums of two are.
const exact = 1 << 52

// Limits is a ratelimit.Source for all nodes whose Links share a prefix.
type Limits struct {
	cfg    Config
	local  ratelimit.Source
	script *redis.Script
	most   int
}

// NewLimits makes Limits beside a node's own counters.
func NewLimits(cfg Config, local ratelimit.Source) *Limits {
	return &Limits{cfg: cfg, local: local, script: redis.NewScript(windowText), most: maxEntries}
}

// Take asks for n calls; see ratelimit.Source. Nothing is let through that the node's
// own counters refuse, while what the server has counted in this window is in doubt.
func (l *Limits) Take(ctx context.Context, key string, n, limit int64, window time.Duration, now time.Time) (ratelimit.Result, error) {
	res, _, err := l.ask(ctx, key, n, limit, window, now)
	if err != nil {
		if l.cfg.Refuse {
			return ratelimit.Result{}, ErrUncounted
		}
		return l.local.Take(ctx, key, n, limit, window, now)
	}
	steady := l.cfg.Link.Steady(window)
	if !res.Allowed || steady && n <= 0 {
		return res, nil
	}
	if steady {
		limit = max(limit, exact) // counted whether there is room or not
	}
	own, err := l.local.Take(ctx, key, n, limit, window, now)
	if err == nil && !steady && (!own.Allowed || own.Remaining < res.Remaining) {
		return own, nil
	}
	return res, err
}

// ask asks the server; at is the time that it counted by.
func (l *Limits) ask(ctx context.Context, key string, n, limit int64, window time.Duration, now time.Time) (res ratelimit.Result, at time.Time, err error) {
	clock := ""
	if l.cfg.Clock != nil {
		clock = number(l.cfg.Clock(now).UnixMicro())
	}
	link := l.cfg.Link
	n = max(n, 0)
	length := (window + time.Microsecond - 1) / time.Microsecond
	out, err := link.Run(ctx, l.script, []string{link.Key("limit", key), link.EpochKey()},
		clock, min(n, exact), min(limit, exact), int64(length), l.most, link.Epoch())
	if err != nil {
		return res, at, err
	}
	a, err := readAnswer(out, 6)
	if err != nil {
		return res, at, err
	}
	a.note(link)
	at = time.UnixMicro(a.number(3))
	if !a.yes() {
		return ratelimit.Result{Remaining: max(limit-a.number(1), 0), RetryAfter: time.Duration(a.number(2)) * time.Microsecond}, at, nil
	}
	return ratelimit.Result{Allowed: true, Remaining: limit - a.number(1)}, at, nil
}
