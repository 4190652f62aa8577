package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/kv/pebblekv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// fiveTasks is what the benchmark of a five-Task execution runs.
func fiveTasks() string {
	var b strings.Builder
	b.WriteString(`{"StartAt":"T1","States":{`)
	for i := 1; i <= 5; i++ {
		end := fmt.Sprintf(`"Next":"T%d"`, i+1)
		if i == 5 {
			end = `"End":true`
		}
		fmt.Fprintf(&b, `"T%d":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"order.$":"$"},"ResultPath":"$.r%d",%s}`, i, i, end)
		if i < 5 {
			b.WriteString(",")
		}
	}
	return b.String() + "}}"
}

const smallOrder = `{"sku":"sku-1","quantity":2,"amount":120}`

// runAll starts n executions at once and waits until all have ended.
func runAll(t testing.TB, h *Host, machine string, names []string) {
	ctx := context.Background()
	c, stop := h.Watch("")
	defer stop()
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			if _, err := h.StartExecution(ctx, sfn.Start{StateMachineARN: machine, Name: name, Input: jsonval.MustParse(smallOrder)}); err != nil {
				t.Error(err)
			}
		})
	}
	for range names {
		for n := range c {
			if n.Status == sfn.Succeeded {
				break
			}
			if n.Status != sfn.Running {
				t.Errorf("%s %s", n.ExecutionARN, n.Status)
			}
		}
	}
	wg.Wait()
}

// TestOneSyncForAGroup counts syncs of the real store's log: one for a group,
// however many turns wait for it, and none that no group asked for.
func TestOneSyncForAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var syncs atomic.Int64
		d := errorfs.InjectorFunc(func(op errorfs.Op) error {
			switch op.Kind {
			case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
				if strings.HasSuffix(op.Path, ".log") {
					syncs.Add(1)
				}
			}
			return nil
		})
		store, err := pebblekv.Open("data", pebblekv.Options{FS: errorfs.Wrap(vfs.NewMem(), d)})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		slow := &slowStore{Store: store}
		h := host(t, slow, nil)
		m := create(t, h, "m", fiveTasks())
		before, groups, turns := syncs.Load(), h.committer.submitted.Load(), h.committer.turns.Load()
		const n = 16 // less than Pebble's first memory table: a full one starts a new log
		var names []string
		for i := range n {
			names = append(names, fmt.Sprint(i))
		}
		runAll(t, h, m, names)
		synctest.Wait()
		made, formed, took := syncs.Load()-before, h.committer.submitted.Load()-groups, h.committer.turns.Load()-turns
		t.Logf("%d turns in %d groups with %d syncs", took, formed, made)
		if uint64(made) != formed {
			t.Errorf("%d groups made %d syncs", formed, made)
		}
		if took != 6*n {
			t.Errorf("%d turns for %d executions of five Tasks, want six each", took, n)
		}
		// With slow syncs everything that can run gathers: one group for each of the
		// six turns, and a few for the ones that came in between.
		if formed > 6*4 {
			t.Errorf("%d turns made %d groups", took, formed)
		}
		shut(t, h)
	})
}

// TestBytesOfATransition bounds what an execution writes, and how many rows.
func TestBytesOfATransition(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		counting := &countingStore{Store: store}
		h := host(t, counting, nil)
		m := create(t, h, "m", fiveTasks())
		counting.bytes, counting.rows = 0, 0
		runAll(t, h, m, []string{"n"})
		synctest.Wait()
		t.Logf("five Tasks: %d rows, %d bytes; a transition: %d bytes", counting.rows, counting.bytes, counting.bytes/5)
		if counting.bytes > 10_000 || counting.rows > 60 {
			t.Errorf("five Tasks wrote %d rows, %d bytes", counting.rows, counting.bytes)
		}
	})
}

type countingStore struct {
	kv.Store
	rows, bytes int
}

func (s *countingStore) Commit(g kv.Group, done func(error)) {
	for _, w := range g.Writes {
		s.rows += len(w.Ops)
		for _, op := range w.Ops {
			s.bytes += len(op.Key) + len(op.Value)
		}
	}
	s.Store.Commit(g, done)
}

// TestAMapWritesInProportion compares Maps of n and 4n items: frames are written
// where they changed, so the bytes grow with the items and not with their square.
func TestAMapWritesInProportion(t *testing.T) {
	size := func(n int) (bytes int) {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			counting := &countingStore{Store: store}
			h := host(t, counting, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
				done(sfn.TaskResult{Output: c.Parameters})
			})
			m := create(t, h, "m", state(`{"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":`+taskState+`}},"End":true}`))
			counting.bytes = 0
			items := strings.Repeat(`"0123456789012345678901234567890123456789",`, n)
			if x := ends(t, h, start(t, h, m, "n", "["+items[:len(items)-1]+"]")); x.Status != sfn.Succeeded {
				t.Errorf("%+v", x)
			}
			synctest.Wait()
			bytes = counting.bytes
		})
		return bytes
	}
	small, large := size(50), size(200)
	t.Logf("50 items: %d bytes, 200 items: %d bytes", small, large)
	if large > 5*small {
		t.Errorf("50 items write %d bytes, 200 items %d", small, large)
	}
}

func TestAllocations(t *testing.T) {
	store := memkv.New(nil)
	defer store.Close()
	h := host(t, store, nil)
	m := create(t, h, "m", fiveTasks())
	i := 0
	n := testing.AllocsPerRun(50, func() {
		i++
		runAll(t, h, m, []string{fmt.Sprint(i)})
	})
	t.Logf("five Tasks: %.0f allocations, memkv's among them", n)
	if n > 4000 {
		t.Errorf("%.0f allocations for five Tasks", n)
	}
}
