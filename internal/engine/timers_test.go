package engine

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// near counts the timers that are held in memory.
func (m *timers) nearCount() (n int) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += s.near.Len()
		s.mu.Unlock()
	}
	return n
}

// TestTimersFireInTime waits from a second to a year, over restarts.
func TestTimersFireInTime(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil, func(c *Config) { c.MaxLive = 1 })
		waits := map[string]time.Duration{}
		for _, s := range []int{1, 29, 59, 60, 61, 100, 3600, 86400, 365 * 86400} {
			name := fmt.Sprint(s)
			waits[name] = time.Duration(s) * time.Second
			start(t, h, create(t, h, "m"+name, state(waitState(s))), name, "{}")
		}
		if n := h.timers.nearCount(); n < 3 || n > 4 {
			t.Errorf("%d timers in memory, want those within the horizon", n)
		}
		for _, pause := range []time.Duration{30 * time.Second, 25 * time.Second, 30 * time.Minute, 24 * time.Hour} {
			time.Sleep(pause)
			shut(t, h)
			h = host(t, store, nil, func(c *Config) { c.MaxLive = 1 })
		}
		for name, d := range waits {
			x := ends(t, h, sfn.ExecutionARN(region, account, "m"+name, name))
			took := x.StopDate.Sub(x.StartDate)
			if took < d || took > d+time.Second {
				t.Errorf("a wait of %v took %v", d, took)
			}
		}
		if n := h.timers.nearCount(); n != 0 {
			t.Errorf("%d timers left", n)
		}
	})
}

// TestLateTimersFireAtStart lets timers come due while no host runs.
func TestLateTimersFireAtStart(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(10)))
		const n = 50
		for i := range n {
			start(t, h, m, fmt.Sprint(i), "{}")
		}
		shut(t, h)
		time.Sleep(time.Hour)
		h = host(t, store, nil)
		for i := range n {
			x := ends(t, h, sfn.ExecutionARN(region, account, "m", fmt.Sprint(i)))
			if late := x.StopDate.Sub(x.StartDate); late > time.Hour+time.Second {
				t.Errorf("late by %v", late)
			}
		}
	})
}

// TestAnExecutionThatDoesNotLoadKeepsItsTimers has a record damaged while its timer
// comes due, as a binary finds it that cannot read a newer one's frames.
func TestAnExecutionThatDoesNotLoadKeepsItsTimers(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		arn := start(t, h, create(t, h, "m", state(waitState(10))), "n", "{}")
		shut(t, h)
		frame := record.IDOf(arn).Key(0)
		kept, err := store.GetMany(record.SpaceFrame, [][]byte{frame})
		if err != nil || kept[0] == nil {
			t.Fatal("no root frame", err)
		}
		write := func(value []byte) {
			if err := commitNow(store, 1, []kv.Op{{Kind: kv.Set, Space: record.SpaceFrame, Key: frame, Value: value}}); err != nil {
				t.Fatal(err)
			}
		}
		good := slices.Clone(kept[0])
		write([]byte{0xff, 1, 2})
		h = host(t, store, nil)
		time.Sleep(time.Minute)
		if _, err := h.StopExecution(t.Context(), arn, "", ""); code(err) != "InternalFailure" {
			t.Fatalf("the execution is not in quarantine: %v", err)
		}
		shut(t, h)
		write(good)
		if x := ends(t, host(t, store, nil), arn); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}

// TestAFullHeapIsReadOn puts timers of one shard straight into the index.
func TestAFullHeapIsReadOn(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		now := time.Now().UnixMilli()
		h := host(t, store, nil)
		shut(t, h)
		turn := &turn{}
		id := record.ID{7}
		const n = 3*nearTimers + 10
		for i := range n {
			due := now + 20_000 + int64(i/(nearTimers+1))*10_000
			turn.set(record.SpaceTimer, record.TimerKey(due, id, uint64(i)), nil)
		}
		if err := commitNow(store, 1, turn.ops); err != nil {
			t.Fatal(err)
		}
		h = host(t, store, nil)
		if n := h.timers.nearCount(); n > nearTimers+1 {
			t.Errorf("%d timers in memory at first", n)
		}
		time.Sleep(39_500 * time.Millisecond)
		if n := h.timers.nearCount(); n != nearTimers+1 {
			t.Errorf("%d timers in memory later", n)
		}
		time.Sleep(20 * time.Second)
		left := 0
		if err := store.Iterate(record.SpaceTimer, kv.Range{}, func(_, _ []byte) bool { left++; return true }); err != nil || left != 0 {
			t.Errorf("%d timers of no execution are left in the index, %v", left, err)
		}
	})
}

// TestCancelledTimersLeaveTheHeap runs tasks that have timeouts and end at once.
func TestCancelledTimersLeaveTheHeap(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke","TimeoutSeconds":20,"HeartbeatSeconds":10,"End":true}`))
		for i := range 100 {
			ends(t, h, start(t, h, m, fmt.Sprint(i), "{}"))
		}
		synctest.Wait()
		if n := h.timers.nearCount(); n != 0 {
			t.Errorf("%d timers left in memory", n)
		}
	})
}

func TestHeartbeats(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 1)
		h := host(t, store, accept(tokens))
		m := create(t, h, "m", state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke.waitForTaskToken","HeartbeatSeconds":10,"End":true}`))
		arn := start(t, h, m, "n", "{}")
		token := <-tokens
		for range 5 {
			time.Sleep(9 * time.Second)
			if err := h.SendTaskHeartbeat(context.Background(), token); err != nil {
				t.Fatal(err)
			}
		}
		x := ends(t, h, arn)
		if took := x.StopDate.Sub(x.StartDate); x.Status != sfn.Failed || took != 55*time.Second {
			t.Errorf("%s after %v", x.Status, took)
		}
		if err := h.SendTaskSuccess(context.Background(), token, jsonval.TrueValue); code(err) != "TaskTimedOut" {
			t.Errorf("late: %v", err)
		}
	})
}
