package awssdk

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// asks gives the token of a Task to the desk, and catches what the desk says no to.
const asks = `{"StartAt":"Ask","States":{
 "Ask":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke.waitForTaskToken","TimeoutSeconds":600,
  "Parameters":{"ApiEndpoint":"desk.execute-api.us-east-1.amazonaws.com","Method":"POST","Path":"/desk/ask","AuthType":"IAM_ROLE",
   "RequestBody":{"token.$":"$$.Task.Token"}},
  "Catch":[{"ErrorEquals":["Refused"],"ResultPath":"$.refused","Next":"No"}],"End":true},
 "No":{"Type":"Pass","End":true}}}`

// waitingToken starts an execution and gives the token that its Task waits on.
func waitingToken(t *testing.T, c *sfn.Client, machine string) (arn, token string) {
	t.Helper()
	arn = start(t, c, machine, "", `{}`)
	until(t, "the Task waits", func() bool {
		events, _ := history(t, c, arn, 1000)
		for _, ev := range events {
			switch ev.Type {
			case types.HistoryEventTypeTaskScheduled:
				var p struct{ RequestBody struct{ Token string } }
				if err := json.Unmarshal([]byte(*ev.TaskScheduledEventDetails.Parameters), &p); err != nil {
					t.Fatal(err)
				}
				token = p.RequestBody.Token
			case types.HistoryEventTypeTaskSubmitted:
				return token != ""
			case types.HistoryEventTypeExecutionFailed:
				t.Fatalf("the Task failed: %s", aws.ToString(ev.ExecutionFailedEventDetails.Cause))
			}
		}
		return false
	})
	return arn, token
}

func TestTaskTokens(t *testing.T) {
	c := client(t)
	if os.Getenv("STILE_ENDPOINT") != "" && os.Getenv("STILE_DESK") == "" {
		t.Skip("STILE_ENDPOINT names a server that need not have the desk of testdata/project; set STILE_DESK=1 where it has")
	}
	m := machine(t, c, "asks", asks)
	arn, token := waitingToken(t, c, m)
	if _, err := c.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: aws.String(token)}); err != nil {
		t.Error(err)
	}
	_, err := c.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: aws.String(token), Output: aws.String(`{`)})
	var invalid *types.InvalidOutput
	if !errors.As(err, &invalid) {
		t.Errorf("output that is no JSON gives %v", err)
	}
	if _, err := c.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: aws.String(token), Output: aws.String(`{"yes": 1}`)}); err != nil {
		t.Fatal(err)
	}
	if x := finished(t, c, arn); x.Status != types.ExecutionStatusSucceeded || !sameJSON(*x.Output, `{"yes":1}`) {
		t.Errorf("ended as %+v", x)
	}
	_, err = c.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: aws.String(token)})
	var late *types.TaskTimedOut
	var gone *types.TaskDoesNotExist
	if !errors.As(err, &late) && !errors.As(err, &gone) {
		t.Errorf("a token that was used gives %v", err)
	}
	arn, token = waitingToken(t, c, m)
	if _, err := c.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: aws.String(token), Error: aws.String("Refused"), Cause: aws.String("no money")}); err != nil {
		t.Fatal(err)
	}
	if x := finished(t, c, arn); x.Status != types.ExecutionStatusSucceeded || !sameJSON(*x.Output, `{"refused":{"Error":"Refused","Cause":"no money"}}`) {
		t.Errorf("ended as %+v, output %s", x, aws.ToString(x.Output))
	}
}

func TestRefusedTokens(t *testing.T) {
	c := client(t)
	_, err := c.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: aws.String("nonsense"), Output: aws.String(`{}`)})
	refused[*types.InvalidToken](t, err, "Invalid Token: 'Invalid token'")
	_, err = c.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: aws.String("nonsense")})
	refused[*types.InvalidToken](t, err, "Invalid Token: 'Invalid token'")
	_, err = c.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: aws.String("nonsense")})
	refused[*types.InvalidToken](t, err, "Invalid Token: 'Invalid token'")
}
