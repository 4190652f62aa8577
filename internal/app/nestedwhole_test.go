package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/files"
	"stile/internal/identity"
	"stile/internal/recorded"
	"stile/internal/sfn"
	"stile/internal/why"
	"stile/jsonval"
)

// parented is a project whose state machine parent starts one, which calls the
// shop under a role of its own.
func parented(t *testing.T, backend, parentRole string) string {
	return folder(t, backend, invoke,
		"workflows/parent.asl.json", strings.Replace(calls(".sync:2", "", ""), childARN, strings.Replace(childARN, "child", "one", 1), 1),
		"workflows/parent.workflow.yaml", "role: parent-role\n", "roles/parent-role.json", parentRole)
}

// TestTheChildHasItsOwnRole: what the parent's role may not call, its child calls,
// in the parent's trace and for who started the parent.
func TestTheChildHasItsOwnRole(t *testing.T) {
	backend, _ := answering(t)
	p := runAsked(t, parented(t, backend, strings.Replace(mayStart, "/child", "/one", 1)), t.TempDir())
	arn := p.start("parent")
	p.until(arn, "end", ended)
	x, err := p.server.host.DescribeExecution(t.Context(), arn)
	if err != nil || x.Status != sfn.Succeeded || member(x.Output, "Output", "StatusCode") != "200" {
		t.Fatalf("%+v %v %s", x, err, p.historyText(arn))
	}
	child, err := p.server.host.DescribeExecution(t.Context(), member(x.Output, "ExecutionArn"))
	if err != nil || child.TraceID != x.TraceID || child.ParentSpan == x.Span || !strings.HasSuffix(child.RoleARN, "/one-role") || child.Subject != x.Subject {
		t.Errorf("%+v %v", child, err)
	}
}

// TestWhyAStartWasRefused: `exec why` names the parent's role at its line.
func TestWhyAStartWasRefused(t *testing.T) {
	backend, _ := answering(t)
	p := runAsked(t, parented(t, backend, roleAllowing("api/**")), t.TempDir())
	arn := p.start("parent")
	p.until(arn, "end", ended)
	a := p.why(t, arn, 0)
	place := filepath.ToSlash(filepath.Join(p.dir, "roles/parent-role.json")) + ":3"
	if a.Cause != why.Permission || a.Role == nil || a.Role.Action != "states:StartExecution" || !strings.Contains(a.Paragraph, place) ||
		!strings.Contains(a.Paragraph, "states:StartExecution on stateMachine/one") {
		t.Errorf("%s %+v", a.Paragraph, a.Role)
	}
}

// TestRecordedNestedExecutions runs what AWS was seen to do, with a parent and a
// child, and compares the ends. Dates, and what AWS says of its own request, are
// left out; cases of other services too.
func TestRecordedNestedExecutions(t *testing.T) {
	type machine struct{ Definition json.RawMessage }
	ran := 0
	for _, pattern := range []string{"callback/*_start_execution_sync*", "local-mocking/*start_execution_sync*", "error-handling/*sfn*no_such_arn*",
		"services/test_sfn_task_service*_start_execution*"} {
		found, err := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl"), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Definition         json.RawMessage
				Input              map[string]any
				Expected           struct{ Status, Error, Cause, Output json.RawMessage }
				OtherStateMachines []machine `json:"other_state_machines"`
				Needs              []string
			}
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(file, err)
			}
			if len(c.OtherStateMachines) != 1 || strings.Contains(string(c.OtherStateMachines[0].Definition), ":lambda:") {
				continue
			}
			ran++
			t.Run(filepath.Base(file), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := nesting(t, string(c.Definition), string(c.OtherStateMachines[0].Definition), strings.Replace(mayStart, "/child", "/*", 1))
					arn := childARN
					if len(c.Expected.Error) > 0 {
						arn += "-gone"
					}
					c.Input["StateMachineArn"] = arn
					in, _ := json.Marshal(c.Input)
					parent := n.start(parentARN, sfn.Start{Input: jsonval.MustParse(string(in))})
					time.Sleep(time.Minute)
					synctest.Wait()
					x := n.describe(parent)
					if want := member(jsonval.MustParse(string(c.Expected.Status))); x.Status != want {
						t.Fatalf("%s, want %s: %+v", x.Status, want, x)
					}
					if len(c.Expected.Error) > 0 {
						got, _, _ := strings.Cut(*x.Cause, "Request ID")
						want, _, _ := strings.Cut(member(jsonval.MustParse(string(c.Expected.Cause))), "Request ID")
						_, want, _ = strings.Cut(want, "' (Service")
						if *x.Error != member(jsonval.MustParse(string(c.Expected.Error))) || got != "State Machine Does Not Exist: '"+arn+"' (Service"+want {
							t.Errorf("%s %s", *x.Error, *x.Cause)
						}
						return
					}
					want, got := endOf(t, c.Expected.Output), endOf(t, x.Output.Raw())
					for _, younger := range []string{"RedriveCount", "RedriveStatus", "RedriveStatusReason"} {
						if _, ok := want[younger]; !ok { // the recording is older
							delete(got, younger)
						}
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
	if ran < 5 {
		t.Errorf("%d cases", ran)
	}
}

// endOf is a Task's output without what the recordings do not hold or hold under
// names of their own.
func endOf(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	for _, own := range []string{"SdkHttpMetadata", "SdkResponseMetadata"} {
		delete(out, own)
	}
	for _, named := range []string{"ExecutionArn", "StateMachineArn", "StartDate", "StopDate"} {
		if _, ok := out[named]; ok {
			out[named] = "there"
		}
	}
	return out
}

// TestDecideKnowsBothSpellings: a role may name the state machine or its ARN.
func TestDecideKnowsBothSpellings(t *testing.T) {
	for _, resource := range []string{"stateMachine/child", "stateMachine/*", childARN, "arn:aws:states:*:*:stateMachine:child", "**"} {
		role := strings.Replace(mayStart, "stateMachine/child", resource, 1)
		dir := t.TempDir()
		write(t, dir, "stile.yaml", "name: roles\n")
		write(t, dir, "roles/r.json", role)
		p, faults := files.Load(dir)
		if p == nil {
			t.Fatal(faults)
		}
		a := &authority{project: func() *project { return &project{Project: p, roles: map[string]*identity.Role{"r": p.Roles["r"]}} }}
		call := sfn.TaskCall{RoleARN: "arn:aws:iam::111111111111:role/r", State: "S"}
		if err := a.mayStart(call, childARN); err != nil {
			t.Errorf("%s: %v", resource, err)
		}
		call.RoleARN = "arn:aws:iam::111111111111:role/none"
		if a.mayStart(call, childARN) == nil {
			t.Errorf("%s: a role that is not there may", resource)
		}
	}
}
