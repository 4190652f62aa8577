package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// product is Dev running in this process.
type product struct {
	t *testing.T
	Ready
	log   chan string
	stop  context.CancelFunc
	ended chan error
}

// lines is a slog.Handler that hands each record on as one line.
type lines struct{ to chan string }

func (l lines) Enabled(context.Context, slog.Level) bool { return true }
func (l lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l lines) WithGroup(string) slog.Handler            { return l }

func (l lines) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	select {
	case l.to <- text:
	default: // nobody waits for it
	}
	return nil
}

func devOptions(dir, data string) Options {
	o := Options{Dirs: []string{dir}}
	o.Control, o.ControlTLS, o.Gateway = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	o.Account, o.Region, o.Data = "111111111111", "us-east-1", data
	return o
}

// dev starts the product on a folder and its data; it ends with the test.
func dev(t *testing.T, dir, data string) *product {
	t.Helper()
	return devAs(t, devOptions(dir, data))
}

// devAs is dev with options of the test's own; its log goes to more handlers too.
func devAs(t *testing.T, o Options, more ...slog.Handler) *product {
	t.Helper()
	p := &product{t: t, log: make(chan string, 1000), ended: make(chan error, 1)}
	o.Log = slog.New(slog.NewMultiHandler(append(more, lines{p.log})...))
	ready := make(chan Ready, 1)
	o.Ready = func(r Ready) { ready <- r }
	ctx, cancel := context.WithCancel(t.Context())
	p.stop = cancel
	go func() { p.ended <- Dev(ctx, o) }()
	select {
	case p.Ready = <-ready:
	case err := <-p.ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the product does not start")
	}
	t.Cleanup(p.shut)
	return p
}

// shut ends the product as Ctrl-C does, and waits for its end.
func (p *product) shut() {
	p.t.Helper()
	if p.stop == nil {
		return
	}
	p.stop()
	p.stop = nil
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Error(err)
		}
	case <-time.After(2 * patience):
		p.t.Error("the product does not end")
	}
}

// tells waits for a line of the log that holds text.
func (p *product) tells(text string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line := <-p.log:
			if strings.Contains(line, text) {
				return line
			}
		case <-deadline:
			p.t.Fatalf("the log never told: %s", text)
		}
	}
}

// send makes a request and gives status and body.
func send(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (p *product) start(machine string) string {
	p.t.Helper()
	var started struct{ ExecutionArn string }
	wire(p.t, p.Console, "StartExecution", map[string]string{
		"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:" + machine}, &started)
	return started.ExecutionArn
}

type event struct {
	ID                           int64
	Type                         string
	TaskFailedEventDetails       struct{ Error, Cause string }
	ExecutionFailedEventDetails  struct{ Error, Cause string }
	TaskSucceededEventDetails    struct{ Output string }
	TaskSubmittedEventDetails    struct{ Output string }
	TaskScheduledEventDetails    struct{ Parameters string }
	ExecutionStartedEventDetails struct{ Input string }
}

func (p *product) history(arn string) (out []event) {
	p.t.Helper()
	var page struct{ Events []event }
	wire(p.t, p.Console, "GetExecutionHistory", map[string]any{"executionArn": arn, "maxResults": 1000}, &page)
	return page.Events
}

// until follows an execution on its event stream until ok says so of its history.
func (p *product) until(arn, what string, ok func([]event) bool) []event {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", p.Console+"/-/v1/executions/"+arn+"/events", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 64<<10)
	for {
		events := p.history(arn)
		if ok(events) {
			return events
		}
		// Something of it changes, or the stream ends with the time.
		if _, err := resp.Body.Read(buf); err != nil && !errors.Is(err, io.EOF) {
			p.t.Fatalf("never: %s; history %+v", what, events)
		}
	}
}

func has(kind string) func([]event) bool {
	return func(events []event) bool { return count(events, kind) > 0 }
}

func count(events []event, kind string) (n int) {
	for _, e := range events {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// write replaces a file below dir, as an editor does.
func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

// folder writes a project: API shop in front of backend, state machine one with
// a Task of the given resource that calls it, role one-role.
func folder(t testing.TB, backend, resource string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\n")
	write(t, dir, "apim/apis/shop/apiInformation.json",
		`{"properties":{"displayName":"shop","path":"shop","subscriptionRequired":false,"serviceUrl":"`+backend+`"}}`)
	write(t, dir, "apim/apis/shop/specification.yaml",
		"openapi: 3.0.1\ninfo: {title: shop, version: '1'}\npaths:\n  /reserve:\n    post:\n      operationId: reserve\n      responses: {'200': {description: ok}}\n")
	write(t, dir, "apim/apis/shop/policy.xml", shopPolicy(""))
	write(t, dir, "workflows/one.asl.json", oneTask(resource))
	write(t, dir, "workflows/one.workflow.yaml", "role: one-role\n")
	write(t, dir, "roles/one-role.json", roleAllowing("api/shop/operation/reserve"))
	for i := 0; i < len(more); i += 2 {
		write(t, dir, more[i], more[i+1])
	}
	return dir
}

func shopPolicy(inbound string) string {
	return `<policies><inbound><base />` + inbound + `</inbound><backend><forward-request /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`
}

func roleAllowing(resource string) string {
	return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"apim:Invoke\", \"Resource\": \"" + resource + "\"}\n  ]\n}\n"
}

func oneTask(resource string) string {
	token := ""
	if strings.HasSuffix(resource, ".waitForTaskToken") {
		token = `,"token.$":"$$.Task.Token"`
	}
	return `{"StartAt":"Reserve","States":{"Reserve":{"Type":"Task","Resource":"` + resource + `","Parameters":{
		"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/reserve","RequestBody":{"sku":"s","quantity":1` + token + `}},"End":true}}}`
}

const (
	invoke = "arn:aws:states:::apigateway:invoke"
	await  = invoke + ".waitForTaskToken"
)

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestAStopSpendsNoAttempt stops the product while a state's call is under way at
// a sample backend, and starts it again: the call is made again, and nothing of
// either is to be seen in the history.
func TestAStopSpendsNoAttempt(t *testing.T) {
	at, data := freeAddress(t), t.TempDir()
	dir := folder(t, "http://"+at, invoke, "stile.yaml",
		"name: shop\nmap:\n  shop.example: {gateway: self}\nsamples:\n  - {name: inventory, address: "+at+"}\n")
	p := dev(t, dir, data)
	send(t, "POST", "http://"+at+"/_fault", `{"status":0,"count":1,"delayMs":60000}`)
	arn := p.start("one")
	for n := 0; n == 0; {
		var got struct{ Count int }
		_, text := send(t, "GET", "http://"+at+"/_count", "")
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		n = got.Count
	}
	// Somebody who watches makes the drain take its time.
	stream, err := http.Get(p.Console + "/-/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	p.shut()
	p = dev(t, dir, data)
	events := p.until(arn, "the execution ends", func(e []event) bool { return strings.HasPrefix(e[len(e)-1].Type, "Execution") && len(e) > 1 })
	if count(events, "ExecutionSucceeded") != 1 || count(events, "TaskFailed") != 0 {
		t.Errorf("history %+v", events)
	}
	for _, e := range events {
		if e.Type == "TaskSucceeded" && !strings.Contains(e.TaskSucceededEventDetails.Output, "res-") {
			t.Errorf("an answer that the backend never gave: %s", e.TaskSucceededEventDetails.Output)
		}
	}
}

func TestOneDataFolderHasOneProduct(t *testing.T) {
	dir, data := folder(t, "http://127.0.0.1:9", invoke), t.TempDir()
	dev(t, dir, data)
	err := Dev(t.Context(), devOptions(dir, data))
	if want := "data folder " + data + " is in use by another process; stop it, or choose another folder with --data"; fmt.Sprint(err) != want {
		t.Errorf("got %v", err)
	}
}

// TestDamagedTracesAreToldWithTheirFolder: a user must see that no execution is lost.
func TestDamagedTracesAreToldWithTheirFolder(t *testing.T) {
	dir, data := folder(t, "http://127.0.0.1:9", invoke), t.TempDir()
	dev(t, dir, data).shut()
	damaged := 0
	err := filepath.WalkDir(filepath.Join(data, "traces", "log"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "MANIFEST") {
			return err
		}
		damaged++
		return os.WriteFile(path, []byte("no manifest"), 0o600)
	})
	if err != nil || damaged == 0 {
		t.Fatal(err, damaged)
	}
	err = Dev(t.Context(), devOptions(dir, data))
	if text := fmt.Sprint(err); !strings.Contains(text, filepath.Join(data, "traces")) || !strings.Contains(text, "move it away") || strings.Contains(text, "\n") {
		t.Errorf("got %q", text)
	}
	if err := os.RemoveAll(filepath.Join(data, "traces")); err != nil {
		t.Fatal(err)
	}
	dev(t, dir, data)
}

func TestANewerFormatIsOneLine(t *testing.T) {
	dir, data := folder(t, "http://127.0.0.1:9", invoke), t.TempDir()
	write(t, data, "FORMAT", "stile-data 99\n")
	if text := fmt.Sprint(Dev(t.Context(), devOptions(dir, data))); !strings.HasPrefix(text, "data folder "+data+" has format 99") || strings.Contains(text, "\n") {
		t.Errorf("got %q", text)
	}
}
