package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// left says in which spaces a text, or an execution's id, is still to be found.
func left(t *testing.T, store kv.Store, id record.ID, text string) (out []string) {
	t.Helper()
	for space := range kv.Space(0x40) {
		err := store.Iterate(space, kv.Range{}, func(k, v []byte) bool {
			for _, b := range [][]byte{k, v} {
				if bytes.Contains(b, []byte(text)) || bytes.Contains(b, id[:]) {
					out = append(out, fmt.Sprintf("%#x %x", byte(space), k))
				}
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestDeletionLeavesNothing: no row of any space has a deleted execution's bytes, its
// name or its id; its name is free, and its neighbours are as they were.
func TestDeletionLeavesNothing(t *testing.T) {
	const canary = "canary-7781"
	for name, definition := range map[string]string{
		"a Task": state(taskState),
		"many": `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"T","States":{"T":` + taskState + `}},
 {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}}]}}}`,
		"failure": `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Next":"F"},"F":{"Type":"Fail","Error":"` + canary + `"}}}`,
		"token":   state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke.waitForTaskToken","Parameters":{"t.$":"$$.Task.Token","in.$":"$"},"End":true}`),
		"Map Run": distributedMap(`"ItemsPath":"$.items","ToleratedFailurePercentage":100`, taskItem),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, store *memkv.Store) {
				tokens := make(chan sfn.TaskCall, 9)
				h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
					call := jsonval.MustParse(`{"said":"` + c.ExecutionName + strings.Repeat("z", 300) + `"}`)
					if c.TaskToken != "" {
						tokens <- c
						done(sfn.TaskResult{Submitted: true, Output: jsonval.EmptyObject, Call: call})
						return
					}
					done(sfn.TaskResult{Output: c.Parameters, Call: call, Definite: true})
				}, searchable)
				m := create(t, h, "m", strings.ReplaceAll(definition, canary, "F"))
				input := fmt.Sprintf(`{"sku":%q,"color":null,"n":1,"pad":%q,"items":[%q,2,3,4,5]}`, canary, canary+strings.Repeat("y", 400), canary)
				other := start(t, h, m, "other", strings.ReplaceAll(input, canary, "else"))
				arn := start(t, h, m, canary, input)
				synctest.Wait()
				for len(tokens) > 0 {
					c := <-tokens
					answer, err := h.Deliver(t.Context(), sfn.Delivery{TaskToken: c.TaskToken, ID: c.ExecutionName, Digest: "d", Output: jsonval.OfString(c.ExecutionName)})
					if err != nil || answer != sfn.Accepted {
						t.Fatal(answer, err)
					}
				}
				ends(t, h, arn)
				before := ends(t, h, other)
				lines, _, err := history(h, other)
				if err != nil {
					t.Fatal(err)
				}
				if len(left(t, store, record.IDOf(arn), canary)) < 8 {
					t.Fatal("the canary does not sing")
				}
				if err := h.DeleteExecution(t.Context(), arn); err != nil {
					t.Fatal(err)
				}
				if found := left(t, store, record.IDOf(arn), canary); len(found) > 0 {
					t.Errorf("left: %v", found)
				}
				if _, err := h.DescribeExecution(t.Context(), arn); code(err) != "ExecutionDoesNotExist" {
					t.Errorf("it is there: %v", err)
				}
				if err := h.DeleteExecution(t.Context(), arn); code(err) != "ExecutionDoesNotExist" {
					t.Errorf("it is deleted again: %v", err)
				}
				after, _, err := history(h, other)
				if x := describe(t, h, other); x.Status != before.Status || x.Output.Text() != before.Output.Text() || err != nil || !slices.Equal(lines, after) {
					t.Errorf("the other one changed: %v", err)
				}
				again := start(t, h, m, canary, input)
				synctest.Wait()
				for len(tokens) > 0 {
					if err := h.SendTaskSuccess(t.Context(), (<-tokens).TaskToken, jsonval.EmptyObject); err != nil {
						t.Error(err)
					}
				}
				if x := ends(t, h, again); x.Status != before.Status {
					t.Errorf("under the free name: %+v", x)
				}
			})
		})
	}
}

func TestDeletionRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", state(waitState(10)))
		arn := start(t, h, m, "n", `{}`)
		if err := h.DeleteExecution(t.Context(), arn); code(err) != "ConflictException" || !strings.Contains(err.Error(), "is RUNNING") {
			t.Errorf("one that runs: %v", err)
		}
		if err := h.DeleteExecution(t.Context(), arn+"x"); code(err) != "ExecutionDoesNotExist" {
			t.Errorf("none: %v", err)
		}
		maps := create(t, h, "maps", distributedMap("", passItem))
		x := ends(t, h, start(t, h, maps, "n", `[1]`))
		child := children(t, h, theRun(t, h, x.ARN).ARN, "")[0]
		if err := h.DeleteExecution(t.Context(), child.ARN); code(err) != "ConflictException" || !strings.Contains(err.Error(), "with its parent") {
			t.Errorf("a child: %v", err)
		}
	})
}

// TestRedriveRacesDeletion: one of the two wins, and the other is refused.
func TestRedriveRacesDeletion(t *testing.T) {
	won := map[string]int{}
	for i := range 40 {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			calls := 0
			h := host(t, &slowStore{Store: store}, func(ctx context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
				if calls++; calls == 1 {
					done(sfn.TaskResult{Error: "No", Definite: true})
				}
			})
			arn := start(t, h, create(t, h, "m", state(taskState)), "n", `{}`)
			time.Sleep(time.Second)
			var redriven, deleted error
			var both sync.WaitGroup
			tasks := []func(){func() { _, redriven = h.RedriveExecution(context.Background(), arn, "") }, func() { deleted = h.DeleteExecution(context.Background(), arn) }}
			if i%2 == 0 {
				slices.Reverse(tasks)
			}
			for _, f := range tasks {
				both.Go(f)
				if i%3 == 0 {
					time.Sleep(syncTime / 2)
				}
			}
			both.Wait()
			time.Sleep(time.Second)
			_, err := h.DescribeExecution(t.Context(), arn)
			switch {
			case deleted == nil && code(err) == "ExecutionDoesNotExist" && code(redriven) == "ExecutionDoesNotExist":
				won["deletion"]++
				if n := len(left(t, store, record.IDOf(arn), arn)); n > 0 {
					t.Errorf("%d rows are left", n)
				}
			case deleted != nil && code(deleted) == "ConflictException" && redriven == nil && err == nil:
				won["redrive"]++
			default:
				t.Errorf("redrive %v, deletion %v, then %v", redriven, deleted, err)
			}
		})
	}
	if won["deletion"] == 0 || won["redrive"] == 0 {
		t.Errorf("%v", won)
	}
}

// TestListsWhileDeleting: pages that are read while others are deleted hold each
// execution that stays once, and readers see all of one that goes or nothing.
func TestListsWhileDeleting(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, &slowStore{Store: store}, nil, searchable)
		m := create(t, h, "m", state(taskState))
		var arns []string
		for i := range 80 {
			arns = append(arns, start(t, h, m, fmt.Sprint(i), `{"sku":"x","pad":"`+strings.Repeat("p", 400)+`"}`))
		}
		time.Sleep(time.Minute)
		var work sync.WaitGroup
		for i := 0; i < len(arns); i += 2 {
			work.Go(func() {
				time.Sleep(time.Duration(i) * syncTime / 8)
				if err := h.DeleteExecution(context.Background(), arns[i]); err != nil {
					t.Error(err)
				}
			})
			work.Go(func() {
				for range 200 {
					x, err := h.DescribeExecution(context.Background(), arns[i])
					if code(err) == "ExecutionDoesNotExist" {
						return
					}
					lines, _, readErr := history(h, arns[i])
					if err != nil || len(x.Input.Text()) < 400 || readErr == nil && len(lines) < 6 || readErr != nil && code(readErr) != "ExecutionDoesNotExist" {
						t.Errorf("half of one is shown: %v %v %d", err, readErr, len(lines))
					}
					time.Sleep(syncTime / 7)
				}
			})
		}
		for _, in := range []sfn.ListExecutions{{}, {StateMachineARN: m, Fields: map[string]string{"sku": `"x"`}}, {Status: sfn.Succeeded}} {
			in.Max = 3
			seen := map[string]int{}
			for first := true; first || in.Token != ""; first = false {
				list, next, err := h.ListExecutions(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range list {
					seen[x.ARN]++
				}
				in.Token = next
				time.Sleep(syncTime / 3)
			}
			for i, arn := range arns {
				if seen[arn] > 1 || i%2 == 1 && seen[arn] != 1 {
					t.Errorf("%s is on %d pages", arn, seen[arn])
				}
			}
		}
		work.Wait()
	})
}

// hooked is a store that does something before it reads from a space.
type hooked struct {
	kv.Store
	before func(kv.Space)
}

func (s *hooked) GetMany(space kv.Space, keys [][]byte) ([][]byte, error) {
	s.before(space)
	return s.Store.GetMany(space, keys)
}

// TestADeletionBetweenTwoReads: a reader that has the record and not yet the payloads
// when they go is told that there is no such execution, or shows the one of that name.
func TestADeletionBetweenTwoReads(t *testing.T) {
	for _, anew := range []bool{false, true} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			s := &hooked{store, func(kv.Space) {}}
			h := host(t, s, nil)
			m := create(t, h, "m", state(passState))
			input := `{"pad":"` + strings.Repeat("p", 400) + `"}`
			arn := start(t, h, m, "n", input)
			ends(t, h, arn)
			done := false
			s.before = func(space kv.Space) {
				if space != record.SpaceBlob || done {
					return
				}
				done = true
				if err := h.DeleteExecution(context.Background(), arn); err != nil {
					t.Error(err)
				}
				if anew {
					start(t, h, m, "n", strings.ReplaceAll(input, "p", "q"))
				}
			}
			x, err := h.DescribeExecution(t.Context(), arn)
			if !done || !anew && code(err) != "ExecutionDoesNotExist" || anew && (err != nil || x.Input.Text() != strings.ReplaceAll(input, "p", "q")) {
				t.Errorf("%v %s", err, x.Input.Text())
			}
		})
	}
}

// TestCrashInADeletion cuts the power at every point of the deletion of an execution
// with a Map Run: at the next start it is whole or gone to the last row, and gone where
// that was answered.
func TestCrashInADeletion(t *testing.T) {
	cuts, halves := 0, 0
	for point := 1; ; point++ {
		crashed := false
		synctest.Test(t, func(t *testing.T) {
			d := &memDisk{}
			inner, err := d.open(func() {})
			if err != nil {
				t.Fatal(err)
			}
			h := host(t, inner, nil, searchable)
			m := create(t, h, "m", distributedMap(`"ItemsPath":"$.items"`, passItem))
			arn := start(t, h, m, "canary", `{"sku":"canary","items":[1,2,3]}`)
			ends(t, h, arn)
			run := theRun(t, h, arn).ARN
			shut(t, h)
			d.crash(100, 1)
			d.next()

			if inner, err = d.open(func() {}); err != nil {
				t.Fatal(err)
			}
			var store *kvtest.Store
			armed, from := false, 0
			store = kvtest.Intercept(inner, func(p kvtest.Point) {
				if armed && p.N-from == point {
					crashed = true
					store.Cut()
					d.crash(point%3*50, uint64(point))
				}
			})
			h = host(t, store, nil, searchable, func(c *Config) { c.Fatal = func(error) {} })
			synctest.Wait()
			time.Sleep(time.Second)
			armed, from = true, store.Points()
			deleted := h.DeleteExecution(t.Context(), arn)
			armed = false
			_ = h.Close(context.Background())
			if !crashed {
				d.crash(100, 1)
			}
			d.next()

			if inner, err = d.open(func() {}); err != nil {
				t.Fatal(err)
			}
			marked := rows(t, inner, record.SpaceErasing) > 0
			h = host(t, inner, nil, searchable)
			time.Sleep(time.Minute) // what was begun is gone on with
			_, err = h.DescribeExecution(t.Context(), arn)
			switch {
			case code(err) == "ExecutionDoesNotExist":
				if found := left(t, inner, record.IDOf(arn), "canary"); len(found) > 0 {
					t.Errorf("point %d: left %v", point, found)
				}
				if found := left(t, inner, record.IDOf(run), run); len(found) > 0 {
					t.Errorf("point %d: left of the run %v", point, found)
				}
				if marked {
					halves++
				}
			case err != nil || deleted == nil || marked:
				t.Errorf("point %d: it is there (%v), marked %t, and its deletion was answered %v", point, err, marked, deleted)
			default:
				if n := len(children(t, h, run, "")); n != 3 || describe(t, h, arn).Output.Text() != "[1,2,3]" {
					t.Errorf("point %d: %d children are left", point, n)
				}
			}
			shut(t, h)
			d.crash(100, 1)
			d.next()
			d.end()
		})
		if !crashed {
			break
		}
		cuts++
	}
	t.Logf("%d cuts, %d of them in the middle", cuts, halves)
	if cuts < 30 || halves < 5 {
		t.Errorf("only %d cuts, %d in the middle", cuts, halves)
	}
}

// TestHalfADeletionIsNotRedriven: from its first group on nothing but the deletion goes on.
func TestHalfADeletionIsNotRedriven(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, func(_ context.Context, _ sfn.TaskCall, done func(sfn.TaskResult)) {
			done(sfn.TaskResult{Error: "No", Definite: true})
		})
		m := create(t, h, "m", distributedMap("", taskItem))
		arn := start(t, h, m, "n", `[1,2]`)
		if x := ends(t, h, arn); x.Status != sfn.Failed {
			t.Fatal(x.Status)
		}
		s := h.shardOf(record.IDOf(arn))
		if _, err := ask(t.Context(), s, func(reply func(bool, error)) { s.beginErase(arn, reply) }); err != nil {
			t.Fatal(err)
		}
		check := func(h *Host) {
			if _, err := h.RedriveExecution(t.Context(), arn, ""); code(err) != "ExecutionNotRedrivable" || !strings.Contains(err.Error(), "being deleted") {
				t.Errorf("%v", err)
			}
		}
		check(h)
		ask(t.Context(), s, func(reply func(bool, error)) { s.cache.Remove(record.IDOf(arn)); reply(true, nil) })
		check(h) // also where only the store knows
		if err := h.DeleteExecution(t.Context(), arn); err != nil {
			t.Error(err)
		}
		if n := len(left(t, store, record.IDOf(arn), arn)); n > 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
