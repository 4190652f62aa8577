package awssdk

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const mapping = `{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"Next":"P","ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},
 "StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}},
 "P":{"Type":"Pass","Assign":{"n.$":"$[0]"},"End":true}}}`

func TestHistory(t *testing.T) {
	c := client(t)
	arn := start(t, c, machine(t, c, "history", mapping), "", `[7,8]`)
	finished(t, c, arn)
	events, _ := history(t, c, arn, 1000)
	var kinds []types.HistoryEventType
	for i, ev := range events {
		kinds = append(kinds, ev.Type)
		if ev.Id != int64(i+1) || ev.PreviousEventId >= ev.Id || ev.Timestamp == nil {
			t.Errorf("event %d: id %d after %d at %v", i+1, ev.Id, ev.PreviousEventId, ev.Timestamp)
		}
	}
	want := []types.HistoryEventType{"ExecutionStarted", "MapStateEntered", "MapStateStarted",
		"MapIterationStarted", "PassStateEntered", "PassStateExited", "MapIterationSucceeded",
		"MapIterationStarted", "PassStateEntered", "PassStateExited", "MapIterationSucceeded",
		"MapStateSucceeded", "MapStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"}
	if !slices.Equal(kinds, want) {
		t.Fatalf("events %v, want %v", kinds, want)
	}
	if d := events[0].ExecutionStartedEventDetails; *d.Input != `[7,8]` || *d.RoleArn != role || d.InputDetails.Truncated {
		t.Errorf("started with %+v", d)
	}
	if events[1].PreviousEventId != 0 {
		t.Errorf("the first state follows event %d, want 0", events[1].PreviousEventId)
	}
	if d := events[2].MapStateStartedEventDetails; d.Length != 2 {
		t.Errorf("Map of %d", d.Length)
	}
	if d := events[7].MapIterationStartedEventDetails; *d.Name != "M" || d.Index != 1 {
		t.Errorf("second iteration %+v", d)
	}
	if d := events[12].StateExitedEventDetails; *d.Name != "M" || *d.Output != `[7,8]` || d.OutputDetails.Truncated {
		t.Errorf("Map left with %+v", d)
	}
	if d := events[14].StateExitedEventDetails; d.AssignedVariables["n"] != "7" {
		t.Errorf("assigned %v", d.AssignedVariables)
	}
	if d := events[15].ExecutionSucceededEventDetails; *d.Output != `[7,8]` {
		t.Errorf("succeeded with %+v", d)
	}
	checkPages(t, c, arn, events)
}

func checkPages(t *testing.T, c *sfn.Client, arn string, events []types.HistoryEvent) {
	t.Helper()
	paged, pages := history(t, c, arn, 3)
	if len(paged) != len(events) || pages != (len(events)+2)/3 {
		t.Errorf("%d events on %d pages of 3, want %d", len(paged), pages, len(events))
	}
	for i := range paged {
		if paged[i].Id != events[i].Id {
			t.Errorf("page order: event %d is %d", i, paged[i].Id)
		}
	}
	out, err := c.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn), ReverseOrder: true, IncludeExecutionData: aws.Bool(false)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Events) != len(events) || out.Events[0].Type != types.HistoryEventTypeExecutionSucceeded ||
		out.Events[0].ExecutionSucceededEventDetails == nil || out.Events[0].ExecutionSucceededEventDetails.Output != nil {
		t.Errorf("backwards without data: %+v", out.Events[0])
	}
	_, err = c.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn), NextToken: aws.String("nonsense")})
	refused[*types.InvalidToken](t, err, "Invalid Token: 'Invalid token'")
	_, err = c.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn + "-not")})
	refused[*types.ExecutionDoesNotExist](t, err, "Execution Does Not Exist: '"+arn+"-not'")
}
