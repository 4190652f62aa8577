package engine

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// large is an input that is kept as a blob.
var large = `{"amount":700,"pad":"` + strings.Repeat("x", 400) + `"}`

// waiting starts an execution and gives its callback once its request is accepted.
func waiting(t *testing.T, h *Host, machine, name string) sfn.OpenToken {
	t.Helper()
	arn := start(t, h, machine, name, large)
	synctest.Wait()
	open, err := h.OpenTokensOf(t.Context(), arn)
	if err != nil || len(open) != 1 {
		t.Fatal(open, err)
	}
	return open[0]
}

// lines are the deliveries of an execution, "kind answer via subject".
func timeline(t *testing.T, h *Host, arn string) (out []string) {
	t.Helper()
	got, err := h.Deliveries(t.Context(), arn)
	if err != nil {
		t.Error(err)
	}
	for _, r := range got.Records {
		if r.State != "A" || r.Attempt != 1 || r.Time.IsZero() {
			t.Errorf("record %+v", r)
		}
		out = append(out, strings.TrimSpace(strings.Join([]string{r.Kind, r.Answer, r.Via, r.Subject, r.Policy, r.At}, " ")))
	}
	return out
}

// TestOneOfManyCompletionsWins sends 64 answers at once, by URL, by operators and by
// AWS's action: one ends the task, and the timeline has each.
func TestOneOfManyCompletionsWins(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 1)
		h := host(t, store, accept(tokens))
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				d := sfn.Delivery{TaskToken: open.TaskToken, ID: string(rune('a' + i)), Digest: string(rune('a' + i)), Output: jsonval.OfInt(int64(i))}
				var got sfn.DeliveryAnswer
				var err error
				switch i % 3 {
				case 0:
					got, err = h.Deliver(t.Context(), d)
				case 1:
					got, err = h.CompleteCallback(t.Context(), open.Ref(), d)
				case 2:
					if err = h.SendTaskSuccess(t.Context(), open.TaskToken, d.Output); err == nil {
						got = sfn.Accepted
					} else if code(err) == "TaskTimedOut" {
						got, err = sfn.Gone, nil
					}
				}
				switch {
				case err != nil:
					t.Error(err)
				case got == sfn.Accepted:
					won.Add(1)
				case got == sfn.Conflict || got == sfn.Gone:
					lost.Add(1)
				default:
					t.Errorf("answer %v", got)
				}
			})
		}
		all.Wait()
		ends(t, h, open.ExecutionARN)
		if won.Load() != 1 || lost.Load() != 63 {
			t.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
		got, aws, accepted := timeline(t, h, open.ExecutionARN), 0, 0
		for _, line := range got {
			aws += strings.Count(line, " aws")
			accepted += strings.Count(line, "complete accepted")
		}
		if len(got) != 64 || aws != 21 || accepted != 1 {
			t.Errorf("%d records, %d by AWS's action, %d accepted", len(got), aws, accepted)
		}
	})
}

// TestTimelineIsDurable: what was answered is there after a crash, and a record of a
// refusal too.
func TestTimelineIsDurable(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		tokens := make(chan string, 2)
		h := host(t, store, accept(tokens))
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		by := sfn.Sender{Via: "url", Client: "192.0.2.7", Subject: "subscription:x"}
		d := sfn.Delivery{TaskToken: open.TaskToken, ID: "w1", Digest: "d1", Output: jsonval.TrueValue, Sender: by}
		record := func(answer string, status int) {
			t.Helper()
			err := h.RecordDelivery(t.Context(), d, sfn.DeliveryRecord{Answer: answer, Status: status, Policy: "ip-filter", At: "p.xml:3", Reason: "no"})
			if err != nil {
				t.Error(err)
			}
		}
		record(sfn.AnswerRefused, 403)
		for range 2 {
			if _, err := h.Deliver(t.Context(), d); err != nil {
				t.Error(err)
			}
		}
		other := d
		other.ID, other.Digest, other.Fail = "w2", "d2", true
		if got, err := h.Deliver(t.Context(), other); got != sfn.Conflict || err != nil {
			t.Error(got, err)
		}
		record(sfn.AnswerRefused, 403) // after the end too
		want := []string{"complete refused url subscription:x ip-filter p.xml:3", "complete accepted url subscription:x",
			"complete repeated url subscription:x", "fail conflict url subscription:x", "complete refused url subscription:x ip-filter p.xml:3"}
		if diff := cmp.Diff(want, timeline(t, h, open.ExecutionARN)); diff != "" {
			t.Error(diff)
		}
		left := store.Crash(0, 1) // what was not synced is gone
		defer left.Close()
		h = host(t, left, accept(tokens))
		defer shut(t, h)
		if diff := cmp.Diff(want, timeline(t, h, open.ExecutionARN)); diff != "" {
			t.Error("after a crash:", diff)
		}
		got, err := h.Deliveries(t.Context(), open.ExecutionARN)
		if err != nil || got.Records[1].ID != "w1" || got.Records[1].Digest != "d1" || got.Records[1].Client != "192.0.2.7" || got.Records[0].Status != 403 {
			t.Errorf("%+v, %v", got, err)
		}
		if err := h.RecordDelivery(t.Context(), sfn.Delivery{TaskToken: "x"}, sfn.DeliveryRecord{}); code(err) != "InvalidToken" {
			t.Errorf("not a token: %v", err)
		}
	})
}

// TestTimelineIsBounded: of many deliveries the last are kept, the others counted.
func TestTimelineIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, accept(make(chan string, 1)))
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		for i := range keptDeliveries + 20 {
			d := sfn.Delivery{TaskToken: open.TaskToken, ID: strings.Repeat("x", 1000)}
			if err := h.RecordDelivery(t.Context(), d, sfn.DeliveryRecord{Answer: sfn.AnswerRefused, Status: i}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond) // the bubble's
		}
		got, err := h.Deliveries(t.Context(), open.ExecutionARN)
		if err != nil || len(got.Records) != keptDeliveries || got.NotKept != 20 || got.Records[0].Status != 20 || len(got.Records[0].ID) != 256 {
			t.Errorf("%d records, %d not kept, %v", len(got.Records), got.NotKept, err)
		}
	})
}

// TestRevokeAndResend revokes a URL, sends the request again, and completes by the
// new URL; the old one stays worth nothing, over a restart too.
func TestRevokeAndResend(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		calls := make(chan sfn.TaskCall, 10)
		fails := false
		take := workers(func(_ context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
			calls <- call
			if fails {
				done(sfn.TaskResult{Error: "Http.503", Cause: "busy"})
				return
			}
			done(sfn.TaskResult{Submitted: true, Output: jsonval.EmptyObject, Call: jsonval.MustParse(`{"n":1}`)})
		})
		h := host(t, store, take)
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		first, by := <-calls, sfn.Sender{Via: "api", Subject: "user:u"}
		deliver := func(token string) sfn.DeliveryAnswer {
			t.Helper()
			a, err := h.Deliver(t.Context(), sfn.Delivery{TaskToken: token, Digest: token, Output: jsonval.TrueValue})
			if err != nil {
				t.Error(err)
			}
			return a
		}
		same, err := h.ResendCallback(t.Context(), open.Ref(), by)
		if err != nil || same.NewURL || same.Send != 2 || same.Error != "" {
			t.Errorf("resent %+v, %v", same, err)
		}
		if again := <-calls; again.TaskToken != first.TaskToken || again.IdempotencyKey != first.IdempotencyKey || again.Send != 2 || again.Parameters.Text() != first.Parameters.Text() {
			t.Errorf("sent again %+v", again)
		}
		for range 2 {
			if err := h.RevokeCallback(t.Context(), open.Ref(), by); err != nil {
				t.Error(err)
			}
		}
		if a := deliver(open.TaskToken); a != sfn.Revoked {
			t.Errorf("a revoked URL: %v", a)
		}
		shut(t, h)
		h = host(t, store, take)
		if a := deliver(open.TaskToken); a != sfn.Revoked {
			t.Errorf("a revoked URL after a restart: %v", a)
		}
		if list, err := h.OpenTokens(t.Context()); err != nil || len(list) != 1 || !list[0].Revoked {
			t.Errorf("open: %+v, %v", list, err)
		}
		fails = true
		failed, err := h.ResendCallback(t.Context(), open.Ref(), by)
		if err != nil || !failed.NewURL || failed.Send != 3 || failed.Error != "Http.503" {
			t.Errorf("resent %+v, %v", failed, err)
		}
		second := <-calls
		if second.TaskToken == first.TaskToken || second.IdempotencyKey != first.IdempotencyKey || second.Parameters.Text() != large {
			t.Errorf("sent anew %+v", second)
		}
		if x := describe(t, h, open.ExecutionARN); x.Status != sfn.Running || x.Waiting != "token" {
			t.Errorf("a resend that failed ended the wait: %+v", x)
		}
		if list, err := h.OpenTokens(t.Context()); err != nil || len(list) != 1 || list[0].Revoked || list[0].TaskToken != second.TaskToken {
			t.Errorf("open: %+v, %v", list, err)
		}
		if a := deliver(open.TaskToken); a != sfn.Revoked {
			t.Errorf("the old URL beside the new: %v", a)
		}
		if a := deliver(second.TaskToken); a != sfn.Accepted {
			t.Errorf("the new URL: %v", a)
		}
		ends(t, h, open.ExecutionARN)
		for name, err := range map[string]error{"revoke": h.RevokeCallback(t.Context(), open.Ref(), by), "resend": failing(h.ResendCallback(t.Context(), open.Ref(), by))} {
			if code(err) != "CallbackGone" {
				t.Errorf("%s after the end: %v", name, err)
			}
		}
	})
}

func failing[T any](_ T, err error) error { return err }

// TestRevokedTaskWaitsOn: an operator may still answer, and so may AWS's action.
func TestRevokedTaskWaitsOn(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, accept(make(chan string, 2)))
		m := create(t, h, "m", state(tokenState))
		for _, name := range []string{"page", "aws"} {
			open := waiting(t, h, m, name)
			if err := h.RevokeCallback(t.Context(), open.Ref(), sfn.Sender{}); err != nil {
				t.Fatal(err)
			}
			if name == "aws" {
				if err := h.SendTaskSuccess(t.Context(), open.TaskToken, jsonval.TrueValue); err != nil {
					t.Error(err)
				}
			} else if got, err := h.CompleteCallback(t.Context(), open.Ref(), sfn.Delivery{Digest: "d", Output: jsonval.TrueValue}); got != sfn.Accepted || err != nil {
				t.Error(got, err)
			}
			if x := ends(t, h, open.ExecutionARN); x.Status != sfn.Succeeded {
				t.Errorf("%s: %+v", name, x)
			}
		}
	})
}

// TestExpiredURLIsSentAnew: a Task without a timeout outlives its URL, and a resend
// gives it another.
func TestExpiredURLIsSentAnew(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		calls := make(chan string, 2)
		h := host(t, store, accept(calls))
		open := waiting(t, h, create(t, h, "m", state(strings.Replace(tokenState, `"TimeoutSeconds":60,`, "", 1))), "n")
		<-calls
		time.Sleep(25 * time.Hour)
		sent, err := h.ResendCallback(t.Context(), open.Ref(), sfn.Sender{})
		if err != nil || !sent.NewURL {
			t.Fatal(sent, err)
		}
		if a, err := h.Deliver(t.Context(), sfn.Delivery{TaskToken: <-calls, Output: jsonval.TrueValue}); a != sfn.Accepted || err != nil {
			t.Error(a, err)
		}
	})
}

// TestTaskInputs gives what the waiting state was entered with.
func TestTaskInputs(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, accept(make(chan string, 1)))
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		got, err := h.TaskInputs(t.Context(), open.ExecutionARN)
		if err != nil || len(got) != 1 || got[open.Command].Input.Text() != large || got[open.Command].Entered.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestResendEndsWithTheAttempt: a resend under way is told when the attempt is
// cancelled, and a second one beside it is refused.
func TestResendEndsWithTheAttempt(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		sent := make(chan sfn.TaskCall, 2)
		h := host(t, store, func(ctx context.Context, call sfn.TaskCall, done func(sfn.TaskResult)) {
			sent <- call
			if call.Send > 1 {
				<-ctx.Done()
				return // without a word, as a call that is cancelled
			}
			done(sfn.TaskResult{Submitted: true, Output: jsonval.EmptyObject})
		})
		open := waiting(t, h, create(t, h, "m", state(tokenState)), "n")
		<-sent
		over := make(chan error, 1)
		go func() {
			_, err := h.ResendCallback(t.Context(), open.Ref(), sfn.Sender{})
			over <- err
		}()
		<-sent
		if _, err := h.ResendCallback(t.Context(), open.Ref(), sfn.Sender{}); code(err) != "ConflictException" {
			t.Errorf("beside another: %v", err)
		}
		if _, err := h.StopExecution(t.Context(), open.ExecutionARN, "", ""); err != nil {
			t.Error(err)
		}
		if err := <-over; code(err) != "CallbackGone" {
			t.Errorf("the resend ends with %v", err)
		}
	})
}
