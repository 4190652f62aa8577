package app

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSearchAndDeletion: what a project declares under index is found on the control
// API, also after a reload declares more, and what is deleted is recorded and gone.
func TestSearchAndDeletion(t *testing.T) {
	backend, _ := answering(t)
	dir := folder(t, backend, invoke)
	write(t, dir, "workflows/one.asl.json", `{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":{"total.$":"$.n"},"End":true}}}`)
	write(t, dir, "workflows/one.workflow.yaml", "role: one-role\nindex: {sku: $.input.sku}\n")
	p := dev(t, dir, t.TempDir())
	start := func(name, input string) {
		t.Helper()
		if status, text := send(t, "POST", p.Console+"/-/v1/executions", `{"stateMachine":"one","name":"`+name+`","input":`+input+`}`, "Content-Type", "application/json"); status != 201 {
			t.Fatal(status, text)
		}
	}
	find := func(query string) string {
		t.Helper()
		status, text := send(t, "GET", p.Console+"/-/v1/executions?"+query, "")
		var page struct {
			Executions []struct{ ID string }
			Error      struct{ Message string }
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil || status != 200 {
			return page.Error.Message
		}
		var names []string
		for _, x := range page.Executions {
			names = append(names, x.ID)
		}
		slices.Sort(names) // two may start in the same millisecond
		return strings.Join(names, " ")
	}
	start("a", `{"sku":"sku-1","n":17}`)
	start("b", `{"sku":17,"n":1}`)
	of := "stateMachine=one&field="
	for query, want := range map[string]string{
		of + "sku%3Dsku-1": "a", of + url.QueryEscape(`sku="sku-1"`): "a", of + "sku%3D17": "b", of + url.QueryEscape(`sku="17"`): "",
		of + "total%3D17": "no field total is indexed; there are: sku", "field=sku%3D17": "a search by fields names the state machine that has them",
		of + "sku": "field must be NAME=VALUE", of + "sku%3D1&field=sku%3D2": "field sku stands twice",
		"from=" + url.QueryEscape(time.Now().Add(-time.Hour).Format(time.RFC3339)): "a b", "to=2001-01-01T00:00:00Z": "", "from=yesterday": "from must be a time such as 2026-03-04T12:00:00Z",
	} {
		if got := find(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	write(t, dir, "workflows/one.workflow.yaml", "role: one-role\nindex: {sku: $.input.sku, total: $.output.total}\n")
	p.tells("taken up again")
	start("c", `{"sku":"sku-1","n":17}`)
	if got := find(of + "total%3D17&field=sku%3Dsku-1"); got != "c" {
		t.Errorf("after the reload: %q", got)
	}
	if status, text := send(t, "DELETE", p.Console+"/-/v1/executions/a", ""); status != 200 || !strings.HasSuffix(text, `:execution:one:a"}`+"\n") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := send(t, "DELETE", p.Console+"/-/v1/executions/a", ""); status != 404 {
		t.Errorf("again: %d %s", status, text)
	}
	if got := find(of + "sku%3Dsku-1"); got != "c" {
		t.Errorf("after the deletion: %q", got)
	}
	if got, _ := p.records("action=stile:DeleteExecution"); len(got) != 1 || got[0] != "anonymous api stile:DeleteExecution execution allowed" {
		t.Errorf("recorded: %q", got)
	}
}

// TestRetentionOfAProject: what stile.yaml says reaches the engine, the traces and the audit.
func TestRetentionOfAProject(t *testing.T) {
	backend, _ := answering(t)
	dir := folder(t, backend, invoke)
	write(t, dir, "stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\nretention: {executions: 1h, history: 30m, audit: 1h, traces: 1h}\n")
	var s *server
	o := devOptions(dir, t.TempDir())
	o.built = func(b *server) { s = b }
	p := devAs(t, o)
	if r := s.retention(); r.Executions != time.Hour || r.History != 30*time.Minute {
		t.Errorf("%+v", r)
	}
	arn := p.start("one")
	p.until(arn, "end", ended)
	count := func() (traces int, first uint64) {
		all, err := s.traces.Traces(100, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(all), s.audit.book.First()
	}
	s.retainOnce(time.Now())
	if traces, first := count(); traces == 0 || first != 1 {
		t.Fatalf("too soon: %d traces, the audit begins at %d", traces, first)
	}
	s.retainOnce(time.Now().Add(2 * time.Hour))
	traces, first := count()
	for deadline := time.Now().Add(patience); traces > 0 && time.Now().Before(deadline); traces, first = count() {
		s.retainOnce(time.Now().Add(2 * time.Hour)) // the last spans came behind the first look
	}
	if traces != 0 || first != 2 {
		t.Errorf("%d traces are left, the audit begins at %d", traces, first)
	}
	if status, text := send(t, "GET", p.Console+"/-/v1/audit/verify", ""); status != 200 || !strings.Contains(text, `"first":2,"holds":true`) {
		t.Errorf("verify: %d %s", status, text)
	}
}
