package engine

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/machines"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// parked is an execution with a payload that is stored apart, in a Wait of 100 s.
const parked = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"Next":"P"},
 "P":{"Type":"Pass","Parameters":{"n.$":"States.StringToJson($.n)"},"End":true}}}`

func parkedInput() string { return `{"n":"1","pad":"` + strings.Repeat("z", 1000) + `"}` }

// spoil puts a record that nothing reads in the place of each of an execution's.
func spoil(t *testing.T, store kv.Store, space kv.Space, arn string) (mend func()) {
	t.Helper()
	var ops, old []kv.Op
	err := store.Iterate(space, record.IDOf(arn).All(), func(k, v []byte) bool {
		ops = append(ops, kv.Op{Kind: kv.Set, Space: space, Key: bytes.Clone(k), Value: []byte{0xff, 1, 2}})
		old = append(old, kv.Op{Kind: kv.Set, Space: space, Key: bytes.Clone(k), Value: bytes.Clone(v)})
		return true
	})
	if err != nil || len(ops) == 0 {
		t.Fatalf("%d records, %v", len(ops), err)
	}
	write := func(ops []kv.Op) {
		if err := commitNow(store, 1, ops); err != nil {
			t.Fatal(err)
		}
	}
	write(ops)
	return func() { write(old) }
}

// TestWhatDoesNotLoadIsSeenToBeInQuarantine: a quarantine that is found when an
// execution is loaded stands in its record, and ends when it loads again.
func TestWhatDoesNotLoadIsSeenToBeInQuarantine(t *testing.T) {
	for name, space := range map[string]kv.Space{"frames": record.SpaceFrame, "work": record.SpaceWork} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, store *memkv.Store) {
				tokens := make(chan string, 1)
				told := func(c *Config) { c.Outbox = everything() }
				h := host(t, store, accept(tokens), told)
				definition := strings.Replace(parked, `"P":{`, `"P":`+strings.Replace(tokenState, `"End":true`, `"Next":"Q"`, 1)+`,"Q":{`, 1)
				arn, good := start(t, h, create(t, h, "m", definition), "n", parkedInput()), start(t, h, create(t, h, "good", state(waitState(1000))), "good", "{}")
				time.Sleep(101 * time.Second)
				<-tokens
				shut(t, h)
				mend := spoil(t, store, space, arn)
				for range 2 { // what was found once is not found again
					h = host(t, store, nil, told)
					if _, err := h.StopExecution(t.Context(), arn, "", ""); code(err) != "InternalFailure" {
						t.Errorf("stop: %v", err)
					}
					synctest.Wait()
					x := describe(t, h, arn)
					if x.Waiting != "quarantine" || x.Health.Status != sfn.NeedsAction || x.Health.Reason != sfn.ReasonQuarantine || x.State != "P" || x.Quarantine == "" {
						t.Errorf("%+v", x)
					}
					if got := pages(t, h, sfn.ListExecutions{Health: sfn.NeedsAction}); len(got) != 1 || got[0] != "n" {
						t.Errorf("listed: %v", got)
					}
					shut(t, h)
				}
				mend()
				h = host(t, store, nil, told)
				if _, err := h.StopExecution(t.Context(), good, "", ""); err != nil {
					t.Error(err)
				}
				open, err := h.OpenTokensOf(t.Context(), arn)
				if err != nil || len(open) != 1 {
					t.Fatal(open, err)
				}
				if err := h.SendTaskHeartbeat(t.Context(), open[0].TaskToken); err != nil {
					t.Error(err)
				}
				if x := describe(t, h, arn); x.Waiting == "quarantine" || x.Quarantine != "" || x.Health.Status != sfn.Waiting {
					t.Errorf("mended: %+v", x)
				}
				if err := h.SendTaskSuccess(t.Context(), open[0].TaskToken, mustJSON(`{"n":"1"}`)); err != nil {
					t.Error(err)
				}
				if x := ends(t, h, arn); x.Status != sfn.Succeeded {
					t.Errorf("%+v", x)
				}
				n := 0
				records, err := h.OutboxRecords(t.Context(), 0, 1000)
				for _, r := range records {
					if strings.Contains(string(r.Body), `"reason":"quarantine"`) {
						n++
					}
				}
				if n != 1 || err != nil {
					t.Errorf("told %d times, %v", n, err)
				}
			})
		})
	}
}

// TestARecordWithAQuarantine round trips the part that only such a record has.
func TestARecordWithAQuarantine(t *testing.T) {
	for _, before := range []string{"", "token"} {
		want := record.State{Status: record.Running, State: "A", Waiting: "quarantine", Quarantine: "why", Found: true, Before: before}
		if got, err := record.DecodeState(want.Encode()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// unreadable is a store that cannot read one space for a while.
type unreadable struct {
	kv.Store
	space kv.Space
	on    atomic.Bool
	asked atomic.Int32
}

var errDisk = errors.New("input/output error")

func (s *unreadable) bad(space kv.Space) bool {
	if space != s.space || !s.on.Load() {
		return false
	}
	s.asked.Add(1)
	return true
}

func (s *unreadable) GetMany(space kv.Space, keys [][]byte) ([][]byte, error) {
	if s.bad(space) {
		return nil, errDisk
	}
	return s.Store.GetMany(space, keys)
}

func (s *unreadable) Iterate(space kv.Space, r kv.Range, f func(k, v []byte) bool) error {
	if s.bad(space) {
		return errDisk
	}
	return s.Store.Iterate(space, r, f)
}

// TestAStoreThatCannotBeReadIsNoQuarantine: who asks gets the store's error, the
// execution stays as it is, and its timer is fired once the store can be read.
func TestAStoreThatCannotBeReadIsNoQuarantine(t *testing.T) {
	for name, space := range map[string]kv.Space{"payload": record.SpaceBlob, "frames": record.SpaceFrame, "work": record.SpaceWork, "definition": machines.SpaceRevision, "record": record.SpaceExecution} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, mem *memkv.Store) {
				h := host(t, mem, nil)
				arn := start(t, h, create(t, h, "m", parked), "n", parkedInput())
				shut(t, h)
				store := &unreadable{Store: mem, space: space}
				h = host(t, store, nil)
				synctest.Wait()
				store.on.Store(true)
				time.Sleep(90 * time.Second)
				if space != record.SpaceBlob { // a stop needs no payload
					if _, err := h.StopExecution(t.Context(), arn, "", ""); !errors.Is(err, errDisk) {
						t.Errorf("stop: %v", err)
					}
				}
				time.Sleep(20 * time.Second)
				if store.asked.Load() < 5 {
					t.Errorf("%d reads failed", store.asked.Load())
				}
				store.on.Store(false)
				if x := describe(t, h, arn); x.Status != sfn.Running || x.Quarantine != "" || x.Waiting != "timer" {
					t.Errorf("%+v", x)
				}
				if x := ends(t, h, arn); x.Status != sfn.Succeeded || x.Output.Text() != `{"n":1}` {
					t.Errorf("%+v", x)
				}
				if d := time.Since(describe(t, h, arn).StopDate); d > 0 {
					t.Errorf("it ended %s ago", d)
				}
			})
		})
	}
}

// TestAnAnswerIsNotLostWhereTheStoreCannotBeRead: it is taken once the store can be
// read, though the execution was in memory no more.
func TestAnAnswerIsNotLostWhereTheStoreCannotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, mem *memkv.Store) {
		store := &unreadable{Store: mem, space: record.SpaceBlob}
		hand := newHand()
		h := host(t, store, hand.work, func(c *Config) { c.MaxLive = 1 })
		definition := `{"StartAt":"T","States":{"T":` + strings.Replace(taskState, `"End":true`, `"ResultPath":"$.r","End":true`, 1) + `}}`
		arn := start(t, h, create(t, h, "m", definition), "n", parkedInput())
		<-hand.calls
		shut(t, h)
		h = host(t, store, hand.work)
		call := <-hand.calls
		synctest.Wait()
		s := h.shardOf(record.IDOf(arn))
		s.do(func() { s.cache.Remove(record.IDOf(arn)) })
		store.on.Store(true)
		call.done(sfn.TaskResult{Output: mustJSON(`1`)})
		time.Sleep(3500 * time.Millisecond)
		if x := describeMem(t, h, store, arn); x.Status != sfn.Running || x.Quarantine != "" {
			t.Errorf("%+v", x)
		}
		if x := ends(t, h, arn); x.Status != sfn.Succeeded || !x.Output.Get("r").Exists() {
			t.Errorf("%+v", x)
		}
	})
}

// describeMem lets the store be read again and looks.
func describeMem(t *testing.T, h *Host, store *unreadable, arn string) sfn.Execution {
	t.Helper()
	if store.asked.Load() == 0 {
		t.Error("nothing was read")
	}
	store.on.Store(false)
	return describe(t, h, arn)
}
