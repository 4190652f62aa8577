package identity

import (
	"context"
	"errors"
	"sync"
	"time"
)

// FetchToken asks for a token of a managed identity; an empty clientID is the
// system-assigned identity.
type FetchToken func(ctx context.Context, resource, clientID string) (token string, expires time.Time, err error)

// Times of a ManagedTokens: a token is fetched anew five minutes before its end and
// used to its end while none comes; a failure is told again for ten seconds.
const (
	renewBefore  = 5 * time.Minute
	fetchTimeout = 30 * time.Second
	maxManaged   = 1000
)

// ManagedTokens keeps the tokens of managed identities; it is what policies take
// for their TokenSource. Callers that ask at once share one fetch, which belongs to
// none of them.
type ManagedTokens struct {
	fetch FetchToken
	now   func() time.Time

	mu  sync.Mutex
	all map[managedKey]*managedToken
}

type managedKey struct{ resource, client string }

// managedToken is what is known of one token; flight is closed when a fetch ends.
type managedToken struct {
	token   string
	expires time.Time
	failed  time.Time
	err     error
	flight  chan struct{}
}

// NewManagedTokens keeps what fetch gives.
func NewManagedTokens(fetch FetchToken, now func() time.Time) *ManagedTokens {
	return &ManagedTokens{fetch: fetch, now: now, all: map[managedKey]*managedToken{}}
}

var errTooManyTokens = errors.New("too many resources have tokens at once")

// Token gives a token for a resource.
func (m *ManagedTokens) Token(ctx context.Context, resource, clientID string) (string, error) {
	if resource == "" {
		return "", errors.New("the resource is empty")
	}
	key := managedKey{resource, clientID}
	for {
		m.mu.Lock()
		e, err := m.entry(key)
		if err != nil {
			m.mu.Unlock()
			return "", err
		}
		now := m.now()
		good, fresh := e.token != "" && now.Before(e.expires), now.Before(e.expires.Add(-renewBefore))
		resting := !e.failed.IsZero() && now.Sub(e.failed) < retryAfter
		if !(good && fresh) && !resting && e.flight == nil {
			e.flight = make(chan struct{})
			go m.renew(key, e, e.flight)
		}
		token, failed, flight := e.token, e.err, e.flight
		m.mu.Unlock()
		switch {
		case good:
			return token, nil // the next one is on its way, if it is time
		case flight == nil:
			return "", failed
		}
		select {
		case <-flight:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// entry finds or makes an entry; resources may come from data, so that their number
// is bounded. The lock is held.
func (m *ManagedTokens) entry(key managedKey) (*managedToken, error) {
	if e := m.all[key]; e != nil {
		return e, nil
	}
	if len(m.all) >= maxManaged {
		now := m.now()
		for k, e := range m.all {
			if e.flight == nil && !now.Before(e.expires) && now.Sub(e.failed) >= retryAfter {
				delete(m.all, k)
			}
		}
		if len(m.all) >= maxManaged {
			return nil, errTooManyTokens
		}
	}
	e := &managedToken{}
	m.all[key] = e
	return e, nil
}

func (m *ManagedTokens) renew(key managedKey, e *managedToken, flight chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	token, expires, err := m.fetch(ctx, key.resource, key.client)
	now := m.now()
	if err == nil && (token == "" || !now.Before(expires)) {
		err = errors.New("the token that was given is empty or has ended")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e.flight, e.failed, e.err = nil, time.Time{}, err
	if err != nil {
		e.failed = now
	} else {
		e.token, e.expires = token, expires
	}
	close(flight)
}
