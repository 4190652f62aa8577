package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// chargingWay is a workflow with threads that run side by side, a state that computes, and a
// Task that the gate may refuse.
const chargingWay = `{"StartAt":"Both","States":{
	"Both":{"Type":"Parallel","ResultPath":"$.both","Next":"Each","Branches":[
		{"StartAt":"Left","States":{"Left":{"Type":"Pass","Result":{"at":"left"},"End":true}}},
		{"StartAt":"Right","States":{"Right":{"Type":"Pass","Parameters":{"id.$":"States.UUID()","now.$":"$$.State.EnteredTime"},"End":true}}}]},
	"Each":{"Type":"Map","ItemsPath":"$.items","ResultPath":"$.each","Next":"Charge",
		"ItemProcessor":{"StartAt":"Item","States":{"Item":{"Type":"Pass","End":true}}}},
	"Charge":{"Type":"Task","Resource":"arn:aws:states:::apigateway:invoke","ResultPath":"$.charge","ResultSelector":{"body.$":"$.ResponseBody"},
		"Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/reserve","RequestBody":{"amount.$":"$.amount","city.$":"$.address.city"}},"End":true}}}`

// operated is the product with that workflow; the backend refuses while broken is set.
func operated(t *testing.T) (p *product, broken *atomic.Bool) {
	t.Helper()
	broken = new(atomic.Bool)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{"charged":true}`))
	}))
	t.Cleanup(backend.Close)
	return dev(t, folder(t, backend.URL, invoke, "workflows/one.asl.json", chargingWay), t.TempDir()), broken
}

// order starts an execution and waits for its end.
func (p *product) order(name, input string) {
	p.t.Helper()
	if status, text := send(p.t, "POST", p.Console+"/-/v1/executions", `{"stateMachine":"one","name":"`+name+`","input":`+input+`}`, "Content-Type", "application/json"); status != 201 {
		p.t.Fatal(status, text)
	}
	p.until("arn:aws:states:us-east-1:111111111111:execution:one:"+name, "end", ended)
}

type diffed struct {
	Differences []struct {
		Kind, Thread, State, What, Pointer string
		Old, New                           json.RawMessage
	}
	Carried int
}

func (p *product) compare(a, b string) (d diffed, lines []string) {
	p.t.Helper()
	status, text := send(p.t, "GET", p.Console+"/-/v1/executions/"+a+"/diff?with="+url.QueryEscape(b), "")
	if err := json.Unmarshal([]byte(text), &d); err != nil || status != 200 {
		p.t.Fatal(status, text)
	}
	for _, x := range d.Differences {
		lines = append(lines, strings.Join([]string{x.Kind, x.Thread, x.State, x.What, x.Pointer, string(x.Old), string(x.New)}, "|"))
	}
	return d, lines
}

const orderInput = `{"amount":999,"address":{"city":"Ulm","street":"A"},"items":[1,2,3]}`

// TestForkAndDiff: a fork goes on from a state with other data, says what it is of, is in
// the audit, and the diff begins where it parted; threads and what differs always do not differ.
func TestForkAndDiff(t *testing.T) {
	p, broken := operated(t)
	p.order("a", orderInput)
	p.order("b", orderInput)
	if _, lines := p.compare("a", "b"); len(lines) != 0 {
		t.Errorf("the same twice: %q", lines)
	}
	p.order("c", strings.Replace(orderInput, "[1,2,3]", "[1,7,3,4]", 1))
	_, lines := p.compare("a", "c")
	want := []string{"data|||input|/items/1|2|7", "data|||input|/items/3||4", "data|Each/item 1|Item|input||2|7", "path|Each/item 3||thread|||[\"Item\"]"}
	if len(lines) < 4 || strings.Join(lines[:4], "\n") != strings.Join(want, "\n") {
		t.Errorf("other items: %s", strings.Join(lines, "\n"))
	}
	broken.Store(true)
	p.order("bad", orderInput)
	broken.Store(false)
	out := CLI(strings.TrimPrefix(p.Console, "http://"), nil, nil, "exec", "fork", "bad", "--at", "Charge", "--set", "amount=1", "--set", "address.city=Bonn", "--name", "bad-fork", "--wait")
	if !strings.Contains(out, "SUCCEEDED") || !strings.Contains(out, `"street":"A"`) {
		t.Fatal(out)
	}
	_, lines = p.compare("bad", "bad-fork")
	if len(lines) < 6 || lines[0] != `data||Charge|input|/amount|999|1` || lines[1] != `data||Charge|input|/address/city|"Ulm"|"Bonn"` {
		t.Error(strings.Join(lines, "\n"))
	}
	all := strings.Join(lines, "\n")
	for _, part := range []string{`outcome||Charge|attempts||`, `gateway||Charge|status||"503"|"200"`, `outcome|||status||"FAILED"|"SUCCEEDED"`} {
		if !strings.Contains(all, part) {
			t.Errorf("no %s in\n%s", part, all)
		}
	}
	if out := CLI(strings.TrimPrefix(p.Console, "http://"), nil, nil, "exec", "show", "bad-fork"); !strings.Contains(out, "Forked from    bad at Charge\n") {
		t.Error(out)
	}
	if _, text := send(t, "GET", p.Console+"/executions/bad-fork", ""); !strings.Contains(text, ">bad</a> at Charge<") {
		t.Error("the page does not tell of the fork")
	}
	_, raw := p.records("action=states:StartExecution")
	text, _ := json.Marshal(raw)
	if !strings.Contains(string(text), `"forkedAt":"Charge"`) || !strings.Contains(string(text), `execution:one:bad"`) {
		t.Errorf("the audit: %s", text)
	}
	for body, want := range map[string]int{`{"at":"Nowhere"}`: 409, `{"at":"Charge","set":[1]}`: 400, `{"name":"a"}`: 409,
		`{"at":"Charge","merge":{"address":{"city":"X"}},"input":{}}`: 400} {
		if status, text := send(t, "POST", p.Console+"/-/v1/executions/a/fork", body, "Content-Type", "application/json"); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, text, want)
		}
	}
}

// TestBulkRedrive: what failed is redriven, page by page, what did not match is not.
func TestBulkRedrive(t *testing.T) {
	p, broken := operated(t)
	broken.Store(true)
	server := strings.TrimPrefix(p.Console, "http://")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p.order(name, orderInput)
	}
	failed := filepath.Join(t.TempDir(), "failed")
	bulk := func(args ...string) string {
		return CLI(server, nil, nil, append([]string{"exec", "bulk"}, args...)...)
	}
	if out := bulk("redrive", "--state-machine", "one", "--error", "ApiGateway.503"); !strings.HasPrefix(out, "would redrive 5 executions\n") {
		t.Error(out)
	}
	if out := bulk("redrive", "--error", "Other", "--yes"); out != "redrive: done 0  failed 0  skipped 0\n" {
		t.Error(out)
	}
	broken.Store(false)
	if err := os.WriteFile(failed, []byte("a\n# one\nnobody\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := bulk("redrive", "--from-file", failed, "--yes", "--failed-to", failed); out != "redrive: done 2  failed 0  skipped 1\n" {
		t.Error(out)
	}
	if out := bulk("redrive", "--cause-contains", "", "--yes", "--wide", "2", "--failed-to", failed); out != "redrive: done 3  failed 0  skipped 0\n" {
		t.Error(out)
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p.until("arn:aws:states:us-east-1:111111111111:execution:one:"+name, "success", func(list []event) bool { return list[len(list)-1].Type == "ExecutionSucceeded" })
	}
	// An attempt of before the redrive and the one behind it are one visit's.
	if _, lines := p.compare("a", "b"); len(lines) != 0 {
		t.Errorf("redriven twice: %q", lines)
	}
	if out := bulk("redrive", "--yes"); out != "redrive: done 0  failed 0  skipped 0\n" {
		t.Error(out)
	}
	if out := bulk("delete", "--yes"); !strings.Contains(out, "delete without a filter would delete all") {
		t.Error(out)
	}
	if out := bulk("delete", "--status", "SUCCEEDED", "--yes"); out != "delete: done 5  failed 0  skipped 0\n" {
		t.Error(out)
	}
	if got, _ := p.records("action=stile:DeleteExecution"); len(got) != 5 {
		t.Errorf("recorded: %q", got)
	}
}

// TestHistoryPagesAndStream: pages, both ways, and the stream behind an event.
func TestHistoryPagesAndStream(t *testing.T) {
	p, _ := operated(t)
	p.order("a", orderInput)
	one := p.Console + "/-/v1/executions/a"
	type page struct {
		Events []struct{ ID int64 }
		Next   string
	}
	read := func(query string) (out page) {
		t.Helper()
		status, text := send(t, "GET", one+"/history"+query, "")
		if err := json.Unmarshal([]byte(text), &out); err != nil || status != 200 {
			t.Fatal(status, text)
		}
		return out
	}
	all := read("")
	n := int64(len(all.Events))
	first := read("?max=2")
	second := read("?max=1000&token=" + url.QueryEscape(first.Next))
	if n < 10 || all.Next != "" || len(first.Events) != 2 || int64(len(second.Events)) != n-2 || second.Events[0].ID != 3 || second.Next != "" {
		t.Errorf("%d events; %+v %+v", n, first, second)
	}
	if back := read("?reverse=true&max=1"); back.Events[0].ID != n {
		t.Errorf("%+v", back)
	}
	for _, query := range []string{"?max=0", "?max=1001", "?reverse=yes"} {
		if status, _ := send(t, "GET", one+"/history"+query, ""); status != 400 {
			t.Errorf("%s: %d", query, status)
		}
	}
	_, text := send(t, "GET", one+"/events", "", "Last-Event-ID", "3")
	if strings.Contains(text, "id: 3\n") || !strings.Contains(text, "id: 4\nevent: history\ndata: {") || strings.Count(text, "event: history") != int(n-3) {
		t.Errorf("the stream behind event 3:\n%s", text)
	}
	out := CLI(strings.TrimPrefix(p.Console, "http://"), nil, nil, "exec", "history", "a", "--follow", "-o", "json")
	if strings.Count(out, "\n") != int(n) {
		t.Errorf("followed:\n%s", out)
	}
}
