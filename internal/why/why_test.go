package why

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/asl"
	"stile/asl/history"
	"stile/diag"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy"
)

var start = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// story writes events: "TYPE name-or-error after PREVIOUS", a second apart.
func story(lines ...string) (out []history.Event) {
	for i, line := range lines {
		f := strings.Fields(line)
		e := history.Event{ID: int64(i + 1), Previous: int64(i), Type: f[0], Time: start.Add(time.Duration(i) * time.Second).UnixMilli()}
		if len(f) > 1 && f[1] != "-" {
			e.Details.Name = f[1]
			e.Details.Error = &f[1]
		}
		if len(f) > 2 {
			e.Previous = 0
			for _, c := range f[2] {
				e.Previous = e.Previous*10 + int64(c-'0')
			}
		}
		out = append(out, e)
	}
	return out
}

func open(t *tale) (names []string) {
	for _, v := range t.visits {
		if v.open {
			names = append(names, v.name)
		}
	}
	return names
}

func TestVisitsOfBranchesAndIterations(t *testing.T) {
	for name, c := range map[string]struct {
		events  []history.Event
		open    []string
		holds   string
		culprit string
	}{
		"one waits for its retry": {story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskStarted", "TaskFailed E"), []string{"A"}, "A", ""},
		"the next state":          {story("ExecutionStarted - 0", "PassStateEntered A 1", "PassStateExited A", "WaitStateEntered B"), []string{"B"}, "B", ""},
		"a branch fails, the other waits": {story("ExecutionStarted - 0", "ParallelStateEntered P 1", "ParallelStateStarted", "WaitStateEntered W 3", "TaskStateEntered A 3",
			"TaskScheduled", "TaskStarted", "TaskFailed E"), []string{"P", "W", "A"}, "A", ""},
		"the failing branch ended the Parallel, which tries again": {story("ExecutionStarted - 0", "ParallelStateEntered P 1", "ParallelStateStarted",
			"TaskStateEntered A 3", "WaitStateEntered W 3", "TaskScheduled - 4", "TaskFailed E", "ParallelStateFailed E"), []string{"P"}, "P", ""},
		"iterations one after another": {story("ExecutionStarted - 0", "MapStateEntered M 1", "MapStateStarted", "MapIterationStarted M", "PassStateEntered I", "PassStateExited I",
			"MapIterationSucceeded M", "MapIterationStarted M", "TaskStateEntered J", "TaskScheduled"), []string{"M", "J"}, "J", ""},
		"it failed inside a Map": {story("ExecutionStarted - 0", "MapStateEntered M 1", "MapStateStarted", "MapIterationStarted M", "TaskStateEntered J",
			"TaskScheduled", "TaskFailed E", "MapIterationFailed M", "MapStateFailed M", "ExecutionFailed E"), []string{"M"}, "M", "M"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tell(c.events)
			if d := cmp.Diff(c.open, open(got)); d != "" {
				t.Error(d)
			}
			if v := got.holding("", start, func(*visit) time.Duration { return time.Minute }); v == nil || v.name != c.holds {
				t.Errorf("held by %+v, want %s", v, c.holds)
			}
			if c.culprit != "" && (got.culprit == nil || got.culprit.name != c.culprit) {
				t.Errorf("ended by %+v, want %s", got.culprit, c.culprit)
			}
		})
	}
}

// none is a configuration in which nothing is found.
type none struct{}

func (none) Revision() string                                         { return "r2" }
func (none) Site(policy.Site, string, string) (policy.Site, bool)     { return policy.Site{}, false }
func (none) NamedValue(string, string, string) (n NamedValue, _ bool) { return n, false }
func (none) Operation(string, string) (a, o string, ok bool)          { return "", "", false }
func (none) Backend(string, string) (d Declared, ok bool)             { return d, false }

func facts(t *testing.T, definition string, events []history.Event) Facts {
	t.Helper()
	p, faults := asl.Parse(diag.NewSource("one.asl.json", definition))
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	return Facts{Now: start.Add(10 * time.Second), Today: none{}, Taken: p, Defined: p, File: "one.asl.json", History: events,
		Execution: sfn.Execution{Name: "x", ARN: "arn:aws:states:us-east-1:1:execution:one:x",
			StateMachineARN: "arn:aws:states:us-east-1:1:stateMachine:one", Status: sfn.Running, StartDate: start}}
}

const task = `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":"https://a.example/x","Method":"GET","InvocationConfig":{"ConnectionArn":"c"}},
"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":5,"BackoffRate":3,"MaxAttempts":2},{"ErrorEquals":["States.ALL"],"IntervalSeconds":60,"MaxAttempts":4,"MaxDelaySeconds":70}],"End":true}}}`

// TestRetryCountsAsTheLanguageDoes: each retrier counts for itself.
func TestRetryCountsAsTheLanguageDoes(t *testing.T) {
	a := Explain(facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskFailed E", "TaskScheduled", "TaskFailed F", "TaskScheduled", "TaskFailed E")))
	next := start.Add(7*time.Second + 15*time.Second)
	if d := cmp.Diff(&RetryPart{Attempt: 3, Max: 4, Next: &next}, a.Retry); d != "" {
		t.Error(d)
	}
	if a.Cause != Failure || a.Health != sfn.Retrying || !strings.Contains(a.Paragraph, "Attempt 4 of 4 comes at 18:00:22Z (in 12 s).") {
		t.Errorf("%s %s: %s", a.Cause, a.Health, a.Paragraph)
	}
	a = Explain(facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskFailed F", "TaskScheduled", "TaskFailed F")))
	next = start.Add(5*time.Second + 70*time.Second) // not 120: MaxDelaySeconds
	if d := cmp.Diff(&RetryPart{Attempt: 2, Max: 5, Next: &next}, a.Retry); d != "" {
		t.Error(d)
	}
}

// TestAGonePolicyIsSaidToBeGone, and a call of another visit explains nothing.
func TestAGonePolicyIsSaidToBeGone(t *testing.T) {
	f := facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskFailed F"))
	f.Calls = []sfn.CallRecord{{State: "A", Attempt: 1, Time: start.Add(3 * time.Second), Call: jsonval.MustParse(
		`{"target":{"api":"shop","operation":"get"},"status":429,"verdict":{"policy":"rate-limit","scope":"api","section":"inbound","file":"p.xml","line":4,
		"revision":"r1","status":429,"reason":"RateLimitExceeded","retryAfter":60000000000,"counter":"c"}}`)}}
	a := Explain(f)
	if a.Cause != Limit || a.Place == nil || !a.Place.Gone || a.Place.File != "p.xml" || a.Place.Line != 4 {
		t.Errorf("%s %+v", a.Cause, a.Place)
	}
	if want := "The policy that refused is no longer there (it stood at p.xml:4): the next attempt passes it."; !strings.Contains(a.Paragraph, want) {
		t.Errorf("%s", a.Paragraph)
	}
	if a.Until == nil || !a.Until.Equal(start.Add(63*time.Second)) {
		t.Errorf("until %v", a.Until)
	}
	for _, c := range a.Commands {
		if strings.HasPrefix(c, "edit p.xml") {
			t.Errorf("an edit of what is not there: %s", c)
		}
	}
	f.Calls[0].Time = start.Add(-time.Hour)
	if a := Explain(f); a.Cause != Failure {
		t.Errorf("a call of before explains it: %s", a.Paragraph)
	}
}

// TestCausesOfTheExecutionsOwnAreForReaders: an error's cause may be a payload.
func TestCausesOfTheExecutionsOwnAreForReaders(t *testing.T) {
	f := facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskFailed F"))
	secret := "card 4111"
	f.History[3].Details.Cause = &secret
	f.Execution.Status, f.Execution.Cause, f.Execution.Error = sfn.Aborted, &secret, &secret
	for _, status := range []string{sfn.Running, sfn.Aborted, sfn.Failed} {
		f.Execution.Status = status
		if f.Payloads = false; strings.Contains(Explain(f).Paragraph, secret) {
			t.Errorf("%s: %s", status, Explain(f).Paragraph)
		}
	}
	f.Execution.Status, f.Payloads = sfn.Running, true
	if !strings.Contains(Explain(f).Paragraph, secret) {
		t.Error("who may read payloads is not told the cause")
	}
}

func TestAWaitsEnd(t *testing.T) {
	for fields, want := range map[string]time.Time{
		`"Seconds":60`:                             start.Add(61 * time.Second),
		`"Timestamp":"2026-11-22T20:00:00Z"`:       start.Add(2 * time.Hour),
		`"InputPath":"$.a","SecondsPath":"$.n"`:    start.Add(31 * time.Second),
		`"TimestampPath":"$.at"`:                   start.Add(24 * time.Hour),
		`"InputPath":null,"SecondsPath":"$.a.n"`:   {},
		`"SecondsPath":"States.MathAdd($.a.n, 1)"`: {},
	} {
		f := Facts{}
		p, faults := asl.Parse(diag.NewSource("", `{"StartAt":"A","States":{"A":{"Type":"Wait",`+fields+`,"End":true}}}`))
		if faults.HasErrors() {
			continue // the language has no call there
		}
		f = facts(t, task, story("ExecutionStarted - 0", "WaitStateEntered A 1"))
		f.Taken, f.Defined = p, p
		f.History[1].Details.Input = &history.Payload{Value: jsonval.MustParse(`{"a":{"n":30},"at":"2026-11-23T18:00:00Z"}`)}
		a := Explain(f)
		if a.Cause != Timer || want.IsZero() != (a.Until == nil) || a.Until != nil && !a.Until.Equal(want) {
			t.Errorf("%s: %s until %v, want %v", fields, a.Cause, a.Until, want)
		}
	}
}

// TestARevokedURL: who may still answer is said.
func TestARevokedURL(t *testing.T) {
	f := facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskStarted", "TaskSubmitted"))
	f.Tokens = []sfn.OpenToken{{ExecutionARN: f.Execution.ARN, State: "A", Attempt: 1, Since: start, Expires: start.Add(time.Hour), Revoked: true}}
	a := Explain(f)
	if want := "The URL was revoked, so that who has it cannot answer any more; the page, `stile callback` and SendTaskSuccess or SendTaskFailure still can."; a.Cause != Callback ||
		!a.Callback.Revoked || !strings.Contains(a.Paragraph, want) || a.Until != nil {
		t.Errorf("%s", a.Paragraph)
	}
}

// TestAQuarantineTellsItsReason, cut where it is long.
func TestAQuarantineTellsItsReason(t *testing.T) {
	f := facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1"))
	f.Execution.Waiting, f.Execution.State, f.Execution.Quarantine = "quarantine", "A", "engine: blob 3 is absent or damaged"
	a := Explain(f)
	if a.Cause != Quarantine || a.Health != sfn.NeedsAction || !strings.Contains(a.Paragraph, "The reason: engine: blob 3 is absent or damaged.") {
		t.Errorf("%s", a.Paragraph)
	}
}

func TestHealthAndWorking(t *testing.T) {
	f := facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskStarted"))
	a := Explain(f)
	if a.Cause != Works || a.Health != sfn.Healthy || !strings.Contains(a.Paragraph, "It works: A was called 8.0 s ago") {
		t.Errorf("%s %s: %s", a.Cause, a.Health, a.Paragraph)
	}
	f.Execution.Health = sfn.Health{Status: sfn.Stuck, State: "A", Reason: sfn.ReasonIncomplete}
	if a = Explain(f); a.Cause != NoAnswer || a.Health != sfn.Stuck {
		t.Errorf("%s %s: %s", a.Cause, a.Health, a.Paragraph)
	}
	f.Execution.Health, f.Now = sfn.Health{Status: sfn.Healthy, State: "A"}, start.Add(time.Hour)
	if a = Explain(f); a.Cause != NoAnswer || a.Health != sfn.Stuck {
		t.Errorf("after an hour: %s %s: %s", a.Cause, a.Health, a.Paragraph)
	}
}

func TestSummaryGroupsByWhatHolds(t *testing.T) {
	since := start
	answer := func(name string, h sfn.HealthStatus, line int) Answer {
		since = since.Add(-time.Minute)
		at := since
		return Answer{Execution: name, State: "A", Health: h, Cause: Limit, Since: &at, Policy: &PolicyPart{Name: "quota"}, Place: &Place{File: "p.xml", Line: line}}
	}
	s := Summarize([]Answer{answer("a", sfn.Throttled, 4), answer("b", sfn.Healthy, 4), answer("c", sfn.Throttled, 9), answer("d", sfn.Throttled, 4)})
	var got []string
	for _, g := range s.Groups {
		names := ""
		for _, x := range g.Executions {
			names += " " + x.Execution
		}
		got = append(got, g.What+":"+names)
	}
	if d := cmp.Diff([]string{"quota (p.xml:4): d a", "quota (p.xml:9): c"}, got); d != "" || s.Open != 4 || s.Held != 3 {
		t.Error(d, s.Open, s.Held)
	}
}

func TestWrap(t *testing.T) {
	if d := cmp.Diff([]string{"ab cd", "efghijkl", "m"}, Wrap("ab cd  efghijkl m", 6)); d != "" {
		t.Error(d)
	}
}

func TestCommandsAreQuoted(t *testing.T) {
	if got := command("stile exec show ID", "ID", "it's $HOME"); got != `stile exec show 'it'\''s $HOME'` {
		t.Error(got)
	}
}

// TestAnyHistoryIsExplained: whatever events there are, in whatever order, there is
// an answer with a paragraph and nothing breaks.
func TestAnyHistoryIsExplained(t *testing.T) {
	types := []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed", "TaskTimedOut", "TaskStateExited",
		"ParallelStateEntered", "ParallelStateStarted", "ParallelStateFailed", "ParallelStateExited", "MapStateEntered", "MapStateStarted", "MapIterationStarted",
		"MapIterationFailed", "MapIterationSucceeded", "MapStateFailed", "MapStateExited", "WaitStateEntered", "FailStateEntered", "ExecutionFailed"}
	base := facts(t, task, nil)
	rapid.Check(t, func(t *rapid.T) {
		f := base
		for i := range rapid.IntRange(0, 30).Draw(t, "n") {
			e := history.Event{ID: int64(i + 1), Previous: int64(rapid.IntRange(0, i).Draw(t, "previous")), Type: rapid.SampledFrom(types).Draw(t, "type"),
				Time: start.Add(time.Duration(i) * time.Second).UnixMilli()}
			name := rapid.SampledFrom([]string{"A", "B", "States.Permissions"}).Draw(t, "name")
			e.Details.Name, e.Details.Error = name, &name
			f.History = append(f.History, e)
		}
		f.Execution.Status = rapid.SampledFrom([]string{sfn.Running, sfn.Failed, sfn.TimedOut, sfn.Aborted, sfn.Succeeded}).Draw(t, "status")
		f.Execution.Waiting = rapid.SampledFrom([]string{"", "task", "quarantine"}).Draw(t, "waiting")
		if rapid.Bool().Draw(t, "call") {
			f.Calls = []sfn.CallRecord{{State: "A", Time: start.Add(5 * time.Second), Call: jsonval.MustParse(rapid.SampledFrom([]string{
				`{"verdict":{"policy":"authorization","status":401}}`, `{"verdict":{"policy":"x","namedValue":"n","status":503}}`,
				`{"permission":{"action":"apim:Invoke","resource":"r","role":"q"}}`, `{"status":500,"decisions":[{"policy":"p","outcome":"failed"}]}`,
				`{"verdict":{"policy":"configuration","status":404}}`, `{}`, `{"calls":[{"error":"refused"}]}`}).Draw(t, "record"))}}
		}
		a := Explain(f)
		if a.Cause == "" || len(a.Paragraph) < 20 || strings.Contains(a.Paragraph, "%!") || strings.Contains(a.Paragraph, "\n") {
			t.Fatalf("%+v", a)
		}
	})
}

// TestSinceIsTheLastRunOfLikeFailures: another trouble before does not count.
func TestSinceIsTheLastRunOfLikeFailures(t *testing.T) {
	a := Explain(facts(t, task, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskFailed E", "TaskScheduled", "TaskFailed F", "TaskScheduled", "TaskFailed F")))
	if a.Since == nil || !a.Since.Equal(start.Add(5*time.Second)) {
		t.Errorf("since %v", a.Since)
	}
}

// TestAFailStateHandsOnWhatACaughtStateMet: the state that met the error is what is
// explained; a Fail state's own error is no refusal of a call, whatever its name.
func TestAFailStateHandsOnWhatACaughtStateMet(t *testing.T) {
	const caught = `{"StartAt":"A","States":{
"A":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":"https://a.example/x","Method":"GET","InvocationConfig":{"ConnectionArn":"c"}},
"Catch":[{"ErrorEquals":["States.ALL"],"Next":"F"}],"End":true},
"F":{"Type":"Fail","ErrorPath":"$.Error","CausePath":"$.Cause"}}}`
	for _, c := range []struct {
		met, behind string // the error of A, and the cause that F gave
		state       string
		cause       Cause
		says        string
	}{
		{"States.Permissions", "", "A", Permission, "State F ended it with the error that state A met."},
		{"States.Permissions", "another", "F", Failure, "The state failed with States.Permissions"},
		{"Mine", "", "F", Failure, "The state failed with States.Permissions"},
	} {
		f := facts(t, caught, story("ExecutionStarted - 0", "TaskStateEntered A 1", "TaskScheduled", "TaskFailed "+c.met, "TaskStateExited A", "FailStateEntered F", "ExecutionFailed States.Permissions"))
		ended := "States.Permissions"
		f.Execution.Status, f.Execution.Error, f.Execution.Cause, f.Execution.StopDate = sfn.Failed, &ended, &c.behind, start.Add(6*time.Second)
		f.Calls = []sfn.CallRecord{{State: "A", Attempt: 1, Time: start.Add(3 * time.Second), Call: jsonval.MustParse(`{"permission":{"action":"apim:Invoke","resource":"api/a","role":"q"}}`)}}
		a := Explain(f)
		if a.State != c.state || a.Cause != c.cause || !strings.Contains(a.Paragraph, c.says) {
			t.Errorf("%s: %s %s: %s", c.met, a.State, a.Cause, a.Paragraph)
		}
	}
}

const worked = `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:us-east-1:1:activity:pack","TimeoutSeconds":60,
"Retry":[{"ErrorEquals":["E"]}],"End":true}}}`

// TestATaskOfAWorker: nobody polls, somebody does, somebody has it.
func TestATaskOfAWorker(t *testing.T) {
	scheduled := story("ExecutionStarted - 0", "TaskStateEntered A 1", "ActivityScheduled")
	scheduled[2].Details.Resource = "arn:aws:states:us-east-1:1:activity:pack"
	taken := append(append([]history.Event(nil), scheduled...), story("-", "-", "-", "ActivityStarted")[3])
	taken[3].Details.WorkerName = "bench-3"
	failed := append(append([]history.Event(nil), taken...), story("-", "-", "-", "-", "ActivityFailed E")[4])
	for name, c := range map[string]struct {
		events  []history.Event
		workers Workers
		cause   Cause
		says    string
	}{
		"nobody polls":   {scheduled, Workers{Exists: true}, Worker, "It waits for a worker of activity pack since 18:00:02Z (8.0 s ago). Nobody polls it"},
		"one polls":      {scheduled, Workers{true, 1}, Worker, "1 worker polls it."},
		"many poll":      {scheduled, Workers{true, 7}, Worker, "7 workers poll it."},
		"it was deleted": {scheduled, Workers{}, Worker, "There is no such activity any more"},
		"somebody has it": {taken, Workers{Exists: true}, Worker,
			"Its task is with a worker (bench-3) of activity pack, which took it at 18:00:03Z (7.0 s ago) and has not answered. The attempt ends at 18:01:03Z (in 53 s)"},
		"it failed, and is tried again": {failed, Workers{Exists: true}, Failure, "Attempt 2 of"},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts(t, worked, c.events)
			f.Workers = map[string]Workers{"arn:aws:states:us-east-1:1:activity:pack": c.workers}
			a := Explain(f)
			if a.Cause != c.cause || !strings.Contains(a.Paragraph, c.says) {
				t.Errorf("%s: %s", a.Cause, a.Paragraph)
			}
			if c.cause == Worker && (a.Health != sfn.Waiting || a.At == nil || len(a.Commands) != 2) {
				t.Errorf("%+v", a)
			}
		})
	}
}
