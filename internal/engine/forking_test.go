package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

const forkDefinition = `{"StartAt":"Reserve","States":{
	"Reserve":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","ResultPath":"$.reserved","Next":"Rest"},
	"Rest":{"Type":"Wait","Seconds":86400,"Next":"Each"},
	"Each":{"Type":"Map","ItemsPath":"$.items","ItemProcessor":{"StartAt":"One","States":{"One":` + taskState + `}},"ResultPath":"$.each","Next":"Amount"},
	"Amount":{"Type":"Choice","Choices":[{"Variable":"$.amount","NumericGreaterThan":500,"Next":"Approve"}],"Default":"Charge"},
	"Approve":{"Type":"Task","Resource":"arn:aws:states:::http:invoke.waitForTaskToken","ResultPath":"$.approved","Next":"Charge"},
	"Charge":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Retry":[{"ErrorEquals":["Later"],"IntervalSeconds":5}],"ResultPath":"$.charged","Next":"Ship"},
	"Ship":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}}}`

// shop answers tasks, counts them by state, and keeps what they were asked.
type shop struct {
	mu    sync.Mutex
	calls map[string]int
	asked map[string]string
	fails map[string]string
}

func (s *shop) start(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	s.mu.Lock()
	s.calls[c.State]++
	s.asked[c.State] = c.Parameters.Text()
	failed := s.fails[c.State]
	if failed == "Later" && s.calls[c.State] > 1 {
		failed = ""
	}
	n := s.calls[c.State]
	if c.State == "One" {
		item, _ := c.Parameters.Int() // items come in any order
		n = int(item)
	}
	s.mu.Unlock()
	switch {
	case failed != "":
		done(sfn.TaskResult{Error: failed, Cause: "no", Definite: true})
	case strings.HasSuffix(c.Resource, "waitForTaskToken"):
		done(sfn.TaskResult{Submitted: true})
	default:
		done(sfn.TaskResult{Output: jsonval.MustParse(fmt.Sprintf(`{"by":%q,"n":%d}`, c.State, n)), Definite: true})
	}
}

func (s *shop) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, v := range s.calls {
		out[k] = v
	}
	return out
}

// TestFork repeats an execution that failed, over a wait of a day, a Map and a retry
// of its own, and goes on live from the state that failed.
func TestFork(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		s := &shop{calls: map[string]int{}, asked: map[string]string{}, fails: map[string]string{"Ship": "Broken"}}
		h := host(t, store, s.start)
		m := create(t, h, "order", forkDefinition)
		pad := strings.Repeat("p", 900) // a blob
		source := start(t, h, m, "source", `{"amount":100,"items":[1,2,3],"pad":"`+pad+`"}`)
		if x := ends(t, h, source); x.Status != sfn.Failed {
			t.Fatalf("%+v", x)
		}
		before := s.counts()
		s.mu.Lock()
		s.fails = nil
		s.mu.Unlock()
		began := h.clock.Now()
		f, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: source, Name: "fork", At: "Charge", Set: jsonval.MustParse(`{"amount":1,"note":"x"}`)})
		if err != nil {
			t.Fatal(err)
		}
		x := ends(t, h, f.ExecutionARN)
		synctest.Wait()
		if x.Status != sfn.Succeeded || x.ForkedFrom != source || x.ForkedAt != "Charge" {
			t.Errorf("%+v", x)
		}
		if took := h.clock.Now().Sub(began); took.Hours() > 1 {
			t.Errorf("the fork waited for %s", took)
		}
		now := s.counts()
		for state, n := range map[string]int{"Reserve": 0, "One": 0, "Charge": 1, "Ship": 1} {
			if now[state]-before[state] != n {
				t.Errorf("%s was called %d times by the fork, want %d", state, now[state]-before[state], n)
			}
		}
		if asked := jsonval.MustParse(s.asked["Charge"]); asked.Get("amount").Text() != "1" || asked.Get("note").Text() != `"x"` ||
			asked.Get("pad").Text() != `"`+pad+`"` || asked.Get("each").Text() != `[{"by":"One","n":1},{"by":"One","n":2},{"by":"One","n":3}]` {
			t.Errorf("Charge was asked %s", asked)
		}
		// Up to where it went on by itself, its history is the source's but for times.
		_, was, err := history(h, source)
		if err != nil {
			t.Fatal(err)
		}
		_, is, err := history(h, f.ExecutionARN)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(was[:24], is[:24]); diff != "" {
			t.Errorf("histories: %s", diff)
		}
		// A fork can be forked, and finds its way after a restart.
		second, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: f.ExecutionARN, Name: "second", At: "Ship"})
		if err != nil {
			t.Fatal(err)
		}
		if x := ends(t, h, second.ExecutionARN); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}

// TestForkRefusals: states that were not entered, other ways, names that are taken.
func TestForkRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		s := &shop{calls: map[string]int{}, asked: map[string]string{}}
		h := host(t, store, s.start)
		m := create(t, h, "order", forkDefinition)
		source := start(t, h, m, "source", `{"amount":100,"items":[1]}`)
		ends(t, h, source)
		synctest.Wait()
		calls := s.counts()
		for _, c := range []struct {
			fork sfn.Fork
			code string
		}{
			{sfn.Fork{At: "Approve"}, "ConflictException"},
			{sfn.Fork{At: "Nowhere"}, "ConflictException"},
			{sfn.Fork{At: "Charge", Input: jsonval.MustParse(`{"amount":900,"items":[1]}`)}, "ConflictException"},
			{sfn.Fork{At: "Charge", Input: jsonval.MustParse(`{"amount":100,"items":[1,2]}`)}, "ConflictException"},
			{sfn.Fork{At: "Charge", Name: "source"}, "ExecutionAlreadyExists"},
			{sfn.Fork{ExecutionARN: sfn.ExecutionARN(region, account, "order", "none"), At: "Charge"}, "ExecutionDoesNotExist"},
		} {
			if c.fork.ExecutionARN == "" {
				c.fork.ExecutionARN = source
			}
			_, err := h.ForkExecution(t.Context(), c.fork)
			if got := code(err); got != c.code {
				t.Errorf("%+v: %v", c.fork, err)
			}
		}
		synctest.Wait()
		if diff := cmp.Diff(calls, s.counts()); diff != "" {
			t.Errorf("a refused fork called: %s", diff)
		}
		// Another input that comes the same way.
		f, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: source, At: "Charge", Input: jsonval.MustParse(`{"amount":200,"items":[7]}`)})
		if err != nil {
			t.Fatal(err)
		}
		if x := ends(t, h, f.ExecutionARN); x.Status != sfn.Succeeded || x.Input.Get("amount").Text() != "200" {
			t.Errorf("%+v", x)
		}
		// From the beginning.
		if f, err = h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: source}); err != nil {
			t.Fatal(err)
		}
		if x := describe(t, h, f.ExecutionARN); x.Status != sfn.Running && x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}

// TestForkAtAToken: a fork of an execution that waits for a token has a token of its own.
func TestForkAtAToken(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		s := &shop{calls: map[string]int{}, asked: map[string]string{}, fails: map[string]string{"Charge": "Later"}}
		h := host(t, store, s.start)
		m := create(t, h, "order", forkDefinition)
		source := start(t, h, m, "source", `{"amount":900,"items":[]}`)
		c, stop := h.Watch(source)
		defer stop()
		for n := range c {
			if n.State == "Approve" {
				break
			}
		}
		synctest.Wait()
		f, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: source, Name: "fork", At: "Approve"})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		open, err := h.OpenTokens(t.Context())
		if err != nil || len(open) != 2 || open[0].TaskToken == open[1].TaskToken {
			t.Fatalf("%+v, %v", open, err)
		}
		for _, o := range open {
			if o.ExecutionARN != f.ExecutionARN {
				continue
			}
			if err := h.SendTaskSuccess(t.Context(), o.TaskToken, jsonval.MustParse(`{"ok":true}`)); err != nil {
				t.Fatal(err)
			}
		}
		if x := ends(t, h, f.ExecutionARN); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
		if x := describe(t, h, source); x.Status != sfn.Running || x.State != "Approve" {
			t.Errorf("the source is %+v", x)
		}
	})
}
