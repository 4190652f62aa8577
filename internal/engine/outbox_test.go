package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/record"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/notify"
	"stile/internal/sfn"
	"stile/jsonval"
)

// everything is an outbox that keeps all there is to tell.
func everything() *Outbox {
	return &Outbox{Health: true, Executions: true, Callbacks: true, Source: "/stile/test", Wake: func() {}}
}

// checkOutbox holds the outbox against what was seen of it before: nothing is
// gone, nothing stands twice, and each change of health follows the one before.
func (w *world) checkOutbox(h *Host, over bool) {
	records, err := h.OutboxRecords(context.Background(), 0, 1<<20)
	if err != nil {
		if !errors.Is(err, kvtest.ErrPower) {
			w.fault("the outbox cannot be read: %v", err)
		}
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range w.told {
		if i >= len(records) || r.Seq != records[i].Seq || r.ID != records[i].ID || string(r.Body) != string(records[i].Body) {
			w.fault("the outbox had %d %s %s, and has it no longer", r.Seq, r.ID, r.Body)
			return
		}
	}
	if w.told = records; !over {
		return
	}
	ids, counts, health := map[string]bool{}, map[string]int{}, map[string]string{}
	for _, r := range records {
		if ids[r.ID] {
			w.fault("the id %s stands twice in the outbox", r.ID)
		}
		ids[r.ID] = true
		body := jsonval.MustParse(string(r.Body))
		arn, _ := body.Get("subject").Str()
		counts[arn+" "+r.Type]++
		if r.Type != notify.HealthChanged {
			continue
		}
		was, _ := body.Get("data").Get("was").Str()
		now, _ := body.Get("data").Get("status").Str()
		if health[arn] == "" {
			health[arn] = string(sfn.Healthy)
		}
		if was != health[arn] {
			w.fault("%s: health went from %s to %s, but it was %s", arn, was, now, health[arn])
		}
		health[arn] = now
	}
	for arn, status := range w.ended {
		end := "stile.execution." + strings.ToLower(status)
		if counts[arn+" "+notify.ExecutionStarted] != 1 || counts[arn+" "+end] != 1 {
			w.fault("%s ended as %s: %v", arn, status, counts)
		}
	}
}

// TestToldOfHealth: one record for each change, in the order of the changes.
func TestToldOfHealth(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		w := newHand()
		h := host(t, store, w.work, func(c *Config) { c.Outbox = everything() })
		arn := start(t, h, create(t, h, "m", state(retried)), "n", "{}")
		for _, call := range []string{broken, broken, limited, forbidden} {
			(<-w.calls).done(denied(call))
			synctest.Wait()
		}
		c := <-w.calls
		time.Sleep(sfn.DefaultLimit)
		c.done(denied(broken))
		(<-w.calls).done(sfn.TaskResult{Output: jsonval.EmptyObject})
		ends(t, h, arn)
		var got []string
		records, err := h.OutboxRecords(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			data := jsonval.MustParse(string(r.Body)).Get("data")
			text := func(name string) string { s, _ := data.Get(name).Str(); return s }
			got = append(got, strings.TrimPrefix(r.Type, "stile.execution.")+" "+text("was")+">"+text("status")+" "+text("reason"))
			if want := fmt.Sprintf("-%d", i+1); !strings.HasSuffix(r.ID, want) || text("execution") != "n" {
				t.Errorf("%s: %s", r.ID, r.Body)
			}
			if text("status") == "throttled" && data.Get("verdict").Text() != `{"policy":"rate-limit","scope":"api/a","file":"apim/apis/a/policy.xml","line":7}` {
				t.Error(data.Get("verdict").Text())
			}
		}
		want := []string{"started > ", "health healthy>retrying backend", "health retrying>throttled limit", "health throttled>needs-action permission",
			"health needs-action>stuck incomplete", "succeeded >SUCCEEDED ", "health stuck>ended "}
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	})
}

// TestNothingIsToldUnasked: without an outbox nothing is written to it.
func TestNothingIsToldUnasked(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		ends(t, h, start(t, h, create(t, h, "m", state(waitState(5))), "n", "{}"))
		if err := h.Tell(t.Context(), notify.Event{ID: "x", Type: notify.SlowRaised, Time: time.Now()}); err != nil {
			t.Error(err)
		}
		if n := rows(t, store, record.SpaceOutbox); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestDeliveredOverCrashes cuts the power again and again while a receiver that
// fails now and then is told: each record arrives, under one id and one body, and
// in the end nothing is kept.
func TestDeliveredOverCrashes(t *testing.T) {
	twice := 0
	defer func() {
		if twice == 0 {
			t.Error("no crash came between a delivery and its mark: the test shows nothing")
		}
	}()
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			store := memkv.New(nil)
			arrived := map[string]string{}
			sends := 0
			var mu sync.Mutex
			send := func(_ context.Context, r notify.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if sends++; sends%4 == 0 {
					return errors.New("503")
				}
				if old, again := arrived[r.ID]; again {
					if twice++; old != string(r.Body) {
						t.Errorf("%s came as %s and as %s", r.ID, old, r.Body)
					}
				}
				arrived[r.ID] = string(r.Body)
				return nil
			}
			written := map[string]bool{}
			for life := range 4 {
				h := host(t, store, nil, func(c *Config) { c.Outbox = everything(); c.Fatal = func(error) {} })
				n, err := notify.Open(t.Context(), h, []notify.Target{{Name: "all", Kinds: []string{notify.KindExecution, notify.KindHealth}, Send: send}}, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				m := create(t, h, "m", state(waitState(1)))
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { n.Run(ctx); close(ended) }()
				for i := range 3 {
					ends(t, h, start(t, h, m, fmt.Sprint(life, "-", i), "{}"))
				}
				n.Wake()
				time.Sleep(time.Duration(1+seed) * 300 * time.Millisecond)
				mu.Lock()
				for id := range arrived {
					written[id] = true
				}
				mu.Unlock()
				records, err := h.OutboxRecords(t.Context(), 0, 1000)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range records {
					written[r.ID] = true
				}
				if life < 3 { // the power goes before what was delivered is saved
					survivor := store.Crash(0, seed)
					stop()
					<-ended
					shut(t, h)
					store.Close()
					store = survivor
					continue
				}
				time.Sleep(time.Hour)
				stop()
				<-ended
				if n := rows(t, store, record.SpaceOutbox); n != 1 {
					t.Errorf("%d rows are left, want the target's mark", n)
				}
				shut(t, h)
			}
			store.Close()
			if len(arrived) != 4*3*3 { // of each execution its start, that it waits, and its end
				t.Errorf("%d arrived", len(arrived))
			}
			for id := range written {
				if arrived[id] == "" {
					t.Errorf("%s never arrived", id)
				}
			}
		})
	}
}

// TestNumbersNeverComeAgain: after everything was removed a new record gets a
// number above all before.
func TestNumbersNeverComeAgain(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tell := func(c *Config) { c.Outbox = everything() }
		h := host(t, store, nil, tell)
		for range 3 {
			if err := h.Tell(t.Context(), notify.Event{ID: "x", Type: notify.SlowRaised, Time: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.SaveOutbox(t.Context(), map[string][]byte{"a": notify.Mark{Done: 3}.Encode()}, []uint64{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		shut(t, h)
		h = host(t, store, nil, tell)
		if err := h.Tell(t.Context(), notify.Event{ID: "y", Type: notify.SlowCleared, Time: time.Now()}); err != nil {
			t.Fatal(err)
		}
		records, err := h.OutboxRecords(t.Context(), 0, 10)
		if err != nil || len(records) != 1 || records[0].Seq != 4 || h.OutboxHead() != 4 {
			t.Errorf("%+v %v", records, err)
		}
	})
}

// TestToldOfCallbacks: a callback opens, is refused, is completed, and comes too late.
func TestToldOfCallbacks(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 1)
		h := host(t, store, accept(tokens), func(c *Config) { c.Outbox = &Outbox{Callbacks: true, Source: "/s", Wake: func() {}} })
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		d := sfn.Delivery{TaskToken: open.TaskToken, ID: "1", Digest: "1", Output: jsonval.EmptyObject}
		if err := h.RecordDelivery(t.Context(), d, sfn.DeliveryRecord{Answer: sfn.AnswerRefused, Status: 403, Policy: "ip-filter", At: "p.xml:3"}); err != nil {
			t.Fatal(err)
		}
		if a, err := h.Deliver(t.Context(), d); err != nil || a != sfn.Accepted {
			t.Fatal(a, err)
		}
		d.ID, d.Digest = "2", "2"
		if a, err := h.Deliver(t.Context(), d); err != nil || a != sfn.Conflict {
			t.Fatal(a, err)
		}
		records, err := h.OutboxRecords(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			data := jsonval.MustParse(string(r.Body)).Get("data")
			got = append(got, strings.TrimPrefix(r.Type, "stile.callback.")+" "+data.Get("state").Text()+data.Get("answer").Text()+data.Get("outcome").Text())
			if strings.Contains(string(r.Body), open.TaskToken) {
				t.Errorf("the token is in %s", r.Body)
			}
		}
		if want := []string{`opened "A"`, `refused "A""refused"`, `completed "A""succeeded"`, `refused "A""conflict"`}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
