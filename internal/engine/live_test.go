package engine

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// cached counts the executions in memory; only while nothing works.
func cached(h *Host) (n int) {
	for _, s := range h.shards {
		n += s.cache.Len()
	}
	return n
}

// TestIdleExecutionsCostNothing starts executions that wait and looks at what they hold.
func TestIdleExecutionsCostNothing(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 10000)
		h := host(t, store, accept(tokens), func(c *Config) { c.MaxLive = 256 })
		m := create(t, h, "m", state(tokenState))
		synctest.Wait()
		before := runtime.NumGoroutine()
		const n = 2000
		for i := range n {
			start(t, h, m, fmt.Sprint(i), "{}")
		}
		synctest.Wait()
		if g := runtime.NumGoroutine() - before; g > idleCallers {
			t.Errorf("%d waiting executions hold %d goroutines, %d may rest", n, g, idleCallers)
		}
		if c := cached(h); c > 256 {
			t.Errorf("%d executions in memory, the bound is 256", c)
		}
		calls := 0
		h.calls.Range(func(_, _ any) bool { calls++; return true })
		if calls != 0 {
			t.Errorf("%d calls under way", calls)
		}
		for range n {
			if err := h.SendTaskFailure(t.Context(), <-tokens, "E", ""); err != nil {
				t.Fatal(err)
			}
		}
		if running := pages(t, h, sfn.ListExecutions{Status: sfn.Running, Page: sfn.Page{Max: 1000}}); len(running) != 0 {
			t.Errorf("%d still run", len(running))
		}
	})
}

// loop counts down from the input's n, one Choice and two Passes a round.
const loop = `{"StartAt":"More","States":{
 "More":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"Less"}],"Default":"Done"},
 "Less":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n,-1)"},"Next":"More"},
 "Done":{"Type":"Succeed"}}}`

// TestSlices runs a loop of many slices: others get their turn meanwhile, and a
// restart in the middle goes on where it was.
func TestSlices(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "loop", loop)
		// Two executions of one shard.
		long := sfn.ExecutionARN(region, account, "loop", "long")
		short := ""
		for i := 0; ; i++ {
			short = fmt.Sprint("short", i)
			if record.IDOf(sfn.ExecutionARN(region, account, "loop", short)).Shard() == record.IDOf(long).Shard() {
				break
			}
		}
		hold := make(chan struct{})
		store.SetGap(func() { <-hold })
		go func() {
			_, _ = h.StartExecution(context.Background(), sfn.Start{StateMachineARN: m, Name: "long", Input: mustJSON(`{"n":3000}`)})
		}()
		hold <- struct{}{} // the first slice
		closed := make(chan struct{})
		go func() { shut(t, h); close(closed) }()
		go func() {
			for {
				select {
				case hold <- struct{}{}:
				case <-closed:
					return
				}
			}
		}()
		<-closed
		store.SetGap(nil)
		h = host(t, store, nil)
		if s := start(t, h, m, short, `{"n":1}`); ends(t, h, s).Status != sfn.Succeeded {
			t.Error("the short one failed")
		}
		x := ends(t, h, long)
		if x.Status != sfn.Succeeded || x.Output.Text() != `{"n":0}` {
			t.Errorf("%+v", x)
		}
		_, types, err := history(h, long)
		if err != nil || len(types) != 2+3001*2+3000*2+2 {
			t.Errorf("%d events, %v", len(types), err)
		}
	})
}

// TestDamage damages records: the execution is refused, the host lives.
func TestDamage(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(1000)))
		a, b, c := start(t, h, m, "a", "{}"), start(t, h, m, "b", "{}"), start(t, h, m, "c", "{}")
		shut(t, h)
		tr := &turn{}
		tr.set(record.SpaceFrame, record.IDOf(a).Key(0), []byte{99})
		tr.set(record.SpaceExecution, record.IDOf(b).Key(record.StatePart), []byte{codec.Format + 1})
		if err := commitNow(store, 1, tr.ops); err != nil {
			t.Fatal(err)
		}
		h = host(t, store, nil)
		time.Sleep(1001 * time.Second)
		if _, err := h.StopExecution(t.Context(), a, "", ""); code(err) != "InternalFailure" {
			t.Errorf("damaged frame: %v", err)
		}
		if _, err := h.DescribeExecution(t.Context(), b); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("damaged record: %v", err)
		}
		if x := ends(t, h, c); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}

// TestALostPayload takes the parameters of a call that was out: its execution is in
// quarantine, the host lives and goes on with the others.
func TestALostPayload(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		silent := workers(func(ctx context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
			<-ctx.Done()
			done(sfn.TaskResult{Error: "Cancelled"})
		})
		h := host(t, store, silent)
		m := create(t, h, "m", state(taskState))
		big := `{"pad":"` + strings.Repeat("z", 1000) + `"}`
		lost, kept := start(t, h, m, "lost", big), start(t, h, m, "kept", big)
		synctest.Wait()
		shut(t, h)
		tr := &turn{}
		err := store.Iterate(record.SpaceBlob, record.IDOf(lost).All(), func(k, _ []byte) bool {
			tr.set(record.SpaceBlob, bytes.Clone(k), []byte{codec.Format + 1})
			return true
		})
		if err != nil || len(tr.ops) == 0 {
			t.Fatalf("%d blobs, %v", len(tr.ops), err)
		}
		if err := commitNow(store, 1, tr.ops); err != nil {
			t.Fatal(err)
		}
		h = host(t, store, func(_ context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
			done(sfn.TaskResult{Output: jsonval.TrueValue})
		})
		if x := ends(t, h, kept); x.Status != sfn.Succeeded {
			t.Errorf("its neighbour: %+v", x)
		}
		if _, err := h.StopExecution(t.Context(), lost, "", ""); code(err) != "InternalFailure" || !strings.Contains(err.Error(), "blob") {
			t.Errorf("stop: %v", err)
		}
		synctest.Wait()
		if x := describe(t, h, lost); x.Health.Reason != sfn.ReasonQuarantine || !strings.Contains(x.Quarantine, "blob") || x.Input.Exists() {
			t.Errorf("%+v", x)
		}
		if lines, _, err := history(h, lost); err != nil || len(lines) < 3 {
			t.Errorf("history %q, %v", lines, err)
		}
	})
}
