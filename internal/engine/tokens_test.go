package engine

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

const tokenState = `{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke.waitForTaskToken","TimeoutSeconds":60,"End":true}`

// accept submits every call and gives its token to c.
func accept(c chan string) workers {
	return func(_ context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
		done(sfn.TaskResult{Submitted: true, Output: jsonval.EmptyObject})
		c <- call.TaskToken
	}
}

func TestTokens(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 10)
		h := host(t, store, accept(tokens))
		ctx := t.Context()
		m := create(t, h, "m", state(tokenState))
		next := func(name string) (arn, token string) {
			arn = start(t, h, m, name, "{}")
			token = <-tokens
			synctest.Wait()
			return arn, token
		}

		arn, token := next("success")
		open, err := h.OpenTokens(ctx)
		if err != nil || len(open) != 1 || open[0].TaskToken != token || open[0].ExecutionARN != arn || open[0].State != "A" ||
			open[0].StateMachineName != "m" || open[0].Expires.Sub(open[0].Since) != time.Minute {
			t.Errorf("open: %+v, %v", open, err)
		}
		if x := describe(t, h, arn); x.Waiting != "token" {
			t.Errorf("waits for %q", x.Waiting)
		}
		for _, bad := range []string{"", "x", token[:len(token)-2], "B" + token[1:]} {
			if err := h.SendTaskSuccess(ctx, bad, jsonval.TrueValue); code(err) != "InvalidToken" {
				t.Errorf("token %q: %v", bad, err)
			}
		}
		if err := h.SendTaskHeartbeat(ctx, token); err != nil {
			t.Errorf("heartbeat: %v", err)
		}
		if err := h.SendTaskSuccess(ctx, token, jsonval.MustParse(`{"a":1}`)); err != nil {
			t.Errorf("success: %v", err)
		}
		if x := ends(t, h, arn); x.Output.Text() != `{"a":1}` {
			t.Errorf("%+v", x)
		}
		for name, err := range map[string]error{
			"success": h.SendTaskSuccess(ctx, token, jsonval.TrueValue), "failure": h.SendTaskFailure(ctx, token, "", ""), "heartbeat": h.SendTaskHeartbeat(ctx, token),
		} {
			if code(err) != "TaskTimedOut" {
				t.Errorf("%s of a task that is over: %v", name, err)
			}
		}

		arn, token = next("failure")
		if err := h.SendTaskFailure(ctx, token, "E", "why"); err != nil {
			t.Error(err)
		}
		if x := ends(t, h, arn); x.Status != sfn.Failed || *x.Error != "E" || *x.Cause != "why" {
			t.Errorf("%+v", x)
		}

		arn, token = next("timeout")
		if x := ends(t, h, arn); x.Status != sfn.Failed || *x.Error != "States.Timeout" || x.StopDate.Sub(x.StartDate) != time.Minute {
			t.Errorf("%+v", x)
		}
		if err := h.SendTaskSuccess(ctx, token, jsonval.TrueValue); code(err) != "TaskTimedOut" {
			t.Errorf("after the timeout: %v", err)
		}
		if open, err := h.OpenTokens(ctx); err != nil || len(open) != 0 {
			t.Errorf("open at the end: %+v, %v", open, err)
		}
		foreign := sfn.Token{Key: "k1", ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:m:none", Command: 1, Attempt: 1}.Seal(h.TokenKeys()("k1"))
		if err := h.SendTaskSuccess(ctx, foreign, jsonval.TrueValue); code(err) != "TaskDoesNotExist" {
			t.Errorf("no such execution: %v", err)
		}
	})
}

func TestDeliveries(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 10)
		h := host(t, store, accept(tokens))
		m := create(t, h, "m", state(tokenState))
		send := func(d sfn.Delivery) sfn.DeliveryAnswer {
			t.Helper()
			a, err := h.Deliver(t.Context(), d)
			if err != nil {
				t.Error(err)
			}
			return a
		}
		arn := start(t, h, m, "n", "{}")
		d := sfn.Delivery{TaskToken: <-tokens, ID: "id-1", Digest: "d1", Output: jsonval.MustParse(`"first"`)}
		// Twenty deliveries of two kinds race; one kind wins.
		var wg sync.WaitGroup
		var mu sync.Mutex
		count := map[string]int{}
		for i := range 20 {
			mine := d
			if i%2 == 0 {
				mine.ID, mine.Digest, mine.Output = "id-2", "d2", jsonval.MustParse(`"second"`)
			}
			wg.Go(func() {
				a := send(mine)
				mu.Lock()
				defer mu.Unlock()
				count[mine.ID+[]string{"", "accepted", "repeated", "conflict", "gone"}[a]]++
			})
		}
		wg.Wait()
		winner := "id-1"
		if count["id-2accepted"] == 1 {
			winner = "id-2"
		}
		if count[winner+"accepted"] != 1 || count[winner+"repeated"] != 9 || len(count) != 3 {
			t.Errorf("%v", count)
		}
		ends(t, h, arn)
		shut(t, h)
		h = host(t, store, accept(tokens))
		first := sfn.Delivery{TaskToken: d.TaskToken, ID: winner, Digest: map[string]string{"id-1": "d1", "id-2": "d2"}[winner]}
		byDigest, byID, other := first, first, first
		byDigest.ID, byID.Digest = "", "dX"
		other.ID, other.Digest = "", "dX"
		for _, c := range []struct {
			d    sfn.Delivery
			want sfn.DeliveryAnswer
		}{{first, sfn.Repeated}, {byDigest, sfn.Repeated}, {byID, sfn.Repeated}, {other, sfn.Conflict}} {
			if a := send(c.d); a != c.want {
				t.Errorf("after a restart %+v: %d, want %d", c.d, a, c.want)
			}
		}
		start(t, h, m, "stopped", "{}")
		d.TaskToken = <-tokens
		synctest.Wait()
		if _, err := h.StopExecution(t.Context(), sfn.ExecutionARN(region, account, "m", "stopped"), "", ""); err != nil {
			t.Fatal(err)
		}
		if a := send(d); a != sfn.Gone {
			t.Errorf("a stopped execution: %d", a)
		}
		if _, err := h.Deliver(t.Context(), sfn.Delivery{TaskToken: "x"}); code(err) != "InvalidToken" {
			t.Errorf("not a token: %v", err)
		}
		lasting := create(t, h, "lasting", state(strings.Replace(tokenState, `"TimeoutSeconds":60,`, "", 1)))
		start(t, h, lasting, "n", "{}")
		d.TaskToken = <-tokens
		time.Sleep(25 * time.Hour)
		if a := send(d); a != sfn.Gone {
			t.Errorf("after the URL's expiry: %d", a)
		}
		if err := h.SendTaskSuccess(t.Context(), d.TaskToken, jsonval.TrueValue); err != nil {
			t.Errorf("the task itself has no timeout: %v", err)
		}
	})
}

// TestEarlyCompletion completes by token before the request is answered.
func TestEarlyCompletion(t *testing.T) {
	for name, c := range map[string]struct {
		answerAfter time.Duration
		fails       bool
		wait        time.Duration
	}{
		"the answer comes":       {100 * time.Millisecond, false, 100 * time.Millisecond},
		"the answer waits too":   {time.Hour, false, earlyWait},
		"the request then fails": {10 * time.Second, true, earlyWait},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, store *memkv.Store) {
				tokens := make(chan string, 1)
				h := host(t, store, func(ctx context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
					tokens <- call.TaskToken
					select {
					case <-time.After(c.answerAfter):
					case <-ctx.Done():
						return
					}
					r := sfn.TaskResult{Submitted: true, Output: jsonval.MustParse(`{"real":1}`)}
					if c.fails {
						r = sfn.TaskResult{Error: "Http.Socket"}
					}
					done(r)
				})
				arn := start(t, h, create(t, h, "m", state(tokenState)), "n", "{}")
				token, began := <-tokens, time.Now()
				if err := h.SendTaskSuccess(t.Context(), token, jsonval.MustParse(`"done"`)); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != c.wait {
					t.Errorf("answered after %v, want %v", took, c.wait)
				}
				if x := ends(t, h, arn); x.Status != sfn.Succeeded || x.Output.Text() != `"done"` {
					t.Errorf("%+v", x)
				}
				lines, types, err := history(h, arn)
				if err != nil || strings.Count(strings.Join(types, " "), "TaskSubmitted TaskSucceeded") != 1 {
					t.Errorf("%v, %v", types, err)
				}
				if real := strings.Contains(strings.Join(lines, "\n"), `{"real":1}`); real != (c.answerAfter < earlyWait) {
					t.Errorf("%v", lines)
				}
			})
		})
	}
}
