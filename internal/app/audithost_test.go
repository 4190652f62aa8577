package app

import (
	"slices"
	"strings"
	"testing"
)

// TestAnswersByAWSsActionsStandOnTheTimeline, the late one too.
func TestAnswersByAWSsActionsStandOnTheTimeline(t *testing.T) {
	backend, _ := answering(t)
	p := dev(t, folder(t, backend, await), t.TempDir())
	arn := p.start("one")
	p.until(arn, "it waits", has("TaskSubmitted"))
	at := p.callback()
	token := at[strings.LastIndexByte(at, '/')+1:]
	act := func(action, rest string) (status int) {
		status, _ = send(t, "POST", p.Console+"/", `{"taskToken":"`+token+`",`+rest+`}`,
			"X-Amz-Target", "AWSStepFunctions."+action, "Content-Type", "application/x-amz-json-1.0")
		return status
	}
	if status := act("SendTaskSuccess", `"output":"{}"`); status != 200 {
		t.Errorf("status %d", status)
	}
	p.until(arn, "end", ended)
	if status := act("SendTaskFailure", `"error":"E"`); status != 400 {
		t.Errorf("a late one: %d", status)
	}
	lines, _ := p.timeline(arn)
	if want := []string{"Reserve complete accepted 0 aws", "Reserve fail gone 0 aws"}; !slices.Equal(lines, want) {
		t.Errorf("timeline %q", lines)
	}
}
