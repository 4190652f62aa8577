package awssdk

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// resolved finds sync-HOST, to which the SDK sends this action, at HOST.
func resolved(o *sfn.Options) {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(address, "sync-"))
	}
	o.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: dial}}
}

func TestStateByTheSDK(t *testing.T) {
	c := client(t)
	ctx := t.Context()
	out, err := c.TestState(ctx, &sfn.TestStateInput{
		Definition: aws.String(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"Next":"Then",
			"Catch":[{"ErrorEquals":["Broken"],"Next":"Else"}]}`),
		Input: aws.String(`{"a":1}`), InspectionLevel: types.InspectionLevelDebug,
		Mock: &types.MockInput{ErrorOutput: &types.MockErrorOutput{Error: aws.String("Broken"), Cause: aws.String("why")}},
	}, resolved)
	if err != nil {
		t.Fatal(err)
	}
	if out.Status != types.TestExecutionStatusCaughtError || aws.ToString(out.NextState) != "Else" || aws.ToString(out.Cause) != "why" ||
		aws.ToInt32(out.InspectionData.ErrorDetails.CatchIndex) != 0 || aws.ToString(out.InspectionData.AfterParameters) != `{"FunctionName":"f"}` {
		t.Errorf("%+v, %+v", out, out.InspectionData)
	}
	_, err = c.TestState(ctx, &sfn.TestStateInput{Definition: aws.String(`{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},"End":true}`)}, resolved)
	wantCode(t, err, "InvalidDefinition", "")
}

func TestDefinitionIsValidated(t *testing.T) {
	c := client(t)
	out, err := c.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{
		Definition: aws.String(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`), Severity: types.ValidateStateMachineDefinitionSeverityWarning})
	if err != nil {
		t.Fatal(err)
	}
	if out.Result != types.ValidateStateMachineDefinitionResultCodeFail || len(out.Diagnostics) != 1 || aws.ToBool(out.Truncated) ||
		!strings.Contains(aws.ToString(out.Diagnostics[0].Location), "/States/A/Next") {
		t.Errorf("%+v", out)
	}
}
