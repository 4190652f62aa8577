package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/jsonval"
)

// space is a Store in memory. Writes wait for gate where it is set.
type space struct {
	mu     sync.Mutex
	pairs  []Pair
	writes int
	gate   chan struct{}
	broken error
}

func (s *space) Write(pairs []Pair) error {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.writes++
	s.pairs = append(s.pairs, pairs...)
	return nil
}

func (s *space) Cut(set Pair, lower, upper []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.pairs = append(slices.DeleteFunc(s.pairs, func(p Pair) bool {
		return bytes.Equal(p.Key, set.Key) || bytes.Compare(p.Key, lower) >= 0 && bytes.Compare(p.Key, upper) < 0
	}), set)
	return nil
}

func (s *space) Scan(lower []byte, reverse bool, f func(k, v []byte) bool) error {
	s.mu.Lock()
	all := slices.Clone(s.pairs)
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b Pair) int { return bytes.Compare(a.Key, b.Key) })
	if reverse {
		slices.Reverse(all)
	}
	for _, p := range all {
		if bytes.Compare(p.Key, lower) >= 0 && !f(p.Key, p.Value) {
			return nil
		}
	}
	return nil
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 5_600_000, time.UTC)

func fixed() time.Time { return noon }

func open(t testing.TB, s Store) *Log {
	t.Helper()
	l, err := Open(s, fixed)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSpellingAndChain(t *testing.T) {
	s := &space{}
	l := open(t, s)
	first, err := l.Append(t.Context(), Entry{Actor: "user:ana", Via: "page", Action: "states:StopExecution", Resource: "arn:x",
		Decision: Allowed, Role: "roles/r.json:3", Verdict: jsonval.MustParse(`{ "a" : 1 }`), Trace: "t", Before: "b", After: "c"})
	if err != nil {
		t.Fatal(err)
	}
	text := `{"seq":1,"time":"2026-03-04T12:00:00.005Z","actor":"user:ana","via":"page","action":"states:StopExecution",` +
		`"resource":"arn:x","decision":"allowed","role":"roles/r.json:3","verdict":{"a":1},"trace":"t","before":"b","after":"c","prev":""}`
	if got := string(first.JSON().Raw()); got != text {
		t.Errorf("spelling:\n got %s\nwant %s", got, text)
	}
	l = open(t, s) // the chain goes on over a restart
	second, err := l.Append(t.Context(), Entry{Actor: "files"})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text))
	if want := hex.EncodeToString(sum[:]); second.Seq != 2 || second.Prev != want {
		t.Errorf("second is %d with prev %s, want 2 with %s", second.Seq, second.Prev, want)
	}
	if n, err := l.Verify(); n != 2 || err != nil {
		t.Errorf("Verify: %d, %v", n, err)
	}
	got, err := l.Read(1, 10)
	if err != nil || len(got) != 2 {
		t.Fatalf("Read: %v, %v", got, err)
	}
	for i, want := range []Record{first, second} {
		if d := cmp.Diff(string(want.JSON().Raw()), string(got[i].JSON().Raw())); d != "" {
			t.Errorf("record %d: %s", i+1, d)
		}
	}
	if page, _ := l.Read(2, 1); len(page) != 1 || page[0].Seq != 2 {
		t.Errorf("Read(2, 1): %v", page)
	}
	if page, _ := l.Read(3, 1); page != nil {
		t.Errorf("Read past the end: %v", page)
	}
}

func TestAppendsShareAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &space{gate: make(chan struct{})}
		l, err := Open(s, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		const n = 100
		var all sync.WaitGroup
		seqs := make([]uint64, n)
		for i := range n {
			all.Go(func() {
				r, err := l.Append(t.Context(), Entry{Actor: fmt.Sprint(i)})
				if err != nil {
					t.Error(err)
				}
				seqs[i] = r.Seq
			})
		}
		synctest.Wait() // one writes, the others have gathered
		close(s.gate)
		all.Wait()
		if s.writes > 2 {
			t.Errorf("%d entries took %d writes, want at most 2", n, s.writes)
		}
		slices.Sort(seqs)
		for i, q := range seqs {
			if q != uint64(i+1) {
				t.Fatalf("numbers are not 1 to %d: %v", n, seqs)
			}
		}
		if got, err := l.Verify(); got != n || err != nil {
			t.Errorf("Verify: %d, %v", got, err)
		}
	})
}

func TestAFailedStoreFailsEveryAppend(t *testing.T) {
	s := &space{}
	l := open(t, s)
	if _, err := l.Append(t.Context(), Entry{Actor: "a"}); err != nil {
		t.Fatal(err)
	}
	s.broken = errors.New("disk full")
	if _, err := l.Append(t.Context(), Entry{Actor: "b"}); !errors.Is(err, s.broken) {
		t.Errorf("err is %v", err)
	}
	s.broken = nil // a store that failed has stopped for good
	if r, err := l.Append(t.Context(), Entry{Actor: "c"}); err == nil || r.Seq != 0 {
		t.Errorf("appended after a failure: %+v, %v", r, err)
	}
	if seq, _ := l.Head(); seq != 1 {
		t.Errorf("the head is %d, want 1", seq)
	}
}

func TestTamperingShows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &space{}
		l := open(t, s)
		n := rapid.IntRange(2, 12).Draw(rt, "records")
		for i := range n {
			if _, err := l.Append(t.Context(), Entry{Actor: fmt.Sprint("user:", i), Action: "x"}); err != nil {
				rt.Fatal(err)
			}
		}
		at := rapid.IntRange(0, n-1).Draw(rt, "at")
		how := rapid.SampledFrom([]string{"flip", "remove", "swap", "rename"}).Draw(rt, "how")
		switch how {
		case "flip":
			v := bytes.Clone(s.pairs[at].Value)
			v[rapid.IntRange(0, len(v)-1).Draw(rt, "byte")] ^= 1
			s.pairs[at].Value = v
		case "remove":
			s.pairs = slices.Delete(s.pairs, at, at+1)
		case "swap":
			other := (at + 1) % n
			s.pairs[at].Value, s.pairs[other].Value = s.pairs[other].Value, s.pairs[at].Value
		case "rename":
			s.pairs[at].Value = bytes.Replace(s.pairs[at].Value, []byte("user:"), []byte("USER:"), 1)
		}
		got, err := l.Verify()
		var broken *BrokenError
		if !errors.As(err, &broken) {
			rt.Fatalf("%s at %d: Verify gave %d, %v", how, at, got, err)
		}
		if broken.Seq == 0 || broken.Seq > uint64(n) {
			rt.Errorf("the fault is told at %d of %d", broken.Seq, n)
		}
	})
}

func TestLongAndOddTextIsBounded(t *testing.T) {
	l := open(t, &space{})
	big := strings.Repeat("é", maxText)
	r, err := l.Append(t.Context(), Entry{Actor: "x\xff", Resource: big, Verdict: jsonval.OfString(big + big)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Actor != "x�" || len(r.Resource) != maxText || r.Verdict.Exists() {
		t.Errorf("kept: actor %q, %d bytes of resource, verdict %v", r.Actor, len(r.Resource), r.Verdict.Exists())
	}
	if n, err := l.Verify(); n != 1 || err != nil {
		t.Errorf("Verify: %d, %v", n, err)
	}
}
