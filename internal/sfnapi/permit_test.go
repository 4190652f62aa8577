package sfnapi

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"stile/asl/history"
	"stile/internal/activity"
	"stile/internal/identity"
	"stile/internal/sfn"
	"stile/jsonval"
)

// everybody may do all.
type everybody struct{}

func (everybody) Permit(context.Context, string, ...string) identity.Decision {
	return identity.Decision{Allowed: true}
}
func (everybody) Anywhere(context.Context, string) identity.Decision {
	return identity.Decision{Allowed: true}
}
func (everybody) TokenOf(context.Context, string) (sfn.TokenOf, bool)        { return sfn.TokenOf{}, false }
func (everybody) User(context.Context) string                                { return "anonymous" }
func (everybody) Subject(context.Context) string                             { return "" }
func (everybody) Refused(context.Context, string, string, identity.Decision) {}

// only permits some actions on everything, and remembers what it was asked and told.
type only struct {
	actions  []string
	explicit bool
	asked    []string
	refused  []string
}

func (o *only) Permit(_ context.Context, action string, resources ...string) identity.Decision {
	o.asked = append(o.asked, action+" "+strings.Join(resources, " "))
	return identity.Decision{Allowed: slices.Contains(o.actions, action), Explicit: o.explicit}
}
func (o *only) Anywhere(_ context.Context, action string) identity.Decision {
	return identity.Decision{Allowed: slices.Contains(o.actions, action)}
}
func (o *only) TokenOf(_ context.Context, token string) (sfn.TokenOf, bool) {
	return sfn.TokenOf{ExecutionARN: "arn:aws:states:us-east-1:111111111111:execution:order:e1", State: "A/b"}, token == "open"
}
func (*only) User(context.Context) string    { return "user:ada" }
func (*only) Subject(context.Context) string { return "user:ada" }
func (o *only) Refused(_ context.Context, action, resource string, _ identity.Decision) {
	o.refused = append(o.refused, action+" "+resource)
}

func ask(f Host, may Permissions, action, body string) (int, string) {
	h := New(Config{Host: f, Sync: (*fake)(nil), Permissions: may, Activities: (*activity.Activities)(nil), Account: "111111111111", Region: "us-east-1"})
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

const (
	orderARN    = "arn:aws:states:us-east-1:111111111111:stateMachine:order"
	e1ARN       = "arn:aws:states:us-east-1:111111111111:execution:order:e1"
	definition1 = `,"definition":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}`
)

// TestEveryActionAsks: who may do nothing gets AWS's refusal from every action,
// before the host is asked: this one breaks when it is.
func TestEveryActionAsks(t *testing.T) {
	bodies := map[string][2]string{
		"CreateStateMachine":               {`{"name":"order"` + definition1, orderARN},
		"DescribeStateMachine":             {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"UpdateStateMachine":               {`{"stateMachineArn":"` + orderARN + `"` + definition1, orderARN},
		"ListStateMachines":                {`{}`, "arn:aws:states:us-east-1:111111111111:stateMachine:*"},
		"DeleteStateMachine":               {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"DescribeStateMachineForExecution": {`{"executionArn":"` + e1ARN + `"}`, e1ARN},
		"StartExecution":                   {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"StartSyncExecution":               {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"DescribeExecution":                {`{"executionArn":"` + e1ARN + `"}`, e1ARN},
		"ListExecutions":                   {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"RedriveExecution":                 {`{"executionArn":"` + e1ARN + `"}`, e1ARN},
		"StopExecution":                    {`{"executionArn":"` + e1ARN + `"}`, e1ARN},
		"GetExecutionHistory":              {`{"executionArn":"` + e1ARN + `"}`, e1ARN},
		"PublishStateMachineVersion":       {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"ListStateMachineVersions":         {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"DeleteStateMachineVersion":        {`{"stateMachineVersionArn":"` + orderARN + `:7"}`, orderARN + ":7"},
		"CreateStateMachineAlias":          {`{"name":"A","routingConfiguration":[{"stateMachineVersionArn":"` + orderARN + `:7","weight":100}]}`, orderARN},
		"DescribeStateMachineAlias":        {`{"stateMachineAliasArn":"` + orderARN + `:A"}`, orderARN + ":A"},
		"UpdateStateMachineAlias":          {`{"stateMachineAliasArn":"` + orderARN + `:A","description":"d"}`, orderARN + ":A"},
		"DeleteStateMachineAlias":          {`{"stateMachineAliasArn":"` + orderARN + `:A"}`, orderARN + ":A"},
		"ListStateMachineAliases":          {`{"stateMachineArn":"` + orderARN + `"}`, orderARN},
		"TagResource":                      {`{"resourceArn":"` + orderARN + `","tags":[]}`, orderARN},
		"UntagResource":                    {`{"resourceArn":"` + orderARN + `","tagKeys":[]}`, orderARN},
		"ListTagsForResource":              {`{"resourceArn":"` + orderARN + `"}`, orderARN},
		"DescribeMapRun":                   {`{"mapRunArn":"` + runningRun + `"}`, runningRun},
		"ListMapRuns":                      {`{"executionArn":"` + e1ARN + `"}`, e1ARN},
		"UpdateMapRun":                     {`{"mapRunArn":"` + runningRun + `"}`, runningRun},
		"SendTaskSuccess":                  {`{"taskToken":"open","output":"{}"}`, orderARN},
		"SendTaskFailure":                  {`{"taskToken":"open"}`, orderARN},
		"SendTaskHeartbeat":                {`{"taskToken":"open"}`, orderARN},
		"CreateActivity":                   {`{"name":"pack"}`, packARN},
		"DescribeActivity":                 {`{"activityArn":"` + packARN + `"}`, packARN},
		"DeleteActivity":                   {`{"activityArn":"` + packARN + `"}`, packARN},
		"GetActivityTask":                  {`{"activityArn":"` + packARN + `"}`, packARN},
		"ListActivities":                   {`{}`, "arn:aws:states:us-east-1:111111111111:activity:*"},
		"TestState":                        {`{"definition":"{}"}`, "*"},
		"ValidateStateMachineDefinition":   {`{"definition":"{}"}`, "*"},
	}
	for action := range actionTable() {
		body, ok := bodies[action]
		if !ok {
			t.Errorf("%s has no case here: what permission does it ask for?", action)
			continue
		}
		for _, explicit := range []bool{false, true} {
			may := &only{explicit: explicit}
			want := "User: user:ada is not authorized to perform: states:" + action + " on resource: " + body[1]
			if explicit && action != "ListStateMachines" && action != "ListActivities" && action != "ValidateStateMachineDefinition" {
				want += " with an explicit deny in an identity-based policy"
			} else {
				want += " because no identity-based policy allows the states:" + action + " action"
			}
			status, answer := ask((*fake)(nil), may, action, body[0])
			var got struct {
				Type    string `json:"__type"`
				Message string
			}
			if err := json.Unmarshal([]byte(answer), &got); err != nil || status != 400 || got.Type != "AccessDeniedException" || got.Message != want {
				t.Errorf("%s: %d %s, want %s", action, status, answer, want)
			}
			if !slices.Equal(may.refused, []string{"states:" + action + " " + body[1]}) {
				t.Errorf("%s: told of %v", action, may.refused)
			}
		}
	}
}

// TestRevealSecretsIsItsOwnPermission: who may test a state may not see secrets yet.
func TestRevealSecretsIsItsOwnPermission(t *testing.T) {
	body := `{"definition":"{\"Type\":\"Succeed\"}","revealSecrets":true}`
	may := &only{actions: []string{"states:TestState"}}
	if status, answer := ask(newFake(), may, "TestState", body); status != 400 || !strings.Contains(answer, "states:RevealSecrets") {
		t.Errorf("%d %s", status, answer)
	}
	may = &only{actions: []string{"states:TestState", "states:RevealSecrets"}}
	if status, answer := ask(newFake(), may, "TestState", body); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
}

// TestAVersionHasItsMachinesNames in roles beside its own, and an alias too.
func TestAVersionHasItsMachinesNames(t *testing.T) {
	for _, action := range []string{"StartExecution", "DescribeStateMachine", "ListExecutions"} {
		for _, qualifier := range []string{":7", ":PROD"} {
			may := &only{actions: []string{"states:" + action}}
			ask(newFake(), may, action, `{"stateMachineArn":"`+orderARN+qualifier+`"}`)
			if want := "states:" + action + " " + orderARN + qualifier + " " + orderARN + " stateMachine/order"; may.asked[0] != want {
				t.Errorf("asked for %q, want %q", may.asked, want)
			}
		}
	}
}

func TestATokenIsItsState(t *testing.T) {
	f := newFake()
	may := &only{actions: []string{"states:SendTaskSuccess"}}
	if status, answer := ask(f, may, "SendTaskSuccess", `{"taskToken":"open","output":"{}"}`); status != 200 {
		t.Errorf("%d %s", status, answer)
	}
	want := []string{"states:SendTaskSuccess stateMachine/order/state/A%2Fb " + orderARN + " stateMachine/order"}
	if !slices.Equal(may.asked, want) {
		t.Errorf("asked for %q, want %q", may.asked, want)
	}
	// A token that opens nothing is AWS's own error, for who may complete something.
	if _, answer := ask(f, may, "SendTaskSuccess", `{"taskToken":"x","output":"{}"}`); !strings.Contains(answer, "InvalidToken") {
		t.Error(answer)
	}
	if _, answer := ask(f, may, "SendTaskFailure", `{"taskToken":"x"}`); !strings.Contains(answer, "on resource: * because") {
		t.Error(answer)
	}
}

func TestPayloadsNeedTheirPermission(t *testing.T) {
	f := newFake()
	broken, cause := "Broken", "the backend said sku-1"
	f.execs = []sfn.Execution{{ARN: e1ARN, Name: "e1", StateMachineARN: orderARN, Status: sfn.Failed, Input: jsonval.MustParse(`{"sku":"sku-1"}`),
		Error: &broken, Cause: &cause}}
	f.events = []history.Event{{ID: 1, Type: "ExecutionStarted", Details: history.Details{Input: &history.Payload{Value: jsonval.MustParse(`"sku-1"`)}}},
		{ID: 2, Type: "ExecutionFailed", Details: history.Details{Error: &broken, Cause: &cause}}}
	meta := []string{"states:DescribeExecution", "states:GetExecutionHistory"}
	body := `{"executionArn":"` + e1ARN + `"`
	_, plain := ask(f, &only{actions: meta}, "DescribeExecution", body+"}")
	_, chosen := ask(f, everybody{}, "DescribeExecution", body+`,"includedData":"METADATA_ONLY"}`)
	if plain != chosen || strings.Contains(plain, "sku-1") || strings.Contains(plain, "Broken") {
		t.Errorf("without ReadPayload: %s\nMETADATA_ONLY: %s", plain, chosen)
	}
	_, plain = ask(f, &only{actions: meta}, "GetExecutionHistory", body+"}")
	if strings.Contains(plain, "sku-1") || !strings.Contains(plain, "Broken") {
		t.Errorf("history without ReadPayload: %s", plain)
	}
	_, chosen = ask(f, everybody{}, "GetExecutionHistory", body+`,"includeExecutionData":false}`)
	if want := strings.ReplaceAll(chosen, `,"cause":"`+cause+`"`, ""); plain != want {
		t.Errorf("without ReadPayload: %s\nwant %s", plain, want)
	}
	if _, all := ask(f, &only{actions: append(meta, "states:ReadPayload")}, "GetExecutionHistory", body+"}"); !strings.Contains(all, "sku-1") {
		t.Errorf("with ReadPayload: %s", all)
	}
}

func TestAListIsFilledPastWhatIsHidden(t *testing.T) {
	f := newFake()
	for _, name := range []string{"a1", "b1", "a2", "b2", "a3"} {
		f.machines = append(f.machines, sfn.StateMachine{ARN: sfn.StateMachineARN("us-east-1", "111111111111", name), Name: name, Type: sfn.Standard})
	}
	may := aOnly{&only{actions: []string{"states:ListStateMachines"}}}
	var names []string
	token, pages := "", 0
	for pages < 5 {
		body := `{"maxResults":2}`
		if token != "" {
			body = `{"maxResults":2,"nextToken":"` + token + `"}`
		}
		_, answer := ask(f, may, "ListStateMachines", body)
		var got struct {
			StateMachines []struct{ Name string }
			NextToken     string
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err, answer)
		}
		for _, m := range got.StateMachines {
			names = append(names, m.Name)
		}
		pages++
		if token = got.NextToken; token == "" {
			break
		}
	}
	if !slices.Equal(names, []string{"a1", "a2", "a3"}) || pages != 2 {
		t.Errorf("%v in %d pages", names, pages)
	}
}

// TestATokenTellsOfNoOthers: where what follows is hidden, nothing follows.
func TestATokenTellsOfNoOthers(t *testing.T) {
	f := newFake()
	for _, name := range []string{"a1", "a2", "b1", "b2", "b3"} {
		f.machines = append(f.machines, sfn.StateMachine{ARN: sfn.StateMachineARN("us-east-1", "111111111111", name), Name: name, Type: sfn.Standard})
	}
	may := aOnly{&only{actions: []string{"states:ListStateMachines"}}}
	if _, answer := ask(f, may, "ListStateMachines", `{"maxResults":2}`); !strings.Contains(answer, "a2") || strings.Contains(answer, "nextToken") {
		t.Error(answer)
	}
	if _, answer := ask(f, may, "ListStateMachines", `{"maxResults":1}`); strings.Contains(answer, "a2") || !strings.Contains(answer, "nextToken") {
		t.Error(answer)
	}
}

// aOnly permits what is named a….
type aOnly struct{ *only }

func (aOnly) Permit(_ context.Context, _ string, resources ...string) identity.Decision {
	return identity.Decision{Allowed: strings.HasPrefix(resources[1], "stateMachine/a")}
}
