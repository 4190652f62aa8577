// Package session keeps who is logged in to the page: on the server, under the
// hash of an id that only the browser's cookie holds.
//
// It reads no cookie and no token; internal/login does, and puts the Session into
// the request's context, where handlers of the console find the token that each of
// their forms carries (CSRF).
//
// Invariants: no id is stored; a session ends after MaxLife, or IdleLife without a
// request; an id that is not known, ended or over is nobody's.
package session

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"stile/internal/identity"
)

// How long a session lives, in all and without a request.
const (
	MaxLife  = 12 * time.Hour
	IdleLife = time.Hour
)

const (
	prefix       = "session/"
	recordFormat = 1
	// seenEvery keeps a page that asks often from writing as often.
	seenEvery = time.Minute
)

// Store keeps records; app stands it on a kv space. Put and Delete return when
// they are durable.
type Store interface {
	// Get gives the value of a name, nil where there is none.
	Get(name string) ([]byte, error)
	Put(name string, value []byte) error
	Delete(name string) error
	// Each gives all records whose name begins with prefix until f returns false.
	Each(prefix string, f func(name string, value []byte) bool) error
}

// Session is one login.
type Session struct {
	Caller identity.Caller
	// CSRF stands in every form and every mutating request of the page.
	CSRF string
	// Started and Seen are when it began and when it was last used.
	Started, Seen time.Time
}

// ErrNone says that an id is nobody's.
var ErrNone = errors.New("no such session, or it has ended")

// Sessions makes, finds and ends sessions. It is safe for concurrent use.
type Sessions struct {
	store Store
	now   func() time.Time
	// changing keeps a request that notes its use from writing an ended session back.
	changing sync.Mutex

	mu   sync.Mutex
	used map[string]*use // by key: sessions with a request under way that ends with them
}

// New makes Sessions on a store.
func New(store Store, now func() time.Time) *Sessions {
	return &Sessions{store: store, now: now, used: map[string]*use{}}
}

type record struct {
	Kind, ID, Provider, Name string
	Groups, Roles            []string
	Started, Seen            time.Time
}

// Start begins a session and gives the id for its cookie.
func (s *Sessions) Start(c identity.Caller) (id string, err error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	id = base64.RawURLEncoding.EncodeToString(b[:])
	now := s.now().UTC()
	return id, s.put(keyOf(id), record{Kind: c.Kind, ID: c.ID, Provider: c.Provider, Name: c.Name, Groups: c.Groups, Roles: c.Roles,
		Started: now, Seen: now})
}

func (s *Sessions) put(key string, r record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.store.Put(key, append([]byte{recordFormat}, data...))
}

// Find gives the session of an id and notes that it is used. ErrNone says that
// there is none; any other error is the store's.
func (s *Sessions) Find(id string) (Session, error) {
	if len(id) != base64.RawURLEncoding.EncodedLen(32) {
		return Session{}, ErrNone
	}
	r, err := s.find(keyOf(id))
	if err != nil {
		return Session{}, err
	}
	return Session{CSRF: csrf(id), Started: r.Started, Seen: r.Seen, Caller: identity.Caller{Kind: r.Kind, ID: r.ID,
		Provider: r.Provider, Name: r.Name, Groups: r.Groups, Roles: r.Roles}}, nil
}

func (s *Sessions) find(key string) (r record, err error) {
	now := s.now().UTC()
	if r, err = s.get(key, now); err != nil || now.Sub(r.Seen) < seenEvery {
		return r, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if r, err = s.get(key, now); err != nil {
		return r, err
	}
	r.Seen = now
	if err := s.put(key, r); err != nil {
		return r, fmt.Errorf("sessions: %w", err)
	}
	return r, nil
}

func (s *Sessions) get(key string, now time.Time) (r record, err error) {
	data, err := s.store.Get(key)
	if err != nil {
		return r, fmt.Errorf("sessions: %w", err)
	}
	if !read(data, &r) || over(r, now) {
		return r, ErrNone
	}
	return r, nil
}

func read(data []byte, r *record) bool {
	return len(data) > 0 && data[0] == recordFormat && json.Unmarshal(data[1:], r) == nil
}

func over(r record, now time.Time) bool {
	return now.Sub(r.Started) >= MaxLife || now.Sub(r.Seen) >= IdleLife || r.Started.After(now.Add(time.Minute))
}

// End ends the session of an id.
func (s *Sessions) End(id string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	err := s.store.Delete(keyOf(id))
	s.cut(keyOf(id))
	return err
}

// Sweep removes the records of sessions that are over.
func (s *Sessions) Sweep() error {
	s.changing.Lock()
	defer s.changing.Unlock()
	var gone []string
	err := s.store.Each(prefix, func(name string, value []byte) bool {
		var r record
		if !read(value, &r) || over(r, s.now()) {
			gone = append(gone, name)
		}
		return true
	})
	for _, name := range gone {
		err = errors.Join(err, s.store.Delete(name))
	}
	return err
}

func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return prefix + hex.EncodeToString(sum[:])
}

// csrf is made from the id, so that it need not be kept.
func csrf(id string) string {
	mac := hmac.New(sha256.New, []byte(id))
	mac.Write([]byte("stile csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Carries reports whether a request brought the session's CSRF token.
func (s Session) Carries(token string) bool {
	return s.CSRF != "" && subtle.ConstantTimeCompare([]byte(s.CSRF), []byte(token)) == 1
}

type contextKey struct{}

// WithSession keeps the session of a request in its context.
func WithSession(ctx context.Context, s Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// From gives the session of a request; false where it came without one.
func From(ctx context.Context) (Session, bool) {
	s, ok := ctx.Value(contextKey{}).(Session)
	return s, ok
}

// CSRF gives the token that a form on the page carries in its field csrf, and a
// script in the header X-Stile-CSRF; "" where nobody is logged in and none is
// asked for.
func CSRF(ctx context.Context) string {
	s, _ := From(ctx)
	return s.CSRF
}
