package observe

import (
	"strconv"
	"testing"
	"time"

	"stile/internal/telemetry"
)

// TestToldOnce: a history that is read again, or from before this process, is not
// exported again.
func TestToldOnce(t *testing.T) {
	stored := map[string]bool{}
	var asked int
	told := Told{Known: func(_, span string) (bool, error) { asked++; return stored[span], nil }}
	span := func(n int) telemetry.Span {
		return telemetry.Span{SpanID: strconv.Itoa(n), End: time.Unix(0, int64(n))}
	}
	for n := 1; n <= 3*maxTold; n++ {
		if len(told.Fresh([]telemetry.Span{span(n)})) != 1 {
			t.Fatalf("%d is not told", n)
		}
		stored[span(n).SpanID] = true
	}
	if asked != 0 {
		t.Errorf("the store was asked %d times for what is new", asked)
	}
	for _, n := range []int{1, maxTold, 2*maxTold + 1, 3 * maxTold} {
		if len(told.Fresh([]telemetry.Span{span(n)})) != 0 {
			t.Errorf("%d is told again", n)
		}
	}
	again := span(3 * maxTold)
	again.End = again.End.Add(time.Hour) // redriven, it ends a second time
	if len(told.Fresh([]telemetry.Span{again})) != 1 {
		t.Error("a second end is not told")
	}
}
