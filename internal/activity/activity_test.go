package activity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"stile/internal/sfn"
	"stile/jsonval"
)

const pack = "arn:aws:states:us-east-1:111111111111:activity:pack"

// shelf is a store in memory; full makes its writes fail.
type shelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	full bool
}

var errFull = errors.New("disk full")

func (s *shelf) Put(name string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errFull
	}
	s.kept[name] = value
	return nil
}

func (s *shelf) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errFull
	}
	delete(s.kept, name)
	return nil
}

func (s *shelf) Each(f func(string, []byte) bool) error {
	for name, value := range s.kept {
		if !f(name, value) {
			break
		}
	}
	return nil
}

// engine says of each token at most once that it was taken; over lists those that
// nobody waits for any more. before is run inside each call; fails makes it one error.
type engine struct {
	mu     sync.Mutex
	taken  map[string]string // token → worker
	over   map[string]bool
	before func(token string)
	fails  atomic.Bool
}

func (e *engine) TakeTask(_ context.Context, token, worker string) (bool, error) {
	if e.before != nil {
		e.before(token)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fails.CompareAndSwap(true, false) {
		return false, errFull
	}
	if _, was := e.taken[token]; was || e.over[token] {
		return false, nil
	}
	e.taken[token] = worker
	return true, nil
}

func opened(t *testing.T) (*Activities, *engine, *shelf) {
	t.Helper()
	s, e := &shelf{kept: map[string][]byte{}}, &engine{taken: map[string]string{}, over: map[string]bool{}}
	a := reopened(t, s, e)
	if _, err := a.CreateActivity(t.Context(), sfn.NewActivity{Name: "pack"}); err != nil {
		t.Fatal(err)
	}
	return a, e, s
}

func reopened(t *testing.T, s *shelf, e *engine) *Activities {
	t.Helper()
	a, err := Open(Config{Store: s, Region: "us-east-1", Account: "111111111111", Now: time.Now, Host: func() Host { return e }})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func call(n int, scheduled time.Duration) sfn.TaskCall {
	return sfn.TaskCall{ExecutionARN: "execution-" + strconv.Itoa(n), Command: 1, Attempt: 1, Send: 1, Resource: pack,
		TaskToken: "token-" + strconv.Itoa(n), Parameters: jsonval.OfInt(int64(n)), Scheduled: time.UnixMilli(0).Add(scheduled)}
}

// polled gives the token that a poll got, empty for none.
func polled(t *testing.T, a *Activities, ctx context.Context) string {
	t.Helper()
	task, err := a.GetActivityTask(ctx, pack, "w")
	if err != nil {
		t.Error(err)
	}
	return task.TaskToken
}

func TestAPollLastsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := opened(t)
		begin := time.Now()
		if got := polled(t, a, t.Context()); got != "" || time.Since(begin) != time.Minute {
			t.Errorf("%q after %v", got, time.Since(begin))
		}
		// A task that comes in the middle ends it; the worker that waits longest has it.
		first, second := make(chan string, 1), make(chan string, 1)
		go func() { first <- polled(t, a, t.Context()) }()
		synctest.Wait()
		go func() { second <- polled(t, a, t.Context()) }()
		time.Sleep(30 * time.Second)
		a.Queue(t.Context(), call(1, 0))
		if got := <-first; got != "token-1" {
			t.Errorf("the first worker got %q", got)
		}
		if got := <-second; got != "" {
			t.Errorf("the second worker got %q", got)
		}
		// One that the engine lets nobody take does not prolong the minute.
		begin = time.Now()
		go func() {
			time.Sleep(59 * time.Second)
			a.Queue(t.Context(), call(1, 0))
		}()
		if got := polled(t, a, t.Context()); got != "" || time.Since(begin) != time.Minute {
			t.Errorf("%q after %v", got, time.Since(begin))
		}
		if len(a.lines)+len(a.queued) != 0 {
			t.Errorf("left behind: %d lines, %d attempts", len(a.lines), len(a.queued))
		}
	})
}

// TestTheMinuteEndsWhileTheEngineIsAsked: an attempt that turns out to be nobody's
// at the end of the minute leaves no poll behind that never ends.
func TestTheMinuteEndsWhileTheEngineIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, e, _ := opened(t)
		e.over["token-1"] = true
		e.before = func(string) { time.Sleep(2 * time.Minute) }
		a.Queue(t.Context(), call(1, 0))
		if got := polled(t, a, t.Context()); got != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheOldestAttemptFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, e, _ := opened(t)
		for _, n := range []int{3, 1, 5, 2, 4} {
			a.Queue(t.Context(), call(n, time.Duration(n)*time.Second))
		}
		a.Withdraw("execution-2", 1)
		e.fails.Store(true) // the engine cannot say: the attempt is back where it was
		if _, err := a.GetActivityTask(t.Context(), pack, "w"); !errors.Is(err, errFull) {
			t.Fatal(err)
		}
		var got []string
		for range 4 {
			got = append(got, polled(t, a, t.Context()))
		}
		if want := []string{"token-1", "token-3", "token-4", "token-5"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestAWorkerThatGoesAway loses no task: one that it was to have waits for the next,
// one that it took is nobody else's.
func TestAWorkerThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, e, _ := opened(t)
		gone, leave := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { _, err := a.GetActivityTask(gone, pack, "w"); result <- err }()
		synctest.Wait()
		a.mu.Lock() // it is handed an attempt, and goes before it looks at it
		leave()
		a.offer(func() *attempt {
			t := &attempt{call: call(1, 0), at: -1}
			a.queued[t.key()] = t
			return t
		}())
		a.mu.Unlock()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if got := polled(t, a, t.Context()); got != "token-1" || e.taken["token-1"] != "w" {
			t.Errorf("the next worker got %q", got)
		}
		// The client goes while the engine is asked: the engine's answer stands.
		gone, leave = context.WithCancel(t.Context())
		e.before = func(string) { leave() }
		a.Queue(t.Context(), call(2, 0))
		if got := polled(t, a, gone); got != "token-2" {
			t.Errorf("the task that was taken: %q", got)
		}
		if got := polled(t, a, t.Context()); got != "" {
			t.Errorf("given twice: %q", got)
		}
	})
}

func TestCloseEndsEveryPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := opened(t)
		begin := time.Now()
		var polls sync.WaitGroup
		for range 3 {
			polls.Go(func() { polled(t, a, t.Context()) })
		}
		synctest.Wait()
		if n := a.Workers(pack); n != 3 {
			t.Errorf("%d workers wait", n)
		}
		a.Close()
		a.Close()
		polls.Wait()
		polled(t, a, t.Context())
		if time.Since(begin) != 0 || a.Workers(pack) != 0 {
			t.Errorf("after %v %d wait", time.Since(begin), a.Workers(pack))
		}
	})
}

func TestAThousandWorkersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, _ := opened(t)
		var polls sync.WaitGroup
		for range sfn.MaxActivityWorkers {
			polls.Go(func() { polled(t, a, t.Context()) })
		}
		synctest.Wait()
		var refused *sfn.Error
		if _, err := a.GetActivityTask(t.Context(), pack, "w"); !errors.As(err, &refused) || refused.Code != "ActivityWorkerLimitExceeded" {
			t.Errorf("one more: %v", err)
		}
		a.Close()
		polls.Wait()
	})
}

// TestADeletedActivity ends its polls, and what waits for a worker waits for another
// activity of the name.
func TestADeletedActivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, s := opened(t)
		result := make(chan error, 1)
		go func() { _, err := a.GetActivityTask(t.Context(), pack, "w"); result <- err }()
		synctest.Wait()
		s.full = true
		if err := a.DeleteActivity(t.Context(), pack); !errors.Is(err, errFull) || !a.Exists(pack) {
			t.Errorf("what is not written is not done: %v", err)
		}
		s.full = false
		if err := a.DeleteActivity(t.Context(), pack); err != nil {
			t.Fatal(err)
		}
		var refused *sfn.Error
		if err := <-result; !errors.As(err, &refused) || refused.Code != "ActivityDoesNotExist" {
			t.Errorf("the poll: %v", err)
		}
		a.Queue(t.Context(), call(1, 0))
		if _, err := a.GetActivityTask(t.Context(), pack, "w"); !errors.As(err, &refused) || refused.Code != "ActivityDoesNotExist" {
			t.Errorf("a later poll: %v", err)
		}
		if _, err := a.CreateActivity(t.Context(), sfn.NewActivity{Name: "pack"}); err != nil {
			t.Fatal(err)
		}
		if got := polled(t, a, t.Context()); got != "token-1" {
			t.Errorf("got %q", got)
		}
	})
}

// TestWhatIsCancelledIsNotQueued, in whichever order cancel and dispatch come.
func TestWhatIsCancelledIsNotQueued(t *testing.T) {
	a, _, _ := opened(t)
	over, end := context.WithCancel(t.Context())
	end()
	a.Queue(over, call(1, 0))
	a.Queue(t.Context(), call(2, 0))
	a.Withdraw("execution-2", 1)
	retried := call(3, 0)
	retried.Attempt, retried.Send, retried.TaskToken = 2, 2, "token-3-again"
	a.Queue(t.Context(), retried)
	a.Queue(t.Context(), call(3, 0)) // late: another was sent since
	if got := polled(t, a, t.Context()); got != "token-3-again" {
		t.Errorf("got %q", got)
	}
	if len(a.queued) != 0 || len(a.lines) != 0 {
		t.Errorf("left behind: %v %v", a.queued, a.lines)
	}
}

// TestRace: 64 workers, some of which go away, take 2,000 tasks, some of which are
// withdrawn: each is given once at most, and every one that nobody withdrew is taken.
func TestRace(t *testing.T) {
	a, e, _ := opened(t)
	const tasks = 2000
	var given sync.Map
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var polls, lines sync.WaitGroup
	left := atomic.Int64{}
	left.Store(tasks - tasks/10)
	for n := range 64 {
		polls.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				poll, leave := context.WithCancel(ctx)
				if (n+i)%7 == 0 {
					go leave()
				}
				task, err := a.GetActivityTask(poll, pack, strconv.Itoa(n))
				leave()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if task.TaskToken == "" {
					continue
				}
				if by, twice := given.LoadOrStore(task.TaskToken, n); twice {
					t.Errorf("%s was given to %v and to %d", task.TaskToken, by, n)
				}
				if number, _ := task.Input.Int(); number%10 != 0 && left.Add(-1) == 0 {
					stop()
				}
			}
		})
	}
	for n := range 4 {
		lines.Go(func() {
			for i := n; i < tasks; i += 4 {
				a.Queue(t.Context(), call(i, time.Duration(i)))
				if i%10 == 0 {
					a.Withdraw(call(i, 0).ExecutionARN, 1)
				}
			}
		})
	}
	lines.Wait()
	polls.Wait()
	for i := range tasks {
		if _, ok := e.taken[fmt.Sprintf("token-%d", i)]; !ok && i%10 != 0 {
			t.Errorf("nobody took %d", i)
		}
	}
	if len(a.queued) != 0 || len(a.lines) != 0 {
		t.Errorf("left behind: %d attempts, %d lines", len(a.queued), len(a.lines))
	}
}

// TestRegistry holds the registry, reopened at any time, against a map.
func TestRegistry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shelf{kept: map[string][]byte{}}
		open := func() *registry {
			r, err := openRegistry(s, "us-east-1", "111111111111", func() time.Time { return time.UnixMilli(5) })
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		r, want, ctx := open(), map[string][]sfn.Tag{}, context.Background()
		name := rapid.SampledFrom([]string{"a", "b", "c.d", "é"})
		key := rapid.SampledFrom([]string{"k", "l"})
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				n, tags := name.Draw(t, "name"), []sfn.Tag{{Key: key.Draw(t, "key"), Value: "1"}}
				if _, err := r.CreateActivity(ctx, sfn.NewActivity{Name: n, Tags: tags}); err != nil {
					t.Fatal(err)
				}
				if _, there := want[n]; !there {
					want[n] = tags
				}
			},
			"delete": func(t *rapid.T) {
				n := name.Draw(t, "name")
				if err := r.remove(r.arn(n)); err != nil {
					t.Fatal(err)
				}
				delete(want, n)
			},
			"untag": func(t *rapid.T) {
				n, k := name.Draw(t, "name"), key.Draw(t, "key")
				err := r.UntagResource(ctx, r.arn(n), []string{k})
				if tags, there := want[n]; there != (err == nil) {
					t.Fatal(err)
				} else if there {
					want[n] = slices.DeleteFunc(slices.Clone(tags), func(t sfn.Tag) bool { return t.Key == k })
				}
			},
			"reopen": func(*rapid.T) { r = open() },
			"": func(t *rapid.T) {
				seen, token := 0, ""
				for {
					list, next, err := r.ListActivities(ctx, sfn.Page{Max: 1, Token: token})
					if err != nil {
						t.Fatal(err)
					}
					for _, a := range list {
						tags, there := want[a.Name]
						if seen++; !there || !slices.Equal(a.Tags, tags) || a.Created.UnixMilli() != 5 || a.ARN != r.arn(a.Name) {
							t.Fatalf("%+v, want tags %v", a, tags)
						}
					}
					if token = next; token == "" {
						break
					}
				}
				if seen != len(want) {
					t.Fatalf("%d of %d", seen, len(want))
				}
			},
		})
	})
}

// TestADamagedRecord is told of when the registry opens.
func TestADamagedRecord(t *testing.T) {
	for _, value := range []string{"", "\x02{}", "\x01{"} {
		s := &shelf{kept: map[string][]byte{"pack": []byte(value)}}
		if _, err := Open(Config{Store: s, Now: time.Now}); err == nil {
			t.Errorf("%q opens", value)
		}
	}
}

func TestAnotherEncryption(t *testing.T) {
	a, _, _ := opened(t)
	for text, code := range map[string]string{`{"type":"AWS_OWNED_KEY"}`: "", `{"type":"CUSTOMER_MANAGED_KMS_KEY"}`: "ActivityAlreadyExists"} {
		_, err := a.CreateActivity(t.Context(), sfn.NewActivity{Name: "pack", Encryption: jsonval.MustParse(text)})
		var refused *sfn.Error
		if errors.As(err, &refused); (code == "") != (err == nil) || code != "" && refused.Code != code {
			t.Errorf("%s: %v", text, err)
		}
	}
}
