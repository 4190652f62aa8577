package app

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/recorded"
)

const packARN = "arn:aws:states:us-east-1:111111111111:activity:pack"

// packs is a project with one state machine, whose Task is a worker's.
func packs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "stile.yaml", "name: packs\nactivities: [pack]\n")
	write(t, dir, "workflows/one.asl.json", `{"StartAt":"Pack","States":{"Pack":{"Type":"Task","Resource":"`+packARN+`","End":true}}}`)
	write(t, dir, "workflows/one.workflow.yaml", "role: one-role\n")
	write(t, dir, "roles/one-role.json", roleAllowing("api/none"))
	return dir
}

// devServer is dev with the server behind it.
func devServer(t *testing.T, dir, data string) (*product, *server) {
	t.Helper()
	o, got := devOptions(dir, data), make(chan *server, 1)
	o.built = func(s *server) { got <- s }
	return devAs(t, o), <-got
}

type activityTask struct{ TaskToken, Input *string }

// workersWait waits until so many workers wait for a task of pack.
func workersWait(t *testing.T, s *server, n int) {
	t.Helper()
	for deadline := time.Now().Add(patience); s.activities.Workers(packARN) != n; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d workers wait, want %d", s.activities.Workers(packARN), n)
		}
	}
}

// poll sends GetActivityTask.
func poll(ctx context.Context, p *product) (status int, task activityTask, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", p.Console+"/", strings.NewReader(`{"activityArn":"`+packARN+`","workerName":"w"}`))
	if err != nil {
		return 0, task, err
	}
	req.Header.Set("X-Amz-Target", "AWSStepFunctions.GetActivityTask")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, task, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, task, json.NewDecoder(resp.Body).Decode(&task)
}

// TestAWorkersTasksOverARestart: what a worker has is not given again, what it has not
// is; a poll ends with its client and, well, with the server.
func TestAWorkersTasksOverARestart(t *testing.T) {
	dir, data := packs(t), t.TempDir()
	p, s := devServer(t, dir, data)
	// A worker that goes away takes nothing with it.
	gone, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, _, err := poll(gone, p); left <- err }()
	workersWait(t, s, 1)
	leave()
	if err := <-left; err == nil {
		t.Error("a poll that was given up has an answer")
	}
	workersWait(t, s, 0)
	first := p.start("one")
	var a, b activityTask
	wire(t, p.Console, "GetActivityTask", map[string]string{"activityArn": packARN}, &a)
	second := p.start("one")
	p.until(second, "it is scheduled", has("ActivityScheduled"))
	p.shut()
	p, s = devServer(t, dir, data)
	wire(t, p.Console, "GetActivityTask", map[string]string{"activityArn": packARN, "workerName": "second"}, &b)
	if a.TaskToken == nil || b.TaskToken == nil || *a.TaskToken == *b.TaskToken {
		t.Fatalf("tokens %v and %v", a.TaskToken, b.TaskToken)
	}
	for _, task := range []activityTask{a, b} {
		var none struct{}
		wire(t, p.Console, "SendTaskSuccess", map[string]string{"taskToken": *task.TaskToken, "output": `1`}, &none)
	}
	for _, arn := range []string{first, second} {
		if events := p.until(arn, "its end", ended); count(events, "ActivityStarted") != 1 || count(events, "ExecutionSucceeded") != 1 {
			t.Errorf("%+v", events)
		}
	}
	type answer struct {
		status int
		task   activityTask
		err    error
	}
	last := make(chan answer, 1)
	go func() {
		status, task, err := poll(t.Context(), p)
		last <- answer{status, task, err}
	}()
	workersWait(t, s, 1)
	p.shut()
	if got := <-last; got.err != nil || got.status != 200 || got.task.TaskToken != nil {
		t.Errorf("the server's stop ends the poll with %+v", got)
	}
}

// TestActivitiesAreAudited: who makes, tags and deletes them.
func TestActivitiesAreAudited(t *testing.T) {
	p, s := devServer(t, packs(t), t.TempDir())
	var made struct{ ActivityArn string }
	var none struct{}
	wire(t, p.Console, "CreateActivity", map[string]string{"name": "label"}, &made)
	wire(t, p.Console, "TagResource", map[string]any{"resourceArn": made.ActivityArn, "tags": []map[string]string{{"key": "a"}}}, &none)
	wire(t, p.Console, "UntagResource", map[string]any{"resourceArn": made.ActivityArn, "tagKeys": []string{"a"}}, &none)
	wire(t, p.Console, "DeleteActivity", map[string]string{"activityArn": made.ActivityArn}, &none)
	var got []string
	if err := (auditKV{s.data.config}).Scan(nil, false, func(_, v []byte) bool {
		for _, action := range regexp.MustCompile(`states:[A-Z][A-Za-z]+`).FindAllString(string(v), -1) {
			got = append(got, action)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"states:CreateActivity", "states:TagResource", "states:UntagResource", "states:DeleteActivity"}, got); d != "" {
		t.Error(d)
	}
	if !s.activities.Exists(packARN) {
		t.Error("the activity of stile.yaml is not there")
	}
}

// activityCase is a recorded execution of an activity's Task, with the second machine
// that played the worker.
type activityCase struct {
	Name       string
	Definition json.RawMessage
	Input      json.RawMessage
	Machine    string `json:"state_machine_name"`
	Expected   struct {
		Status string
		Events []any
	}
	Substitutions []struct{ Regex, Replacement string }
	Helpers       []struct{ Definition json.RawMessage } `json:"helper_executions"`
}

// TestRecordedActivities drives the recorded executions as a worker over the wire, and
// compares every event.
func TestRecordedActivities(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl", "activities"), "*.json"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	p := dev(t, packs(t), t.TempDir())
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c activityCase
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.play(t, p)
		})
	}
}

func (c *activityCase) play(t *testing.T, p *product) {
	activity := regexp.MustCompile(`arn:aws:states:[^"]+:activity:([^"]+)`).FindSubmatch(c.Definition)
	role := ""
	for _, s := range c.Substitutions {
		if s.Replacement == "snf_role_arn" {
			role = s.Regex
		}
	}
	var made struct{ StateMachineArn, ExecutionArn string }
	var none struct{}
	wire(t, p.Console, "CreateStateMachine", map[string]string{"name": c.Machine, "definition": string(c.Definition), "roleArn": role}, &made)
	if len(c.Helpers) > 0 { // else it was deleted before
		wire(t, p.Console, "CreateActivity", map[string]string{"name": string(activity[1])}, &none)
	}
	wire(t, p.Console, "StartExecution", map[string]string{"stateMachineArn": made.StateMachineArn, "input": string(c.Input)}, &made)
	if len(c.Helpers) > 0 {
		c.work(t, p, string(activity[0]), string(c.Helpers[0].Definition))
	}
	p.until(made.ExecutionArn, "its end", ended)
	var page struct{ Events []any }
	wire(t, p.Console, "GetExecutionHistory", map[string]any{"executionArn": made.ExecutionArn, "maxResults": 1000}, &page)
	raw, err := json.Marshal(page.Events)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Substitutions {
		raw = regexp.MustCompile(s.Regex).ReplaceAllLiteral(raw, []byte(s.Replacement))
	}
	var got []any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(parsed(c.Expected.Events), parsed(got)); d != "" {
		t.Errorf("-recorded +got\n%s", d)
	}
}

// work does what the recorded worker did, without its waits.
func (c *activityCase) work(t *testing.T, p *product, activity, worker string) {
	ask := map[string]string{"activityArn": activity}
	if name := regexp.MustCompile(`"WorkerName":\s*"([^"]+)"`).FindStringSubmatch(worker); name != nil {
		ask["workerName"] = name[1]
	}
	var task activityTask
	wire(t, p.Console, "GetActivityTask", ask, &task)
	if task.TaskToken == nil {
		t.Fatal("there is no task")
	}
	var none struct{}
	if strings.Contains(worker, "sfn:sendTaskHeartbeat") {
		wire(t, p.Console, "SendTaskHeartbeat", map[string]string{"taskToken": *task.TaskToken}, &none)
	}
	switch {
	case strings.Contains(worker, "sfn:sendTaskSuccess"):
		wire(t, p.Console, "SendTaskSuccess", map[string]string{"taskToken": *task.TaskToken, "output": *task.Input}, &none)
	case strings.Contains(worker, "sfn:sendTaskFailure"):
		wire(t, p.Console, "SendTaskFailure", map[string]string{"taskToken": *task.TaskToken, "error": "Programmatic Error", "cause": *task.Input}, &none)
	}
}

// parsed is a value without times, and with texts that are objects as these: so it was
// recorded.
func parsed(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = parsed(v[i])
		}
	case map[string]any:
		delete(v, "timestamp")
		for name, m := range v {
			var o map[string]any
			if text, ok := m.(string); ok && strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &o) == nil {
				m = o
			}
			v[name] = parsed(m)
		}
	}
	return v
}
