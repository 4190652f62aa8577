package sfn

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/jsonval"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestJudge(t *testing.T) {
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	sent := Thread{State: "Charge", Phase: ThreadSent, Entered: at(-time.Minute)}
	with := func(t Thread, change func(*Thread)) Thread { change(&t); return t }
	for _, c := range []struct {
		name    string
		threads []Thread
		want    Health
	}{
		{"between states", nil, Health{Status: Healthy, State: "All"}},
		{"at work", []Thread{sent}, Health{Status: Healthy, State: "Charge", Reason: ReasonTask}},
		{"a wait", []Thread{{State: "Pause", Phase: ThreadWaits, Until: at(time.Hour)}},
			Health{Status: Waiting, State: "Pause", Reason: ReasonTimer, Until: at(time.Hour)}},
		{"a token, however long", []Thread{{State: "Approve", Phase: ThreadHasToken, Entered: at(-20 * time.Hour), Until: at(4 * time.Hour)}},
			Health{Status: Waiting, State: "Approve", Reason: ReasonToken, Until: at(4 * time.Hour)}},
		{"a token past its expiry", []Thread{{State: "Approve", Phase: ThreadHasToken, Entered: at(-25 * time.Hour), Until: at(-time.Hour)}},
			Health{Status: NeedsAction, State: "Approve", Reason: ReasonToken}},
		{"a token past its own limit", []Thread{{State: "Approve", Phase: ThreadHasToken, Entered: at(-time.Hour), Until: at(time.Hour), Limit: time.Hour}},
			Health{Status: NeedsAction, State: "Approve", Reason: ReasonToken}},
		{"a back-off", []Thread{{State: "Charge", Phase: ThreadBacksOff, Entered: at(-time.Minute), Until: at(time.Second), Trouble: TroubleBackend}},
			Health{Status: Retrying, State: "Charge", Reason: ReasonBackend, Until: at(time.Second)}},
		{"another attempt is out", []Thread{with(sent, func(t *Thread) { t.Trouble = TroubleRetry })},
			Health{Status: Retrying, State: "Charge", Reason: ReasonRetry}},
		{"a limit", []Thread{with(sent, func(t *Thread) { t.Trouble = TroubleLimit })}, Health{Status: Throttled, State: "Charge", Reason: ReasonLimit}},
		{"a policy", []Thread{with(sent, func(t *Thread) { t.Trouble = TroublePolicy })}, Health{Status: Retrying, State: "Charge", Reason: ReasonPolicy}},
		{"a moment before the limit", []Thread{with(sent, func(t *Thread) { t.Entered = at(-DefaultLimit + time.Millisecond) })},
			Health{Status: Healthy, State: "Charge", Reason: ReasonTask}},
		{"at the limit", []Thread{with(sent, func(t *Thread) { t.Entered = at(-DefaultLimit) })},
			Health{Status: Stuck, State: "Charge", Reason: ReasonIncomplete}},
		{"its own limit", []Thread{with(sent, func(t *Thread) { t.Entered, t.Limit = at(-DefaultLimit), time.Hour })},
			Health{Status: Healthy, State: "Charge", Reason: ReasonTask}},
		{"retries beyond it", []Thread{with(sent, func(t *Thread) { t.Entered, t.Trouble = at(-time.Hour), TroubleLimit })},
			Health{Status: Stuck, State: "Charge", Reason: ReasonIncomplete}},
		{"a permission is worse than that", []Thread{with(sent, func(t *Thread) { t.Entered, t.Trouble = at(-time.Hour), TroublePermission })},
			Health{Status: NeedsAction, State: "Charge", Reason: ReasonPermission}},
		{"the worst branch decides", []Thread{sent, {State: "Z", Phase: ThreadWaits, Until: at(1)}, with(sent, func(t *Thread) { t.State, t.Trouble = "B", TroubleSecret })},
			Health{Status: NeedsAction, State: "B", Reason: ReasonSecret}},
	} {
		got := Judge(HealthFacts{Now: noon, State: "All", Threads: c.threads})
		c.want.Since = noon
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(jsonval.Value{})); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if h := Judge(HealthFacts{Now: noon, State: "Root", Quarantined: true, Threads: []Thread{sent}}); h.Status != NeedsAction || h.Reason != ReasonQuarantine {
		t.Errorf("quarantine: %+v", h)
	}
}

// TestSinceIsKept while nothing changes that is told.
func TestSinceIsKept(t *testing.T) {
	thread := func(state string, trouble Trouble) []Thread {
		return []Thread{{State: state, Phase: ThreadSent, Entered: noon, Trouble: trouble}}
	}
	h := Judge(HealthFacts{Now: noon, Threads: thread("A", NoTrouble)})
	for _, step := range []struct {
		threads []Thread
		kept    bool
	}{{thread("B", NoTrouble), true}, {thread("B", TroubleRetry), false}, {thread("B", TroubleRetry), true},
		{thread("C", TroubleRetry), false}, {thread("C", TroubleBackend), false}, {nil, false}, {thread("A", NoTrouble), true}} {
		before := h
		now := before.Since.Add(time.Second)
		h = Judge(HealthFacts{Now: now, Threads: step.threads, Before: before})
		if kept := h.Since.Equal(before.Since); kept != step.kept || h.Changed(before) == step.kept {
			t.Errorf("%+v → %+v", before, h)
		}
	}
}

// TestTheOrderOfThreadsSaysNothing, and the worst is never better than any alone.
func TestTheOrderOfThreadsSaysNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		threads := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Thread {
			return Thread{
				State: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "state"), Phase: ThreadPhase(rapid.IntRange(1, 4).Draw(t, "phase")),
				Entered: noon.Add(-time.Duration(rapid.IntRange(0, 10).Draw(t, "age")) * time.Minute), Trouble: Trouble(rapid.IntRange(0, 6).Draw(t, "trouble")),
			}
		}), 1, 6).Draw(t, "threads")
		all := Judge(HealthFacts{Now: noon, Threads: threads})
		again := Judge(HealthFacts{Now: noon, Threads: rapid.Permutation(threads).Draw(t, "order")})
		if !same(all, again) {
			t.Fatalf("%+v, in another order %+v", all, again)
		}
		for i := range threads {
			one := Judge(HealthFacts{Now: noon, Threads: threads[i : i+1]})
			if worse(one, all, Health{}) && one.Status != all.Status {
				t.Fatalf("%+v alone is worse than %+v", one, all)
			}
		}
		if !all.Status.Known() || all.Since != noon {
			t.Fatalf("%+v", all)
		}
	})
}

func TestTroubleOf(t *testing.T) {
	for call, want := range map[string]Trouble{
		`{"verdict":{"policy":"rate-limit-by-key"},"permission":null,"status":429}`:                   TroubleLimit,
		`{"verdict":{"policy":"quota"},"permission":null,"status":403}`:                               TroubleLimit,
		`{"verdict":{"policy":"limit-concurrency"},"status":429}`:                                     TroubleLimit,
		`{"verdict":{"policy":"ip-filter"},"permission":null,"status":403}`:                           TroublePolicy,
		`{"verdict":{"policy":"secret","reason":"SecretUnavailable"},"permission":null,"status":503}`: TroubleSecret,
		`{"verdict":null,"permission":{"action":"apim:Invoke"}}`:                                      TroublePermission,
		`{"verdict":null,"permission":null,"status":429}`:                                             TroubleBackend,
		`{"verdict":null,"permission":null}`:                                                          TroubleRetry,
	} {
		if got := TroubleOf("E", jsonval.MustParse(call)); got != want {
			t.Errorf("%s: %d, want %d", call, got, want)
		}
	}
	if TroubleOf("States.Permissions", jsonval.Value{}) != TroublePermission || TroubleOf("States.Timeout", jsonval.Value{}) != TroubleRetry {
		t.Error("by name")
	}
	if v := DenialOf(jsonval.MustParse(`{"verdict":null,"permission":{"role":"r"}}`)); v.Text() != `{"role":"r"}` {
		t.Error(v.Text())
	}
}
