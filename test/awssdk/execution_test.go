package awssdk

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func TestExecutionThatSucceeds(t *testing.T) {
	c := client(t)
	m := machine(t, c, "succeeds", passes)
	arn := start(t, c, m, "one", `{"sku": "sku-1", "n": 1.0}`)
	x := finished(t, c, arn)
	if x.Status != types.ExecutionStatusSucceeded || *x.Output != `{"ok":true}` || *x.Name != "one" || *x.StateMachineArn != m {
		t.Errorf("ended as %+v", x)
	}
	if *x.Input != `{"sku": "sku-1", "n": 1.0}` || !x.InputDetails.Included || !x.OutputDetails.Included {
		t.Errorf("input %s %+v, output %+v", *x.Input, x.InputDetails, x.OutputDetails)
	}
	if x.StopDate.Before(*x.StartDate) || x.Error != nil || x.Cause != nil || *x.RedriveCount != 0 ||
		x.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable {
		t.Errorf("ended as %+v", x)
	}
	meta, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(arn), IncludedData: types.IncludedDataMetadataOnly})
	if err != nil {
		t.Fatal(err)
	}
	if meta.Input != nil || meta.Output != nil || meta.InputDetails.Included {
		t.Errorf("metadata holds %v, %v", meta.Input, meta.Output)
	}
	d, err := c.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	if *d.Definition != passes || *d.StateMachineArn != m || *d.RoleArn != role || d.UpdateDate == nil {
		t.Errorf("described for the execution as %+v", d)
	}
}

// TestExecutionKeepsItsDefinition updates a state machine under an execution.
func TestExecutionKeepsItsDefinition(t *testing.T) {
	c := client(t)
	m := machine(t, c, "keeps", waits)
	arn := start(t, c, m, "", `{}`)
	if _, err := c.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(m), Definition: aws.String(passes)}); err != nil {
		t.Fatal(err)
	}
	d, err := c.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	if *d.Definition != waits {
		t.Errorf("the execution has %s", *d.Definition)
	}
	if x := finished(t, c, start(t, c, m, "", `{}`)); x.Status != types.ExecutionStatusSucceeded {
		t.Errorf("the next one ended %s", x.Status)
	}
}

func TestExecutionThatFails(t *testing.T) {
	c := client(t)
	x := finished(t, c, start(t, c, machine(t, c, "fails", fails), "", `{}`))
	if x.Status != types.ExecutionStatusFailed || *x.Error != "Mine.Error" || *x.Cause != "said so" || x.Output != nil ||
		x.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
		t.Errorf("ended as %+v", x)
	}
}

func TestStopExecution(t *testing.T) {
	c := client(t)
	arn := start(t, c, machine(t, c, "stops", waits), "", `{}`)
	out, err := c.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(arn), Error: aws.String("Enough"), Cause: aws.String("by hand")})
	if err != nil {
		t.Fatal(err)
	}
	x := finished(t, c, arn)
	if x.Status != types.ExecutionStatusAborted || *x.Error != "Enough" || *x.Cause != "by hand" || !x.StopDate.Equal(*out.StopDate) {
		t.Errorf("ended as %+v, stopped at %v", x, out.StopDate)
	}
	events, _ := history(t, c, arn, 0)
	last := events[len(events)-1]
	if last.Type != types.HistoryEventTypeExecutionAborted || last.PreviousEventId != 0 || *last.ExecutionAbortedEventDetails.Error != "Enough" {
		t.Errorf("last event %+v", last)
	}
}

func TestRedriveExecution(t *testing.T) {
	c := client(t)
	m := machine(t, c, "redrives", fails)
	arn := start(t, c, m, "", `{}`)
	finished(t, c, arn)
	out, err := c.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: aws.String(arn), ClientToken: aws.String("one")})
	if err != nil {
		t.Fatal(err)
	}
	x := finished(t, c, arn)
	if x.Status != types.ExecutionStatusFailed || *x.RedriveCount != 1 || !x.RedriveDate.Equal(*out.RedriveDate) || x.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
		t.Errorf("%+v", x)
	}
	again, err := c.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: aws.String(arn), ClientToken: aws.String("one")})
	if err != nil || !again.RedriveDate.Equal(*out.RedriveDate) {
		t.Errorf("%+v, %v", again, err)
	}
	events, _ := history(t, c, arn, 0)
	found := false
	for _, e := range events {
		if e.Type == types.HistoryEventTypeExecutionRedriven {
			found = *e.ExecutionRedrivenEventDetails.RedriveCount == 1
		}
	}
	if !found {
		t.Errorf("no redrive in %+v", events)
	}
	_, err = c.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(m), RedriveFilter: types.ExecutionRedriveFilterRedriven})
	refused[*types.ValidationException](t, err, "redriveFilter can only be specified together with mapRunArn")
	good := start(t, c, machine(t, c, "redrives-not", passes), "", `{}`)
	finished(t, c, good)
	redrive := func(arn string) error {
		_, err := c.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: aws.String(arn)})
		return err
	}
	refused[*types.ExecutionNotRedrivable](t, redrive(good), "Execution is SUCCEEDED and cannot be redriven")
	refused[*types.ExecutionDoesNotExist](t, redrive(good+"-not"), "Execution Does Not Exist: '"+good+"-not'")
	refused[*types.InvalidArn](t, redrive("arn:aws:states:us-east-1:111111111111:express:m:x:y"), "Invalid Arn: 'Resource type not valid in this context: express'")
}

func TestStartIsIdempotent(t *testing.T) {
	c := client(t)
	m := machine(t, c, "idempotent", waits)
	first := start(t, c, m, "same", `{"a":1}`)
	if again := start(t, c, m, "same", `{"a":1}`); again != first {
		t.Errorf("started again as %s", again)
	}
	_, err := c.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(m), Name: aws.String("same"), Input: aws.String(`{"a":2}`)})
	refused[*types.ExecutionAlreadyExists](t, err, "Execution Already Exists: '"+first+"'")
}

func TestRefusedStarts(t *testing.T) {
	c := client(t)
	m := machine(t, c, "refuses", passes)
	try := func(arn, name, input string) error {
		in := &sfn.StartExecutionInput{StateMachineArn: aws.String(arn), Input: aws.String(input)}
		if name != "" {
			in.Name = aws.String(name)
		}
		_, err := c.StartExecution(t.Context(), in)
		return err
	}
	refused[*types.StateMachineDoesNotExist](t, try(m+"-not", "", `{}`), "State Machine Does Not Exist: '"+m+"-not'")
	refused[*types.InvalidArn](t, try("no_arn", "", `{}`), "Invalid Arn: 'Invalid ARN prefix: no_arn'")
	refused[*types.InvalidName](t, try(m, "a/b", `{}`), "Invalid Name: 'a/b'")
	refused[*types.InvalidExecutionInput](t, try(m, "", ``), "Invalid State Machine Execution Input: 'Invalid execution input.'")
	refused[*types.InvalidExecutionInput](t, try(m, "", `{'a'`),
		"Invalid State Machine Execution Input: 'Unexpected character (''' (code 39)): was expecting double-quote to start field name'")
	_, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String("arn:aws:states:us-east-1:111111111111:execution:m:none")})
	refused[*types.ExecutionDoesNotExist](t, err, "Execution Does Not Exist: 'arn:aws:states:us-east-1:111111111111:execution:m:none'")
	_, err = c.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String("arn:aws:states:us-east-1:111111111111:express:m:x:y")})
	refused[*types.InvalidArn](t, err, "Invalid Arn: 'Resource type not valid in this context: express'")
	for _, input := range []string{`2`, `"text"`, `null`, `[]`} {
		if err := try(m, "", input); err != nil {
			t.Errorf("input %s: %v", input, err)
		}
	}
}

func TestListExecutions(t *testing.T) {
	c := client(t)
	m := machine(t, c, "lists", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.wait","BooleanEquals":true,"Next":"W"}],"Default":"S"},
		"W":{"Type":"Wait","Seconds":3600,"End":true},"S":{"Type":"Succeed"}}}`)
	var want []string
	for _, input := range []string{`{"wait":true}`, `{"wait":false}`, `{"wait":true}`, `{"wait":false}`, `{"wait":false}`} {
		want = append(want, start(t, c, m, "", input))
	}
	for _, i := range []int{1, 3, 4} {
		finished(t, c, want[i])
	}
	list := func(status types.ExecutionStatus) (arns []string) {
		p := sfn.NewListExecutionsPaginator(c, &sfn.ListExecutionsInput{StateMachineArn: aws.String(m), MaxResults: 2, StatusFilter: status})
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range out.Executions {
				if status != "" && x.Status != status || *x.StateMachineArn != m || x.StartDate == nil || (x.StopDate == nil) != (x.Status == types.ExecutionStatusRunning) {
					t.Errorf("listed %+v under %q", x, status)
				}
				arns = append(arns, *x.ExecutionArn)
			}
		}
		return arns
	}
	all := list("")
	slices.Sort(all)
	slices.Sort(want)
	if !slices.Equal(all, want) {
		t.Errorf("listed %v, want %v", all, want)
	}
	if r, s := list(types.ExecutionStatusRunning), list(types.ExecutionStatusSucceeded); len(r) != 2 || len(s) != 3 {
		t.Errorf("%d running, %d succeeded", len(r), len(s))
	}
	_, err := c.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(m), StatusFilter: "succeeded"})
	refused[*types.ValidationException](t, err, "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: "+
		"Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]")
	_, err = c.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(m + "-not")})
	refused[*types.StateMachineDoesNotExist](t, err, "State Machine Does Not Exist: '"+m+"-not'")
}
