package interp

import (
	"errors"
	"strings"
	"testing"

	"stile/asl"
	"stile/jsonval"
)

func TestTimeText(t *testing.T) {
	for ms, want := range map[int64]string{
		1735689600000: "2025-01-01T00:00:00Z",
		1735689600100: "2025-01-01T00:00:00.1Z",
		1735689600120: "2025-01-01T00:00:00.12Z",
		1735689600007: "2025-01-01T00:00:00.007Z",
	} {
		if got := timeText(ms); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]int64{
		"2025-01-01T00:00:00Z":        1735689600000,
		"2025-01-01T01:00:00+01:00":   1735689600000,
		"2025-01-01T00:00:00.0001Z":   1735689600001,
		"2025-01-01T00:00:00.250000Z": 1735689600250,
	} {
		if got, ok := moment(text); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "2025-01-01", "2025-01-01T00:00:00", "2025-01-01t00:00:00z", "2025-01-01T00:00:00,5Z"} {
		if _, ok := moment(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestBackoff(t *testing.T) {
	x := New(&asl.Program{}, Env{})
	r := asl.Retrier{IntervalSeconds: 2, BackoffRate: 1.5, MaxDelaySeconds: 4}
	for n, want := range []int64{2000, 3000, 4000, 4000} {
		if got := x.backoff(&r, uint32(n+1)); got != want {
			t.Errorf("retry %d waits %d ms, want %d", n+1, got, want)
		}
	}
	r = asl.Retrier{IntervalSeconds: 99999999, BackoffRate: 1e300}
	if got := x.backoff(&r, 4000); got != 366*24*3600*1000 {
		t.Errorf("the longest delay is %d ms", got)
	}
	r = asl.Retrier{IntervalSeconds: 10, BackoffRate: 1, FullJitter: true}
	low, high := int64(10000), int64(0)
	for seed := range uint64(1000) {
		x.rand.state = seed
		d := x.backoff(&r, 1)
		low, high = min(low, d), max(high, d)
	}
	if low < 0 || low > 200 || high > 10000 || high < 9800 {
		t.Errorf("1000 jittered delays of 10 s lie in %d … %d ms", low, high)
	}
}

func TestCut(t *testing.T) {
	if s := cut("short"); s != "short" {
		t.Error(s)
	}
	if s := cut(strings.Repeat("a", maxCause-1) + "éé"); len(s) != maxCause-1 {
		t.Errorf("cut to %d bytes", len(s))
	}
}

// TestConcurrency: an inline Map runs 40 iterations at a time, whatever it asks for.
func TestConcurrency(t *testing.T) {
	for limit, want := range map[string]int{`"MaxConcurrency": 3,`: 3, `"MaxConcurrency": 1000,`: 40, ``: 40, `"MaxConcurrencyPath": "$[0]",`: 2} {
		r := newRig(t, compile(t, `{"StartAt": "M", "States": {"M": {"Type": "Map", `+limit+` "End": true,
  "ItemProcessor": {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true}}}}}}`), live).open()
		r.begin(`[2` + strings.Repeat(`,0`, 59) + `]`)
		if len(r.tasks) != want {
			t.Errorf("%s %d at a time, want %d", limit, len(r.tasks), want)
		}
		r.answer(r.tasks[1], Event{Kind: EventTaskSucceeded, Output: jsonval.TrueValue})
		if len(r.tasks) != want {
			t.Errorf("%s then %d, want %d", limit, len(r.tasks), want)
		}
	}
}

// TestIdempotencyKeys: the key of an attempt is kept while the one before ended
// without a definite answer, and is new after one.
func TestIdempotencyKeys(t *testing.T) {
	r := newRig(t, compile(t, taskOnly), live).open()
	r.begin(`{}`)
	var keys []uint64
	for _, definite := range []bool{false, true, false, false, true} {
		c := r.tasks[0]
		keys = append(keys, c.KeyID)
		r.answer(c, Event{Kind: EventTaskFailed, Error: "Again", Definite: definite})
		r.tick()
	}
	keys = append(keys, r.tasks[0].KeyID)
	want := []uint64{1, 1, 2, 2, 2, 3}
	for i := range want {
		if keys[i] != want[i] {
			t.Fatalf("keys %v, want %v", keys, want)
		}
	}
}

// TestBlobs: what cannot be read back stops the execution, loudly.
func TestBlobs(t *testing.T) {
	p := compile(t, chain(3))
	r := newRig(t, p, live).open()
	r.begin(`{"big": "` + fill(500) + `"}`)
	x, err := Restore(p, r.env, r.stored())
	if err != nil {
		t.Fatal(err)
	}
	if in := x.Input(); in.Blob != 1 || in.Value.Exists() {
		t.Errorf("restored input %+v", in)
	}
	if x.Start().Name != "exec" || x.LastEvent() != r.x.LastEvent() || x.Done() != nil || x.Status() != "RUNNING" {
		t.Errorf("restored %+v", x.Start())
	}
	for name, load := range map[string]func(uint64) (jsonval.Value, error){
		"no loader": nil,
		"an error":  func(uint64) (jsonval.Value, error) { return jsonval.Value{}, errors.New("gone") },
		"nothing":   func(uint64) (jsonval.Value, error) { return jsonval.Value{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			env := r.env
			env.LoadBlob = load
			x, err := Restore(p, env, r.stored())
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if recover() == nil {
					t.Error("it went on")
				}
			}()
			x.Apply(Event{Kind: EventTimer, Timer: 1, Time: r.now + 60000})
		})
	}
}

// TestBroken: events that no host may send.
func TestBroken(t *testing.T) {
	for name, ev := range map[string]Event{
		"unknown kind":      {Kind: 99},
		"unknown semantics": {Kind: EventStarted, Start: &Start{Semantics: 99}},
		"no start":          {Kind: EventStarted},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, compile(t, taskOnly), live).open()
			if ev.Kind != EventStarted {
				r.begin(`{}`)
			}
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			r.x.Apply(ev)
		})
	}
}

// TestBeforeStart: an execution without its first event takes none other.
func TestBeforeStart(t *testing.T) {
	x := New(compile(t, taskOnly), Env{})
	for kind := EventContinue; kind <= EventTaskStarted; kind++ {
		if !x.Apply(Event{Kind: kind, Command: 1, Attempt: 1, Timer: 1}).Stray {
			t.Errorf("kind %d is taken", kind)
		}
	}
	if x.Status() != "" || x.State() != "" || x.Outstanding() != nil || x.Snapshot() != nil || x.Waiting() != "" {
		t.Error("it is not empty")
	}
}

// TestTooLargeToBuild: a value over all limits ends the execution in AWS's words,
// past Retry and Catch.
func TestTooLargeToBuild(t *testing.T) {
	members := strings.TrimSuffix(strings.Repeat(`{"x.$":"$"},`, 200), ",")
	r := newRig(t, compile(t, `{"StartAt": "Grow", "States": {"Grow": {"Type": "Parallel", "End": true, "Parameters": {"list": [`+members+`]},
  "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Never"}],
  "Branches": [{"StartAt": "One", "States": {"One": {"Type": "Succeed"}}}]}, "Never": {"Type": "Succeed"}}}`), live).open()
	r.begin(`"` + strings.Repeat("x", 200_000) + `"`)
	want := "The state/task 'Grow' returned a result with a size exceeding the maximum number of bytes service limit."
	if r.done.Status != "FAILED" || text(r.done.Error) != asl.ErrDataLimitExceeded || text(r.done.Cause) != want {
		t.Errorf("%s %s: %s", r.done.Status, text(r.done.Error), text(r.done.Cause))
	}
}
