package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"stile/internal/config"
	"stile/internal/engine"
	"stile/internal/files"
	"stile/internal/kv/memkv"
	"stile/internal/notify"
	"stile/internal/sfn"
	"stile/internal/telemetry"
)

func TestLimitsOfStates(t *testing.T) {
	s := &server{}
	arn := sfn.StateMachineARN("us-east-1", "111111111111", "one")
	if d := s.limit(arn, "A"); d != 0 {
		t.Errorf("without a project %v", d)
	}
	s.current.Store(&project{Project: &files.Project{StateMachines: []files.StateMachine{
		{Name: "other", States: []files.StateOptions{{Name: "A", Limit: time.Second}}},
		{Name: "one", States: []files.StateOptions{{Name: "A", Limit: time.Minute}, {Name: "B"}}}}}})
	for state, want := range map[string]time.Duration{"A": time.Minute, "B": 0, "C": 0} {
		if d := s.limit(arn, state); d != want {
			t.Errorf("%s: %v, want %v", state, d, want)
		}
	}
}

// TestALimitIsATasks: a limit of another state is a fault with a place.
func TestALimitIsATasks(t *testing.T) {
	dir := folder(t, "http://127.0.0.1:9", invoke,
		"workflows/one.asl.json", `{"StartAt":"Pause","States":{"Pause":{"Type":"Wait","Seconds":1,"End":true}}}`,
		"workflows/one.workflow.yaml", "role: one-role\nstates:\n  Pause: {limit: 5m}\n")
	err := Dev(t.Context(), devOptions(dir, t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), "one.workflow.yaml:3") || !strings.Contains(err.Error(), "is no Task") {
		t.Error(err)
	}
}

// TestSlownessIsTold in the log, as a gauge and durably, once raised and once cleared.
func TestSlownessIsTold(t *testing.T) {
	store := memkv.New(nil)
	defer store.Close()
	log := make(chan string, 10)
	s := &server{log: slog.New(lines{log}), seeing: &seeing{metrics: &telemetry.Metrics{}}}
	p := &project{Project: &files.Project{Config: &config.Config{Name: "shop", Telemetry: config.Telemetry{Slow: config.Slow{Operation: time.Second}}}}}
	s.openSlow(p)
	host, err := engine.Open(engine.Config{Store: store, Account: "1", Region: "r", Outbox: s.outbox(p)})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close(context.Background())
	s.host = host
	at := time.UnixMilli(1_700_000_000_000)
	s.seeing.sinks.Exchange(&telemetry.Exchange{Time: at, API: "a", Operation: "o", Durations: telemetry.Durations{Total: telemetry.Millis(2 * time.Second)}})
	for _, now := range []time.Time{at.Add(3 * time.Second), at.Add(8 * time.Second), at.Add(2 * time.Minute)} {
		for _, c := range s.slow.Look(now) {
			s.tellSlow(t.Context(), c)
		}
	}
	records, err := host.OutboxRecords(t.Context(), 0, 10)
	if err != nil || len(records) != 2 || records[0].Type != notify.SlowRaised || records[1].Type != notify.SlowCleared {
		t.Fatalf("%+v %v", records, err)
	}
	if a, b := <-log, <-log; !strings.Contains(a, "slow") || !strings.Contains(b, "no longer slow") {
		t.Errorf("%q %q", a, b)
	}
}
