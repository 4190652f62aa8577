package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/jsonval"
)

func forkAt(t *testing.T, h *Host, arn, name, at string) string {
	t.Helper()
	s, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: arn, Name: name, At: at})
	if err != nil {
		t.Fatal(err)
	}
	return s.ExecutionARN
}

// calls notes which states of which executions were called.
type callBook struct {
	mu   sync.Mutex
	made map[string]int
}

func (b *callBook) note(c sfn.TaskCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == nil {
		b.made = map[string]int{}
	}
	b.made[c.ExecutionName+" "+c.State]++
}

func (b *callBook) of(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.made[name]
}

// TestForkBesideATokenTask: a branch that waits for its callback in the source has its
// request sent for the fork too: nobody else has the fork's token.
func TestForkBesideATokenTask(t *testing.T) {
	for _, how := range []string{"apigateway:invoke.waitForTaskToken", "states:startExecution.sync"} {
		bubble(t, func(t *testing.T, store *memkv.Store) {
			var book callBook
			h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
				book.note(c)
				done(sfn.TaskResult{Output: jsonval.EmptyObject, Submitted: c.State == "Ask"})
			})
			m := create(t, h, "m", state(`{"Type":"Parallel","End":true,"Branches":[
				{"StartAt":"Ask","States":{"Ask":{"Type":"Task","Resource":"arn:aws:states:::`+how+`","Parameters":{"t.$":"$$.Execution.Id"},"End":true}}},
				{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"Go"},"Go":`+taskState+`}}]}`))
			arn := start(t, h, m, "n", `{}`)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			f := forkAt(t, h, arn, "f", "Go")
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if open, err := h.OpenTokensOf(t.Context(), f); err != nil || len(open) != strings.Count(how, "Token") {
				t.Errorf("%s: %d open tokens, %v", how, len(open), err)
			} else if len(open) == 1 {
				if err := h.SendTaskSuccess(t.Context(), open[0].TaskToken, jsonval.EmptyObject); err != nil {
					t.Error(err)
				} else if x := ends(t, h, f); x.Status != sfn.Succeeded {
					t.Errorf("%s", x.Status)
				}
			}
			if book.of("n Ask") != 1 || book.of("n Go") != 1 || book.of("f Go") != 1 || book.of("f Ask") != 1 {
				t.Errorf("%s: called %v", how, book.made)
			}
		})
	}
}

// TestForkOfARedriven: what came behind a redrive is not repeated, what came before is.
func TestForkOfARedriven(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var book callBook
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			book.note(c)
			r := sfn.TaskResult{Output: jsonval.EmptyObject}
			if c.State == "T" && book.of("n T") == 1 {
				r = sfn.TaskResult{Error: "No"}
			}
			done(r)
		})
		m := create(t, h, "m", `{"StartAt":"T","States":{"T":`+strings.Replace(taskState, `"End":true`, `"Next":"U"`, 1)+`,"U":`+taskState+`}}`)
		arn := start(t, h, m, "n", `{}`)
		ends(t, h, arn)
		if _, err := h.RedriveExecution(t.Context(), arn, ""); err != nil {
			t.Fatal(err)
		}
		if x := ends(t, h, arn); x.Status != sfn.Succeeded {
			t.Fatal(x.Status)
		}
		if _, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: arn, Name: "f", At: "U"}); code(err) != "ConflictException" || !strings.Contains(err.Error(), "before it was redriven") {
			t.Errorf("%v", err)
		}
		if x := ends(t, h, forkAt(t, h, arn, "g", "T")); x.Status != sfn.Succeeded || book.of("g T") != 1 || book.of("g U") != 1 {
			t.Errorf("%s %v", x.Status, book.made)
		}
	})
}

// TestForkThatGoesAnotherWay: what depends on the time or on the name of the execution may
// take another way in the fork. It is refused then.
func TestForkThatGoesAnotherWay(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var book callBook
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			book.note(c)
			done(sfn.TaskResult{Output: jsonval.MustParse(fmt.Sprintf(`{"of":%q}`, c.State))})
		})
		m := create(t, h, "m", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$$.Execution.Name","StringEquals":"n","Next":"A"}],"Default":"B"},
			"A":`+strings.Replace(taskState, `"End":true`, `"Next":"Z"`, 1)+`,"B":`+strings.Replace(taskState, `"End":true`, `"Next":"Z"`, 1)+`,"Z":`+taskState+`}}`)
		arn := start(t, h, m, "n", `{}`)
		ends(t, h, arn)
		if _, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: arn, Name: "f", At: "Z"}); code(err) != "ConflictException" {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Minute)
		if book.of("f A")+book.of("f B")+book.of("f Z") > 0 {
			t.Errorf("a refused fork called: %v", book.made)
		}
	})
}

// TestForkOfATimestampInThePast repeats a Wait until a time that is over now.
func TestForkOfATimestampInThePast(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		m := create(t, h, "m", `{"StartAt":"W","States":{"W":{"Type":"Wait","TimestampPath":"$.at","Next":"U"},"U":`+taskState+`}}`)
		at := time.Now().Add(10 * time.Second).UTC().Format(time.RFC3339)
		arn := start(t, h, m, "n", `{"at":"`+at+`"}`)
		ends(t, h, arn)
		f := forkAt(t, h, arn, "f", "U")
		if x := ends(t, h, f); x.Status != sfn.Succeeded {
			t.Errorf("%+v", x)
		}
	})
}

// TestForkBesideARetriedMapRun: a Map Run whose first attempt failed before, and whose
// second one runs when the state is entered, runs in the fork too.
func TestForkBesideARetriedMapRun(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var book callBook
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			book.note(c)
			switch {
			case c.State == "Go":
				done(sfn.TaskResult{Output: jsonval.EmptyObject})
			case len(book.made) < 2:
				done(sfn.TaskResult{Error: "No"})
			default:
				time.AfterFunc(time.Hour, func() { done(sfn.TaskResult{Output: jsonval.EmptyObject}) })
			}
		})
		item := distributedMap(`"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1}]`, taskItem)
		inner := strings.Replace(strings.Replace(item, `"A"`, `"M"`, 1), `{"A":`, `{"M":`, 1)
		m := create(t, h, "m", state(`{"Type":"Parallel","End":true,"Branches":[`+inner+`,
			{"StartAt":"P","States":{"P":{"Type":"Wait","Seconds":60,"Next":"Go"},"Go":`+taskState+`}}]}`))
		arn := start(t, h, m, "n", `[1]`)
		time.Sleep(2 * time.Minute)
		f := forkAt(t, h, arn, "f", "Go")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if a, b := describe(t, h, arn), describe(t, h, f); a.Status != sfn.Succeeded || b.Status != sfn.Succeeded {
			t.Errorf("source %s, fork %s %s", a.Status, b.Status, b.Waiting)
		}
	})
}

// TestForkBesideAWorker: a worker has the source's token of an activity's task, and none
// would take the fork's.
func TestForkBesideAWorker(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		var mu sync.Mutex
		tokens := map[string]string{}
		h := host(t, store, func(_ context.Context, c sfn.TaskCall, done func(sfn.TaskResult)) {
			if !sfn.IsActivity(c.Resource) {
				done(sfn.TaskResult{Output: jsonval.EmptyObject})
				return
			}
			mu.Lock()
			defer mu.Unlock()
			tokens[c.ExecutionName] = c.TaskToken
		})
		m := create(t, h, "m", state(`{"Type":"Parallel","End":true,"Branches":[
			{"StartAt":"Work","States":{"Work":{"Type":"Task","Resource":"arn:aws:states:us-east-1:111111111111:activity:a","End":true}}},
			{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"Go"},"Go":`+taskState+`}}]}`))
		for name, taken := range map[string]bool{"taken": true, "waiting": false} {
			arn := start(t, h, m, name, `{}`)
			synctest.Wait()
			if taken {
				if ok, err := h.TakeTask(t.Context(), tokens[name], "w"); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
			_, err := h.ForkExecution(t.Context(), sfn.Fork{ExecutionARN: arn, Name: name + "-fork", At: "Go"})
			if want := map[bool]string{true: "ConflictException", false: "<nil>"}[taken]; code(err) != want {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
			synctest.Wait()
			mu.Lock()
			if (tokens[name+"-fork"] == "") != taken {
				t.Errorf("%s: a worker was asked for: %v", name, !taken)
			}
			mu.Unlock()
		}
	})
}

// TestForkAtAMapRun: the fork has a Map Run of its own, and takes nothing of the source
// along when it is deleted.
func TestForkAtAMapRun(t *testing.T) {
	bubble(t, func(t *testing.T, store *memkv.Store) {
		h := host(t, store, nil)
		item := distributedMap("", taskItem)
		m := create(t, h, "m", strings.Replace(strings.Replace(item, `{"StartAt":"A","States":{`, `{"StartAt":"P","States":{"P":{"Type":"Wait","Seconds":5,"Next":"A"},`, 1), `"A"`, `"A"`, 1))
		arn := start(t, h, m, "n", `[1,2,3]`)
		ends(t, h, arn)
		run := theRun(t, h, arn)
		for _, at := range []string{"A", "P", ""} {
			f := forkAt(t, h, arn, "f"+at, at)
			if x := ends(t, h, f); x.Status != sfn.Succeeded {
				t.Fatalf("%+v", x)
			}
			own := theRun(t, h, f)
			if own.ARN == run.ARN || len(children(t, h, own.ARN, "")) != 3 {
				t.Errorf("fork at %q: %s with %d children, the source's is %s", at, own.ARN, len(children(t, h, own.ARN, "")), run.ARN)
			}
			if err := h.DeleteExecution(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			if n := len(children(t, h, run.ARN, "")); n != 3 {
				t.Fatalf("fork at %q: %d children of the source are left", at, n)
			}
		}
	})
}
