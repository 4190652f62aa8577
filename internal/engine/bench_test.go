package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"stile/internal/engine/record"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/pebblekv"
	"stile/internal/sfn"
	"stile/jsonval"
)

func benchHost(b *testing.B) *Host {
	b.Helper()
	store, err := pebblekv.Open(b.TempDir(), pebblekv.Options{})
	if err != nil {
		b.Fatal(err)
	}
	h, err := Open(Config{Store: store, Account: account, Region: region, Tasks: workers(nil)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = h.Close(context.Background())
		_ = store.Close()
	})
	return h
}

func benchMachine(b *testing.B, h *Host) string {
	b.Helper()
	m, err := h.CreateStateMachine(context.Background(), sfn.NewStateMachine{Name: "five", RoleARN: role, Definition: fiveTasks()})
	if err != nil {
		b.Fatal(err)
	}
	return m.ARN
}

// BenchmarkUnitCommitGroup measures a group of 64 turns of five rows, fsync included.
func BenchmarkUnitCommitGroup(b *testing.B) {
	h := benchHost(b)
	value := make([]byte, 100)
	var n uint64
	b.ReportAllocs()
	kvtest.CPU(b, func() { commitGroups(b, h, value, &n) })
}

func commitGroups(b *testing.B, h *Host, value []byte, n *uint64) {
	for b.Loop() {
		done := make(chan error, 64)
		for range 64 {
			*n++
			t := h.shards[*n%256].turn(nil)
			for row := range uint64(5) {
				t.set(record.SpaceJournal, record.ID{byte(*n)}.Key(*n, row), value)
			}
			t.replies = append(t.replies, func(err error) { done <- err })
			h.committer.submit(t)
		}
		for range 64 {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkStartFiveTasks measures whole executions of five Tasks that answer at
// once, 64 at a time, every answer after its fsync.
func BenchmarkStartFiveTasks(b *testing.B) {
	h := benchHost(b)
	m := benchMachine(b, h)
	input := jsonval.MustParse(smallOrder)
	var n atomic.Uint64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			name := fmt.Sprint("n", n.Add(1))
			c, stop := h.Watch(sfn.ExecutionARN(region, account, "five", name))
			if _, err := h.StartExecution(context.Background(), sfn.Start{StateMachineARN: m, Name: name, Input: input}); err != nil {
				b.Error(err)
			}
			for note := range c {
				if note.Status != sfn.Running {
					break
				}
			}
			stop()
		}
	})
	b.StopTimer()
	groups, turns := h.committer.submitted.Load(), h.committer.turns.Load()
	b.ReportMetric(float64(turns)/float64(groups), "turns/group")
	b.ReportMetric(float64(h.committer.written.Load())/float64(n.Load()), "B/execution")
}
