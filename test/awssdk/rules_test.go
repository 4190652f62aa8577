package awssdk

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// keepsRules holds a whole history, as the SDK reads it, against what every history
// keeps: ids without a gap, time that does not go back, one end, and one end for each
// attempt of a Task. The product's own checks know more; these share no code with them.
func keepsRules(t *testing.T, events []types.HistoryEvent) {
	t.Helper()
	open := map[int64]string{} // latest events of open attempts → family
	for i, e := range events {
		kind := string(e.Type)
		if e.Id != int64(i+1) || e.PreviousEventId < 0 || e.PreviousEventId >= e.Id {
			t.Errorf("event %d in the place of %d follows %d", e.Id, i+1, e.PreviousEventId)
		}
		if i > 0 {
			before := string(events[i-1].Type)
			if e.Timestamp.Before(*events[i-1].Timestamp) {
				t.Errorf("event %d: time goes back", e.Id)
			}
			if ended := terminal(before); ended != (kind == "ExecutionRedriven") {
				t.Errorf("event %d: %s after %s", e.Id, kind, before)
			}
		}
		if (kind == "ExecutionStarted") != (i == 0) {
			t.Errorf("event %d: %s", e.Id, kind)
		}
		for _, family := range []string{"Task", "LambdaFunction", "Activity"} {
			what, ok := strings.CutPrefix(kind, family)
			if !ok || strings.HasPrefix(what, "State") || what == "ScheduleFailed" {
				continue
			}
			if what != "Scheduled" && open[e.PreviousEventId] != family {
				t.Errorf("event %d: %s of no open attempt", e.Id, kind)
			}
			delete(open, e.PreviousEventId)
			if what == "Scheduled" || what == "Started" || what == "Submitted" {
				open[e.Id] = family
			}
		}
	}
}

func terminal(kind string) bool {
	switch kind {
	case "ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut":
		return true
	}
	return false
}
