package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// TestSimulationIdle has many executions wait for next year, or for a token: each holds
// no goroutine, no timer, no call, and no place in memory beyond the cache's bound.
func TestSimulationIdle(t *testing.T) {
	const executions, most = 2000, 256
	synctest.Test(t, func(t *testing.T) {
		w := &linear{}
		store := memkv.New(nil)
		h, err := Open(Config{Store: store, Account: account, Region: region, Tasks: w, MaxLive: most})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		defer h.Close(context.Background())
		for name, definition := range map[string]string{
			"wait": `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":31536000,"End":true}}}`, "token": tokenDefinition,
		} {
			if _, err := h.CreateStateMachine(t.Context(), sfn.NewStateMachine{Name: name, RoleARN: role, Definition: definition}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		before := runtime.NumGoroutine()
		for n := range executions {
			machine := []string{"wait", "token"}[n%2]
			if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: sfn.StateMachineARN(region, account, machine), Name: fmt.Sprint(n), Input: jsonval.EmptyObject}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Minute) // what is due soon is held in memory until it is
		synctest.Wait()
		// Others' tests run beside this one: a goroutine for each is what must not be.
		if after := runtime.NumGoroutine(); after-before > executions/4 {
			t.Errorf("%d goroutines, %d before %d executions", after, before, executions)
		}
		live, soon, calls := 0, 0, 0
		for n, s := range h.shards {
			live += s.cache.Len()
			soon += h.timers.shards[n].near.Len()
		}
		h.calls.Range(func(_, _ any) bool {
			calls++
			return true
		})
		if live > most || soon > 0 || calls > 0 {
			t.Errorf("%d executions wait: %d in memory, %d timers, %d calls", executions, live, soon, calls)
		}
		t.Logf("figure: idle: %d executions wait, %d of them in memory, %d timers and %d calls held", executions, live, soon, calls)
	})
}
