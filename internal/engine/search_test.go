package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"stile/internal/engine/record"
	"stile/internal/engine/visibility"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonpath"
	"stile/jsonval"
)

// searchable declares the fields sku and color of the input and total of the output.
func searchable(c *Config) {
	place := func(path string) *jsonpath.Reference {
		r, err := jsonpath.CompileReference(path)
		if err != nil {
			panic(err)
		}
		return r
	}
	fields := visibility.Fields{{Name: "sku", Path: place("$.sku")}, {Name: "color", Path: place("$.color")}, {Name: "total", Output: true, Path: place("$.total")}}
	c.Fields = func(string) visibility.Fields { return fields }
}

// searchFlow ends, waits, fails, or tries a Task that its worker refuses.
const searchFlow = `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.kind","StringEquals":"wait","Next":"W"},
 {"Variable":"$.kind","StringEquals":"fail","Next":"F"},{"Variable":"$.kind","StringEquals":"retry","Next":"T"}],"Default":"P"},
 "P":{"Type":"Pass","Parameters":{"total.$":"$.n","of.$":"$.sku"},"End":true},"W":{"Type":"Wait","Seconds":90000000,"Next":"P"},"F":{"Type":"Fail","Error":"No"},
 "T":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":1000000,"MaxAttempts":3}],"End":true}}}`

// untimed is a test without a deadline, which rapid must not ask for in a bubble.
type untimed struct{ rapid.TB }

// busy refuses Tasks: with a denial for limits, or without one.
func busy(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	r := sfn.TaskResult{Error: "Busy", Definite: true}
	if strings.Contains(c.ExecutionName, "limit") {
		r.Call = jsonval.MustParse(`{"verdict":{"policy":"rate-limit","status":429,"reason":"RateLimit"}}`)
	}
	done(r)
}

// same compares a listing with the executions that a filter leaves of all.
func same(t *rapid.T, h *Host, in sfn.ListExecutions, all []sfn.Execution, known map[string]jsonval.Value) {
	var want []string
	for _, x := range all {
		input := known[x.Name]
		ok := (in.StateMachineARN == "" || in.StateMachineARN == x.StateMachineARN || in.StateMachineARN == x.VersionARN) && (in.Status == "" || in.Status == x.Status) &&
			(in.Health == "" || in.Health == x.Health.Status) && (in.From.IsZero() || !x.StartDate.Before(in.From)) &&
			(in.To.IsZero() || x.StartDate.Before(in.To)) && (in.Redriven == nil || *in.Redriven == (x.RedriveCount > 0))
		for name, text := range in.Fields {
			v := input.Get(name)
			if name == "total" {
				if v = input.Get("n"); x.Status != sfn.Succeeded {
					v = jsonval.Value{}
				}
			}
			ok = ok && v.Exists() && v.Text() == text
		}
		if ok {
			want = append(want, x.Name)
		}
	}
	var got []string
	for first := true; first || in.Token != ""; first = false {
		list, next, err := h.ListExecutions(context.Background(), in)
		if err != nil {
			t.Fatalf("%+v: %v", in, err)
		}
		if next != "" && len(list) != in.Max {
			t.Fatalf("%+v: a page of %d", in, len(list))
		}
		for _, x := range list {
			got = append(got, x.Name)
		}
		in.Token = next
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%+v:\n got %v\nwant %v", in, got, want)
	}
}

// TestAnyCombinationOfFilters: a listing by indexes is the same as a filter over all
// executions, page by page.
func TestAnyCombinationOfFilters(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, busy, searchable)
		machines := []string{create(t, h, "a", searchFlow), create(t, h, "b", searchFlow)}
		v, err := h.PublishStateMachineVersion(t.Context(), sfn.NewVersion{StateMachineARN: machines[0]})
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]jsonval.Value{}
		begin := time.Now()
		kinds := []string{"end", "wait", "fail", "retry", "retry"}
		for i := range 160 {
			if i%3 == 0 {
				time.Sleep(time.Second)
			}
			kind, m := kinds[i%7%5], machines[i%2]
			if i%10 == 0 {
				m = v.ARN
			}
			name := fmt.Sprintf("%s-%d", kind, i)
			if kind == "retry" && i%4 == 0 {
				name = "limit" + name
			}
			text := fmt.Sprintf(`{"kind":%q,"n":%d,"sku":"sku-%d","color":%s}`, kind, i%4, i%3, []string{`"red"`, `null`, `["red"]`, `true`}[i%11%4])
			known[name] = jsonval.MustParse(text)
			start(t, h, m, name, text)
		}
		synctest.Wait()
		all, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{Page: sfn.Page{Max: 1000}})
		if err != nil || len(all) != 160 {
			t.Fatalf("%d, %v", len(all), err)
		}
		for i, x := range all[:40] {
			if x.Status == sfn.Failed && i%2 == 0 {
				if _, err := h.RedriveExecution(t.Context(), x.ARN, ""); err != nil {
					t.Fatal(err)
				}
			}
			if x.Waiting == "retry" && i%5 == 0 {
				if _, err := h.StopExecution(t.Context(), x.ARN, "", ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		if all, _, err = h.ListExecutions(t.Context(), sfn.ListExecutions{Page: sfn.Page{Max: 1000}}); err != nil {
			t.Fatal(err)
		}
		seen := map[sfn.HealthStatus]int{}
		for _, x := range all {
			seen[x.Health.Status]++
		}
		if seen[sfn.Retrying] == 0 || seen[sfn.Waiting] == 0 || seen[""] == 0 || rows(t, store, record.SpaceTrouble) != seen[sfn.Retrying]+seen[sfn.Throttled]+seen[sfn.Stuck]+seen[sfn.NeedsAction] {
			t.Fatalf("%v, %d rows of trouble", seen, rows(t, store, record.SpaceTrouble))
		}
		rapid.Check(untimed{t}, func(t *rapid.T) {
			in := sfn.ListExecutions{Page: sfn.Page{Max: rapid.SampledFrom([]int{1, 3, 50, 200}).Draw(t, "size")}}
			in.StateMachineARN = rapid.SampledFrom([]string{"", machines[0], machines[1], v.ARN}).Draw(t, "machine")
			in.Status = rapid.SampledFrom([]string{"", "", sfn.Running, sfn.Succeeded, sfn.Failed, sfn.Aborted}).Draw(t, "status")
			in.Health = rapid.SampledFrom([]sfn.HealthStatus{"", "", sfn.Healthy, sfn.Waiting, sfn.Retrying, sfn.Throttled, sfn.Stuck}).Draw(t, "health")
			moment := rapid.Custom(func(t *rapid.T) time.Time {
				if rapid.Bool().Draw(t, "open") {
					return time.Time{}
				}
				return begin.Add(time.Duration(rapid.IntRange(-2, 60).Draw(t, "s"))*time.Second + time.Duration(rapid.IntRange(-1, 1).Draw(t, "ns")))
			})
			in.From, in.To = moment.Draw(t, "from"), moment.Draw(t, "to")
			if rapid.IntRange(0, 3).Draw(t, "redriven") == 0 {
				redriven := rapid.Bool().Draw(t, "was")
				in.Redriven = &redriven
			}
			if in.StateMachineARN != "" {
				in.Fields = map[string]string{}
				for _, values := range [][]string{{"sku", "", `"sku-1"`, `"sku-2"`, `"sku-9"`}, {"color", "", "", `"red"`, "null", "true"}, {"total", "", "", "1", "2", "3"}} {
					if text := rapid.SampledFrom(values[1:]).Draw(t, values[0]); text != "" {
						in.Fields[values[0]] = text
					}
				}
			}
			same(t, h, in, all, known)
		})
	})
}

func TestSearchRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil, searchable)
		m := create(t, h, "a", searchFlow)
		for want, in := range map[string]sfn.ListExecutions{
			"a search by fields names the state machine":             {Fields: map[string]string{"sku": "1"}},
			"no field skew is indexed; there are: color, sku, total": {StateMachineARN: m, Fields: map[string]string{"skew": "1"}},
		} {
			if _, _, err := h.ListExecutions(t.Context(), in); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
		// A page's token opens for another bound of time, and for no other field.
		for i := range 5 {
			start(t, h, m, fmt.Sprint(i), `{"kind":"end","n":1,"sku":"a"}`)
			time.Sleep(time.Minute)
		}
		in := sfn.ListExecutions{StateMachineARN: m, Fields: map[string]string{"sku": `"a"`}, From: time.Now().Add(-time.Hour), Page: sfn.Page{Max: 2}}
		_, next, err := h.ListExecutions(t.Context(), in)
		if err != nil || next == "" {
			t.Fatal(next, err)
		}
		in.Token, in.From, in.Max = next, time.Now().Add(-4*time.Minute-time.Second), 10
		if list, _, err := h.ListExecutions(t.Context(), in); err != nil || len(list) != 2 {
			t.Errorf("%d, %v: the bound has moved over the first one", len(list), err)
		}
		in.Fields = map[string]string{"sku": `"b"`}
		if _, _, err := h.ListExecutions(t.Context(), in); code(err) != "InvalidToken" {
			t.Errorf("another field: %v", err)
		}
	})
}

// TestPagesUnderWork: while executions start and end, pages that are read one after
// another hold each execution that was there from the first to the last page once.
func TestPagesUnderWork(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, &slowStore{Store: store}, nil, searchable)
		m := create(t, h, "m", strings.Replace(searchFlow, "90000000", "5", 1))
		stable := map[string]bool{}
		for i := range 60 {
			name := fmt.Sprint("stable", i)
			stable[name] = true
			start(t, h, m, name, fmt.Sprintf(`{"kind":"end","n":%d,"sku":"x"}`, i))
			time.Sleep(7 * time.Millisecond)
		}
		stop := make(chan struct{})
		var work sync.WaitGroup
		for w := range 4 {
			work.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					case <-time.After(3 * time.Millisecond):
					}
					_, _ = h.StartExecution(context.Background(), sfn.Start{StateMachineARN: m, Name: fmt.Sprintf("w%d-%d", w, i),
						Input: jsonval.MustParse(`{"kind":"wait","n":1,"sku":"x"}`)})
				}
			})
		}
		for _, in := range []sfn.ListExecutions{{}, {StateMachineARN: m}, {StateMachineARN: m, Fields: map[string]string{"sku": `"x"`}},
			{Status: sfn.Succeeded}, {To: time.Now()}} {
			in.Max = 3
			seen := map[string]bool{}
			for first := true; first || in.Token != ""; first = false {
				list, next, err := h.ListExecutions(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range list {
					if seen[x.Name] {
						t.Fatalf("%s stands on two pages", x.Name)
					}
					seen[x.Name] = true
				}
				in.Token = next
				time.Sleep(time.Millisecond)
			}
			for name := range maps.Keys(stable) {
				if !seen[name] {
					t.Errorf("%+v: %s is missing", in, name)
				}
			}
		}
		close(stop)
		work.Wait()
	})
}

// TestALaterFieldCoversLaterExecutions, and what was indexed goes with its execution
// though the declaration is another.
func TestALaterFieldCoversLaterExecutions(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var cfg Config
		searchable(&cfg)
		declared := visibility.Fields{}
		h := host(t, store, nil, func(c *Config) { c.Fields = func(string) visibility.Fields { return declared } })
		m := create(t, h, "m", searchFlow)
		start(t, h, m, "early", `{"kind":"end","n":1,"sku":"x"}`)
		declared = cfg.Fields("")
		late := start(t, h, m, "late", `{"kind":"end","n":1,"sku":"x"}`)
		in := sfn.ListExecutions{StateMachineARN: m, Fields: map[string]string{"sku": `"x"`}, Page: sfn.Page{Max: 10}}
		if got := pages(t, h, in); !slices.Equal(got, []string{"late"}) {
			t.Errorf("%v", got)
		}
		in.Fields = map[string]string{"sku": `"x"`, "total": "1"}
		if got := pages(t, h, in); !slices.Equal(got, []string{"late"}) {
			t.Errorf("by input and output: %v", got)
		}
		declared = nil
		if err := h.DeleteExecution(t.Context(), late); err != nil || rows(t, store, record.SpaceByField) != 0 {
			t.Errorf("%v, %d rows are left", err, rows(t, store, record.SpaceByField))
		}
	})
}
