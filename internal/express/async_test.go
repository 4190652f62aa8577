package express

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// TestAStartIsKeptUntilTheEnd, and a name may be used again at once.
func TestAStartIsKeptUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, book{"wait": waits("10")}, nil).begin(t)
		in := start("wait", `{"a":1}`)
		in.Name = "same"
		first, err := r.StartExecution(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.StartExecution(t.Context(), in)
		if err != nil || first.ExecutionARN == second.ExecutionARN || !strings.Contains(second.ExecutionARN, ":express:wait:same:") {
			t.Fatalf("%v, then %v %v", first, second, err)
		}
		if n := r.kept(t); n != 2 {
			t.Errorf("%d starts kept", n)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if r.kept(t) != 0 || r.Open() != 0 {
			t.Errorf("%d starts kept, %d open", r.kept(t), r.Open())
		}
	})
}

// TestACrashStartsOver: what was answered begins anew from its input, once, under its
// own ARN, with the same keys for the same calls; what has ended does not.
func TestACrashStartsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := book{"task": task, "pass": pass}
		store := memkv.New(nil)
		on := func(c *Config) { c.Store = store }
		r := newRig(t, b, on).begin(t)
		in := start("task", `{"a":1}`)
		in.Name, in.Owner, in.Subject, in.TraceID, in.TraceHeader = "n", "demo", "user:ada", "0af7651916cd43dd8448eb211c80319c", "Root=1"
		in.VersionARN, in.AliasARN = arnOf("task")+":3", arnOf("task")+":PROD"
		in.Mocks = jsonval.Value{}
		made, err := r.StartExecution(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.StartExecution(t.Context(), start("pass", `{}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.StartSyncExecution(t.Context(), start("pass", `{}`)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before, _, _ := r.tasks.seen()
		crashed := store.Crash(0, 1)

		again := newRig(t, b, func(c *Config) { c.Store = crashed })
		if _, err := again.StartExecution(t.Context(), start("pass", `{}`)); code(err) != "ServiceUnavailable" {
			t.Errorf("before there are tasks: %v", err)
		}
		again.begin(t)
		again.tasks.mu.Lock()
		again.tasks.do = func(sfn.TaskCall) sfn.TaskResult { return sfn.TaskResult{Output: jsonval.TrueValue} }
		again.tasks.mu.Unlock()
		synctest.Wait()
		after, _, _ := again.tasks.seen()
		if len(before) != 1 || len(after) != 1 || after[0].ExecutionARN != made.ExecutionARN || after[0].IdempotencyKey != before[0].IdempotencyKey ||
			after[0].Owner != "demo" || after[0].Subject != "user:ada" || after[0].TraceID != in.TraceID || after[0].RoleARN != before[0].RoleARN {
			t.Fatalf("before %+v\nafter %+v", before, after)
		}
		if events := again.told[0].Events; events[0].Details.Input.Value.Text() != `{"a":1}` || events[0].Details.VersionARN != in.VersionARN ||
			events[0].Details.AliasARN != in.AliasARN {
			t.Errorf("started over with %+v", events[0].Details)
		}
		if n := again.kept(t); n != 0 {
			t.Errorf("%d starts kept after the end", n)
		}
		third := newRig(t, b, func(c *Config) { c.Store = crashed.Crash(0, 2) }).begin(t)
		synctest.Wait()
		if calls, _, _ := third.tasks.seen(); len(calls) != 0 || len(third.types()) != 0 {
			t.Errorf("it began a third time: %v", third.types())
		}
	})
}

// slow is a store whose groups become durable when the test says so.
type slow struct {
	kv.Store
	held chan func(error)
}

func (s *slow) Commit(g kv.Group, done func(error)) {
	s.Store.Commit(g, func(err error) { s.held <- func(failed error) { done(errors.Join(err, failed)) } })
}

// TestNothingBeforeItIsDurable: neither the answer nor a call.
func TestNothingBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{memkv.New(nil), make(chan func(error), 8)}
		r := newRig(t, book{"task": task}, func(c *Config) { c.Store = store }).begin(t)
		answered := make(chan error, 1)
		go func() {
			_, err := r.StartExecution(t.Context(), start("task", `{}`))
			answered <- err
		}()
		synctest.Wait()
		if calls, _, _ := r.tasks.seen(); len(calls) != 0 || len(answered) != 0 || len(r.types()) != 0 {
			t.Fatalf("%d calls, %d answers, %v before it is durable", len(calls), len(answered), r.types())
		}
		(<-store.held)(nil)
		synctest.Wait()
		if calls, _, _ := r.tasks.seen(); len(calls) != 1 || <-answered != nil {
			t.Errorf("%d calls once it is durable", len(calls))
		}
	})
}

// TestAFailedStoreEndsTheHost: the start is refused, nothing runs, Fatal is told.
func TestAFailedStoreEndsTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{memkv.New(nil), make(chan func(error), 8)}
		r := newRig(t, book{"pass": pass}, func(c *Config) { c.Store = store }).begin(t)
		broken := errors.New("no disk")
		go func() { (<-store.held)(broken) }()
		if _, err := r.StartExecution(t.Context(), start("pass", `{}`)); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		if len(r.fatal) != 1 || r.Failed() == nil || r.Open() != 0 || len(r.types()) != 0 {
			t.Errorf("fatal %v, failed %v, %d open, told %v", r.fatal, r.Failed(), r.Open(), r.types())
		}
		if _, err := r.StartSyncExecution(t.Context(), start("pass", `{}`)); !errors.Is(err, broken) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestClose waits for what ends in time, refuses what comes, and cuts the rest: who
// waits is told, and what nobody waits for starts over.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := book{"brief": waits("1"), "long": waits("100")}
		store := memkv.New(nil)
		r := newRig(t, b, func(c *Config) { c.Store = store }).begin(t)
		sync := make(chan error, 1)
		go func() {
			_, err := r.StartSyncExecution(t.Context(), start("long", `{}`))
			sync <- err
		}()
		for _, name := range []string{"brief", "long"} {
			if _, err := r.StartExecution(t.Context(), start(name, `{}`)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		go func() {
			time.Sleep(time.Millisecond)
			if _, err := r.StartExecution(t.Context(), start("brief", `{}`)); code(err) != "ServiceUnavailable" {
				t.Errorf("a start while it closes: %v", err)
			}
		}()
		r.Close(ctx)
		if err := <-sync; code(err) != "ServiceUnavailable" {
			t.Errorf("who waited got %v", err)
		}
		if n := r.kept(t); n != 1 {
			t.Errorf("%d starts kept", n)
		}
		next := newRig(t, b, func(c *Config) { c.Store = store }).begin(t)
		time.Sleep(200 * time.Second)
		synctest.Wait()
		if got := next.types(); len(got) == 0 || got[len(got)-1] != "ExecutionSucceeded" || next.kept(t) != 0 {
			t.Errorf("started over: %v, %d kept", got, next.kept(t))
		}
	})
}

// TestADamagedRecordIsTold, and keeps no other from starting over.
func TestADamagedRecordIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := startRecord{machine: arnOf("pass"), name: "pass", role: "r", revision: 7, start: start("pass", `{}`)}
		gone := good
		gone.revision = 8
		store := memkv.New(nil)
		done := make(chan error, 1)
		store.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: []kv.Op{
			{Kind: kv.Set, Space: space, Key: []byte("a"), Value: []byte("torn")},
			{Kind: kv.Set, Space: space, Key: []byte("b"), Value: gone.encode()},
			{Kind: kv.Set, Space: space, Key: []byte("c"), Value: good.encode()}}}}}, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		r := newRig(t, book{"pass": pass}, func(c *Config) { c.Store = store }).begin(t)
		synctest.Wait()
		if got := r.types(); len(got) == 0 || got[len(got)-1] != "ExecutionSucceeded" {
			t.Errorf("told %v", got)
		}
		if text := r.log.String(); strings.Count(text, "cannot be started over") != 2 || r.kept(t) != 2 {
			t.Errorf("%d kept, log: %s", r.kept(t), text)
		}
	})
}
