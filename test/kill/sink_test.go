package kill

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// sink is the backend of the states: it counts calls by Idempotency-Key.
type sink struct {
	server *httptest.Server

	mu      sync.Mutex
	keys    map[string]string // attempt → key
	attempt map[string]string // key → attempt
	tokens  map[string]string // execution → its task token
	calls   int
	repeats int // same attempt, same key
	bad     []string
}

func newSink(t *testing.T) *sink {
	s := &sink{keys: map[string]string{}, attempt: map[string]string{}, tokens: map[string]string{}}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *sink) address() string { return strings.TrimPrefix(s.server.URL, "http://") }

// ServeHTTP takes a state's call. The first attempt of one item in 16 is answered
// 503: an answer, so that what comes after is another attempt with another key.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Execution, Token string
		Item, Attempt    int
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	s.note(fmt.Sprintf("%s item %d attempt %d", call.Execution, call.Item, call.Attempt), r.Header.Get("Idempotency-Key"), call.Execution, call.Token)
	h := fnv.New32a()
	fmt.Fprint(h, call.Execution, call.Item)
	if call.Token == "" && call.Attempt == 0 && h.Sum32()%16 == 0 {
		w.WriteHeader(503)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"ok":true}`)
}

func (s *sink) note(attempt, key, execution, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	old, again := s.keys[attempt]
	switch {
	case key == "":
		s.bad = append(s.bad, attempt+" came without a key")
	case again && old != key:
		s.bad = append(s.bad, attempt+" came under two keys")
	case again:
		s.repeats++
	case s.attempt[key] != "":
		s.bad = append(s.bad, attempt+" came under the key of "+s.attempt[key])
	}
	s.keys[attempt], s.attempt[key] = key, attempt
	if token != "" {
		if old := s.tokens[execution]; old != "" && old != token {
			s.bad = append(s.bad, attempt+" came with another token")
		}
		s.tokens[execution] = token
	}
}

// token is the task token of an execution, "" until its call came.
func (s *sink) token(execution string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[execution]
}

// saw reports whether any attempt of an item came.
func (s *sink) saw(execution string, item int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[fmt.Sprintf("%s item %d attempt 0", execution, item)] != ""
}

// TestSinkCounts plants what the sink is there to see.
func TestSinkCounts(t *testing.T) {
	s := newSink(t)
	s.note("a", "k1", "e", "t1")
	s.note("a", "k1", "e", "t1")
	if s.repeats != 1 || len(s.bad) != 0 {
		t.Fatalf("%d repeats, %v", s.repeats, s.bad)
	}
	s.note("a", "k2", "e", "t1") // two keys for one attempt
	s.note("b", "k1", "e", "t1") // one key for two attempts
	s.note("c", "", "e", "")     // none
	s.note("d", "k4", "e", "t2") // another token
	if len(s.bad) != 4 {
		t.Errorf("found %v", s.bad)
	}
}
