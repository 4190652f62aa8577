package engine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// TestTheJournalIsTheTruth applies a running execution's journal to a fresh
// interpreter: the history, the frames and the blobs that come out are the stored ones.
func TestTheJournalIsTheTruth(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		w := newWorld(1)
		h := host(t, store, w.Start, func(c *Config) { c.MaxLive = 1 })
		m := create(t, h, "order", orderDefinition)
		arn := start(t, h, m, "large", `{"amount":700,"items":[1,2],"pad":"`+strings.Repeat("p", 900)+`"}`)
		w.setHost(h)
		c, stop := h.Watch(arn)
		defer stop()
		for n := range c { // stop looking inside the Parallel
			if n.State == "Fan" {
				break
			}
		}
		synctest.Wait()
		id := record.IDOf(arn)
		p, err := h.machines.Program(m, 1)
		if err != nil {
			t.Fatal(err)
		}
		x := interp.New(p, h.env(&live{id: id}))
		frames := map[uint32]string{}
		var lines []string
		events := 0
		err = store.Iterate(record.SpaceJournal, id.All(), func(k, v []byte) bool {
			events++
			ev, err := interp.DecodeEvent(bytes.Clone(v))
			if err != nil || record.Part(k, 0) != uint64(events) {
				t.Fatalf("journal record %d: %v", record.Part(k, 0), err)
			}
			ch := x.Apply(ev)
			for _, f := range ch.Frames {
				if frames[f.Key] = string(f.Data); f.Data == nil {
					delete(frames, f.Key)
				}
			}
			for _, b := range ch.Blobs {
				if v, err := h.blob(id, b.ID); err != nil || v.Text() != b.Value.Text() {
					t.Errorf("blob %d differs, %v", b.ID, err)
				}
			}
			for _, e := range ch.History {
				lines = append(lines, line(e))
			}
			return true
		})
		if err != nil || events < 8 {
			t.Fatalf("%d journal records, %v", events, err)
		}
		stored := map[uint32]string{}
		list, err := h.frames(id)
		for _, f := range list {
			stored[f.Key] = string(f.Data)
		}
		if diff := cmp.Diff(stored, frames); diff != "" || err != nil {
			t.Errorf("frames: %s %v", diff, err)
		}
		want, _, err := history(h, arn)
		if diff := cmp.Diff(want, lines); diff != "" || err != nil {
			t.Errorf("history: %s %v", diff, err)
		}
		if e := ends(t, h, arn); e.Status != sfn.Succeeded {
			t.Errorf("%+v", e)
		}
		w.humans.Wait()
	})
}

// TestForgettingIsARangeDelete checks that every record of an execution lies in
// the ranges of its id, so that deleting them all leaves nothing but its rows in
// the listings.
func TestForgettingIsARangeDelete(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", fiveTasks())
		count := func(r kv.Range) (n int) {
			for space := record.SpaceExecution; space <= record.SpaceCall; space++ {
				if err := store.Iterate(space, r, func(_, _ []byte) bool { n++; return true }); err != nil {
					t.Fatal(err)
				}
			}
			return n
		}
		arn := start(t, h, m, "n", `{"pad":"`+strings.Repeat("p", 900)+`"}`)
		ends(t, h, arn)
		synctest.Wait()
		if all, mine := count(kv.Range{}), count(record.IDOf(arn).All()); all != mine || all < 10 {
			t.Errorf("%d records, %d in the execution's ranges", all, mine)
		}
	})
}

// TestLongHistoriesComeInPages reads a history whose payloads are large.
func TestLongHistoriesComeInPages(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			done(sfn.TaskResult{Output: jsonval.OfString(strings.Repeat(fmt.Sprint(c.Command%10), 200_000))})
		})
		m := create(t, h, "m", state(`{"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":`+strings.Replace(taskState, `"End"`, `"ResultSelector":{"ok":true},"End"`, 1)+`}},"End":true}`))
		arn := start(t, h, m, "n", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30]")
		if x := ends(t, h, arn); x.Status != sfn.Succeeded {
			t.Fatalf("%+v", x)
		}
		in := sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}}
		pages, next := 0, int64(1)
		for first := true; first || in.Token != ""; first = false {
			events, token, err := h.GetExecutionHistory(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			size := 0
			for _, e := range events {
				if e.ID != next {
					t.Fatalf("event %d at the place of %d", e.ID, next)
				}
				next++
				if e.Details.Output != nil {
					size += len(e.Details.Output.Value.Raw())
				}
			}
			if size > pageBytes {
				t.Errorf("a page of %d bytes", size)
			}
			in.Token = token
			pages++
		}
		if pages < 2 || next < 200 {
			t.Errorf("%d pages, %d events", pages, next-1)
		}
	})
}
