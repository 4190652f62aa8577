package awssdk

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

const (
	passes  = `{"StartAt":"P","States":{"P":{"Type":"Pass","Result":{"ok":true},"End":true}}}`
	passes2 = `{"StartAt":"P","States":{"P":{"Type":"Pass","Result":{"ok":false},"End":true}}}`
	waits   = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`
	fails   = `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Mine.Error","Cause":"said so"}}}`
)

func TestStateMachineLifecycle(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "life", passes)
	if want := "arn:aws:states:us-east-1:111111111111:stateMachine:life-" + runID; arn != want {
		t.Errorf("ARN %s, want %s", arn, want)
	}
	if again := machine(t, c, "life", passes); again != arn {
		t.Errorf("created again as %s", again)
	}
	d, err := c.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	if *d.Definition != passes || *d.RoleArn != role || d.Type != types.StateMachineTypeStandard ||
		d.Status != types.StateMachineStatusActive || d.CreationDate == nil || d.RevisionId != nil {
		t.Errorf("described as %+v", d)
	}
	if d.LoggingConfiguration.Level != types.LogLevelOff || d.LoggingConfiguration.IncludeExecutionData || d.TracingConfiguration.Enabled {
		t.Errorf("logging %+v, tracing %+v", d.LoggingConfiguration, d.TracingConfiguration)
	}
	u, err := c.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(arn), Definition: aws.String(passes2)})
	if err != nil {
		t.Fatal(err)
	}
	if d, err = c.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn)}); err != nil {
		t.Fatal(err)
	}
	if u.RevisionId == nil || d.RevisionId == nil || *d.RevisionId != *u.RevisionId || *d.Definition != passes2 {
		t.Errorf("updated to %+v, described as %+v", u, d)
	}
	if u.UpdateDate.Before(*d.CreationDate) {
		t.Errorf("updated %v, created %v", u.UpdateDate, d.CreationDate)
	}
}

func TestDeleteIsIdempotent(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "gone", passes)
	for range 2 {
		if _, err := c.DeleteStateMachine(t.Context(), &sfn.DeleteStateMachineInput{StateMachineArn: aws.String(arn)}); err != nil {
			t.Error(err)
		}
	}
	until(t, "the state machine is gone", func() bool {
		_, err := c.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn)})
		var gone *types.StateMachineDoesNotExist
		return errors.As(err, &gone)
	})
}

func TestListStateMachinesByPages(t *testing.T) {
	c := client(t)
	var want []string
	for _, name := range []string{"page-a", "page-b", "page-c"} {
		want = append(want, machine(t, c, name, passes))
	}
	var got []string
	pages := 0
	p := sfn.NewListStateMachinesPaginator(c, &sfn.ListStateMachinesInput{MaxResults: 1})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(out.StateMachines) > 1 {
			t.Fatalf("%d on a page of 1", len(out.StateMachines))
		}
		pages++
		for _, m := range out.StateMachines {
			if slices.Contains(want, *m.StateMachineArn) {
				got = append(got, *m.StateMachineArn)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || pages < 3 {
		t.Errorf("listed %v on %d pages, want %v", got, pages, want)
	}
}

func TestRefusedStateMachines(t *testing.T) {
	c := client(t)
	arn := machine(t, c, "taken", passes)
	create := func(name, definition string, change func(*sfn.CreateStateMachineInput)) error {
		in := &sfn.CreateStateMachineInput{Name: aws.String(name), Definition: aws.String(definition), RoleArn: aws.String(role)}
		if change != nil {
			change(in)
		}
		_, err := c.CreateStateMachine(t.Context(), in)
		return err
	}
	refused[*types.StateMachineAlreadyExists](t, create("taken-"+runID, passes2, nil), "State Machine Already Exists: '"+arn+"'")
	refused[*types.InvalidName](t, create("not a name", passes, nil), "Invalid Name: 'not a name'")
	refused[*types.InvalidDefinition](t, create("bad-"+runID, `{"StartAt":"P"}`, nil),
		"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'")
	refused[*types.InvalidLoggingConfiguration](t, create("log-"+runID, passes, func(in *sfn.CreateStateMachineInput) {
		in.LoggingConfiguration = &types.LoggingConfiguration{Level: types.LogLevelAll}
	}), "Invalid Logging Configuration: Must specify exactly one Log Destination.")
	refused[*types.ValidationException](t, create("version-"+runID, passes, func(in *sfn.CreateStateMachineInput) {
		in.VersionDescription = aws.String("x")
	}), "Version description can only be set when publish is true")
	_, err := c.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: aws.String(arn)})
	refused[*types.MissingRequiredParameter](t, err,
		"Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified")
	_, err = c.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String("no_arn")})
	refused[*types.InvalidArn](t, err, "Invalid Arn: 'Invalid ARN prefix: no_arn'")
	_, err = c.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(arn + "-not")})
	refused[*types.StateMachineDoesNotExist](t, err, "State Machine Does Not Exist: '"+arn+"-not'")
	_, err = c.ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{MaxResults: 1001})
	wantCode(t, err, "ValidationException", "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000")
	_, err = c.ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{NextToken: aws.String("nonsense")})
	refused[*types.InvalidToken](t, err, "Invalid Token: 'Invalid token'")
}

// wantCode checks an error that the action's model does not name.
func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || message != "" && api.ErrorMessage() != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func TestRefusalsHaveARequestID(t *testing.T) {
	c := client(t)
	_, err := c.DescribeActivity(t.Context(), &sfn.DescribeActivityInput{ActivityArn: aws.String("arn:aws:states:us-east-1:111111111111:activity:none")})
	wantCode(t, err, "ActivityDoesNotExist", "")
	if err == nil || !strings.Contains(err.Error(), "RequestID: ") || strings.Contains(err.Error(), "RequestID: ,") {
		t.Errorf("the SDK found no request id in %v", err)
	}
}
