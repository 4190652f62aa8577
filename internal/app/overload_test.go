package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/kv"
	"stile/internal/overload"
)

// heldStore is a store whose groups stay under way while it is held.
type heldStore struct {
	kv.Store
	mu    sync.Mutex
	held  bool
	begun chan struct{} // one for each group that waits
	later []func()
}

func (h *heldStore) Commit(g kv.Group, done func(error)) {
	h.mu.Lock()
	if h.held {
		h.later = append(h.later, func() { h.Store.Commit(g, done) })
		h.mu.Unlock()
		h.begun <- struct{}{}
		return
	}
	h.mu.Unlock()
	h.Store.Commit(g, done)
}

func (h *heldStore) hold() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = true
}

func (h *heldStore) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.held = false; len(h.later) > 0; h.later = h.later[1:] {
		h.later[0]()
	}
}

// act asks for an action over the wire and gives status and body.
func act(base, action, body string) (int, string, error) {
	req, err := http.NewRequest(http.MethodPost, base+"/", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// TestOverload is the whole chain, over the wire, while the disk takes nothing: starts
// fill the places and wait, more starts and all pages are refused as AWS and HTTP
// refuse, what finishes work still comes through, health and metrics answer; and when
// the disk is back all that was let in is answered, and new starts are taken.
func TestOverload(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stile.yaml":                  "name: p\n",
		"workflows/one.asl.json":      `{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`,
		"workflows/one.workflow.yaml": "role: r\n",
		"apim/policy.xml":             `<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>`,
		"roles/r.json":                `{"Version":"2012-10-17","Statement":[]}`,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	store := &heldStore{begun: make(chan struct{}, 100)}
	o := devOptions(dir, t.TempDir())
	o.stores = func(name string, s kv.Store) kv.Store {
		if name != "log" {
			return s
		}
		store.Store = s
		return store
	}
	// Seven starts fill it; the eighth place, and eight more, are for those before them.
	o.overload = overload.Config{Least: 8, Most: 8, Patience: 10 * time.Millisecond}
	p := devAs(t, o)
	body := func(name string) string {
		return fmt.Sprintf(`{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:one","name":%q,"input":"{}"}`, name)
	}
	store.hold()
	var under sync.WaitGroup
	answers := make(chan string, 7)
	for i := range 7 {
		under.Go(func() {
			status, text, err := act(p.Console, "StartExecution", body(fmt.Sprint("held-", i)))
			answers <- fmt.Sprint(status, err, text)
		})
	}
	<-store.begun
	metric := func(name string) string {
		_, text := send(t, "GET", p.Console+"/metrics", "")
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				return strings.TrimSpace(rest)
			}
		}
		return ""
	}
	for deadline := time.Now().Add(patience); metric("stile_overload_in_flight") != "7"; {
		if time.Now().After(deadline) {
			t.Fatalf("%s starts are under way", metric("stile_overload_in_flight"))
		}
	}
	for _, c := range []struct {
		what, action, body string
		status             int
		text               string
	}{
		{"a start", "StartExecution", body("more"), 400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`},
		{"a list", "ListStateMachines", `{}`, 400, "ThrottlingException"},
		{"a read", "DescribeStateMachine", `{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:one"}`, 200, `"name":"one"`},
		{"a heartbeat", "SendTaskHeartbeat", `{"taskToken":"none"}`, 400, "InvalidToken"},
		{"a completion", "SendTaskSuccess", `{"taskToken":"none","output":"{}"}`, 400, "InvalidToken"},
		{"a stop", "StopExecution", `{"executionArn":"arn:aws:states:us-east-1:111111111111:execution:one:none"}`, 400, "ExecutionDoesNotExist"},
	} {
		if status, text, err := act(p.Console, c.action, c.body); err != nil || status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s %v", c.what, status, text, err)
		}
	}
	if status, text := send(t, "GET", p.Console+"/-/v1/executions", ""); status != 503 || !strings.Contains(text, `"Overloaded"`) {
		t.Errorf("a list of the control API: %d %s", status, text)
	}
	if status, text := send(t, "GET", p.Gateway+"/x", ""); status != 503 || !strings.Contains(text, `"statusCode": 503`) {
		t.Errorf("a call of the gateway: %d %s", status, text)
	}
	if status, text := send(t, "POST", p.Gateway+"/callbacks/none", "{}"); status == 503 {
		t.Errorf("a callback: %d %s", status, text)
	}
	if status, _ := send(t, "GET", p.Console+"/healthz", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
	if got := metric(`stile_overload_refused_total{class="starting"}`); got != "2" {
		t.Errorf("%s starts and calls were counted as refused", got)
	}
	p.tells("the server is overloaded")
	store.release()
	under.Wait()
	for range 7 {
		if a := <-answers; !strings.HasPrefix(a, "200") && !strings.Contains(a, "is not known") {
			t.Errorf("a start that was let in: %s", a)
		}
	}
	if status, text, err := act(p.Console, "StartExecution", body("after")); err != nil || status != 200 {
		t.Errorf("a start after it: %d %s %v", status, text, err)
	}
	if got := metric("stile_overload_in_flight"); got != "0" {
		t.Errorf("%s places are still taken", got)
	}
}

// TestBodiesOfTheRefused: a request is refused by its head. A large body is not read,
// nor is one that never comes while it keeps a place; the signature is not looked at.
func TestBodiesOfTheRefused(t *testing.T) {
	gate := overload.New(overload.Config{Least: 1, Most: 1, Patience: time.Nanosecond})
	reached := 0
	h := gatedControl(gate, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	ask := func(target string, length int64, body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.ContentLength = length
		r.Header.Set("X-Amz-Target", target)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	pass, in := gate.Enter(t.Context(), overload.Work{Class: overload.Starting})
	if !in {
		t.Fatal("the gate is closed")
	}
	large := bytes.NewReader(make([]byte, 1<<20))
	for _, target := range []string{"AWSStepFunctions.StartExecution", "AWSEvents.CreateConnection", "AWSStepFunctions.ListExecutions", ""} {
		w := ask(target, 1<<20, large)
		if w.Code != 400 || !strings.Contains(w.Body.String(), `{"__type":"ThrottlingException","message":"Rate exceeded"}`) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if large.Len() != 1<<20 || reached != 0 {
		t.Errorf("%d bytes were read, %d requests came through", 1<<20-large.Len(), reached)
	}
	// Who finishes work has a place of its own, and no more than its body holds it up.
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		ask("AWSStepFunctions.SendTaskSuccess", 10, r)
	}()
	if _, err := w.Write([]byte("12345")); err != nil {
		t.Fatal(err)
	}
	if n := gate.State().UnderWay; n != 1 {
		t.Errorf("a body that does not come keeps a place: %d are taken", n)
	}
	_ = w.Close() // of a pipe: cannot fail
	<-done
	if reached != 1 {
		t.Errorf("%d requests came through", reached)
	}
	pass.Leave()
	if s := gate.State(); s.UnderWay != 0 {
		t.Errorf("%+v", s)
	}
}

// TestClassesOfRequests: what each action and page counts as.
func TestClassesOfRequests(t *testing.T) {
	for action, want := range map[string]overload.Work{
		"SendTaskSuccess":     {Class: overload.Finishing, Measured: true},
		"SendTaskFailure":     {Class: overload.Finishing, Measured: true},
		"SendTaskHeartbeat":   {Class: overload.Finishing, Measured: true},
		"StopExecution":       {Class: overload.Finishing, Measured: true},
		"DescribeExecution":   {Class: overload.Reading},
		"GetExecutionHistory": {Class: overload.Reading},
		"GetActivityTask":     {Class: overload.Reading, Waits: true},
		"StartExecution":      {Class: overload.Starting, Measured: true},
		"StartSyncExecution":  {Class: overload.Starting, Waits: true},
		"RedriveExecution":    {Class: overload.Starting},
		"CreateStateMachine":  {Class: overload.Starting},
		"TestState":           {Class: overload.Listing, Waits: true},
		"ListExecutions":      {Class: overload.Listing},
		"":                    {Class: overload.Listing},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
		if got := workOfAction(r); got != want {
			t.Errorf("%s: %+v", action, got)
		}
	}
	for page, want := range map[string]overload.Class{
		"GET /":                         overload.Listing,
		"GET /-/v1/executions":          overload.Listing,
		"GET /-/v1/events":              overload.Listing,
		"GET /-/v1/executions/x":        overload.Reading,
		"GET /-/v1/version":             overload.Reading,
		"POST /-/v1/executions":         overload.Starting,
		"POST /-/v1/executions/x/stop":  overload.Finishing,
		"DELETE /-/v1/executions/x":     overload.Starting,
		"POST /-/v1/callbacks/complete": overload.Finishing,
		"POST /approvals":               overload.Finishing,
		"GET /approvals":                overload.Listing,
		"POST /login":                   overload.Listing,
	} {
		method, path, _ := strings.Cut(page, " ")
		if got := classOfPage(httptest.NewRequest(method, path, nil)); got != want {
			t.Errorf("%s: %s", page, got)
		}
	}
}

// TestOverloadOff: stile.yaml takes the gate away.
func TestOverloadOff(t *testing.T) {
	s := &server{}
	s.current.Store(&project{Project: &files.Project{Config: &config.Config{NoOverload: true}}})
	if g := s.openGate(); g != nil {
		t.Error("there is a gate")
	}
	if pass, in := (*overload.Gate)(nil).Enter(context.Background(), overload.Work{}); !in {
		t.Error("no gate refuses")
	} else {
		pass.Leave()
	}
}
