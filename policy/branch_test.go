package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

// branches runs policies side by side in a run of its own.
func branches(ctx context.Context, env Env, ex *exchange.Exchange, first bool, runs ...Run) error {
	r := &run{env: env, ex: ex, p: &Pipeline{}}
	r.env.run = r
	return r.env.Branches(ctx, ex, runs, first)
}

// call is a policy that calls out and then sets a variable and a field.
func call(name string) Run {
	return func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
		own := *ex
		own.Request = exchange.Request{Method: "GET", URL: exchange.URL{Path: "/" + name}}
		if err := env.Backend.Do(ctx, &own); err != nil {
			return err
		}
		ex.Calls = own.Calls
		ex.Variables[name] = &own.Response
		ex.Variables["last"] = name
		ex.Request.Header.Set("X-Last", name)
		ex.Request.Header.Add("X-"+name, "1")
		shared := ex.Variables["shared"].(map[string]int)
		shared[name]++ // the baton keeps this from being a race
		env.Keep(name, true)
		return nil
	}
}

// TestBranchesMergeInOrder: whatever ends first, the document's order decides; calls
// are under way at one time.
func TestBranchesMergeInOrder(t *testing.T) {
	for _, slowest := range []string{"a", "b", "c"} {
		synctest.Test(t, func(t *testing.T) {
			var under, most atomic.Int64
			env := Env{Backend: exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
				most.Store(max(most.Load(), under.Add(1)))
				defer under.Add(-1)
				wait := time.Second
				if strings.HasSuffix(ex.Request.URL.Path, slowest) {
					wait = 3 * time.Second
				}
				time.Sleep(wait)
				ex.Calls = append(ex.Calls, exchange.Call{URL: ex.Request.URL.Path})
				ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text("x")}
				return nil
			})}
			ex := &exchange.Exchange{Variables: map[string]any{"shared": map[string]int{}, "list": []string{"x"}, "old": "1"}}
			ex.Request.Header.Set("X-Old", "1")
			start := time.Now()
			err := branches(t.Context(), env, ex, false, call("a"), call("b"), call("c"))
			if err != nil || time.Since(start) != 3*time.Second || most.Load() != 3 {
				t.Fatalf("%v after %v, %d at a time", err, time.Since(start), most.Load())
			}
			if ex.Variables["last"] != "c" || ex.Request.Header.Get("X-Last") != "c" || ex.Request.Header.Get("X-a") != "1" || ex.Request.Header.Get("X-Old") != "1" {
				t.Errorf("variables %v, header %v", ex.Variables, ex.Request.Header.Names())
			}
			var urls []string
			for _, c := range ex.Calls {
				urls = append(urls, c.URL)
			}
			if diff := cmp.Diff([]string{"/a", "/b", "/c"}, urls); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFirstBranchWins: with first, one that fails does not count, and the others'
// calls are ended and leave nothing behind but their decisions and calls.
func TestFirstBranchWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int64
		env := Env{Backend: exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
			wait := map[string]time.Duration{"/fails": time.Second, "/quick": 2 * time.Second, "/slow": time.Hour}[ex.Request.URL.Path]
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				ended.Add(1)
				return context.Cause(ctx)
			}
			if ex.Request.URL.Path == "/fails" {
				return errors.New("away")
			}
			ex.Response.StatusCode = 200
			return nil
		})}
		ex := &exchange.Exchange{Variables: map[string]any{"shared": map[string]int{}}}
		start := time.Now()
		if err := branches(t.Context(), env, ex, true, call("slow"), call("fails"), call("quick")); err != nil {
			t.Fatal(err)
		}
		if _, lost := ex.Variables["slow"]; lost || ex.Variables["last"] != "quick" || ended.Load() != 1 || time.Since(start) != 2*time.Second {
			t.Errorf("variables %v, %d ended, after %v", ex.Variables, ended.Load(), time.Since(start))
		}
		err := branches(t.Context(), env, ex, true, call("fails"), call("fails"))
		if err == nil || err.Error() != "away" {
			t.Errorf("all failed: %v", err)
		}
	})
}

// TestBranchPanics: a policy that breaks an invariant in a branch is told of and ends
// the exchange as anywhere else; the others go on to their ends.
func TestBranchPanics(t *testing.T) {
	told := 0
	env := Env{Panicked: func(any, []byte) { told++ }}
	ex := &exchange.Exchange{}
	done := false
	err := branches(t.Context(), env, ex, false,
		func(context.Context, *exchange.Exchange, *Env) error { panic("broken") },
		func(context.Context, *exchange.Exchange, *Env) error { done = true; return nil })
	var failure *Failure
	if !errors.As(err, &failure) || failure.Reason != ReasonInternal || told != 1 || !done {
		t.Errorf("%v, told %d, done %v", err, told, done)
	}
}

// TestNestedBranches: side by side inside side by side, with a flight that one branch
// lands and another waits for.
func TestNestedBranches(t *testing.T) {
	var flights Flights
	flight, _ := flights.Begin("k")
	env := Env{Flights: &flights, Sleep: func(context.Context, time.Duration) error { return nil }}
	ex := &exchange.Exchange{}
	wait := func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
		v, landed, err := env.Join(ctx, flight)
		ex.Variables["joined"] = v
		if !landed {
			return errors.New("not landed")
		}
		return err
	}
	inner := func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
		return env.Branches(ctx, ex, []Run{wait, func(ctx context.Context, _ *exchange.Exchange, env *Env) error {
			if err := env.Wait(ctx, time.Second); err != nil {
				return err
			}
			flight.Land("made", nil)
			return nil
		}}, false)
	}
	if err := branches(t.Context(), env, ex, false, wait, inner); err != nil || ex.Variables["joined"] != "made" {
		t.Errorf("%v, %v", err, ex.Variables)
	}
}

// TestDetached: what goes on beside an exchange shares nothing with it, and carries no
// baton.
func TestDetached(t *testing.T) {
	env := Env{Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		ex.Response.StatusCode = 200
		return nil
	})}
	ex := &exchange.Exchange{Variables: map[string]any{"keep": "1", "drop": 2}}
	ex.Request.Header.SetLazy("Authorization", func() string { return "Bearer own" })
	ex.Request.Body = exchange.Text("body")
	var wg sync.WaitGroup
	err := branches(t.Context(), env, ex, false, func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
		d := env.Detach(ex, func(v any) (any, bool) { _, ok := v.(string); return v, ok })
		wg.Go(func() {
			out, err := d.Run(context.Background(), func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
				ex.Variables["keep"] = "changed"
				body, err := ex.Request.Body.Bytes()
				if err != nil || ex.Request.Header.Has("Authorization") {
					t.Errorf("body %q, %v, header %v", body, err, ex.Request.Header.Names())
				}
				return env.Backend.Do(ctx, ex)
			})
			if err != nil || fmt.Sprint(out) != "map[keep:changed]" {
				t.Errorf("%v, %v", out, err)
			}
		})
		return nil
	})
	wg.Wait()
	if err != nil || ex.Variables["keep"] != "1" {
		t.Errorf("%v, %v", err, ex.Variables)
	}
}

// TestWaitEnds: a wait ends with its context.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		var failure *Failure
		if err := new(Env).Wait(ctx, time.Hour); !errors.As(err, &failure) || failure.Reason != ReasonClient || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := new(Env).Wait(t.Context(), time.Minute); err != nil || time.Since(start) != time.Minute+time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
