package telemetry

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var charge = SlowKey{SlowOperation, "payments/charge"}

// playSlow lets an operation answer ten times a second, each in about what took
// says, and gives the changes with the second at which they came.
func playSlow(s *Slow, from, to time.Time, took func(time.Time) time.Duration) (changes []SlowChange) {
	rng := rand.New(rand.NewPCG(1, uint64(from.Unix())))
	for at := from; at.Before(to); at = at.Add(100 * time.Millisecond) {
		d := took(at)
		s.Observe(charge, at, d/2+time.Duration(rng.Int64N(int64(d))))
		if next := at.Add(100 * time.Millisecond); next.Truncate(SlowEvery).Equal(next) {
			changes = append(changes, s.Look(next)...)
		}
	}
	return changes
}

var slowEpoch = time.Unix(1_700_000_000, 0).Truncate(time.Minute)

func steady(d time.Duration) func(time.Time) time.Duration {
	return func(time.Time) time.Duration { return d }
}

// TestSlowedTenfold: 200 ms become 2 s for a while. The 95th percentile of a minute
// turns when a twentieth of it is slow: after 3 s, so that the next look finds it.
func TestSlowedTenfold(t *testing.T) {
	s := NewSlow(0, 0)
	at := slowEpoch
	if c := playSlow(s, at, at.Add(10*time.Minute), steady(200*time.Millisecond)); len(c) != 0 {
		t.Fatalf("steady load: %+v", c)
	}
	at = at.Add(10 * time.Minute)
	slowed := playSlow(s, at, at.Add(20*time.Minute), steady(2*time.Second))
	if len(slowed) != 1 || !slowed[0].Raised || slowed[0].At.Sub(at) > 5*time.Second {
		t.Fatalf("slowed: %+v", slowed)
	}
	if r := s.Raised(); len(r) != 1 || r[0].SlowKey != charge || r[0].P95 < 2*time.Second || r[0].Usual > 400*time.Millisecond || r[0].Floor != time.Second {
		t.Errorf("raised: %+v", r)
	}
	at = at.Add(20 * time.Minute)
	cleared := playSlow(s, at, at.Add(10*time.Minute), steady(200*time.Millisecond))
	if len(cleared) != 1 || cleared[0].Raised || cleared[0].At.Sub(at) > time.Minute+SlowEvery || len(s.Raised()) != 0 {
		t.Fatalf("cleared: %+v", cleared)
	}
	at = at.Add(10 * time.Minute)
	if again := playSlow(s, at, at.Add(10*time.Second), steady(2*time.Second)); len(again) != 1 || !again[0].Raised {
		t.Errorf("the slow time became what is usual: %+v", again)
	}
}

// TestSteadyLoadAboveTheFloor: what always took 5 s is not slow once there is an
// hour to compare with, and idle times clear.
func TestSteadyLoadAboveTheFloor(t *testing.T) {
	s := NewSlow(time.Second, 0)
	for at := slowEpoch; at.Before(slowEpoch.Add(2 * time.Minute)); at = at.Add(time.Second) {
		s.Observe(charge, at, 900*time.Millisecond)
	}
	s.Look(slowEpoch.Add(2 * time.Minute))
	at := slowEpoch.Add(4 * time.Minute)
	s.Look(at) // all of it is behind the last minute
	s.Observe(charge, at, 2*time.Second)
	if c := s.Look(at.Add(time.Second)); len(c) != 0 {
		t.Errorf("2 s is not three times 900 ms: %+v", c)
	}
	s.Observe(charge, at.Add(2*time.Second), 5*time.Second)
	if c := s.Look(at.Add(3 * time.Second)); len(c) != 1 {
		t.Errorf("5 s is: %+v", c)
	}
	if c := s.Look(at.Add(2 * time.Minute)); len(c) != 1 || c[0].Raised {
		t.Errorf("nothing in the last minute: %+v", c)
	}
}

// TestFewSamples: with less than 100 in the hour the floor alone counts.
func TestFewSamples(t *testing.T) {
	for n, raised := range map[int]int{99: 1, 100: 0} {
		s := NewSlow(time.Second, 0)
		for range n {
			s.Observe(charge, slowEpoch, 990*time.Millisecond)
		}
		at := slowEpoch.Add(2 * time.Minute)
		s.Look(at)
		s.Observe(charge, at, 1500*time.Millisecond)
		if c := s.Look(at.Add(time.Second)); len(c) != raised {
			t.Errorf("%d samples: %+v", n, c)
		}
	}
}

// TestNothingIsSlowUnderTheFloor, whatever happens.
func TestNothingIsSlowUnderTheFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		floor := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Hour)).Draw(t, "floor"))
		s := NewSlow(floor, 0)
		at := slowEpoch
		for range rapid.IntRange(1, 200).Draw(t, "samples") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "pause")))
			s.Observe(charge, at, time.Duration(rapid.Int64Range(0, int64(floor)).Draw(t, "took")))
			if rapid.Bool().Draw(t, "look") {
				if c := s.Look(at); len(c) != 0 {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}

// TestSlowKeysAreBounded: the key that was seen last stays.
func TestSlowKeysAreBounded(t *testing.T) {
	s := NewSlow(0, 0)
	for i := range 3 * maxSlowKeys {
		s.Observe(SlowKey{SlowState, fmt.Sprint(i)}, slowEpoch.Add(time.Duration(i)*time.Millisecond), time.Second)
		s.Observe(charge, slowEpoch.Add(time.Duration(i)*time.Millisecond), time.Minute)
	}
	n := 0
	s.keys.Range(func(any, any) bool { n++; return true })
	if n != maxSlowKeys || s.count != n {
		t.Errorf("%d keys, %d counted", n, s.count)
	}
	if c := s.Look(slowEpoch.Add(2 * time.Second)); len(c) != 1 || c[0].SlowKey != charge {
		t.Errorf("%+v", c)
	}
}

// TestSlowSink: which exchanges and spans are samples.
func TestSlowSink(t *testing.T) {
	s := NewSlow(time.Second, time.Second)
	at := slowEpoch
	s.Exchange(&Exchange{Time: at, API: "a", Operation: "o", Durations: Durations{Total: Millis(5 * time.Second)}})
	s.Exchange(&Exchange{Time: at, Durations: Durations{Total: Millis(5 * time.Second)}})
	span := func(name, kind, wait string) Span {
		return Span{Name: name, Kind: KindState, Start: at, End: at.Add(5 * time.Second),
			Attributes: Attributes{{Name: AttrStateType, Value: kind}, {Name: AttrStateWait, Value: wait}, {Name: AttrStateMachine, Value: "m"}}}
	}
	s.Spans([]Span{span("T", "Task", ""), span("W", "Wait", ""), span("Approve", "Task", "token"), span("P", "Parallel", "")})
	s.Log(Record{})
	s.Event(Event{})
	var got []string
	for _, c := range s.Look(at.Add(6 * time.Second)) {
		got = append(got, c.Kind+" "+c.Name)
	}
	if fmt.Sprint(got) != "[operation a/o state m/T]" {
		t.Error(got)
	}
}
