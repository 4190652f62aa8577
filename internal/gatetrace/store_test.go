package gatetrace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/secret"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// shelf is a KV in memory.
type shelf struct {
	mu   sync.Mutex
	rows map[string][]byte
}

func (s *shelf) Write(sets []telemetry.Pair, deletes [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = map[string][]byte{}
	}
	for _, p := range sets {
		s.rows[string(p.Key)] = bytes.Clone(p.Value)
	}
	for _, k := range deletes {
		delete(s.rows, string(k))
	}
	return nil
}

func (s *shelf) Scan(lower, upper []byte, reverse bool, f func(k, v []byte) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for k := range s.rows {
		if k >= string(lower) && k < string(upper) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if reverse {
		slices.Reverse(keys)
	}
	for _, k := range keys {
		if !f([]byte(k), s.rows[k]) {
			return nil
		}
	}
	return nil
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// recorded makes a recorded exchange, the n-th.
func recorded(n int, change func(*exchange.Exchange)) Raw {
	u, _ := exchange.ParseURL("http://gate.example/orders/7?a=1")
	ex := &exchange.Exchange{ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), Started: epoch.Add(time.Duration(n) * time.Second),
		Request:   exchange.Request{Method: "GET", URL: u, OriginalURL: u},
		Response:  exchange.Response{StatusCode: 200, Body: exchange.Text("fine")},
		API:       &exchange.API{ID: "orders", Path: "orders", KeyHeader: "X-Gate", KeyQuery: "gate"},
		Operation: &exchange.Operation{ID: "get", URLTemplate: "/{id}"}, Recording: &exchange.Recording{}}
	if change != nil {
		change(ex)
	}
	ex.Recording.Arrive(ex)
	for range ex.Decisions {
		ex.Recording.Steps = append(ex.Recording.Steps, exchange.Step{})
	}
	ex.Recording.Leave(ex)
	return Take(ex, ex.Started.Add(3*time.Millisecond))
}

func open(t *testing.T, kv telemetry.KV, limits Limits) *Store {
	t.Helper()
	s, err := Open(kv, limits, secret.NewMasker(nil))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func all(*Summary) bool { return true }

// TestStoreKeepsTheNewest: many writers at once, a bound in number, and the same
// after it was opened again.
func TestStoreKeepsTheNewest(t *testing.T) {
	kv := &shelf{}
	s := open(t, kv, Limits{Traces: 100})
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 50 {
				s.Record(recorded(w*50+i, nil))
				if i%10 == 0 {
					if _, err := s.List(3, all); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	check := func(s *Store) {
		t.Helper()
		list, err := s.List(1000, all)
		if err != nil || len(list) == 0 || len(list) > 100 {
			t.Fatalf("%d traces, %v", len(list), err)
		}
		if list[0].ID != "00000000-0000-0000-0000-000000000399" {
			t.Errorf("the newest is %s", list[0].ID)
		}
		got, err := s.Get(list[0].ID)
		if err != nil || got.Path != "/orders/7" || got.Response.Body.Text != "fine" || got.Duration != 3*time.Millisecond {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := s.Get("00000000-0000-0000-0000-000000000000"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the oldest: %v", err)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, kv, Limits{Traces: 100})
	check(again)
	if err := again.Expire(epoch.Add(399 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if list, err := again.List(1000, all); err != nil || len(list) != 1 || list[0].ID != "00000000-0000-0000-0000-000000000399" {
		t.Errorf("%v, %v after all before the last one expired", list, err)
	}
	if err := again.Close(); err != nil || again.Dropped() != 0 {
		t.Errorf("%v, %d dropped", err, again.Dropped())
	}
	again.Record(recorded(1, nil))
	if again.Dropped() != 1 {
		t.Error("a closed store took a trace")
	}
}

// TestStoreIsBoundedInBytes: large traces push out others long before their number.
func TestStoreIsBoundedInBytes(t *testing.T) {
	kv := &shelf{}
	s := open(t, kv, Limits{Bytes: 100_000})
	for i := range 100 {
		s.Record(recorded(i, func(ex *exchange.Exchange) { ex.Response.Body = exchange.Text(strings.Repeat("z", 8000)) }))
		if i%7 == 0 {
			if err := s.settle(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for k, v := range kv.rows {
		total += len(k) + len(v)
	}
	if total > 120_000 || total < 10_000 {
		t.Errorf("%d bytes are kept", total)
	}
}

// TestSecretsAreHidden: credentials of the exchange, secrets of documents and of the
// project, wherever they turn up, whole and in base64.
func TestSecretsAreHidden(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ"
	secrets := map[string]string{"authorization": "dXNlcjpwYXNzd29yZC1vZi1hZGE", "cookie": "session-of-ada-0123456789", "key": "gate-key-of-ada",
		"query": "query-key-of-ada", "signature": "sum-of-ada-012345", "project": "project-secret-1", "document": "77", "jwt": jwt}
	kv := &shelf{}
	mask := secret.NewMasker(nil)
	mask.Keep("project", secret.NewValue(secrets["project"]))
	s, err := Open(kv, Limits{}, mask)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("-", exchange.BodyShown-8) + secrets["project"] + strings.Repeat("-", 9000)
	s.Record(recorded(1, func(ex *exchange.Exchange) {
		h := &ex.Request.Header
		h.Add("Authorization", "Basic "+secrets["authorization"])
		h.Add("Cookie", "sid="+secrets["cookie"])
		h.Add("X-Gate", secrets["key"])
		h.Add("X-Hub-Signature-256", secrets["signature"])
		h.Add("X-Plain", "seen")
		ex.Request.URL.Query = append(ex.Request.URL.Query, exchange.Param{Name: "gate", Value: secrets["query"]})
		ex.Request.Body = exchange.Text(long)
		ex.Recording.Hide([]string{secrets["document"]})
		every, _ := json.Marshal(secrets)
		ex.Response.Header.Add("X-Echo", string(every))
		ex.Response.Body = exchange.Text("gave back " + string(every))
		ex.Calls = []exchange.Call{{URL: "http://back.example/?token=" + secrets["key"], Error: "no " + jwt}}
		ex.LastError = &exchange.LastError{Reason: "R", Message: "not " + secrets["authorization"]}
		ex.Decisions = []exchange.Decision{{Policy: "p", Outcome: "ok", Detail: "with " + secrets["cookie"]}}
	}))
	got, err := s.Get("00000000-0000-0000-0000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for k, v := range kv.rows {
		for name, text := range secrets {
			if name != "document" && strings.Contains(string(v), text) {
				t.Errorf("%q holds %s", k, name)
			}
		}
		for n := 1; n < 8; n++ { // no beginning of one that the bound cut
			if strings.Contains(string(v), "-"+secrets["project"][:len(secrets["project"])-n]) {
				t.Errorf("%q holds all but %d bytes of a secret", k, n)
			}
		}
	}
	if !strings.Contains(string(mustJSON(t, got)), "seen") || got.Request.Body.Digest != "" || !got.Request.Body.Hidden || !got.Request.Body.Cut {
		t.Errorf("%+v", got.Request)
	}
	if want := "Basic ***"; got.Request.Headers[0].Value != want {
		t.Errorf("Authorization is %q", got.Request.Headers[0].Value)
	}
	if strings.Contains(got.Response.Body.Text, `"77"`) {
		t.Error("a short secret of a document is shown")
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCompressedBodiesAreNotShown: nobody can say what they hold.
func TestCompressedBodiesAreNotShown(t *testing.T) {
	s := open(t, &shelf{}, Limits{})
	s.Record(recorded(1, func(ex *exchange.Exchange) {
		ex.Response.Header.Add("Content-Encoding", "gzip")
	}))
	s.Record(recorded(2, func(ex *exchange.Exchange) { ex.Response.Body = exchange.Bytes([]byte{0xff, 0xfe, 'a'}) }))
	for n := range 2 {
		got, err := s.Get(fmt.Sprintf("00000000-0000-0000-0000-%012d", n+1))
		if err != nil || got.Response.Body.Text != "" || got.Response.Body.Length == 0 || got.Response.Body.Digest == "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
