package app

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// answering is a backend that answers everything with a reservation, and counts.
func answering(t *testing.T) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"reservation":"r-1"}`))
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

// TestAFaultyFolderIsNotTaken: what served before serves on, roles and state
// machines too, until the folder is whole again.
func TestAFaultyFolderIsNotTaken(t *testing.T) {
	backend, calls := answering(t)
	dir := folder(t, backend, invoke)
	p := dev(t, dir, t.TempDir())
	reserve := func() int {
		status, _ := send(t, "POST", p.Gateway+"/shop/reserve", "{}")
		return status
	}
	if got := reserve(); got != 200 {
		t.Fatal(got)
	}
	teapot := `<return-response><set-status code="418" reason="Teapot" /></return-response>`
	write(t, dir, "roles/one-role.json", roleAllowing("api/other/operation/none"))
	p.tells("the project was taken up again")
	write(t, dir, "roles/one-role.json", roleAllowing("api/shop/operation/reserve"))
	p.tells("the project was taken up again")
	write(t, dir, "apim/apis/shop/policy.xml", shopPolicy(teapot+`<set-heder name="x" />`))
	if line := p.tells("not taken"); !strings.Contains(line, "policy.xml:1:") {
		t.Errorf("the fault has no place: %s", line)
	}
	before := calls.Load()
	if got := reserve(); got != 200 || calls.Load() != before+1 {
		t.Errorf("with a fault in the folder: %d", got)
	}
	if e := p.until(p.start("one"), "end", ended); count(e, "ExecutionSucceeded") != 1 {
		t.Errorf("history %+v", e)
	}
	write(t, dir, "apim/apis/shop/policy.xml", shopPolicy(teapot))
	p.tells("the project was taken up again")
	before = calls.Load()
	if got := reserve(); got != 418 || calls.Load() != before {
		t.Errorf("after the fault: %d", got)
	}
}

func ended(e []event) bool {
	return len(e) > 1 && strings.HasPrefix(e[len(e)-1].Type, "Execution")
}

// TestADeniedStateNamesThePlace takes the permission away and gives it back.
func TestADeniedStateNamesThePlace(t *testing.T) {
	backend, calls := answering(t)
	dir := folder(t, backend, invoke)
	p := dev(t, dir, t.TempDir())
	write(t, dir, "roles/one-role.json", roleAllowing("api/shop/operation/release"))
	p.tells("the project was taken up again")
	last := p.until(p.start("one"), "end", ended)
	failed := last[len(last)-1]
	if failed.ExecutionFailedEventDetails.Error != "States.Permissions" {
		t.Fatalf("%+v", failed)
	}
	for _, part := range []string{"apim:Invoke", "api/shop/operation/reserve", "'Reserve'", "roles/one-role.json:3"} {
		if cause := failed.ExecutionFailedEventDetails.Cause; !strings.Contains(cause, part) {
			t.Errorf("cause %q lacks %s", cause, part)
		}
	}
	if calls.Load() != 0 {
		t.Error("the backend was called all the same")
	}
	write(t, dir, "roles/one-role.json", roleAllowing("api/shop/operation/reserve"))
	p.tells("the project was taken up again")
	if e := p.until(p.start("one"), "end", ended); count(e, "ExecutionSucceeded") != 1 || calls.Load() != 1 {
		t.Errorf("history %+v", e)
	}
}

// TestAStateMachineWithoutItsFileStays: executions may go on, so a missing file is
// told, and nothing is deleted.
func TestAStateMachineWithoutItsFileStays(t *testing.T) {
	backend, _ := answering(t)
	dir := folder(t, backend, invoke)
	p := dev(t, dir, t.TempDir())
	for _, name := range []string{"one.workflow.yaml", "one.asl.json"} {
		if err := os.Remove(filepath.Join(dir, "workflows", name)); err != nil {
			t.Fatal(err)
		}
	}
	if line := p.tells("has no file any more"); !strings.Contains(line, "one") {
		t.Error(line)
	}
	if e := p.until(p.start("one"), "end", ended); count(e, "ExecutionSucceeded") != 1 {
		t.Errorf("history %+v", e)
	}
}

// TestAStateMachineThatIsBeingDeletedHoldsNothingUp deletes one by AWS's API while
// it runs, changes its file, and starts again.
func TestAStateMachineThatIsBeingDeletedHoldsNothingUp(t *testing.T) {
	backend, _ := answering(t)
	dir, data := folder(t, backend, await), t.TempDir()
	p := dev(t, dir, data)
	p.until(p.start("one"), "it waits", has("TaskSubmitted"))
	var none struct{}
	wire(t, p.Console, "DeleteStateMachine", map[string]string{
		"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:one"}, &none)
	write(t, dir, "workflows/one.asl.json", oneTask(invoke))
	p.tells("is being deleted")
	p.shut()
	p = dev(t, dir, data)
	p.tells("is being deleted")
	if got, _ := send(t, "POST", p.Gateway+"/shop/reserve", "{}"); got != 200 {
		t.Error(got)
	}
}
