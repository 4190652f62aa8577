package awssdk

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func expressMachine(t *testing.T, c *sfn.Client, name, definition string) string {
	t.Helper()
	out, err := c.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: aws.String(name + "-" + runID), Definition: aws.String(definition),
		RoleArn: aws.String(role), Type: types.StateMachineTypeExpress, Publish: true})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.StateMachineArn)
}

// plainHost keeps the SDK from putting sync- before the host.
func plainHost(o *sfn.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("plainHost",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
			}), middleware.Before)
	})
}

// proxied asks sync-HOST, which needs no name then, with the server for an HTTP proxy.
func proxied(address string) func(*sfn.Options) {
	return func(o *sfn.Options) {
		o.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(address) }}}
	}
}

// TestStartSyncExecution: as the SDK is by itself, at sync-HOST, and at the plain host.
func TestStartSyncExecution(t *testing.T) {
	c, ctx := client(t), t.Context()
	arn := expressMachine(t, c, "quick", passes)
	in := &sfn.StartSyncExecutionInput{StateMachineArn: aws.String(arn), Name: aws.String("n"), Input: aws.String(`{"a":1}`), TraceHeader: aws.String("Root=1")}
	for name, host := range map[string]func(*sfn.Options){"plain": plainHost, "prefixed": resolved, "proxied": proxied(endpoint)} {
		x, err := c.StartSyncExecution(ctx, in, host)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if x.Status != types.SyncExecutionStatusSucceeded || aws.ToString(x.Name) != "n" || aws.ToString(x.StateMachineArn) != arn ||
			!strings.Contains(aws.ToString(x.ExecutionArn), ":express:quick-"+runID+":n:") || aws.ToString(x.Input) != `{"a":1}` || x.Output == nil ||
			!x.InputDetails.Included || !x.OutputDetails.Included || aws.ToString(x.TraceHeader) != "Root=1" || x.StartDate == nil || x.StopDate == nil ||
			x.BillingDetails.BilledDurationInMilliseconds < 100 || x.BillingDetails.BilledMemoryUsedInMB != 64 {
			t.Errorf("%s: %+v", name, x)
		}
	}
	in.IncludedData = types.IncludedDataMetadataOnly
	if x, err := c.StartSyncExecution(ctx, in, plainHost); err != nil || x.Input != nil || x.Output != nil || x.OutputDetails.Included {
		t.Errorf("metadata only: %+v %v", x, err)
	}
	failed := expressMachine(t, c, "quick-fail", `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Bad","Cause":"why"}}}`)
	x, err := c.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: aws.String(failed + ":1")}, plainHost)
	if err != nil || x.Status != types.SyncExecutionStatusFailed || aws.ToString(x.Error) != "Bad" || aws.ToString(x.Cause) != "why" || x.Output != nil {
		t.Errorf("a failure: %+v %v", x, err)
	}
}

func TestRefusedExpress(t *testing.T) {
	c, ctx := client(t), t.Context()
	standard, arn := machine(t, c, "not-quick", passes), expressMachine(t, c, "quick-refused", passes)
	_, err := c.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: aws.String(standard)}, plainHost)
	refused[*types.StateMachineTypeNotSupported](t, err, "This operation is not supported by this type of state machine")
	_, err = c.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: aws.String(arn + "-not")}, plainHost)
	refused[*types.StateMachineDoesNotExist](t, err, "State Machine Does Not Exist: '"+arn+"-not'")
	_, err = c.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: aws.String("no_arn")}, plainHost)
	refused[*types.InvalidArn](t, err, "Invalid Arn: 'Invalid ARN prefix: no_arn'")
	_, err = c.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arn)})
	refused[*types.StateMachineTypeNotSupported](t, err, "This operation is not supported by this type of state machine")
	made, err := c.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: made.ExecutionArn})
	refused[*types.InvalidArn](t, err, "Invalid Arn: 'Resource type not valid in this context: express'")
	_, err = c.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: aws.String("quick-token-" + runID), RoleArn: aws.String(role),
		Type: types.StateMachineTypeExpress, Definition: aws.String(`{"StartAt":"T","States":{"T":{"Type":"Task","End":true,` +
			`"Resource":"arn:aws:states:us-east-1:111111111111:activity:a"}}}`)})
	refused[*types.InvalidDefinition](t, err, "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/T/Resource'")
}
