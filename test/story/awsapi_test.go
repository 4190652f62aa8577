package story

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const (
	orderARN = "arn:aws:states:us-east-1:111111111111:stateMachine:order"
	roleARN  = "arn:aws:iam::111111111111:role/order-role"
	passOnly = `{"StartAt":"Done","States":{"Done":{"Type":"Pass","End":true}}}`
)

func TestTheSameOrderOverAWSsAPI(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	var started struct{ ExecutionArn string }
	s.awsOK("StartExecution", map[string]any{"stateMachineArn": orderARN, "input": smallBody, "name": "by-aws"}, &started)
	if started.ExecutionArn != "arn:aws:states:us-east-1:111111111111:execution:order:by-aws" {
		t.Fatalf("ARN %s", started.ExecutionArn)
	}
	s.awsOK("StartExecution", map[string]any{"stateMachineArn": orderARN, "input": smallBody, "name": "by-aws"}, nil)
	var e struct{ Status, Output, StateMachineArn, Error string }
	eventually(t, 30*time.Second, "the execution ends", func() (bool, string) {
		s.awsOK("DescribeExecution", map[string]any{"executionArn": started.ExecutionArn}, &e)
		return e.Status != "RUNNING", e.Status
	})
	var out map[string]any
	if e.Status != "SUCCEEDED" || json.Unmarshal([]byte(e.Output), &out) != nil || out["shipment"] == nil {
		t.Errorf("%+v, want it SUCCEEDED with a shipment", e)
	}
	s.awsFails("StartExecution", map[string]any{"stateMachineArn": orderARN, "input": smallBody, "name": "by-aws"}, "ExecutionAlreadyExists")
	if a := send(t, "GET", s.gateway+"/orders/by-aws", "", demoKey); a.status != 404 {
		t.Errorf("an execution without owner seen through the gateway: %d, want 404", a.status)
	}
	s.follows(s.history(started.ExecutionArn))
}

// follows checks the rules of event ids: from 1 without a gap, each after an
// earlier one, a state left after it was entered.
func (s *server) follows(events []event) {
	s.t.Helper()
	var types []string
	for i, e := range events {
		types = append(types, e.Type)
		if e.ID != int64(i+1) || e.PreviousEventID >= e.ID || e.PreviousEventID < 0 {
			s.t.Errorf("event %d has id %d after %d", i+1, e.ID, e.PreviousEventID)
		}
		if i > 0 && e.Timestamp < events[i-1].Timestamp {
			s.t.Errorf("event %d is earlier than the one before", e.ID)
		}
	}
	want := []string{"ExecutionStarted",
		"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
		"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
		"ChoiceStateEntered", "ChoiceStateExited", "WaitStateEntered", "WaitStateExited",
		"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"}
	if strings.Join(types, " ") != strings.Join(want, " ") {
		s.t.Errorf("the history is %v, want %v", types, want)
	}
}

func TestStateMachinesOverAWSsAPI(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	var made struct{ StateMachineArn string }
	create := map[string]any{"name": "other", "definition": passOnly, "roleArn": roleARN}
	s.awsOK("CreateStateMachine", create, &made)
	s.awsOK("CreateStateMachine", create, nil) // the same again is no fault
	s.awsFails("CreateStateMachine", map[string]any{"name": "other", "definition": strings.ReplaceAll(passOnly, "Done", "Else"), "roleArn": roleARN},
		"StateMachineAlreadyExists")
	s.awsFails("CreateStateMachine", map[string]any{"name": "bad", "definition": `{"StartAt":"X","States":{}}`, "roleArn": roleARN}, "InvalidDefinition")
	var listed struct{ StateMachines []struct{ Name string } }
	s.awsOK("ListStateMachines", map[string]any{}, &listed)
	if len(listed.StateMachines) != 2 {
		t.Errorf("%+v, want order and other", listed)
	}
	one := map[string]any{"stateMachineArn": made.StateMachineArn}
	s.awsOK("UpdateStateMachine", map[string]any{"stateMachineArn": made.StateMachineArn,
		"definition": strings.ReplaceAll(passOnly, "Done", "Ended")}, nil)
	var described struct{ Definition, Status, RoleArn string }
	s.awsOK("DescribeStateMachine", one, &described)
	if !strings.Contains(described.Definition, "Ended") || described.Status != "ACTIVE" || described.RoleArn != roleARN {
		t.Errorf("%+v", described)
	}
	var started struct{ ExecutionArn string }
	s.awsOK("StartExecution", map[string]any{"stateMachineArn": made.StateMachineArn, "input": `{"a":1}`}, &started)
	s.awsOK("DescribeStateMachineForExecution", map[string]any{"executionArn": started.ExecutionArn}, &described)
	s.awsOK("DeleteStateMachine", one, nil)
	s.awsFails("DescribeStateMachine", one, "StateMachineDoesNotExist")
	s.awsFails("StartExecution", one, "StateMachineDoesNotExist")
	s.awsFails("NoSuchAction", map[string]any{}, "UnknownOperationException")
}

func TestTasksOverAWSsAPI(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id, callback := s.askApproval()
	token := callback[strings.LastIndex(callback, "/")+1:]
	s.awsOK("SendTaskHeartbeat", map[string]any{"taskToken": token}, nil)
	s.awsFails("SendTaskSuccess", map[string]any{"taskToken": "AAAA", "output": "{}"}, "InvalidToken")
	s.awsFails("SendTaskSuccess", map[string]any{"taskToken": token, "output": "{"}, "InvalidOutput")
	s.awsOK("SendTaskSuccess", map[string]any{"taskToken": token, "output": `{"approved":true}`}, nil)
	if a := s.aws("SendTaskSuccess", map[string]any{"taskToken": token, "output": `{}`}); a.status != 400 {
		t.Errorf("a task that has ended: %d %s, want a refusal", a.status, a.body)
	}
	s.endsAs(id, "SUCCEEDED")

	id, callback = s.askApproval()
	token = callback[strings.LastIndex(callback, "/")+1:]
	s.awsOK("SendTaskFailure", map[string]any{"taskToken": token, "error": "Rejected", "cause": "no"}, nil)
	s.endsAs(id, "FAILED")
	if e := s.execution(id); e.error() != "Rejected" {
		t.Errorf("error %q", e.error())
	}
}

func TestStopOverAWSsAPI(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	id, callback := s.askApproval()
	arn := s.execution(id).ARN
	s.awsOK("StopExecution", map[string]any{"executionArn": arn, "error": "Enough", "cause": "tired"}, nil)
	if o := s.ends(id); o.Status != "ABORTED" {
		t.Errorf("status %s, want ABORTED", o.Status)
	}
	if a := send(t, "POST", callback, `{}`); a.status != 410 {
		t.Errorf("the callback of a stopped execution: %d %s, want 410", a.status, a.body)
	}
	var page struct {
		Executions []struct{ Name, Status string }
	}
	s.awsOK("ListExecutions", map[string]any{"stateMachineArn": orderARN, "statusFilter": "ABORTED"}, &page)
	if len(page.Executions) != 1 || page.Executions[0].Name != id {
		t.Errorf("%+v", page)
	}
	s.awsFails("DescribeExecution", map[string]any{"executionArn": arn + "x"}, "ExecutionDoesNotExist")
}

func TestAnUnknownRoleIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	s := newProject(t).start()
	for _, name := range []string{"one", "two"} {
		s.awsOK("CreateStateMachine", map[string]any{"name": name, "definition": passOnly,
			"roleArn": "arn:aws:iam::111111111111:role/stranger"}, nil)
	}
	s.says("role stranger")
	if n := strings.Count(s.logged(), "role stranger"); n != 1 {
		t.Errorf("the log warns %d times of role stranger, want once:\n%s", n, s.logged())
	}
}
