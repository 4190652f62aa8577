package app

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestACallbackIsAnsweredAlikeOverRestarts walks a waiting Task's callback URL:
// open over a restart, altered, delivered, delivered again, and otherwise.
func TestACallbackIsAnsweredAlikeOverRestarts(t *testing.T) {
	backend, calls := answering(t)
	dir, data := folder(t, backend, await), t.TempDir()
	p := dev(t, dir, data)
	arn := p.start("one")
	before := p.until(arn, "it waits", has("TaskSubmitted"))
	p.shut()

	p = dev(t, dir, data)
	if p.Open != 1 || calls.Load() != 1 {
		t.Errorf("%d open executions, %d calls; want one each", p.Open, calls.Load())
	}
	if after := p.history(arn); !slices.Equal(after, before) {
		t.Errorf("the history changed over the restart:\n%+v\n%+v", before, after)
	}
	url := p.callback()
	altered := strings.Replace(url, "/callbacks/A", "/callbacks/B", 1)
	if altered == url {
		t.Fatalf("%s is not altered", url)
	}
	for i, c := range []struct {
		url, body string
		want      int
	}{{altered, "{}", 401}, {url, `{"approved":true}`, 200}, {url, `{"approved":true}`, 200},
		{url, `{"approved":false}`, 410}, {url + "/fail", `{"error":"No"}`, 410}} {
		if got, text := send(t, "POST", c.url, c.body, "Content-Type", "application/json"); got != c.want {
			t.Errorf("delivery %d: %d %s, want %d", i, got, text, c.want)
		}
	}
	events := p.until(arn, "end", ended)
	if n := count(events, "TaskSucceeded"); n != 1 || count(events, "ExecutionSucceeded") != 1 {
		t.Errorf("history %+v", events)
	}
	p.shut()

	p = dev(t, dir, data)
	url = p.Gateway + url[strings.Index(url, "/callbacks/"):]
	if got, _ := send(t, "POST", url, `{"approved":true}`); got != 200 {
		t.Errorf("the same again after a restart: %d", got)
	}
	if got, _ := send(t, "POST", url, `{"approved":1}`); got != 410 {
		t.Errorf("another after a restart: %d", got)
	}
	for _, where := range []string{"/-/v1/traces", "/-/v1/executions/" + arn + "/calls"} {
		if _, text := send(t, "GET", p.Console+where, ""); strings.Contains(text, url[strings.LastIndex(url, "/")+1:]) {
			t.Errorf("%s tells the callback URL: %s", where, text)
		}
	}
	p.noTokenInTraces(url[strings.LastIndex(url, "/")+1:])
}

// callback is the one open callback URL.
func (p *product) callback() string {
	p.t.Helper()
	var got struct{ Callbacks []struct{ URL string } }
	_, text := send(p.t, "GET", p.Console+"/-/v1/callbacks", "")
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Callbacks) != 1 {
		p.t.Fatal(err, text)
	}
	return got.Callbacks[0].URL
}

func (p *product) noTokenInTraces(token string) {
	p.t.Helper()
	var list struct{ Traces []struct{ TraceID string } }
	_, text := send(p.t, "GET", p.Console+"/-/v1/traces", "")
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Traces) == 0 {
		p.t.Fatal(err, text)
	}
	for _, tr := range list.Traces {
		if _, text := send(p.t, "GET", p.Console+"/-/v1/traces/"+tr.TraceID, ""); strings.Contains(text, token) {
			p.t.Errorf("a trace tells the callback URL: %s", text)
		}
	}
}
