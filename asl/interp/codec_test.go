package interp

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/jsonval"
)

var byText = cmp.Comparer(func(a, b jsonval.Value) bool { return a.Text() == b.Text() })

// full checks that no field of v is zero, so that a new field is not forgotten.
func full(t *testing.T, v any, except ...string) {
	t.Helper()
	rv := reflect.ValueOf(v)
	for i := range rv.NumField() {
		name := rv.Type().Field(i).Name
		if rv.Field(i).IsZero() && (len(except) == 0 || except[0] != name) {
			t.Errorf("the test leaves %s.%s empty", rv.Type(), name)
		}
	}
}

// TestEventRecord: every field of an event survives its journal record.
func TestEventRecord(t *testing.T) {
	start := Start{Semantics: 1, ExecutionARN: "a", Name: "b", StateMachineARN: "c", StateMachineName: "d", RoleARN: "e", Type: "f",
		Input: jsonval.MustParse(`{"in": 1}`), TokenKey: "g", Owner: "h", Subject: "user:n", TraceID: "i", ParentSpan: "j", TraceHeader: "k", Account: "l", Region: "m",
		Mocks: jsonval.MustParse(`{"S": {}}`), MapRunARN: "o", VersionARN: "p", AliasARN: "q", MaxPayload: 1, MaxHistory: 2}
	full(t, start)
	ev := Event{Kind: EventStarted, Time: -5, Seed: 1 << 63, Start: &start, Command: 1, Attempt: 2, Timer: 3, Output: jsonval.MustParse(`[1, 2]`),
		Error: "E", Cause: "C", WorkerName: "w", Uncatchable: true, Definite: true, Verdict: []byte{0, 1}, RetryAfterMillis: 4, DeliveryID: "x", DeliveryDigest: "y", Missing: []string{"z", "zz"},
		Override: &Override{State: "s", Set: jsonval.MustParse(`{"a": 1}`)}}
	full(t, ev, "OutputBlob")
	got, err := DecodeEvent(ev.Append([]byte("before"))[len("before"):])
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(ev, got, byText); d != "" {
		t.Errorf("-written +read\n%s", d)
	}
	ev.OutputBlob = 9
	if got, err = DecodeEvent(ev.Append(nil)); err != nil {
		t.Fatal(err)
	}
	if got.OutputBlob != 9 || got.Output.Exists() || got.Start.Input.Exists() {
		t.Errorf("with a blob: %+v", got)
	}
}

// TestHistoryRecord: every field of a history event survives its record, a
// payload in a blob as its number.
func TestHistoryRecord(t *testing.T) {
	s, n := "s", int64(-3)
	inline, blob := Payload{Value: jsonval.MustParse(`{"a": 1}`)}, Payload{Blob: 8}
	d := Details{Name: "a", Input: &inline, Output: &blob, Error: &s, Cause: &s, Resource: "b", ResourceType: "c", Region: "d", Parameters: &inline,
		TimeoutSeconds: &n, HeartbeatSeconds: &n, Length: &n, Index: &n, RoleARN: "e", State: "f", Location: "g",
		AssignedVariables: []Variable{{Name: "v", Value: inline.Value}, {Name: "w", Blob: 2}}, WorkerName: "h", MapRunARN: "k", VersionARN: "i", AliasARN: "j", RedriveCount: &n}
	full(t, d)
	for _, typ := range []string{"ExecutionStarted", "EvaluationFailed", "A type of later"} {
		h := HistoryEvent{ID: 7, Previous: 3, Time: 9, Type: typ, Details: d}
		got, err := DecodeHistoryEvent(AppendHistory(nil, &h))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(h, got, byText); d != "" {
			t.Errorf("-written +read\n%s", d)
		}
	}
	h := HistoryEvent{ID: 1, Type: "ExecutionStarted", Details: Details{Output: &Payload{Blob: 8, Value: inline.Value}}}
	if got, _ := DecodeHistoryEvent(AppendHistory(nil, &h)); got.Details.Output.Value.Exists() {
		t.Error("a blob's text is in the record")
	}
}
