package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/engine/watch"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// pages reads a listing to its end.
func pages(t *testing.T, h *Host, in sfn.ListExecutions) (names []string) {
	t.Helper()
	for first := true; first || in.Token != ""; first = false {
		list, next, err := h.ListExecutions(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if next != "" && len(list) != in.Max {
			t.Errorf("a page of %d, asked for %d", len(list), in.Max)
		}
		for _, x := range list {
			names = append(names, x.Name)
		}
		in.Token = next
	}
	return names
}

func TestListExecutions(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		a, b := create(t, h, "a", state(passState)), create(t, h, "b", state(waitState(1000)))
		var all, ofB []string
		for i := range 9 {
			time.Sleep(time.Second)
			m, name := a, fmt.Sprint("x", i)
			if i%3 == 0 {
				m, ofB = b, append(ofB, name)
			}
			start(t, h, m, name, "{}")
			all = append(all, name)
		}
		slices.Reverse(all)
		slices.Reverse(ofB)
		for _, c := range []struct {
			in   sfn.ListExecutions
			want []string
		}{
			{sfn.ListExecutions{}, all},
			{sfn.ListExecutions{StateMachineARN: b}, ofB},
			{sfn.ListExecutions{Status: sfn.Running}, ofB},
			{sfn.ListExecutions{StateMachineARN: a, Status: sfn.Running}, nil},
			{sfn.ListExecutions{StateMachineARN: b, Status: sfn.Running}, ofB},
		} {
			for _, size := range []int{1, 2, 100} {
				c.in.Max = size
				if got := pages(t, h, c.in); !slices.Equal(got, c.want) {
					t.Errorf("%+v: got %v, want %v", c.in, got, c.want)
				}
			}
		}
		list, next, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: b, Page: sfn.Page{Max: 1}})
		if err != nil || list[0].State != "A" || list[0].Waiting != "timer" || list[0].Status != sfn.Running {
			t.Errorf("%+v, %v", list, err)
		}
		for _, in := range []sfn.ListExecutions{
			{StateMachineARN: a, Page: sfn.Page{Token: next}}, {Page: sfn.Page{Token: next}},
			{StateMachineARN: b, Status: sfn.Running, Page: sfn.Page{Token: next}}, {StateMachineARN: b, Page: sfn.Page{Token: next + "A"}},
		} {
			if _, _, err := h.ListExecutions(t.Context(), in); code(err) != "InvalidToken" {
				t.Errorf("the token of another listing opens: %+v, %v", in, err)
			}
		}
		if _, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: a + "x"}); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("no machine: %v", err)
		}
	})
}

func TestHistoryPages(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		big := `{"pad":"` + strings.Repeat("p", 5000) + `","items":[1,2,3,4,5]}`
		m := create(t, h, "m", `{"StartAt":"P","States":{"P":{"Type":"Pass","Next":"M"},
			"M":{"Type":"Map","ItemsPath":"$.items","Next":"T","ResultPath":"$.out","ItemProcessor":{"StartAt":"I","States":{"I":`+taskState+`}}},"T":`+taskState+`}}`)
		arn := start(t, h, m, "n", big)
		ends(t, h, arn)
		read := func(size int, reverse bool) (lines []string) {
			in := sfn.HistoryPage{ExecutionARN: arn, Reverse: reverse, Page: sfn.Page{Max: size}}
			for first := true; first || in.Token != ""; first = false {
				events, next, err := h.GetExecutionHistory(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				if len(events) == 0 || len(events) > size {
					t.Fatalf("a page of %d, asked for %d", len(events), size)
				}
				for _, e := range events {
					lines = append(lines, line(e))
				}
				in.Token = next
			}
			return lines
		}
		whole := read(1000, false)
		if len(whole) < 35 || !strings.Contains(whole[0], "in="+big) {
			t.Fatalf("%d events, first %s", len(whole), whole[0])
		}
		for size := 1; size < 12; size++ {
			forth, back := read(size, false), read(size, true)
			slices.Reverse(back)
			if !slices.Equal(forth, whole) || !slices.Equal(back, whole) {
				t.Errorf("pages of %d differ from the whole", size)
			}
		}
		if _, _, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn + "x"}); code(err) != "ExecutionDoesNotExist" {
			t.Errorf("none: %v", err)
		}
		_, next, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 2}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.GetExecutionHistory(t.Context(), sfn.HistoryPage{ExecutionARN: arn, Reverse: true, Page: sfn.Page{Token: next}}); code(err) != "InvalidToken" {
			t.Errorf("the other direction's token: %v", err)
		}
	})
}

func TestSideJournal(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			r := sfn.TaskResult{Call: jsonval.MustParse(fmt.Sprintf(`{"attempt":%d}`, c.Attempt)), Definite: true, Output: jsonval.TrueValue}
			if c.Attempt < 3 {
				r.Error = "Busy"
			}
			done(r)
		})
		m := create(t, h, "m", state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Retry":[{"ErrorEquals":["Busy"]}],"End":true}`))
		arn := start(t, h, m, "n", "{}")
		ends(t, h, arn)
		calls, err := h.Calls(t.Context(), arn)
		if err != nil || len(calls) != 3 {
			t.Fatalf("%+v, %v", calls, err)
		}
		for i, c := range calls {
			if c.State != "A" || c.Command != 1 || c.Attempt != uint32(i+1) || c.Send != uint32(i+1) || c.Call.Text() != fmt.Sprintf(`{"attempt":%d}`, i+1) {
				t.Errorf("call %d: %+v", i, c)
			}
		}
		if _, err := h.Calls(t.Context(), arn+"x"); code(err) != "ExecutionDoesNotExist" {
			t.Errorf("none: %v", err)
		}
	})
}

func TestWatch(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var observed atomic.Int64
		h := host(t, store, nil, func(c *Config) { c.Observe = func(sfn.Notice) { observed.Add(1) } })
		m := create(t, h, "m", state(waitState(1)))
		arn := sfn.ExecutionARN(region, account, "m", "n")
		one, stopOne := h.Watch(arn)
		all, stopAll := h.Watch("")
		slow, stopSlow := h.Watch("")
		defer stopSlow()
		start(t, h, m, "n", "{}")
		start(t, h, m, "other", "{}")
		var types []string
		for n := range one {
			for _, e := range n.Events {
				types = append(types, e.Type)
			}
			if n.Status != sfn.Running {
				break
			}
		}
		want := []string{"ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"}
		if !slices.Equal(types, want) {
			t.Errorf("%v", types)
		}
		time.Sleep(time.Minute)
		if len(all) != 4 || observed.Load() != 4 {
			t.Errorf("%d notices for all, %d observed", len(all), observed.Load())
		}
		stopOne()
		stopOne()
		if _, ok := <-one; ok {
			t.Error("a notice after the end of the watch")
		}
		stopAll()
		for i := range watch.Buffer {
			start(t, h, m, fmt.Sprint(i), "{}")
		}
		time.Sleep(time.Minute)
		n := 0
		for range slow {
			n++
		}
		if n != watch.Buffer {
			t.Errorf("a slow watcher got %d notices before it was cut off", n)
		}
		if h.watchers.Count() != 0 {
			t.Errorf("%d watchers left", h.watchers.Count())
		}
	})
}
