package observe

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"stile/internal/secret"
	"stile/internal/telemetry"
)

// taped is a sink that prints what it gets.
type taped struct{ strings.Builder }

func (s *taped) Exchange(x *telemetry.Exchange) { fmt.Fprintf(s, "%+v %+v\n", *x, x.Verdict) }
func (s *taped) Spans(spans []telemetry.Span)   { fmt.Fprintf(s, "%+v\n", spans) }
func (s *taped) Log(r telemetry.Record)         { fmt.Fprintf(s, "%+v\n", r) }
func (s *taped) Event(e telemetry.Event)        { fmt.Fprintf(s, "%+v\n", e) }

const canary = "canary-rotation-5f3a"

type broken struct{ Inner string }

// TestLogsAndSinksAreMasked: every kind of attribute, groups, errors, and a panic's
// text with its stack; what has no secret stays as it is.
func TestLogsAndSinksAreMasked(t *testing.T) {
	mask := secret.NewMasker(nil)
	mask.Keep("a", secret.NewValue(canary))
	var text bytes.Buffer
	sink := &taped{}
	log := MaskedLog(slog.New(telemetry.NewLogHandler(slog.NewJSONHandler(&text, nil), MaskedSink(sink, mask))), mask)
	log.With("before", "x"+canary).WithGroup("g").Error("panic: "+canary, "n", 7, "error", errors.New("with "+canary), "stack", []byte(canary),
		"struct", broken{canary}, slog.Group("inner", "text", canary, "plain", "kept"))
	m := MaskedSink(sink, mask)
	m.Exchange(&telemetry.Exchange{Path: "/" + canary, Error: canary, Verdict: &telemetry.Verdict{Reason: canary}, Method: "GET",
		Calls: []telemetry.BackendCall{{Backend: canary + ".example"}}})
	m.Spans([]telemetry.Span{{Name: "GET https://x/?k=" + canary, Attributes: telemetry.Attributes{{Name: "url.full", Value: canary}, {Name: "plain", Value: "kept"}}}})
	m.Event(telemetry.Event{Name: "e", Attributes: telemetry.Attributes{{Name: "cause", Value: canary}}})
	all := text.String() + sink.String()
	if strings.Contains(all, canary) || strings.Contains(all, "Y2FuYXJ5") {
		t.Errorf("a secret is in %s", all)
	}
	for _, want := range []string{`"n":7`, `"error":"with ***"`, `"plain":"kept"`, `"before":"x***"`, `"msg":"panic: ***"`, "Path:/***"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in %s", want, all)
		}
	}
}
