package formats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/engine"
	"stile/internal/kv/pebblekv"
	"stile/internal/sfn"
	"stile/internal/sfnapi"
	"stile/jsonval"
)

// clock is a time that goes on when it is told to.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*timer
}

type timer struct {
	at time.Time
	f  func()
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tm := &timer{c.now.Add(d), f}
	c.timers = append(c.timers, tm)
	return func() { c.drop(tm) }
}

func (c *clock) drop(tm *timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timers = slices.DeleteFunc(c.timers, func(t *timer) bool { return t == tm })
}

// pass lets d go by: everything that is due by then begins.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []*timer
	c.timers = slices.DeleteFunc(c.timers, func(t *timer) bool {
		if t.at.After(c.now) {
			return false
		}
		due = append(due, t)
		return true
	})
	c.mu.Unlock()
	slices.SortFunc(due, func(a, b *timer) int { return a.at.Compare(b.at) })
	for _, t := range due {
		go t.f()
	}
}

// opened is a data folder with the present engine on it. Tasks that are sent succeed.
type opened struct {
	t     *testing.T
	store *pebblekv.Store
	host  *engine.Host
	clock *clock

	mu    sync.Mutex
	calls map[string]int // machine/state → how often it was sent
}

// open opens a folder as the product does, at a time of its own. Nothing goes on yet.
func open(t *testing.T, dir string, now time.Time) *opened {
	t.Helper()
	o := &opened{t: t, clock: &clock{now: now}, calls: map[string]int{}}
	var err error
	if o.store, err = pebblekv.Open(dir, pebblekv.Options{Fatal: func(err error) { t.Error(err) }}); err != nil {
		t.Fatal(err)
	}
	o.host, err = engine.Open(engine.Config{Store: o.store, Account: account, Region: region, Clock: o.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	return o
}

// begin lets the engine go on with what is open; before it, what was kept is read.
func (o *opened) begin() { o.host.SetTasks(o) }

func (o *opened) close() {
	if o.store == nil {
		return
	}
	if err := errors.Join(o.host.Close(context.Background()), o.store.Close()); err != nil {
		o.t.Error(err)
	}
	o.store = nil
}

// Start is engine.Tasks: every call succeeds, by its token where it waits for one.
func (o *opened) Start(ctx context.Context, call sfn.TaskCall, finished func(sfn.TaskResult)) {
	o.mu.Lock()
	o.calls[call.StateMachineName+"/"+call.State]++
	o.mu.Unlock()
	output := jsonval.MustParse(`{"ok":true}`)
	if call.TaskToken == "" {
		finished(sfn.TaskResult{Output: output, Definite: true})
		return
	}
	if sfn.IsActivity(call.Resource) {
		// The call is over once it is taken, and its ctx with it: what follows is the worker's.
		if _, err := o.host.TakeTask(context.WithoutCancel(ctx), call.TaskToken, "w"); err != nil && ctx.Err() == nil {
			o.t.Errorf("%s: a worker cannot take its task: %v", call.ExecutionARN, err)
		}
	} else {
		finished(sfn.TaskResult{Submitted: true, Output: output})
	}
	if err := o.host.SendTaskSuccess(context.WithoutCancel(ctx), call.TaskToken, output); err != nil && ctx.Err() == nil {
		o.t.Errorf("%s: the token of a call does not work: %v", call.ExecutionARN, err)
	}
}

func (o *opened) Cancel(string, uint64) {}

// status is "" where there is no such execution.
func (o *opened) status(arn string) string {
	o.t.Helper()
	x, err := o.host.DescribeExecution(o.t.Context(), arn)
	var refused *sfn.Error
	if errors.As(err, &refused) && refused.Code == "ExecutionDoesNotExist" {
		return ""
	}
	if err != nil {
		o.t.Fatal(arn, err)
	}
	if x.Quarantine != "" {
		o.t.Errorf("%s is quarantined: %s", arn, x.Quarantine)
	}
	return x.Status
}

// history gives an execution's events as the wire has them.
func (o *opened) history(arn string) (out []json.RawMessage) {
	o.t.Helper()
	in := sfn.HistoryPage{ExecutionARN: arn, Page: sfn.Page{Max: 1000}}
	for {
		events, next, err := o.host.GetExecutionHistory(o.t.Context(), in)
		if err != nil {
			o.t.Fatal(arn, err)
		}
		for _, e := range events {
			out = append(out, json.RawMessage(sfnapi.EncodeEvent(e, true).Raw()))
		}
		if in.Token = next; next == "" {
			return out
		}
	}
}

// running lists the open executions.
func (o *opened) running() (out []string) {
	o.t.Helper()
	in := sfn.ListExecutions{Status: sfn.Running, Page: sfn.Page{Max: 1000}}
	for {
		list, next, err := o.host.ListExecutions(o.t.Context(), in)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, x := range list {
			out = append(out, x.ARN)
		}
		if in.Token = next; next == "" {
			return out
		}
	}
}

// finish lets time go by until no execution is open.
func (o *opened) finish() {
	o.t.Helper()
	eventually(o.t, "all executions end", func() (bool, string) {
		left := o.running()
		if len(left) > 0 {
			o.clock.pass(6 * time.Hour)
		}
		return len(left) == 0, strings.Join(left, " ")
	})
}

// prefixed fails the test unless old is the beginning of now, byte by byte.
func prefixed(t *testing.T, arn string, old, now []json.RawMessage) {
	t.Helper()
	if len(now) < len(old) {
		t.Errorf("%s lost events: %d before, %d now", arn, len(old), len(now))
		return
	}
	for i := range old {
		if string(old[i]) != string(now[i]) {
			t.Errorf("%s: event %d was rewritten:\n%s\n%s", arn, i+1, old[i], now[i])
			return
		}
	}
}

// folders are the archives by the number of their format.
func archive(format int) string {
	return filepath.Join("testdata", fmt.Sprintf("format-%d.tar.gz", format))
}

// TestEveryFormatHasAFolder: a new format leaves the folder of the one before it.
func TestEveryFormatHasAFolder(t *testing.T) {
	for n := 1; n < pebblekv.Format; n++ {
		if _, err := os.Stat(archive(n)); err != nil {
			t.Errorf("format %d has no folder: build the last commit of that format and run scripts/format-folder.sh with its binary", n)
		}
	}
}

// TestFormats opens the folder of every format and brings its executions to their ends.
func TestFormats(t *testing.T) {
	for n := 1; n <= pebblekv.Format; n++ {
		if _, err := os.Stat(archive(n)); err != nil {
			continue // TestEveryFormatHasAFolder tells
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir := unpack(t, archive(n))
			text, err := os.ReadFile(filepath.Join(dir, notesName))
			var notes []note
			if err != nil || json.Unmarshal(text, &notes) != nil {
				t.Fatal("the folder's notes:", err)
			}
			if mark, err := os.ReadFile(filepath.Join(dir, "FORMAT")); err != nil || string(mark) != fmt.Sprintf("stile-data %d\n", n) {
				t.Fatalf("the folder says %q, %v", mark, err)
			}
			noted := map[string]bool{}
			for _, n := range notes {
				noted[n.Kind] = true
			}
			for _, k := range ofFormat(n) {
				if !noted[k.name] {
					t.Errorf("the folder has no execution of kind %s", k.name)
				}
			}
			o := open(t, dir, written(t, notes))
			o.check(notes)
			o.begin()
			o.answer(notes)
			o.finish()
			o.ended(notes)
			o.sentAgain(n)
			o.close()
			// Once more: what the present engine made of it is there, too.
			o = open(t, dir, written(t, notes).Add(90*24*time.Hour))
			o.ended(notes)
		})
	}
}

// sentAgain looks whether what was under way, or due later, was sent by this engine.
func (o *opened) sentAgain(format int) {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for at, n := range map[string]int{"flight/Call": 1, "parked/Try": 1, "map/Slow": 3, "activity/Pack": 1, "distributed/Slow": 3, "token/Ask": 0, "worker/Pack": 0} {
		if format == 1 && (at == "activity/Pack" || at == "distributed/Slow") {
			continue
		}
		if o.calls[at] != n {
			o.t.Errorf("%s was sent %d times, want %d", at, o.calls[at], n)
		}
	}
}

// written is when the folder was.
func written(t *testing.T, notes []note) (last time.Time) {
	t.Helper()
	for _, n := range notes {
		var e struct{ Timestamp float64 }
		if err := json.Unmarshal(n.Events[len(n.Events)-1], &e); err != nil {
			t.Fatal(err)
		}
		if at := time.UnixMilli(int64(e.Timestamp * 1000)); at.After(last) {
			last = at
		}
	}
	return last
}

// check compares the folder as it is opened with its notes.
func (o *opened) check(notes []note) {
	o.t.Helper()
	for _, n := range notes {
		prefixed(o.t, n.ARN, n.Events, o.history(n.ARN))
		if got := o.status(n.ARN); n.Status != "" && got != n.Status {
			o.t.Errorf("%s is %s, was %s", n.ARN, got, n.Status)
		}
	}
}

// answer ends the Tasks whose tokens are in the notes.
func (o *opened) answer(notes []note) {
	o.t.Helper()
	output := jsonval.MustParse(`{"answered":true}`)
	for _, n := range notes {
		for _, token := range n.Tokens {
			if n.Kind == "callback" {
				got, err := o.host.Deliver(o.t.Context(), sfn.Delivery{TaskToken: token, Digest: strings.Repeat("0", 64), Output: output})
				if err != nil || got != sfn.Accepted {
					o.t.Errorf("%s: a delivery is answered %v, %v", n.Kind, got, err)
				}
				continue
			}
			if err := o.host.SendTaskSuccess(o.t.Context(), token, output); err != nil {
				o.t.Errorf("%s: the token from before does not work: %v", n.Kind, err)
			}
		}
	}
}

// ended compares the folder in the end with its notes.
func (o *opened) ended(notes []note) {
	o.t.Helper()
	listed := map[string]string{}
	list, _, err := o.host.ListExecutions(o.t.Context(), sfn.ListExecutions{Page: sfn.Page{Max: 1000}})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, x := range list {
		listed[x.ARN] = x.Status
	}
	for _, n := range notes {
		want := n.Status
		if want == "" {
			want = sfn.Succeeded
		}
		if got := o.status(n.ARN); got != want || listed[n.ARN] != want {
			o.t.Errorf("%s ended %s and is listed as %s, want %s: %s", n.ARN, got, listed[n.ARN], want, last(o.history(n.ARN)))
		}
		prefixed(o.t, n.ARN, n.Events, o.history(n.ARN))
	}
}

func last(events []json.RawMessage) string { return string(events[len(events)-1]) }
