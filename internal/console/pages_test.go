package console

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"stile/asl/history"
	"stile/internal/sfn"
)

func TestListPage(t *testing.T) {
	f, _ := story()
	h := New(config(f))
	w := get(t, h, "/?max=2")
	text := w.Body.String()
	for _, want := range []string{
		`<a href="/executions/arn:aws:states:us-east-1:111111111111:execution:order:one">one</a>`,
		`RUNNING</span>`, `FAILED</span>`, `href="/?max=2&amp;token=2"`, `1.5 s`, `<a href="/?stateMachine=refund">refund</a>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(get(t, h, "/?stateMachine=order").Body.String(), "execution:refund:one") {
		t.Error("the filter by state machine shows another's execution")
	}
	if w := get(t, h, "/?status=nonsense"); w.Code != 400 || !strings.Contains(w.Body.String(), "status must be") {
		t.Errorf("a bad filter answers %d", w.Code)
	}
	empty := get(t, New(config(newFake())), "/").Body.String()
	if !strings.Contains(empty, "No executions yet") || !strings.Contains(empty, "No state machines yet") {
		t.Error("an empty server does not say so")
	}
}

func TestExecutionPage(t *testing.T) {
	f, _ := story()
	w := get(t, New(config(f)), "/executions/one")
	text := w.Body.String()
	for _, want := range []string{
		`data-arn="arn:aws:states:us-east-1:111111111111:execution:order:one"`, `data-after="4"`, `data-running`,
		`class="node succeeded" id="s-0" data-state="Reserve"`, `class="node waiting" id="s-1"`,
		`validate-jwt`, `apim/apis/payments/policy.xml:5`, `RoleMissing no &lt;role&gt;`, `payments / charge`, `attempt 2, send 3`, `1 ms`, `refused`,
		`&#34;sku&#34;: &#34;sku-1&#34;`, `PassStateEntered`, `&#43;5 ms`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if w := get(t, New(config(f)), "/executions/none"); w.Code != 404 {
		t.Errorf("an unknown execution answers %d", w.Code)
	}
	if w := get(t, New(config(f)), "/nonsense"); w.Code != 404 || !strings.Contains(w.Body.String(), "There is no page /nonsense") {
		t.Errorf("an unknown page answers %d", w.Code)
	}
}

// TestPagesAreSafe looks for what a page must not have: markup from names and
// payloads, inline script or style, a callback URL, a file of another host.
func TestPagesAreSafe(t *testing.T) {
	const evil = `</script><script>alert(1)</script><img src=x onerror=alert(2)>" onload="x`
	f, _ := story()
	name, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	f.addMachine("evil", `{"StartAt":`+string(name)+`,"States":{`+string(name)+`:{"Type":"Succeed"}}}`)
	arn := f.addExecution("evil", "x", sfn.Failed, 1)
	x := &f.execs[len(f.execs)-1]
	errorName, cause := evil, evil
	x.Error, x.Cause, x.State = &errorName, &cause, evil
	f.calls[arn] = []sfn.CallRecord{{State: evil, Time: epoch}}
	h := New(config(f))
	tag := regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	value := regexp.MustCompile(`"[^"]*"`)
	forbidden := regexp.MustCompile(`(?i)^<(style|img|iframe|object|embed|base|form action="[^/])|\s(on[a-z]+|style|srcdoc)\s*=`)
	for _, path := range []string{"/", "/executions/x", "/executions/one", "/executions/%3Cimg%3E", "/%3Cimg%3E", "/-/v1/executions/x/graph"} {
		w := get(t, h, path)
		text := w.Body.String()
		if strings.HasSuffix(path, "graph") {
			text = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(text, "")
		}
		for _, m := range tag.FindAllString(text, -1) {
			bare := value.ReplaceAllString(m, `""`)
			if forbidden.MatchString(bare) || strings.HasPrefix(m, "<script") && !strings.HasPrefix(m, `<script src="/assets/`) ||
				strings.Contains(m, `="http`) && !strings.HasPrefix(m, "<svg xmlns=") || strings.Contains(m, "javascript:") {
				t.Errorf("%s has %s", path, m)
			}
		}
		if n := strings.Count(text, "<script"); n > 1 || strings.Contains(path, "evil") && !strings.Contains(text, "&lt;script&gt;") {
			t.Errorf("%s has %d scripts", path, n)
		}
		if strings.Contains(text, "SECRET-TOKEN") {
			t.Errorf("%s shows a callback URL", path)
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script-src 'unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, w.Header())
		}
	}
}

func TestAssets(t *testing.T) {
	h := New(config(newFake()))
	page := get(t, h, "/").Body.String()
	paths := regexp.MustCompile(`/assets/[a-z0-9.-]+`).FindAllString(page, -1)
	if len(paths) != 2 {
		t.Fatalf("the page loads %v", paths)
	}
	for _, p := range paths {
		w := get(t, h, p)
		if w.Code != 200 || w.Body.Len() == 0 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s answers %d, %v", p, w.Code, w.Header())
		}
		if w.Body.Len() > 60<<10 {
			t.Errorf("%s has %d bytes", p, w.Body.Len())
		}
	}
}

func TestPayloadsAreCut(t *testing.T) {
	long := strings.Repeat("é", shownBytes)
	if got := cut(long); len(got) > shownBytes+40 || !strings.HasSuffix(got, " more bytes") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("cut to %d bytes: …%q", len(got), got[len(got)-40:])
	}
}

func TestEventsShowTheirState(t *testing.T) {
	f := newFake()
	f.addMachine("calls", `{"StartAt":"Charge","States":{"Charge":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111111111111:function:f","End":true}}}`)
	arn := f.addExecution("calls", "x", sfn.Running, 1)
	f.events[arn] = []history.Event{event(1, "ExecutionStarted", ""), {ID: 2, Type: "TaskStateEntered", Details: history.Details{Name: "Charge"}},
		event(3, "LambdaFunctionScheduled", ""), event(4, "LambdaFunctionFailed", "")}
	text := get(t, New(config(f)), "/executions/x").Body.String()
	for _, want := range []string{`<td class="what">LambdaFunctionScheduled</td><td>Charge</td>`, `<tr class="failed"><td class="number">4</td>`, `class="node retrying"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if i, j := strings.Index(text, "LambdaFunctionFailed"), strings.Index(text, "ExecutionStarted"); i > j {
		t.Error("the newest event is not the first")
	}
}
