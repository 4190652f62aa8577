package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/jsonval"
)

// box is an Outbox in memory.
type box struct {
	mu      sync.Mutex
	records []Record
	marks   map[string][]byte
	head    uint64
	saves   int
}

func (b *box) tell(types ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, typ := range types {
		b.head++
		r, err := Decode(b.head, Append(nil, Event{ID: fmt.Sprint("id-", b.head), Type: typ, Source: "/s", Time: time.Now()}))
		if err != nil {
			panic(err)
		}
		b.records = append(b.records, r)
	}
}

func (b *box) OutboxRecords(_ context.Context, after uint64, most int) (out []Record, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.records {
		if r.Seq > after && len(out) < most {
			out = append(out, r)
		}
	}
	return out, nil
}

func (b *box) OutboxMarks(context.Context) (map[string][]byte, error) { return b.marks, nil }

func (b *box) SaveOutbox(_ context.Context, marks map[string][]byte, gone []uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saves++
	next := map[string][]byte{}
	for name, m := range b.marks {
		next[name] = m
	}
	for name, m := range marks {
		if next[name] = m; m == nil {
			delete(next, name)
		}
	}
	b.marks = next
	b.records = slices.DeleteFunc(b.records, func(r Record) bool { return slices.Contains(gone, r.Seq) })
	return nil
}

func (b *box) OutboxHead() uint64 { return b.head }

func (b *box) saved() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.saves
}

func (b *box) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.records)
}

// receiver answers each record as answer says and remembers what it took.
type receiver struct {
	mu     sync.Mutex
	got    []string
	tries  int
	answer func(r Record) error
}

func (r *receiver) target(name string, kinds ...string) Target {
	if len(kinds) == 0 {
		kinds = []string{KindHealth}
	}
	return Target{Name: name, Kinds: kinds, Send: func(_ context.Context, rec Record) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tries++
		if r.answer != nil {
			if err := r.answer(rec); err != nil {
				return err
			}
		}
		r.got = append(r.got, rec.ID)
		return nil
	}}
}

func (r *receiver) took() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// running opens and runs a notifier until the function it gives is called.
func running(t *testing.T, b *box, targets ...Target) (*Notifier, func()) {
	t.Helper()
	n, err := Open(t.Context(), b, targets, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { n.Run(ctx); close(ended) }()
	return n, func() { cancel(); <-ended }
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s got %v, want %v", what, got, want)
	}
}

func TestInOrderToWhoWantsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		var health, both receiver
		n, stop := running(t, b, health.target("h"), both.target("b", KindExecution, KindHealth))
		b.tell(HealthChanged, ExecutionStarted, SlowRaised, CallbackOpened)
		n.Wake()
		synctest.Wait()
		expect(t, "health", health.took(), "id-1", "id-3")
		expect(t, "both", both.took(), "id-1", "id-2", "id-3")
		if b.saved() > 1 {
			t.Errorf("%d saves before anything can have become old", b.saved())
		}
		time.Sleep(2 * saveAfter)
		if b.left() != 0 || n.Delivered() != 5 {
			t.Errorf("%d left, %d delivered", b.left(), n.Delivered())
		}
		stop()
		_, stop = running(t, b, health.target("h"))
		defer stop()
		synctest.Wait()
		expect(t, "health after a start", health.took(), "id-1", "id-3")
		if b.marks["b"] != nil {
			t.Error("a target that is gone is kept")
		}
	})
}

// TestOneThatIsDown holds up nobody else, gets all in order when it is back, and
// what is older than a day is dropped.
func TestOneThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		var up, down receiver
		back := time.Now().Add(30 * time.Hour)
		down.answer = func(Record) error {
			if time.Now().Before(back) {
				return errors.New("502")
			}
			return nil
		}
		n, stop := running(t, b, up.target("up"), down.target("down"))
		defer stop()
		b.tell(HealthChanged)
		n.Wake()
		time.Sleep(10 * time.Hour)
		b.tell(HealthChanged, HealthChanged)
		n.Wake()
		time.Sleep(time.Minute)
		expect(t, "up", up.took(), "id-1", "id-2", "id-3")
		tries := down.tried()
		if b.left() != 3 || tries > 100 || tries < 60 {
			t.Errorf("%d left, %d tries in ten hours", b.left(), tries)
		}
		time.Sleep(21 * time.Hour)
		expect(t, "down", down.took(), "id-2", "id-3")
		if n.Dropped() != 1 || b.left() != 0 {
			t.Errorf("%d dropped, %d left", n.Dropped(), b.left())
		}
	})
}

// TestRefusedOneByOne: a record that is refused does not hold up those behind it,
// is tried on over a restart, and dropped after a day.
func TestRefusedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		var r receiver
		r.answer = func(rec Record) error {
			if rec.ID == "id-2" || rec.ID == "id-3" && len(r.got) < 4 {
				return &Refused{"422"}
			}
			return nil
		}
		n, stop := running(t, b, r.target("r"))
		b.tell(HealthChanged, HealthChanged, HealthChanged, HealthChanged)
		n.Wake()
		time.Sleep(time.Minute)
		expect(t, "r", r.took(), "id-1", "id-4")
		if b.left() != 2 {
			t.Errorf("%d left", b.left())
		}
		stop()
		n, stop = running(t, b, r.target("r"))
		defer stop()
		b.tell(HealthChanged, HealthChanged)
		n.Wake()
		time.Sleep(time.Hour)
		expect(t, "r", r.took(), "id-1", "id-4", "id-5", "id-6", "id-3")
		if b.left() != 1 {
			t.Errorf("%d left", b.left())
		}
		time.Sleep(Life)
		if b.left() != 0 || n.Dropped() != 1 {
			t.Errorf("%d left, %d dropped", b.left(), n.Dropped())
		}
	})
}

// TestGone: after 410 nothing is sent any more.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		r := receiver{answer: func(Record) error { return ErrGone }}
		n, stop := running(t, b, r.target("r"))
		defer stop()
		b.tell(HealthChanged, HealthChanged)
		n.Wake()
		time.Sleep(time.Minute)
		if r.tried() != 1 || n.Dropped() != 2 || b.left() != 0 {
			t.Errorf("%d tries, %d dropped, %d left", r.tried(), n.Dropped(), b.left())
		}
	})
}

// TestRetryAfter is waited for.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		begun := time.Now()
		r := receiver{answer: func(Record) error {
			if time.Since(begun) < 90*time.Second {
				return &Later{"429", 90 * time.Second}
			}
			return nil
		}}
		n, stop := running(t, b, r.target("r"))
		defer stop()
		b.tell(HealthChanged)
		n.Wake()
		time.Sleep(2 * time.Minute)
		if r.tried() != 2 || len(r.took()) != 1 {
			t.Errorf("%d tries", r.tried())
		}
	})
}

// TestANewTarget gets what happens from now on.
func TestANewTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		b.tell(HealthChanged)
		var r receiver
		n, stop := running(t, b, r.target("r"))
		defer stop()
		b.tell(HealthChanged)
		n.Wake()
		time.Sleep(time.Minute)
		expect(t, "r", r.took(), "id-2")
		if b.left() != 0 {
			t.Errorf("%d left", b.left())
		}
	})
}

func TestRecordsAndMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Event{ID: rapid.String().Draw(t, "id"), Type: rapid.String().Draw(t, "type"), Source: "/s", Time: time.UnixMilli(rapid.Int64Range(0, 1<<41).Draw(t, "at")),
			Data: jsonval.OfString(rapid.String().Draw(t, "data"))}
		b := Append(nil, e)
		r, err := Decode(9, b)
		if want := (Record{9, e.Time, e.ID, e.Type, e.JSON()}); err != nil || !cmp.Equal(want, r) {
			t.Fatal(err, cmp.Diff(want, r))
		}
		m := Mark{Done: rapid.Uint64().Draw(t, "done"), Aside: rapid.SliceOfDistinct(rapid.Uint64(), rapid.ID).Draw(t, "aside")}
		slices.Sort(m.Aside)
		if len(m.Aside) == 0 {
			m.Aside = nil
		}
		got, err := DecodeMark(m.Encode())
		if err != nil || !cmp.Equal(m, got) {
			t.Fatal(err, cmp.Diff(m, got))
		}
		for n := range b {
			if _, err := Decode(1, b[:n]); err == nil {
				t.Fatalf("%d of %d bytes decode", n, len(b))
			}
		}
		for n := range m.Encode() {
			if _, err := DecodeMark(m.Encode()[:n]); err == nil {
				t.Fatal("a cut mark decodes")
			}
		}
		any := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		_, _ = Decode(1, any)
		_, _ = DecodeMark(append([]byte{recordFormat}, any...))
	})
}

func TestKinds(t *testing.T) {
	for typ, kind := range map[string]string{HealthChanged: KindHealth, SlowCleared: KindHealth, ExecutionTimedOut: KindExecution,
		ExecutionStarted: KindExecution, CallbackRefused: KindCallback, "other": ""} {
		if got := KindOf(typ); got != kind {
			t.Errorf("%s is %q", typ, got)
		}
	}
	e := Event{ID: "1", Type: HealthChanged, Source: "/stile/orders", Subject: "arn", Time: time.UnixMilli(0), Data: jsonval.EmptyObject}
	want := `{"specversion":"1.0","id":"1","source":"/stile/orders","type":"stile.execution.health","subject":"arn","time":"1970-01-01T00:00:00.000Z","datacontenttype":"application/json","data":{}}`
	if got := string(e.JSON()); got != want {
		t.Error(got)
	}
}
