package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

const packARN = "arn:aws:states:us-east-1:111111111111:activity:pack"

// packDefinition has two Tasks of an activity. A worker whose answer got lost has the
// task all the same, so that a timeout and a Retry give it to another.
const packDefinition = `{"StartAt": "Pack", "States": {
  "Pack": {"Type": "Task", "Resource": "` + packARN + `", "TimeoutSeconds": 5, "ResultPath": "$.packed", "Next": "Each",
   "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 9}]},
  "Each": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.each", "Next": "Decide", "ItemProcessor": {"StartAt": "Wrap", "States": {
   "Wrap": {"Type": "Task", "Resource": "` + packARN + `", "TimeoutSeconds": 5, "End": true,
    "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 9}]}}}},
  "Decide": {"Type": "Choice", "Choices": [{"Variable": "$.amount", "NumericLessThan": 100, "Next": "Poor"}], "Default": "Done"},
  "Poor": {"Type": "Fail"}, "Done": {"Type": "Succeed"}}}`

// packers are the workers of the activity, who live over all crashes.
type packers struct {
	*world
	took     map[string]bool   // tokens that somebody was told to have
	accepted map[string]string // token → execution: answers that were accepted
}

func newPackers(seed uint64) *packers {
	p := &packers{world: newWorld(seed), took: map[string]bool{}, accepted: map[string]string{}}
	p.definition, p.worker, p.check = packDefinition, p.pack, p.compareTakes
	return p
}

// pack is a worker that a dispatched task is offered to, as long as that host lives.
func (p *packers) pack(ctx context.Context, c sfn.TaskCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.took[c.TaskToken] {
		p.fault("%s: attempt %d of %s was dispatched after a worker had it", c.ExecutionName, c.Attempt, c.State)
	}
	p.humans.Go(func() {
		time.Sleep(p.soon())
		h := p.current()
		if h == nil || ctx.Err() != nil {
			return
		}
		taken, err := h.TakeTask(context.Background(), c.TaskToken, "w-"+c.TaskToken)
		if err != nil || !taken {
			return
		}
		p.mu.Lock()
		if p.took[c.TaskToken] {
			p.fault("%s: attempt %d of %s was given twice", c.ExecutionName, c.Attempt, c.State)
		}
		p.took[c.TaskToken] = true
		p.mu.Unlock()
		for range 1000 {
			time.Sleep(time.Millisecond + p.soon())
			h := p.current()
			if h == nil {
				continue
			}
			err := h.SendTaskSuccess(context.Background(), c.TaskToken, jsonval.MustParse(`{"by":"packer"}`))
			var refused *sfn.Error
			switch {
			case err == nil:
				p.mu.Lock()
				p.accepted[c.TaskToken] = c.ExecutionARN
				p.mu.Unlock()
				return
			case errors.As(err, &refused) && strings.HasPrefix(refused.Code, "Task"):
				return // an answer that was lost ended it
			}
		}
	})
}

// compareTakes holds the histories against what workers were told.
func (p *packers) compareTakes(h *Host) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var text strings.Builder
	succeeded := map[string]int{}
	for _, o := range p.orders {
		arn := sfn.ExecutionARN(region, account, "order", o.name)
		in := sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}}
		events, _, err := h.GetExecutionHistory(context.Background(), in)
		if err != nil {
			return err
		}
		for _, e := range events {
			fmt.Fprintln(&text, e.Type, e.Details.WorkerName)
			if e.Type == "ActivitySucceeded" {
				succeeded[arn]++
			}
		}
	}
	for token := range p.took {
		if n := strings.Count(text.String(), "ActivityStarted w-"+token+"\n"); n != 1 {
			p.fault("a worker took a task of which the histories tell %d times", n)
		}
	}
	for _, arn := range p.accepted {
		if succeeded[arn]--; succeeded[arn] < 0 {
			p.fault("%s: an answer that was accepted is lost", arn)
		}
	}
	return nil
}

// TestTakesSurviveCrashes cuts the power at every store call of the opening's end and
// of what follows: nobody is given a task twice, and what a worker was given stands.
func TestTakesSurviveCrashes(t *testing.T) {
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hit := 0
			for n := 1; ; n++ {
				s := &tale{world: newPackers(uint64(n)).world, disk: open(false), plans: []blackout{{point: n, percent: n % 3 * 50, seed: uint64(n)}}}
				for _, b := range tell(t, s) {
					t.Errorf("crash at point %d: %s", n, b)
				}
				if s.crashes.Load() == 0 {
					break
				}
				hit += int(s.crashes.Load())
			}
			t.Logf("%d points hit, nothing given twice", hit)
			if hit < 300 {
				t.Errorf("only %d points", hit)
			}
		})
	}
}

// TestPlantedTakes shows that the same tale catches a take that is answered before it
// is durable.
func TestPlantedTakes(t *testing.T) {
	for n := 1; n < 900; n++ {
		s := &tale{world: newPackers(uint64(n)).world, disk: disks["memkv"](false), plant: plant{answerEarly: true}, plans: []blackout{{point: n}}}
		if bad := tell(t, s); slices.ContainsFunc(bad, func(b string) bool {
			return strings.Contains(b, "dispatched after") || strings.Contains(b, "given twice")
		}) {
			t.Logf("caught by a crash at point %d", n)
			return
		}
	}
	t.Error("no crash catches it")
}

// TestATaskIsTakenOnce, and not at all once nobody waits for it.
func TestATaskIsTakenOnce(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		calls := make(chan sfn.TaskCall, 10)
		tasks := workers(func(_ context.Context, c sfn.TaskCall, _ func(sfn.TaskResult)) { calls <- c })
		h := host(t, store, tasks)
		machine := create(t, h, "m", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"`+packARN+`","HeartbeatSeconds":10,"TimeoutSeconds":60,"End":true}}}`)
		arn := start(t, h, machine, "one", `{"a":1}`)
		first := <-calls
		time.Sleep(time.Hour) // no clock runs before a worker has it
		take := func(token string, want bool) {
			t.Helper()
			if taken, err := h.TakeTask(t.Context(), token, "w"); err != nil || taken != want {
				t.Errorf("taken %v, %v", taken, err)
			}
		}
		if at := time.Now().Add(-time.Hour); first.Scheduled.Sub(at).Abs() > time.Second || first.Parameters.Text() != `{"a":1}` {
			t.Errorf("call %+v", first)
		}
		take(first.TaskToken, true)
		take(first.TaskToken, false)
		if n := entries(&h.calls); n != 0 {
			t.Errorf("%d calls are still under way", n)
		}
		shut(t, h)
		h = host(t, store, tasks)
		time.Sleep(5 * time.Second)
		if len(calls) != 0 {
			t.Error("it was dispatched again after a restart")
		}
		take(first.TaskToken, false)
		if err := h.SendTaskHeartbeat(t.Context(), first.TaskToken); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if x, err := h.DescribeExecution(t.Context(), arn); err != nil || x.Status != sfn.Failed || *x.Error != "States.Timeout" {
			t.Errorf("%+v %v", x, err)
		}
		if _, err := h.TakeTask(t.Context(), "nonsense", "w"); err == nil {
			t.Error("a token that is none")
		}
		// A task that was stopped, and one whose token somebody used before any worker came.
		stopped := start(t, h, machine, "two", `{}`)
		second := <-calls
		if _, err := h.StopExecution(t.Context(), stopped, "", ""); err != nil {
			t.Fatal(err)
		}
		take(second.TaskToken, false)
		start(t, h, machine, "three", `{}`)
		third := <-calls
		if err := h.SendTaskSuccess(t.Context(), third.TaskToken, jsonval.EmptyObject); err != nil {
			t.Fatal(err)
		}
		take(third.TaskToken, false)
		if n := entries(&h.calls); n != 0 {
			t.Errorf("%d calls are still under way", n)
		}
	})
}

// entries counts what a sync.Map holds.
func entries(m interface{ Range(func(any, any) bool) }) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

// TestAnActivityThatIsMissing is event data: the journal replays to the same history
// although the activity is there again.
func TestAnActivityThatIsMissing(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var there atomic.Bool
		h := host(t, store, nil, func(c *Config) { c.ActivityExists = func(string) bool { return there.Load() } })
		machine := create(t, h, "m", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"`+packARN+`","End":true}}}`)
		arn := start(t, h, machine, "one", `{}`)
		x, err := h.DescribeExecution(t.Context(), arn)
		want := "An error occurred while executing the state 'A' (entered at the event id #2). The activity " + packARN + " does not exist."
		if err != nil || x.Status != sfn.Failed || *x.Error != "States.Runtime" || *x.Cause != want {
			t.Errorf("%+v %v", x, err)
		}
		there.Store(true)
		id, events := record.IDOf(arn), 0
		if err := store.Iterate(record.SpaceJournal, id.All(), func(_, v []byte) bool {
			ev, err := interp.DecodeEvent(v)
			if err != nil || !slices.Equal(ev.Missing, []string{packARN}) {
				t.Errorf("the journal has %+v, %v", ev, err)
			}
			events++
			return true
		}); err != nil || events != 1 {
			t.Errorf("%d events, %v", events, err)
		}
	})
}
