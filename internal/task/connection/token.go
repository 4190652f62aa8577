package connection

import (
	"context"
	"fmt"
	"sync"
	"time"

	"stile/internal/secret"
)

const (
	// fetchTimeout ends one fetch of a token.
	fetchTimeout = 10 * time.Second
	// unsaidLife is how long a token is used whose answer does not say.
	unsaidLife = 5 * time.Minute
	// longestLife bounds how long a token is used whatever its answer says.
	longestLife = 24 * time.Hour
	// margin is how long before its end a token is fetched anew, a quarter of its
	// life where that is shorter.
	margin = time.Minute
)

// token is an access token; until is when it is used no more.
type token struct {
	value secret.Value
	until time.Time
	used  []use // the secrets that it was fetched with
}

// slot is one connection's token.
type slot struct {
	print string // of the definition that it was fetched for

	mu      sync.Mutex
	token   *token
	flight  *flight
	renewed time.Time // when a refusal was last the reason to fetch
}

// flight is one fetch under way; done is closed when token or err is there.
type flight struct {
	done  chan struct{}
	token *token
	err   error
}

// slot gives a connection's slot; a changed definition begins with an empty one.
func (k *Keeper) slot(d *Definition) *slot {
	print := fmt.Sprintf("%q", []any{d.User, d.Secret, d.Endpoint, d.Method, d.Token, d.Public})
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.slots[d.Name]
	if s == nil || s.print != print {
		s = &slot{print: print}
		k.slots[d.Name] = s
	}
	return s
}

// token gives a connection's token; cached says that it was there before.
func (k *Keeper) token(ctx context.Context, d *Definition) (t *token, cached bool, err error) {
	s := k.slot(d)
	s.mu.Lock()
	if s.token != nil && k.cfg.Now().Before(s.token.until) {
		defer s.mu.Unlock()
		return s.token, true, nil
	}
	f := s.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		s.flight = f
		go k.fly(context.WithoutCancel(ctx), d, s, f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.token, false, f.err
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
}

// fly fetches a token for all who wait. It belongs to none of them.
func (k *Keeper) fly(ctx context.Context, d *Definition, s *slot, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	f.token, f.err = k.fetch(ctx, d)
	if f.token != nil && k.cfg.Seen != nil {
		k.cfg.Seen(f.token.value)
	}
	s.mu.Lock()
	s.token, s.flight = f.token, nil
	s.mu.Unlock()
	close(f.done)
}

// renew drops a token that a target refused and reports whether another is worth
// fetching: it was not fetched for this very call, or a secret that it was fetched
// with has changed. One that was replaced in the meantime is not dropped. A
// connection's tokens are renewed at most once in secret.RefetchEvery, so that a
// target that refuses everything does not become a load on the token endpoint.
func (k *Keeper) renew(ctx context.Context, d *Definition, refused *token, cached bool) bool {
	worth := k.changed(ctx, refused.used) || cached
	s := k.slot(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && s.token != refused {
		return true
	}
	now := k.cfg.Now()
	if !worth || !s.renewed.IsZero() && now.Sub(s.renewed) < secret.RefetchEvery {
		return false
	}
	s.token, s.renewed = nil, now
	return true
}
