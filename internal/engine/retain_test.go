package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/engine/record"
	"stile/internal/engine/visibility"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

const days = 24 * time.Hour

func retaining(r visibility.Retention) func(*Config) {
	return func(c *Config) { c.Retention = func() visibility.Retention { return r } }
}

// rule is a retention that a test changes under a host that runs.
type rule struct {
	now atomic.Pointer[visibility.Retention]
}

func (r *rule) set(now visibility.Retention) { r.now.Store(&now) }

func (r *rule) retaining(c *Config) {
	c.Retention = func() visibility.Retention { return *r.now.Load() }
}

// TestRetentionOverAYear starts executions all year, with restarts between: what has
// ended is there as long as it is to be, and no longer; what is open stays.
func TestRetentionOverAYear(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		r := visibility.Retention{Executions: 90 * days, History: 30 * days}
		h := host(t, store, nil, retaining(r), searchable)
		quick := create(t, h, "quick", state(passState))
		long := create(t, h, "long", state(waitState(40*24*3600)))
		mapped := create(t, h, "maps", distributedMap(`"ItemsPath":"$.items"`, taskItem))
		forever := start(t, h, create(t, h, "forever", state(waitState(90_000_000))), "one", `{}`)
		type kept struct {
			arn string
			end time.Time
		}
		var all []kept
		for day := range 365 {
			now := time.Now()
			input := `{"sku":"x","items":[1,2],"pad":"` + strings.Repeat("p", 300) + `"}`
			if day%3 == 0 {
				all = append(all, kept{start(t, h, quick, fmt.Sprint("q", day), input), now})
			}
			if day%20 == 0 {
				all = append(all, kept{start(t, h, long, fmt.Sprint("l", day), input), now.Add(40 * days)})
				all = append(all, kept{start(t, h, mapped, fmt.Sprint("m", day), input), now})
			}
			if day%50 == 49 {
				shut(t, h)
				h = host(t, store, nil, retaining(r), searchable)
			}
			time.Sleep(24*time.Hour - time.Since(now))
			for _, x := range all {
				if day%30 != 0 && time.Since(x.end).Abs()%days > 2*time.Hour {
					continue
				}
				age := time.Since(x.end)
				got, err := h.DescribeExecution(t.Context(), x.arn)
				if gone := code(err) == "ExecutionDoesNotExist"; age > r.Executions+2*time.Hour && !gone || age < r.Executions && err != nil {
					t.Fatalf("day %d: %s, ended %v ago: %v", day, x.arn, age, err)
				} else if gone {
					continue
				}
				lines, _, err := history(h, x.arn)
				if err != nil || got.HistoryDropped != (len(lines) == 0) || age > r.History+2*time.Hour && len(lines) > 0 || age < r.History && len(lines) == 0 {
					t.Fatalf("day %d: %s, ended %v ago, has %d events, %v", day, x.arn, age, len(lines), err)
				}
				if strings.HasPrefix(got.Name, "m") {
					for _, child := range children(t, h, theRun(t, h, x.arn).ARN, "") {
						if lines, _, err := history(h, child.ARN); err != nil || child.HistoryDropped != got.HistoryDropped || child.HistoryDropped != (len(lines) == 0) {
							t.Fatalf("day %d: a child has %d events, %v", day, len(lines), err)
						}
					}
				}
				if !strings.Contains(got.Input.Text(), `"sku"`) || got.Status == sfn.Succeeded && got.Output.Text() == "" {
					t.Fatalf("its payloads are gone: %+v", got)
				}
			}
		}
		if x := describe(t, h, forever); x.Status != sfn.Running {
			t.Errorf("the open one: %+v", x)
		}
		time.Sleep(200 * days)
		synctest.Wait()
		for _, space := range []kv.Space{record.SpaceJournal, record.SpaceHistory, record.SpaceExecution} {
			ids := map[string]bool{}
			if err := store.Iterate(space, kv.Range{}, func(k, _ []byte) bool { ids[string(k[:16])] = true; return true }); err != nil {
				t.Fatal(err)
			}
			if id := record.IDOf(forever); len(ids) != 1 || !ids[string(id[:])] {
				t.Errorf("space %#x holds %d executions after all", byte(space), len(ids))
			}
		}
		for _, space := range []kv.Space{record.SpaceByEnd, record.SpaceByField, record.SpaceTrouble, record.SpaceByMapRun, record.SpaceMapRun, record.SpaceErasing, record.SpaceCall} {
			if n := rows(t, store, space); n != 0 {
				t.Errorf("space %#x has %d rows after all", byte(space), n)
			}
		}
	})
}

// TestATrimmedExecution shows what it was, and is not redriven.
func TestATrimmedExecution(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		r := visibility.Retention{History: time.Hour}
		h := host(t, store, nil, retaining(r))
		m := create(t, h, "m", `{"StartAt":"T","States":{"T":`+strings.Replace(taskState, `"End":true`, `"ResultPath":"$.more","Next":"F"`, 1)+`,"F":{"Type":"Fail","Error":"No","Cause":"why"}}}`)
		input := `{"pad":"` + strings.Repeat("secret", 100) + `"}`
		arn := start(t, h, m, "n", input)
		ends(t, h, arn)
		before := describe(t, h, arn)
		if before.RedriveStatus != sfn.Redrivable {
			t.Fatal(before.RedriveReason)
		}
		time.Sleep(2 * time.Hour)
		x := describe(t, h, arn)
		if !x.HistoryDropped || x.Input.Text() != input || x.Status != sfn.Failed || *x.Error != "No" || !x.StopDate.Equal(before.StopDate) {
			t.Errorf("%+v", x)
		}
		if x.RedriveStatus != sfn.NotRedrivable || x.RedriveReason != "Execution redrivable period exceeded" {
			t.Errorf("%s %s", x.RedriveStatus, x.RedriveReason)
		}
		if _, err := h.RedriveExecution(t.Context(), arn, ""); code(err) != "ExecutionNotRedrivable" {
			t.Errorf("%v", err)
		}
		events, next, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn})
		if len(events) != 0 || next != "" || err != nil {
			t.Errorf("%v %q %v", events, next, err)
		}
		if calls, err := h.Calls(t.Context(), arn); len(calls) != 0 || err != nil {
			t.Errorf("%v %v", calls, err)
		}
		if n := rows(t, store, record.SpaceBlob); n != 1 {
			t.Errorf("%d blobs are left, want the input's", n)
		}
		for _, space := range []kv.Space{record.SpaceFrame, record.SpaceJournal, record.SpaceHistory, record.SpaceCall} {
			if n := rows(t, store, space); n != 0 {
				t.Errorf("space %#x has %d rows", byte(space), n)
			}
		}
		if _, err := h.StartExecution(t.Context(), sfn.Start{StateMachineARN: m, Name: "n"}); code(err) != "ExecutionAlreadyExists" {
			t.Errorf("its name is free: %v", err)
		}
	})
}

// TestARedriveTakesTheRowByEnd: what runs again is not deleted by the age of an end that
// was none, and a new end counts anew.
func TestARedriveTakesTheRowByEnd(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		r := visibility.Retention{Executions: 10 * time.Hour}
		h := host(t, store, nil, retaining(r))
		arn := start(t, h, create(t, h, "m", `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":36000,"End":true}}}`), "n", `{}`)
		if _, err := h.StopExecution(t.Context(), arn, "", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Hour)
		if n := rows(t, store, record.SpaceByEnd); n != 1 {
			t.Errorf("%d rows", n)
		}
		if _, err := h.RedriveExecution(t.Context(), arn, ""); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, store, record.SpaceByEnd); n != 0 {
			t.Errorf("%d rows of one that runs", n)
		}
		ends(t, h, arn)
		time.Sleep(9 * time.Hour)
		if x := describe(t, h, arn); x.Status != sfn.Succeeded || rows(t, store, record.SpaceByEnd) != 1 {
			t.Errorf("%s, %d rows", x.Status, rows(t, store, record.SpaceByEnd))
		}
		time.Sleep(3 * time.Hour)
		if _, err := h.DescribeExecution(t.Context(), arn); code(err) != "ExecutionDoesNotExist" {
			t.Errorf("%v", err)
		}
	})
}

// TestOlderExecutionsGetTheirRows: a folder from before there were rows by end and by
// trouble gets them once, whatever happens to the executions meanwhile.
func TestOlderExecutionsGetTheirRows(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, busy, searchable)
		m := create(t, h, "m", searchFlow)
		for i := range 300 {
			start(t, h, m, fmt.Sprint(i), fmt.Sprintf(`{"kind":%q,"n":1}`, []string{"end", "fail", "retry"}[i%3]))
		}
		shut(t, h)
		dump := func() map[kv.Space]map[string]string {
			out := map[kv.Space]map[string]string{}
			for _, space := range []kv.Space{record.SpaceByEnd, record.SpaceTrouble} {
				out[space] = map[string]string{}
				if err := store.Iterate(space, kv.Range{}, func(k, v []byte) bool { out[space][string(k)] = string(v); return true }); err != nil {
					t.Fatal(err)
				}
			}
			return out
		}
		whole := dump()
		if len(whole[record.SpaceByEnd]) != 200 || len(whole[record.SpaceTrouble]) != 100 {
			t.Fatalf("%d, %d", len(whole[record.SpaceByEnd]), len(whole[record.SpaceTrouble]))
		}
		old := []kv.Op{{Kind: kv.DeleteRange, Space: record.SpaceByEnd}, {Kind: kv.DeleteRange, Space: record.SpaceTrouble}, {Kind: kv.Delete, Space: record.SpaceMeta, Key: metaRows}}
		if err := commitNow(store, 1, old); err != nil {
			t.Fatal(err)
		}
		var r rule
		r.set(visibility.Retention{})
		h = host(t, store, busy, searchable, r.retaining)
		synctest.Wait()
		if got := dump(); !maps.Equal(got[record.SpaceByEnd], whole[record.SpaceByEnd]) || !maps.Equal(got[record.SpaceTrouble], whole[record.SpaceTrouble]) {
			t.Errorf("%d, %d rows", len(got[record.SpaceByEnd]), len(got[record.SpaceTrouble]))
		}
		if rows(t, store, record.SpaceMeta) == 0 {
			t.Error("that it is done is not remembered")
		}
		r.set(visibility.Retention{Executions: time.Hour})
		time.Sleep(3 * time.Hour)
		if n := len(pages(t, h, sfn.ListExecutions{Page: sfn.Page{Max: 1000}})); n != 100 {
			t.Errorf("%d are left", n)
		}
	})
}

// TestRetentionYields: while thousands are deleted, a start is answered in no more than a
// few groups.
func TestRetentionYields(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var r rule
		r.set(visibility.Retention{})
		slow := &slowStore{Store: store}
		h := host(t, slow, nil, r.retaining)
		m := create(t, h, "m", state(passState))
		var names []string
		for i := range 2000 {
			names = append(names, fmt.Sprint(i))
		}
		for some := range slices.Chunk(names, 100) {
			runAll(t, h, m, some)
		}
		time.Sleep(time.Hour)
		r.set(visibility.Retention{Executions: time.Minute})
		time.Sleep(visibility.Longest - time.Millisecond)
		worst := time.Duration(0)
		for i := 0; rows(t, store, record.SpaceByEnd) > 100 && i < 3000; i++ {
			at := time.Now()
			if _, err := h.StartExecution(context.Background(), sfn.Start{StateMachineARN: m, Name: fmt.Sprint("new", i)}); err != nil {
				t.Fatal(err)
			}
			worst = max(worst, time.Since(at))
		}
		if worst > 6*syncTime {
			t.Errorf("a start took %v beside the sweeper", worst)
		}
		time.Sleep(2 * time.Hour)
		if n := rows(t, store, record.SpaceExecution); n != 0 {
			t.Errorf("%d records are left", n)
		}
	})
}
