package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/secret"
)

// disk is a file that can be full, or stuck.
type disk struct {
	bytes.Buffer
	full, closed bool
	stuck        chan struct{} // nil: not stuck
}

func (d *disk) Write(p []byte) (int, error) {
	if d.stuck != nil {
		<-d.stuck
	}
	if d.full {
		return 0, errors.New("no space left")
	}
	return d.Buffer.Write(p)
}

func (d *disk) Close() error { d.closed = true; return nil }

func exchangeOf(id string) *Exchange {
	n := int64(12)
	return &Exchange{Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), TraceID: trace(0), SpanID: "0000000000000001", ID: id, Via: ViaState,
		API: "payments", Operation: "charge", Subscription: "demo", Subject: "e/Charge", Method: "POST", Path: "/payments", Status: 429,
		Verdict:   &Verdict{Policy: "rate-limit", Scope: "api", At: "apim/apis/payments/policy.xml:5", Reason: "RateLimitExceeded"},
		Durations: Durations{Millis(1234567), Millis(1000), Millis(999)}, RequestBytes: &n,
		StateMachine: "order", Execution: "e", State: "Charge", Attempt: 2}
}

func TestAccessLogLine(t *testing.T) {
	d := &disk{}
	a := NewAccessLog(d, func(err error) { t.Error(err) })
	a.Exchange(exchangeOf("r1"))
	a.Exchange(&Exchange{ID: "r2", Via: ViaEdge, Method: "GET", Path: "/<x>\n"})
	if err := a.Close(t.Context()); err != nil || !d.closed || a.Dropped() != 0 {
		t.Fatal(err, d.closed, a.Dropped())
	}
	want := `{"time":"2026-01-02T03:04:05.006Z","trace":"00000000000000000000000000000001","span":"0000000000000001","id":"r1","via":"state",` +
		`"api":"payments","operation":"charge","subscription":"demo","subject":"e/Charge","method":"POST","path":"/payments","status":429,` +
		`"verdict":{"policy":"rate-limit","scope":"api","at":"apim/apis/payments/policy.xml:5","reason":"RateLimitExceeded"},` +
		`"durations_ms":{"total":1.235,"backend":0.001,"policies":0.001},"request_bytes":12,` +
		`"state_machine":"order","execution":"e","state":"Charge","attempt":2}`
	lines := strings.Split(d.String(), "\n")
	if diff := cmp.Diff(want, lines[0]); diff != "" {
		t.Error(diff)
	}
	if len(lines) != 3 || !json.Valid([]byte(lines[1])) {
		t.Errorf("a line end in a path broke the line: %q", lines[1:])
	}
}

func TestAccessLogOfAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{full: true}
		var told []error
		a := NewAccessLog(d, func(err error) { told = append(told, err) })
		for range 3 {
			a.Exchange(exchangeOf("lost"))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		d.full = false
		a.Exchange(exchangeOf("kept"))
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.Dropped() != 3 || len(told) != 1 || strings.Count(d.String(), "\n") != 1 || !strings.Contains(d.String(), `"kept"`) {
			t.Errorf("dropped %d, told %v, wrote %q", a.Dropped(), told, d.String())
		}
	})
}

func TestAccessLogNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{stuck: make(chan struct{})}
		a := NewAccessLog(d, func(err error) { t.Error(err) })
		for range 40_000 {
			a.Exchange(exchangeOf("x")) // would hang the bubble if it waited
		}
		if a.Dropped() == 0 {
			t.Error("nothing was dropped although nothing can be written")
		}
		close(d.stuck)
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := uint64(strings.Count(d.String(), "\n")) + a.Dropped(); got != 40_000 {
			t.Errorf("written and dropped are %d", got)
		}
	})
}

type logSink struct {
	Fan
	got []Record
}

func (l *logSink) Log(r Record) { l.got = append(l.got, r) }

func TestLogHandler(t *testing.T) {
	var out bytes.Buffer
	sink := &logSink{}
	log := slog.New(NewLogHandler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo}), sink))
	log.With("a", 1).WithGroup("g").With("b", 2).Info("hello", "c", secret.NewValue("canary"), slog.Group("h", "d", true))
	log.Debug("too low")
	if len(sink.got) != 1 || !strings.Contains(out.String(), "g.b=2") {
		t.Fatalf("%v; %s", sink.got, out.String())
	}
	want := Attributes{{"a", "1"}, {"g.b", "2"}, {"g.c", "***"}, {"g.h.d", "true"}}
	if diff := cmp.Diff(want, sink.got[0].Attributes); diff != "" || sink.got[0].Message != "hello" {
		t.Error(diff)
	}
}
