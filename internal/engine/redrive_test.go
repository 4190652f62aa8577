package engine

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/engine/redrive"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
)

// moody fails every Task while it is bad, and gives the parameters back otherwise.
type moody struct {
	bad   atomic.Bool
	calls atomic.Int64
}

func (m *moody) Start(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
	m.calls.Add(1)
	if m.bad.Load() && c.State != "Fine" {
		done(sfn.TaskResult{Error: "Down", Cause: "it is down", Definite: true})
		return
	}
	done(sfn.TaskResult{Output: c.Parameters, Definite: true})
}

const halfway = `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
 {"StartAt":"Fine","States":{"Fine":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"v":1},"End":true}}},
 {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"Next":"T"},"T":{"Type":"Task","Resource":"arn:aws:states:::http:invoke",
  "Parameters":{"n.$":"$$.Execution.RedriveCount","pad.$":"$.pad"},"End":true}}}]}}}`

func mustRedrive(t *testing.T, h *Host, arn, token string) time.Time {
	t.Helper()
	at, err := h.RedriveExecution(t.Context(), arn, token)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestRedrive: what succeeded is kept, what failed runs again, over a restart before
// and after, and everything that shows the execution tells the same.
func TestRedrive(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var m moody
		m.bad.Store(true)
		h := host(t, store, m.Start)
		machine := create(t, h, "m", halfway)
		arn := start(t, h, machine, "one", `{"pad":"`+strings.Repeat("p", 400)+`"}`)
		x := ends(t, h, arn)
		if x.Status != sfn.Failed || x.RedriveStatus != sfn.Redrivable || x.RedriveCount != 0 || m.calls.Load() != 2 {
			t.Fatalf("%+v after %d calls", x, m.calls.Load())
		}
		before, _, _ := history(h, arn)
		shut(t, h)
		h = host(t, store, m.Start)
		time.Sleep(time.Minute)
		c, stop := h.Watch(arn)
		defer stop()
		at := mustRedrive(t, h, arn, "")
		if n := <-c; n.Status != sfn.Running || n.State != "P" || n.Redrives != 1 || n.Events[0].Type != "ExecutionRedriven" {
			t.Errorf("%+v", n)
		}
		x = ends(t, h, arn)
		if x.Status != sfn.Failed || x.RedriveCount != 1 || !x.RedriveDate.Equal(at) || m.calls.Load() != 3 {
			t.Fatalf("%+v after %d calls", x, m.calls.Load())
		}
		journalGives(t, h, store, arn)
		m.bad.Store(false)
		mustRedrive(t, h, arn, "")
		shut(t, h)
		h = host(t, store, m.Start)
		x = ends(t, h, arn)
		journalGives(t, h, store, arn)
		if x.Status != sfn.Succeeded || x.RedriveCount != 2 || !strings.HasPrefix(x.Output.Text(), `[{"v":1},{"n":2,`) {
			t.Fatalf("%s %s", x.Status, x.Output.Text())
		}
		if x.RedriveStatus != sfn.NotRedrivable || x.RedriveReason != "Execution is SUCCEEDED and cannot be redriven" {
			t.Errorf("%s %s", x.RedriveStatus, x.RedriveReason)
		}
		lines, _, err := history(h, arn)
		if err != nil || strings.Join(lines[:len(before)], "\n") != strings.Join(before, "\n") {
			t.Errorf("the history was changed: %v", err)
		}
		for redriven, want := range map[bool]int{true: 1, false: 0} {
			list, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: machine, Status: sfn.Succeeded, Redriven: &redriven})
			if err != nil || len(list) != want {
				t.Errorf("redriven %v: %v, %v", redriven, list, err)
			}
		}
	})
}

// journalGives applies the journal to a fresh interpreter: its frames are the stored ones.
func journalGives(t *testing.T, h *Host, store *memkv.Store, arn string) {
	t.Helper()
	synctest.Wait()
	id := record.IDOf(arn)
	fixed, _, err := h.records(id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.program(fixed)
	if err != nil {
		t.Fatal(err)
	}
	x := interp.New(p, h.env(&live{id: id}))
	if err := store.Iterate(record.SpaceJournal, id.All(), func(_, v []byte) bool {
		ev, err := interp.DecodeEvent(bytes.Clone(v))
		if err != nil {
			t.Fatal(err)
		}
		x.Apply(ev)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	stored, err := h.frames(id)
	if diff := cmp.Diff(stored, x.Snapshot()); diff != "" || err != nil {
		t.Errorf("frames: %s %v", diff, err)
	}
}

// TestRedriveIsListed: while it runs again it is listed, counted and stopped as any.
func TestRedriveIsListed(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, workers(hanging))
		machine := create(t, h, "m", state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke","TimeoutSeconds":5,"End":true}`))
		arn := start(t, h, machine, "one", `{}`)
		if x := ends(t, h, arn); *x.Error != "States.Timeout" {
			t.Fatal(x)
		}
		mustRedrive(t, h, arn, "")
		for status, want := range map[string]int{sfn.Running: 1, sfn.Failed: 0} {
			if list, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{StateMachineARN: machine, Status: status}); err != nil || len(list) != want {
				t.Errorf("%s: %v, %v", status, list, err)
			}
		}
		if n, err := h.runs(machine); n != 1 || err != nil {
			t.Errorf("%d run, %v", n, err)
		}
		x := describe(t, h, arn)
		if x.Health.Status != sfn.Healthy || x.Waiting != "task" || !x.StopDate.IsZero() || x.Error != nil || x.RedriveReason != "Execution is RUNNING and cannot be redriven" {
			t.Errorf("%+v", x)
		}
		if _, err := h.StopExecution(t.Context(), arn, "", ""); err != nil {
			t.Fatal(err)
		}
		if x = describe(t, h, arn); x.Status != sfn.Aborted || x.RedriveStatus != sfn.Redrivable {
			t.Errorf("%+v", x)
		}
		if err := h.DeleteStateMachine(t.Context(), machine); err != nil {
			t.Fatal(err)
		}
		if _, err := h.RedriveExecution(t.Context(), arn, ""); err == nil || err.Error() != "ExecutionNotRedrivable: State machine is in DELETING status" {
			t.Error(err)
		}
	})
}

func TestRedriveRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var m moody
		h := host(t, store, m.Start, func(c *Config) { c.MaxHistory = 9 })
		machine := create(t, h, "m", state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}`))
		want := func(arn, refusal string) {
			t.Helper()
			_, err := h.RedriveExecution(t.Context(), arn, "")
			if err == nil || err.Error() != refusal {
				t.Errorf("%v, want %s", err, refusal)
			}
			if reason := strings.TrimPrefix(refusal, "ExecutionNotRedrivable: "); reason != refusal && describe(t, h, arn).RedriveReason != reason {
				t.Errorf("shown as %q", describe(t, h, arn).RedriveReason)
			}
		}
		none := sfn.ExecutionARN(region, account, "m", "none")
		want(none, "ExecutionDoesNotExist: Execution Does Not Exist: '"+none+"'")
		good := start(t, h, machine, "good", `{}`)
		ends(t, h, good)
		want(good, "ExecutionNotRedrivable: Execution is SUCCEEDED and cannot be redriven")
		m.bad.Store(true)
		bad := start(t, h, machine, "bad", `{}`)
		ends(t, h, bad)
		time.Sleep(14*24*time.Hour - time.Second)
		mustRedrive(t, h, bad, "")
		ends(t, h, bad)
		want(bad, "ExecutionNotRedrivable: Execution history event limit exceeded")
		late := start(t, h, machine, "late", `{}`)
		ends(t, h, late)
		time.Sleep(14*24*time.Hour + time.Second)
		want(late, "ExecutionNotRedrivable: Execution redrivable period exceeded")
	})
}

func TestRedriveTokens(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var m moody
		m.bad.Store(true)
		h := host(t, store, m.Start)
		arn := start(t, h, create(t, h, "m", state(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}`)), "one", `{}`)
		ends(t, h, arn)
		first := mustRedrive(t, h, arn, "a")
		ends(t, h, arn)
		time.Sleep(14 * time.Minute)
		shut(t, h)
		h = host(t, store, m.Start)
		if again := mustRedrive(t, h, arn, "a"); !again.Equal(first) || describe(t, h, arn).RedriveCount != 1 {
			t.Errorf("%v and %v", first, again)
		}
		time.Sleep(2 * time.Minute)
		if late := mustRedrive(t, h, arn, "a"); late.Equal(first) {
			t.Error("a token is known for ever")
		}
		ends(t, h, arn)
		m.bad.Store(false)
		at := mustRedrive(t, h, arn, "b")
		ends(t, h, arn)
		if again := mustRedrive(t, h, arn, "b"); !again.Equal(at) { // though it has succeeded meanwhile
			t.Errorf("%v and %v", at, again)
		}
	})
}

// TestOldExecutionsAreNotRedriven: one whose frames were not kept at its end.
func TestOldExecutionsAreNotRedriven(t *testing.T) {
	f := redrive.Facts{Status: sfn.Failed}
	if f.Reason() != "Execution was started before the launch of RedriveExecution" {
		t.Error(f.Reason())
	}
	f.Events, f.Now = 5, (366 * 24 * time.Hour).Milliseconds()
	if f.Reason() != "Execution has exceeded the max execution time" {
		t.Error(f.Reason())
	}
}

// TestRedriveOfAMapRun: children that succeeded are kept, the others go on, those of
// an Express Map begin anew; counts and output are those of all.
func TestRedriveOfAMapRun(t *testing.T) {
	for _, kind := range []string{"STANDARD", "EXPRESS"} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T, store *memkv.Store) {
				var bad atomic.Bool
				var calls atomic.Int64
				bad.Store(true)
				w := workers(func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
					calls.Add(1)
					v := c.Parameters.Get("it")
					if bad.Load() && v.Text() == "2" {
						done(sfn.TaskResult{Error: "Down", Definite: true})
						return
					}
					done(sfn.TaskResult{Output: v, Definite: true})
				})
				h := host(t, store, w)
				machine := create(t, h, "m", strings.Replace(distributedMap(`"MaxConcurrency":1`, taskItem), `"STANDARD"`, `"`+kind+`"`, 1))
				arn := start(t, h, machine, "one", `[1,2,3]`)
				if x := ends(t, h, arn); x.Status != sfn.Failed {
					t.Fatal(x)
				}
				synctest.Wait()
				run := theRun(t, h, arn)
				failed := children(t, h, run.ARN, sfn.Failed)
				if len(failed) != 1 || run.Executions.Succeeded != 1 || calls.Load() != 2 {
					t.Fatalf("%+v, %d failed, %d calls", run, len(failed), calls.Load())
				}
				if child := describe(t, h, failed[0].ARN); child.RedriveStatus != sfn.RedrivableByMapRun {
					t.Errorf("%+v", child)
				}
				if _, err := h.RedriveExecution(t.Context(), failed[0].ARN, ""); code(err) != "ExecutionNotRedrivable" {
					t.Error(err)
				}
				mustRedrive(t, h, arn, "") // fails again
				if x := ends(t, h, arn); x.Status != sfn.Failed {
					t.Fatal(x)
				}
				shut(t, h)
				h = host(t, store, w)
				bad.Store(false)
				mustRedrive(t, h, arn, "")
				x := ends(t, h, arn)
				if x.Status != sfn.Succeeded || x.Output.Text() != `[1,2,3]` || calls.Load() != 5 {
					t.Fatalf("%s %s %v, %d calls", x.Status, x.Output.Text(), x.Cause, calls.Load())
				}
				synctest.Wait()
				run = theRun(t, h, arn)
				counts := sfn.MapRunCounts{Succeeded: 3, Total: 3, ResultsWritten: 3}
				if run.Status != sfn.Succeeded || run.RedriveCount != 2 || run.RedriveDate.IsZero() || run.Executions != counts || run.Items != counts {
					t.Errorf("%+v", run)
				}
				yes := true
				list, _, err := h.ListExecutions(t.Context(), sfn.ListExecutions{MapRunARN: run.ARN, Redriven: &yes})
				if err != nil || len(list) != 1 || list[0].RedriveCount != 2 || list[0].ARN != failed[0].ARN {
					t.Errorf("%v, %v", list, err)
				}
				if n := rows(t, store, record.SpaceOpenRun); n != 0 {
					t.Errorf("%d runs are open", n)
				}
				_, types, _ := history(h, arn)
				if got := strings.Count(strings.Join(types, " "), "MapRunRedriven"); got != 2 {
					t.Errorf("%d of the run's redrives in %v", got, types)
				}
			})
		})
	}
}

// TestRedriveWhileItsMapRunStops waits for the children that are being stopped.
func TestRedriveWhileItsMapRunStops(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var good atomic.Bool
		h := host(t, store, workers(func(ctx context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			if good.Load() {
				done(sfn.TaskResult{Output: c.Parameters.Get("it"), Definite: true})
				return
			}
			<-ctx.Done()
		}))
		arn := start(t, h, create(t, h, "m", distributedMap(`"MaxConcurrency":2`, taskItem)), "one", `[1,2,3,4]`)
		synctest.Wait()
		if _, err := h.StopExecution(t.Context(), arn, "", ""); err != nil {
			t.Fatal(err)
		}
		good.Store(true)
		mustRedrive(t, h, arn, "")
		if x := ends(t, h, arn); x.Status != sfn.Succeeded || x.Output.Text() != `[1,2,3,4]` {
			t.Errorf("%s %s", x.Status, x.Output.Text())
		}
	})
}

const redrivenDefinition = `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
 {"StartAt":"Reserve","States":{"Reserve":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}}},
 {"StartAt":"Charge","States":{"Charge":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}}},
 {"StartAt":"Pick","States":{"Pick":{"Type":"Map","Label":"Picks","ItemsPath":"$.items","End":true,"ItemProcessor":{
  "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Take","States":{"Take":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true}}}}}}]}}}`

// TestRedriveCrashes cuts the power at every store call around a redrive: an
// acknowledged redrive is there afterwards, with the history as it was before it,
// and the execution comes to its end.
func TestRedriveCrashes(t *testing.T) {
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hit := 0
			for point := 1; ; point++ {
				crashed := false
				synctest.Test(t, func(t *testing.T) { crashed = crashRedrive(t, open(false), point) })
				if !crashed {
					break
				}
				hit++
			}
			if t.Logf("%d points hit", hit); hit < 40 {
				t.Errorf("only %d points", hit)
			}
		})
	}
}

func crashRedrive(t *testing.T, disk disk, point int) (crashed bool) {
	defer func() { disk.end() }()
	var good atomic.Bool
	w := workers(func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
		if !good.Load() && (c.State == "Charge" || c.State == "Take" && c.Parameters.Text() == "2") {
			time.Sleep(time.Millisecond) // the others are done by then
			done(sfn.TaskResult{Error: "Down", Definite: true})
			return
		}
		done(sfn.TaskResult{Output: c.Parameters, Definite: true})
	})
	arn := ""
	// life is one of the host; from is called with the store's points so far, and
	// gives the one at which the power goes.
	life := func(f func(h *Host, cutAt func(more int))) {
		defer disk.next()
		inner, err := disk.open(func() {})
		if err != nil {
			t.Fatal(err)
		}
		var at atomic.Int64
		var store *kvtest.Store
		store = kvtest.Intercept(inner, func(p kvtest.Point) {
			if int64(p.N) == at.Load() {
				store.Cut()
				disk.crash(point%3*50, uint64(point))
				crashed = true
			}
		})
		h, err := Open(Config{Store: store, Account: account, Region: region, Tasks: w, Fatal: func(error) {}})
		if err != nil {
			t.Fatal(err)
		}
		f(h, func(more int) { at.Store(int64(store.Points() + more)) })
		_ = h.Close(context.Background())
	}
	life(func(h *Host, _ func(int)) {
		arn = start(t, h, create(t, h, "m", redrivenDefinition), "one", `{"items":[1,2,3],"pad":"`+strings.Repeat("p", 300)+`"}`)
		ends(t, h, arn)
		time.Sleep(time.Minute)
	})
	good.Store(true)
	acknowledged := false
	life(func(h *Host, cutAt func(int)) {
		time.Sleep(time.Minute)
		cutAt(point)
		_, err := h.RedriveExecution(context.Background(), arn, "token")
		acknowledged = err == nil
		time.Sleep(time.Minute)
	})
	life(func(h *Host, _ func(int)) {
		time.Sleep(time.Minute)
		x := describe(t, h, arn)
		if acknowledged && x.RedriveCount != 1 {
			t.Errorf("point %d: an acknowledged redrive is lost: %+v", point, x)
		}
		if _, err := h.RedriveExecution(context.Background(), arn, "token"); err != nil {
			t.Errorf("point %d: %v", point, err)
		}
		x = ends(t, h, arn)
		_, types, _ := history(h, arn)
		if x.Status != sfn.Succeeded || x.RedriveCount != 1 || strings.Count(strings.Join(types, " "), "ExecutionRedriven") != 1 {
			t.Errorf("point %d: %s %v %v", point, x.Status, x.Cause, types)
		}
		if x.Output.Exists() && !strings.HasSuffix(x.Output.Text(), `,[1,2,3]]`) {
			t.Errorf("point %d: %s", point, x.Output.Text())
		}
	})
	return crashed
}
