package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/engine"
	"stile/internal/files"
	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/jsonval"
)

const (
	startChild = "arn:aws:states:::states:startExecution"
	childARN   = "arn:aws:states:us-east-1:111111111111:stateMachine:child"
	parentARN  = "arn:aws:states:us-east-1:111111111111:stateMachine:parent"
	mayStart   = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"states:StartExecution\", \"Resource\": \"stateMachine/child\"}\n  ]\n}\n"
	slowly     = `{"StartAt":"Pause","States":{"Pause":{"Type":"Wait","Seconds":600,"Next":"Done"},"Done":{"Type":"Pass","Result":{"n":1},"End":true}}}`
)

// nest is an engine whose states start executions, in a bubble.
type nest struct {
	t       *testing.T
	store   kv.Store
	project *project
	host    *engine.Host
}

// nesting opens the engine on a project with a parent and a child.
func nesting(t *testing.T, parent, child, role string) *nest {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "stile.yaml", "name: nested\n")
	write(t, dir, "workflows/parent.asl.json", parent)
	write(t, dir, "workflows/parent.workflow.yaml", "role: parent-role\n")
	write(t, dir, "workflows/child.asl.json", child)
	write(t, dir, "workflows/child.workflow.yaml", "role: child-role\n")
	write(t, dir, "roles/parent-role.json", role)
	write(t, dir, "roles/child-role.json", denying)
	p, faults := files.Load(dir)
	if p == nil || faults.HasErrors() {
		t.Fatal(faults)
	}
	n := &nest{t: t, store: memkv.New(nil), project: &project{Project: p, roles: p.Roles}}
	n.open()
	s := &server{host: n.host, log: slog.New(slog.DiscardHandler)}
	s.opts.Account, s.opts.Region = "111111111111", "us-east-1"
	if err := s.takeMachines(t.Context(), p.StateMachines); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.close()
		_ = n.store.Close()
	})
	return n
}

func (n *nest) open() {
	n.t.Helper()
	ends := task.NewEnds()
	a := &authority{project: func() *project { return n.project }, now: time.Now, log: slog.New(slog.DiscardHandler)}
	var err error
	if n.host, err = engine.Open(engine.Config{Store: n.store, Account: "111111111111", Region: "us-east-1", Observe: ends.Notice}); err != nil {
		n.t.Fatal(err)
	}
	tasks, err := task.New(task.Config{Executions: nestedExecutions{n.host, ends}, MayStart: a.mayStart, Now: time.Now, NewGUID: newGUID}, task.Table())
	if err != nil {
		n.t.Fatal(err)
	}
	n.host.SetTasks(tasks)
}

func (n *nest) close() {
	if err := n.host.Close(context.Background()); err != nil {
		n.t.Error(err)
	}
}

func (n *nest) start(machine string, in sfn.Start) string {
	n.t.Helper()
	in.StateMachineARN = machine
	made, err := n.host.StartExecution(n.t.Context(), in)
	if err != nil {
		n.t.Fatal(err)
	}
	synctest.Wait()
	return made.ExecutionARN
}

func (n *nest) describe(arn string) sfn.Execution {
	n.t.Helper()
	x, err := n.host.DescribeExecution(n.t.Context(), arn)
	if err != nil {
		n.t.Fatal(err)
	}
	return x
}

// children are the executions of the child, newest first.
func (n *nest) children() []sfn.Execution {
	n.t.Helper()
	list, _, err := n.host.ListExecutions(n.t.Context(), sfn.ListExecutions{StateMachineARN: childARN})
	if err != nil {
		n.t.Fatal(err)
	}
	return list
}

func (n *nest) kinds(arn string) (out []string) {
	n.t.Helper()
	events, _, err := n.host.GetExecutionHistory(n.t.Context(), sfn.HistoryPage{ExecutionARN: arn})
	if err != nil {
		n.t.Fatal(err)
	}
	for _, e := range events {
		out = append(out, string(e.Type))
	}
	return out
}

// calls is a definition of one Task.
func calls(pattern, parameters, fields string) string {
	return `{"StartAt":"Call","States":{"Call":{"Type":"Task","Resource":"` + startChild + pattern + `","Parameters":{"StateMachineArn":"` + childARN + `"` +
		parameters + `},` + fields + `"End":true}}}`
}

// member is the text at a path of members.
func member(v jsonval.Value, path ...string) string {
	for _, name := range path {
		v = v.Get(name)
	}
	if s, ok := v.Str(); ok {
		return s
	}
	return v.Text()
}

// TestSyncWaitsAcrossARestart: the parent waits for its child while the process
// ends twice and the child ends meanwhile; there is one child, and one Submitted.
func TestSyncWaitsAcrossARestart(t *testing.T) {
	for name, parameters := range map[string]string{"derived name": `,"Input":{"a":1}`, "given name": `,"Name":"mine","Input":"{\"a\": 1}"`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := nesting(t, calls(".sync:2", parameters, ""), slowly, mayStart)
				parent := n.start(parentARN, sfn.Start{Subject: "user:ann", Owner: "demo", TraceID: strings.Repeat("a", 32)})
				child := n.children()[0]
				if child.Subject != "user:ann" || child.Owner != "demo" || child.TraceID != strings.Repeat("a", 32) || child.ParentSpan == "" ||
					!strings.HasSuffix(child.RoleARN, "role/child-role") {
					t.Errorf("the child is %+v", child)
				}
				n.close()
				n.open()
				synctest.Wait()
				if now := n.describe(parent); now.Status != sfn.Running {
					t.Fatalf("after the restart the parent is %+v", now)
				}
				time.Sleep(599 * time.Second)
				n.close()
				time.Sleep(10 * time.Minute) // the child is overdue when the engine opens
				n.open()
				synctest.Wait()
				x := n.describe(parent)
				if x.Status != sfn.Succeeded || member(x.Output, "Output", "n") != "1" || member(x.Output, "Input", "a") != "1" {
					t.Errorf("the parent is %s: %s", x.Status, x.Output.Text())
				}
				want := []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
					"TaskStateExited", "ExecutionSucceeded"}
				if diff := cmp.Diff(want, n.kinds(parent)); diff != "" {
					t.Error(diff)
				}
				if list := n.children(); len(list) != 1 {
					t.Errorf("%d children", len(list))
				}
			})
		})
	}
}

// TestAnEndedChildIsFoundAgain: the process ends after the child did, before the
// parent heard of it.
func TestAnEndedChildIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, calls(".sync", `,"Name":"mine"`, ""), `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, mayStart)
		parent := n.start(parentARN, sfn.Start{})
		x := n.describe(parent)
		call := sfn.TaskCall{ExecutionARN: parent, Resource: startChild + ".sync", Attempt: 1, Send: 2, TraceID: x.TraceID, State: "Call",
			RoleARN: x.RoleARN, Span: n.children()[0].ParentSpan, Parameters: jsonval.MustParse(`{"StateMachineArn":"` + childARN + `","Name":"mine"}`)}
		ask := func(call sfn.TaskCall) (out []sfn.TaskResult) {
			ends := task.NewEnds()
			r, err := task.New(task.Config{Executions: nestedExecutions{n.host, ends}, NewGUID: newGUID}, task.Table())
			if err != nil {
				t.Fatal(err)
			}
			go r.Start(t.Context(), call, func(res sfn.TaskResult) { out = append(out, res) })
			synctest.Wait()
			return out
		}
		if got := ask(call); len(got) != 2 || !got[0].Submitted || member(got[1].Output, "Status") != sfn.Succeeded {
			t.Errorf("sent again: %+v", got)
		}
		for name, other := range map[string]func(c *sfn.TaskCall){
			"never sent before": func(c *sfn.TaskCall) { c.Send = 1 },
			"another visit":     func(c *sfn.TaskCall) { c.Span = strings.Repeat("0", 16) },
			"another trace":     func(c *sfn.TaskCall) { c.TraceID = strings.Repeat("0", 32) },
			"another input": func(c *sfn.TaskCall) {
				c.Parameters = jsonval.MustParse(`{"StateMachineArn":"` + childARN + `","Name":"mine","Input":1}`)
			},
		} {
			c := call
			other(&c)
			got := ask(c)
			if len(got) != 1 || got[0].Error != "StepFunctions.ExecutionAlreadyExistsException" ||
				!strings.HasPrefix(got[0].Cause, "Execution Already Exists: 'arn:aws:states:us-east-1:111111111111:execution:child:mine' (Service: AWSStepFunctions; Status Code: 400; Error Code: ExecutionAlreadyExists; Request ID: ") {
				t.Errorf("%s: %+v", name, got)
			}
		}
	})
}

// TestTheChildOfAStoppedStateIsStopped: with .sync, by stopping the parent and by
// the state's timeout; without it the child goes on.
func TestTheChildOfAStoppedStateIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, calls(".sync", "", ""), slowly, mayStart)
		parent := n.start(parentARN, sfn.Start{})
		if _, err := n.host.StopExecution(t.Context(), parent, "Mine", "enough"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		child := n.children()[0]
		if child.Status != sfn.Aborted || n.describe(parent).Status != sfn.Aborted {
			t.Errorf("the child is %s", child.Status)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, calls(".sync", "", `"TimeoutSeconds":60,"Retry":[{"ErrorEquals":["States.Timeout"],"MaxAttempts":1}],`), slowly, mayStart)
		parent := n.start(parentARN, sfn.Start{})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		list := n.children()
		if len(list) != 2 || list[0].Status != sfn.Aborted || list[1].Status != sfn.Aborted || n.describe(parent).Status != sfn.Failed {
			t.Errorf("%d children, %+v, the parent is %s", len(list), list[0], n.describe(parent).Status)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, calls("", "", ""), slowly, mayStart)
		parent := n.start(parentARN, sfn.Start{})
		x := n.describe(parent)
		if x.Status != sfn.Succeeded || member(x.Output, "ExecutionArn") != n.children()[0].ARN || n.children()[0].Status != sfn.Running {
			t.Errorf("%s %s", x.Status, x.Output.Text())
		}
	})
}

// TestAFailedChild: States.TaskFailed describes the child, Retry starts another one,
// and a Catch gets the cause.
func TestAFailedChild(t *testing.T) {
	for name, c := range map[string]struct{ child, status, error string }{
		"failed":    {`{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"Mine","Cause":"so"}}}`, sfn.Failed, "Mine"},
		"timed out": {`{"TimeoutSeconds":5,"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":60,"End":true}}}`, sfn.TimedOut, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := nesting(t, calls(".sync:2", "", `"Retry":[{"ErrorEquals":["States.TaskFailed"],"MaxAttempts":1}],`), c.child, mayStart)
				parent := n.start(parentARN, sfn.Start{})
				time.Sleep(time.Minute)
				synctest.Wait()
				x := n.describe(parent)
				if x.Status != sfn.Failed || *x.Error != "States.TaskFailed" {
					t.Fatalf("%+v", x)
				}
				cause := jsonval.MustParse(*x.Cause)
				if member(cause, "Status") != c.status || member(cause, "Error") != c.error || member(cause, "Input") != "{}" {
					t.Errorf("cause %s", *x.Cause)
				}
				if list := n.children(); len(list) != 2 || list[0].Name == list[1].Name {
					t.Errorf("children %+v", list)
				}
			})
		})
	}
}

// TestTheTokenPatternIsAnsweredByTheChild: the token in the input ends the Task,
// not the child's end.
func TestTheTokenPatternIsAnsweredByTheChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := nesting(t, calls(".waitForTaskToken", `,"Input":{"token.$":"$$.Task.Token"}`, ""), `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, mayStart)
		parent := n.start(parentARN, sfn.Start{})
		child := n.describe(n.children()[0].ARN)
		if child.Status != sfn.Succeeded || n.describe(parent).Status != sfn.Running {
			t.Fatalf("child %s, parent %s", child.Status, n.describe(parent).Status)
		}
		if err := n.host.SendTaskSuccess(t.Context(), member(child.Input, "token"), jsonval.MustParse(`{"ok":true}`)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if x := n.describe(parent); x.Status != sfn.Succeeded || x.Output.Text() != `{"ok":true}` {
			t.Errorf("%+v", x)
		}
	})
}

// TestAStartThatTheRoleDoesNotAllow fails with the place of the role, and the side
// journal holds it.
func TestAStartThatTheRoleDoesNotAllow(t *testing.T) {
	for name, c := range map[string]struct{ role, line, why string }{
		"nothing allows": {denying, ":3", "no statement allows states:StartExecution on stateMachine/child"},
		"denied by its ARN": {strings.Replace(mayStart, "\n  ]", ",\n    {\"Effect\": \"Deny\", \"Action\": \"states:StartExecution\", \"Resource\": \""+childARN+"\"}\n  ]", 1), ":5",
			"a statement denies states:StartExecution on stateMachine/child"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := nesting(t, calls(".sync", "", ""), slowly, c.role)
				x := n.describe(n.start(parentARN, sfn.Start{}))
				if x.Status != sfn.Failed || *x.Error != "States.Permissions" || !strings.Contains(*x.Cause, c.why) ||
					!strings.Contains(*x.Cause, "parent-role.json"+c.line) || !strings.Contains(*x.Cause, "'Call'") {
					t.Errorf("%s %s", *x.Error, *x.Cause)
				}
				records, err := n.host.Calls(t.Context(), x.ARN)
				if err != nil || len(records) != 1 || member(records[0].Call, "permission", "action") != "states:StartExecution" {
					t.Errorf("%v %v", records, err)
				}
				if len(n.children()) != 0 {
					t.Error("a child was started")
				}
			})
		})
	}
}
