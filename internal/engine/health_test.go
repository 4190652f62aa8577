package engine

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// hand is Tasks by hand: each call waits for its answer.
type hand struct{ calls chan handed }

type handed struct {
	sfn.TaskCall
	done func(sfn.TaskResult)
}

func newHand() *hand { return &hand{make(chan handed, 1000)} }

func (w *hand) work(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	w.calls <- handed{c, done}
	<-ctx.Done()
}

// denied is an answer that failed, with what the gate said.
func denied(call string) sfn.TaskResult {
	return sfn.TaskResult{Error: "Http.429", Cause: "no", Definite: true, Call: jsonval.MustParse(call)}
}

const (
	limited   = `{"verdict":{"policy":"rate-limit","scope":"api/a","file":"apim/apis/a/policy.xml","line":7},"permission":null,"status":429}`
	forbidden = `{"verdict":null,"permission":{"action":"apim:Invoke","role":"r","file":"roles/r.json","line":3}}`
	broken    = `{"verdict":null,"permission":null,"status":500}`
)

const retried = `{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true,
 "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":10,"BackoffRate":1,"MaxAttempts":1000}]}`

// fares waits for what is under way and checks an execution's health.
func fares(t *testing.T, h *Host, arn string, status sfn.HealthStatus, reason string) sfn.Health {
	t.Helper()
	synctest.Wait()
	got := describe(t, h, arn).Health
	if got.Status != status || got.Reason != reason {
		t.Errorf("health is %s (%s), want %s (%s)", got.Status, got.Reason, status, reason)
	}
	return got
}

func TestHealthOverALife(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		w := newHand()
		h := host(t, store, w.work)
		arn := start(t, h, create(t, h, "m", `{"StartAt":"Pause","States":{"Pause":{"Type":"Wait","Seconds":30,"Next":"A"},"A":`+retried+`}}`), "n", "{}")
		begun := time.Now()
		if got := fares(t, h, arn, sfn.Waiting, sfn.ReasonTimer); got.State != "Pause" || !got.Until.Equal(begun.Add(30*time.Second)) {
			t.Errorf("%+v", got)
		}
		c := <-w.calls
		if got := fares(t, h, arn, sfn.Healthy, sfn.ReasonTask); got.State != "A" || !got.Since.Equal(begun.Add(30*time.Second)) {
			t.Errorf("%+v", got)
		}
		c.done(denied(broken))
		got := fares(t, h, arn, sfn.Retrying, sfn.ReasonBackend)
		if !got.Until.Equal(time.Now().Add(10*time.Second)) || got.Verdict.Exists() {
			t.Errorf("%+v", got)
		}
		since := got.Since
		c = <-w.calls
		if got = fares(t, h, arn, sfn.Retrying, sfn.ReasonBackend); !got.Until.IsZero() || !got.Since.Equal(since) {
			t.Errorf("while the next attempt is out: %+v", got)
		}
		c.done(denied(limited))
		if got = fares(t, h, arn, sfn.Throttled, sfn.ReasonLimit); got.Verdict.Get("line").Text() != "7" {
			t.Errorf("verdict %s", got.Verdict.Text())
		}
		listed, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{Health: sfn.Throttled})
		if err != nil || len(listed) != 1 || listed[0].Health.Verdict.Get("policy").Text() != `"rate-limit"` {
			t.Errorf("%+v %v", listed, err)
		}
		c = <-w.calls
		c.done(denied(forbidden))
		if got = fares(t, h, arn, sfn.NeedsAction, sfn.ReasonPermission); got.Verdict.Get("file").Text() != `"roles/r.json"` {
			t.Errorf("verdict %s", got.Verdict.Text())
		}
		c = <-w.calls
		c.done(sfn.TaskResult{Error: "States.TaskFailed", NoSecret: true})
		if got = fares(t, h, arn, sfn.NeedsAction, sfn.ReasonSecret); got.Verdict.Exists() {
			t.Errorf("verdict %s", got.Verdict.Text())
		}
		c = <-w.calls
		c.done(sfn.TaskResult{Output: jsonval.EmptyObject})
		if x := ends(t, h, arn); x.Status != sfn.Succeeded || x.Health.Status != "" {
			t.Errorf("%+v", x)
		}
		synctest.Wait()
		if n := rows(t, store, record.SpaceTimer); n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}

func rows(t *testing.T, store kv.Store, space kv.Space) (n int) {
	t.Helper()
	if err := store.Iterate(space, kv.Range{}, func(_, _ []byte) bool { n++; return true }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStuckInTime: nothing happens to the execution, and yet its health changes, in
// its time, over a restart, and with a limit of the state's own.
func TestStuckInTime(t *testing.T) {
	for own, limit := range map[time.Duration]time.Duration{0: sfn.DefaultLimit, time.Minute: time.Minute, time.Hour: time.Hour} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			w := newHand()
			limits := func(c *Config) {
				c.Limits = func(_, state string) time.Duration { return map[string]time.Duration{"A": own}[state] }
			}
			h := host(t, store, w.work, limits)
			arn := start(t, h, create(t, h, "m", state(retried)), "n", "{}")
			begun := time.Now()
			time.Sleep(limit / 2)
			shut(t, h)
			h = host(t, store, w.work, limits)
			<-w.calls
			time.Sleep(time.Until(begun.Add(limit)) - time.Millisecond)
			fares(t, h, arn, sfn.Healthy, sfn.ReasonTask)
			c, stop := h.Watch(arn)
			defer stop()
			time.Sleep(time.Millisecond)
			got := fares(t, h, arn, sfn.Stuck, sfn.ReasonIncomplete)
			if !got.Since.Equal(begun.Add(limit)) || got.State != "A" {
				t.Errorf("%+v", got)
			}
			if n := <-c; n.ExecutionARN != arn || len(n.Events) != 0 {
				t.Errorf("%+v", n)
			}
			(<-w.calls).done(sfn.TaskResult{Output: jsonval.EmptyObject})
			if x := ends(t, h, arn); x.Status != sfn.Succeeded {
				t.Errorf("%+v", x)
			}
			if n := rows(t, store, record.SpaceTimer); n != 0 {
				t.Errorf("%d timers are left", n)
			}
		})
	}
}

// TestRetriesBeyondTheLimit are stuck, and good again when the state is left.
func TestRetriesBeyondTheLimit(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		good := make(chan struct{})
		h := host(t, store, func(_ context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
			select {
			case <-good:
				done(sfn.TaskResult{Output: jsonval.EmptyObject})
			default:
				done(denied(limited))
			}
		})
		arn := start(t, h, create(t, h, "m", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Next":"B",
 "Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":7,"BackoffRate":1,"MaxAttempts":1000}]},"B":{"Type":"Wait","Seconds":60,"End":true}}}`), "n", "{}")
		time.Sleep(sfn.DefaultLimit - time.Second)
		fares(t, h, arn, sfn.Throttled, sfn.ReasonLimit)
		time.Sleep(time.Second)
		if got := fares(t, h, arn, sfn.Stuck, sfn.ReasonIncomplete); got.Verdict.Get("policy").Text() != `"rate-limit"` {
			t.Errorf("the verdict is lost: %+v", got)
		}
		close(good)
		time.Sleep(8 * time.Second)
		fares(t, h, arn, sfn.Waiting, sfn.ReasonTimer)
	})
}

// TestTokensWait as long as they live; with a limit of the state's own no longer.
func TestTokensWait(t *testing.T) {
	const forever = `{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke.waitForTaskToken","End":true}`
	for own, after := range map[time.Duration]time.Duration{0: 24 * time.Hour, 2 * time.Hour: 2 * time.Hour} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			tokens := make(chan string, 1)
			h := host(t, store, accept(tokens), func(c *Config) {
				c.Limits = func(string, string) time.Duration { return own }
			})
			arn := start(t, h, create(t, h, "m", state(forever)), "n", "{}")
			token := <-tokens
			time.Sleep(after - time.Minute)
			if got := fares(t, h, arn, sfn.Waiting, sfn.ReasonToken); got.Until.IsZero() {
				t.Errorf("%+v", got)
			}
			time.Sleep(2 * time.Minute)
			fares(t, h, arn, sfn.NeedsAction, sfn.ReasonToken)
			if err := h.SendTaskSuccess(t.Context(), token, jsonval.EmptyObject); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheWorstItemDecides over a Map, also after what was in memory is gone.
func TestTheWorstItemDecides(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			switch c.Parameters.Text() {
			case "7":
				done(denied(forbidden))
			case "3":
				done(denied(broken))
			default:
				done(sfn.TaskResult{Output: jsonval.EmptyObject})
			}
		}, func(c *Config) { c.MaxLive = 1 })
		m := create(t, h, "m", state(`{"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":`+retried+`}},"End":true}`))
		arn := start(t, h, m, "n", "[1,2,3,4,5,6,7,8]")
		if got := fares(t, h, arn, sfn.NeedsAction, sfn.ReasonPermission); got.State != "T" {
			t.Errorf("%+v", got)
		}
		for i := range 300 { // drives it out of memory
			start(t, h, create(t, h, "p", state(passState)), fmt.Sprint(i), "{}")
		}
		since := describe(t, h, arn).Health.Since
		time.Sleep(25 * time.Second)
		if got := fares(t, h, arn, sfn.NeedsAction, sfn.ReasonPermission); !got.Since.Equal(since) {
			t.Errorf("%+v", got)
		}
		found, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{Health: sfn.NeedsAction, StateMachineARN: m})
		if err != nil || len(found) != 1 || found[0].ARN != arn {
			t.Errorf("%v %v", found, err)
		}
	})
}

// TestListingByHealth pages through some of many.
func TestListingByHealth(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		wait, pass := create(t, h, "w", state(waitState(100))), create(t, h, "p", state(passState))
		for i := range 600 {
			m := pass
			if i%40 == 0 {
				m = wait
			}
			start(t, h, m, fmt.Sprint(i), "{}")
		}
		synctest.Wait()
		in := sfn.ListExecutions{Health: sfn.Waiting, Page: sfn.Page{Max: 4}}
		if got := pages(t, h, in); len(got) != 15 {
			t.Errorf("%d waiting, want 15", len(got))
		}
		if got := pages(t, h, sfn.ListExecutions{Health: sfn.Stuck}); len(got) != 0 {
			t.Errorf("%d stuck", len(got))
		}
	})
}

// oldState and oldWork write records as they were before there was health.
func oldState(r record.State) []byte {
	e := codec.New(64)
	e.Byte(byte(r.Status))
	e.Str(r.State)
	e.Str(r.Waiting)
	e.Uint(r.Seq)
	e.Int(r.Last)
	e.Str(r.Quarantine)
	return e.B
}

func oldWork(w record.Work) []byte {
	e := codec.New(32)
	e.Byte(byte(w.Phase))
	e.Uint(uint64(w.Attempt))
	e.Uint(uint64(w.Send))
	e.Uint(w.Epoch)
	e.Uint(map[bool]uint64{true: 1}[w.Token])
	e.Int(w.Since)
	e.Int(w.Expires)
	e.Str(w.State)
	return e.B
}

// TestAnOldFolderOpens takes health out of the records of executions under way: they
// go on, and get a health.
func TestAnOldFolderOpens(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		w := newHand()
		h := host(t, store, w.work)
		out := start(t, h, create(t, h, "out", state(retried)), "n", "{}")
		backing := start(t, h, create(t, h, "backing", state(retried)), "n", "{}")
		pause := start(t, h, create(t, h, "pause", state(waitState(3600))), "n", "{}")
		for range 2 {
			if c := <-w.calls; c.ExecutionARN == backing {
				c.done(denied(broken))
			}
		}
		synctest.Wait()
		shut(t, h)
		var ops []kv.Op
		for _, arn := range []string{out, backing, pause} {
			id := record.IDOf(arn)
			_, st, err := h.records(id)
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, kv.Op{Kind: kv.Set, Space: record.SpaceExecution, Key: id.Key(record.StatePart), Value: oldState(*st)})
			if st.Health.Check != 0 {
				ops = append(ops, kv.Op{Kind: kv.Delete, Space: record.SpaceTimer, Key: record.TimerKey(st.Health.Check, id, record.HealthTimer)})
			}
		}
		err := store.Iterate(record.SpaceWork, kv.Range{}, func(k, v []byte) bool {
			r, err := record.DecodeWork(v)
			if err != nil {
				t.Error(err)
			}
			ops = append(ops, kv.Op{Kind: kv.Set, Space: record.SpaceWork, Key: append([]byte(nil), k...), Value: oldWork(r)})
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := commitNow(store, 1, ops); err != nil {
			t.Fatal(err)
		}
		h = host(t, store, w.work)
		again := <-w.calls
		if again.ExecutionARN != out {
			t.Errorf("%s was sent again", again.ExecutionARN)
		}
		fares(t, h, out, sfn.Healthy, sfn.ReasonTask)
		fares(t, h, backing, sfn.Retrying, sfn.ReasonRetry)
		fares(t, h, pause, sfn.Waiting, sfn.ReasonTimer)
		c := <-w.calls
		fares(t, h, backing, sfn.Healthy, sfn.ReasonTask)
		time.Sleep(sfn.DefaultLimit + time.Second)
		fares(t, h, out, sfn.Stuck, sfn.ReasonIncomplete)
		fares(t, h, backing, sfn.Stuck, sfn.ReasonIncomplete)
		for _, c := range []handed{again, c} {
			c.done(sfn.TaskResult{Output: jsonval.EmptyObject})
			if x := ends(t, h, c.ExecutionARN); x.Status != sfn.Succeeded {
				t.Errorf("%+v", x)
			}
		}
	})
}

// TestATaskBesideALongLoop gets its limit watched, though the turn that dispatched it
// ended in the middle of a slice.
func TestATaskBesideALongLoop(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		w := newHand()
		h := host(t, store, w.work)
		arn := start(t, h, create(t, h, "m", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"T","States":{"T":`+taskState+`}},`+loop+`]}}}`), "n", `{"n":600}`)
		begun := time.Now()
		fares(t, h, arn, sfn.Healthy, sfn.ReasonTask)
		time.Sleep(sfn.DefaultLimit)
		if got := fares(t, h, arn, sfn.Stuck, sfn.ReasonIncomplete); got.State != "T" || !got.Since.Equal(begun.Add(sfn.DefaultLimit)) {
			t.Errorf("%+v", got)
		}
		(<-w.calls).done(sfn.TaskResult{Output: jsonval.EmptyObject})
		if x := ends(t, h, arn); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}
