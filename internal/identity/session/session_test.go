package session

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/identity"
)

type memory struct {
	m      map[string][]byte
	puts   int
	failed error
}

func (m *memory) Get(name string) ([]byte, error) { return m.m[name], m.failed }
func (m *memory) Put(name string, value []byte) error {
	m.puts++
	m.m[name] = value
	return m.failed
}
func (m *memory) Delete(name string) error { delete(m.m, name); return m.failed }
func (m *memory) Each(prefix string, f func(string, []byte) bool) error {
	for name, v := range m.m {
		if strings.HasPrefix(name, prefix) && !f(name, v) {
			break
		}
	}
	return m.failed
}

func TestSessions(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	store := &memory{m: map[string][]byte{"issuer/keys": {1}}}
	s := New(store, func() time.Time { return now })
	ada := identity.Caller{Kind: "user", ID: "ada", Provider: "idp", Name: "Ada", Groups: []string{"ops"}, Roles: []string{"R"}}
	id, err := s.Start(ada)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range store.m {
		if strings.Contains(name+string(value), id) {
			t.Error("the id is stored")
		}
	}
	got, err := s.Find(id)
	if err != nil || !cmp.Equal(got.Caller, ada) || got.CSRF == "" || strings.Contains(got.CSRF, id) {
		t.Fatalf("%+v, %v", got, err)
	}
	other, _ := s.Start(ada)
	second, _ := s.Find(other)
	if second.CSRF == got.CSRF || !got.Carries(got.CSRF) || got.Carries(second.CSRF) || got.Carries("") || (Session{}).Carries("") {
		t.Error("a session takes another's token, or none")
	}
	if ctx := WithSession(t.Context(), got); CSRF(ctx) != got.CSRF || CSRF(t.Context()) != "" {
		t.Error("the context does not carry the session")
	}
	for _, bad := range []string{"", "x", other[:42], other + "A", strings.Repeat("A", 43)} {
		if _, err := s.Find(bad); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// Used within the hour it lives for twelve, and not longer.
	puts := store.puts
	for range 13 {
		now = now.Add(55 * time.Minute)
		if _, err := s.Find(id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find(id); err != nil {
			t.Fatal(err)
		}
	}
	if n := store.puts - puts; n != 13 {
		t.Errorf("26 requests wrote %d times, want 13", n)
	}
	now = now.Add(10 * time.Minute)
	if _, err := s.Find(id); !errors.Is(err, ErrNone) {
		t.Errorf("after 12 hours: %v", err)
	}
	if _, err := s.Find(other); !errors.Is(err, ErrNone) {
		t.Errorf("idle for more than an hour: %v", err)
	}
	third, _ := s.Start(ada)
	if err := s.Sweep(); err != nil || len(store.m) != 2 {
		t.Errorf("after a sweep: %d records, %v; want the living one and what is not a session", len(store.m), err)
	}
	if err := s.End(third); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find(third); !errors.Is(err, ErrNone) {
		t.Errorf("after a logout: %v", err)
	}
	store.failed = errors.New("disk")
	if _, err := s.Find(third); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("a store that fails: %v", err)
	}
	if _, err := s.Start(ada); err == nil {
		t.Error("a session began without being kept")
	}
}

// TestDamagedRecord is nobody's.
func TestDamagedRecord(t *testing.T) {
	store := &memory{m: map[string][]byte{}}
	s := New(store, time.Now)
	id, _ := s.Start(identity.Caller{Kind: "user", ID: "ada"})
	for _, bad := range [][]byte{{}, {2}, {recordFormat}, []byte("\x01[]"), []byte("\x01{}")} {
		store.m[keyOf(id)] = bad
		if got, err := s.Find(id); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
}
