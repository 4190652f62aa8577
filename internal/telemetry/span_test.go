package telemetry

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestSpansAreWrittenAsTheyAreRead: what the store writes reads as what encoding/json
// would have written.
func TestSpansAreWrittenAsTheyAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return rapid.String().Draw(t, name) }
		at := func(name string) time.Time { return time.Unix(0, rapid.Int64Range(0, 4e18).Draw(t, name)).UTC() }
		sp := Span{TraceID: text("trace"), SpanID: text("span"), ParentID: text("parent"), Name: text("name"), Kind: KindState,
			Start: at("start"), End: at("end"), Status: "ok"}
		for range rapid.IntRange(0, 3).Draw(t, "attributes") {
			sp.Attributes = append(sp.Attributes, Attribute{text("key"), text("value")})
		}
		want, err := json.Marshal(sp)
		if err != nil {
			t.Fatal(err)
		}
		var by, ours Span
		if err := json.Unmarshal(want, &by); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(sp.append(nil), &ours); err != nil {
			t.Fatalf("%v\n%s", err, sp.append(nil))
		}
		if d := cmp.Diff(by, ours); d != "" {
			t.Fatal(d)
		}
	})
}

func TestWritingASpanAllocatesOnce(t *testing.T) {
	sp := Span{TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331", Name: "Charge", Kind: KindState, Status: "ok",
		Attributes: Attributes{{AttrStateMachine, "orders"}, {AttrStateType, "Task"}}}
	if n := testing.AllocsPerRun(100, func() { sp.append(make([]byte, 0, spanRoom)) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
