package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/internal/audit"
	"stile/internal/sfn"
	"stile/jsonval"
)

// book is an audit record in memory.
type book struct {
	records []audit.Record
	fault   error
}

func (b *book) Read(from uint64, most int) ([]audit.Record, error) {
	if from > uint64(len(b.records)) {
		return nil, nil
	}
	rest := b.records[from-1:]
	return rest[:min(most, len(rest))], nil
}

func (b *book) Head() (uint64, string) { return uint64(len(b.records)), "head" }

func (b *book) First() uint64 { return 1 }

func (b *book) Verify() (uint64, error) { return uint64(len(b.records)), b.fault }

func (b *book) add(actor, action, resource string) {
	b.records = append(b.records, audit.Record{Seq: uint64(len(b.records) + 1), Time: epoch,
		Entry: audit.Entry{Actor: actor, Via: "api", Action: action, Resource: resource, Decision: audit.Allowed}})
}

func seqs(t *testing.T, body []byte) (out []string, next string) {
	t.Helper()
	var page struct {
		Records []struct {
			Seq    *int
			Actor  string
			Action string
		}
		Next *int
	}
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatal(err, string(body))
	}
	for _, r := range page.Records {
		if r.Seq == nil {
			out = append(out, r.Actor)
		} else {
			out = append(out, fmt.Sprint(*r.Seq))
		}
	}
	if page.Next != nil {
		next = fmt.Sprint(*page.Next)
	}
	return out, next
}

func TestAuditIsReadByPagesAndFilters(t *testing.T) {
	b := &book{}
	for i := range 2500 {
		b.add([]string{"user:ada", "user:bob", "files"}[i%3], []string{"states:StartExecution", "stile:Configure"}[i%2], fmt.Sprint("r", i%10))
	}
	cfg := config(newFake())
	cfg.Audit = b
	h := New(cfg)
	for _, c := range []struct{ query, want, next string }{
		{"max=3", "2498 2499 2500", ""},
		{"from=1&max=2", "1 2", "3"},
		{"from=2499", "2499 2500", ""},
		{"from=2501", "", ""},
		{"actor=files&max=2", "2496 2499", ""},
		{"actor=user:*&max=2", "2498 2500", ""},
		{"from=1&actor=user:ada&action=stile:Configure&max=2", "4 10", "16"},
		{"resource=r7&max=1", "2498", ""},
		{"resource=nothing", "", ""},
	} {
		w := get(t, h, "/-/v1/audit?"+c.query)
		got, next := seqs(t, w.Body.Bytes())
		if strings.Join(got, " ") != c.want || next != c.next || w.Code != http.StatusOK {
			t.Errorf("%s: %d %v next %q, want %s next %q", c.query, w.Code, got, next, c.want, c.next)
		}
	}
	for _, bad := range []string{"from=0", "from=x", "max=0", "max=1001", "from=-1"} {
		if w := get(t, h, "/-/v1/audit?"+bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
	// Pages by next are the whole record, each once.
	var all []string
	for next := "1"; next != ""; {
		var got []string
		got, next = seqs(t, get(t, h, "/-/v1/audit?max=400&from="+next).Body.Bytes())
		all = append(all, got...)
	}
	if len(all) != 2500 || len(slices.Compact(slices.Clone(all))) != 2500 {
		t.Errorf("%d records by pages", len(all))
	}
}

func TestAuditNeedsItsPermission(t *testing.T) {
	b := &book{}
	b.add("user:ada", "states:StopExecution", "arn")
	cfg := config(newFake())
	cfg.Audit = b
	cfg.Permissions = allowing(func(action string, _ []string) bool { return action != "stile:ReadAudit" })
	h := New(cfg)
	for _, path := range []string{"/-/v1/audit", "/-/v1/audit?execution=x", "/-/v1/audit/verify", "/audit"} {
		if w := get(t, h, path); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "StopExecution") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	cfg.Audit, cfg.Permissions = nil, allowing(nil)
	for _, path := range []string{"/-/v1/audit", "/audit"} {
		if w := get(t, New(cfg), path); w.Code != http.StatusNotFound {
			t.Errorf("%s without a record: %d", path, w.Code)
		}
	}
}

func TestAuditOfOneExecutionHasItsCalls(t *testing.T) {
	f, b := newFake(), &book{}
	f.addMachine("order", orderDefinition)
	arn := f.addExecution("order", "one", sfn.Running, 0)
	f.calls[arn] = []sfn.CallRecord{
		{State: "Charge", Time: epoch.Add(1), Call: jsonval.MustParse(`{"target":{"api":"pay","operation":"charge"},"url":"https://x/?key=k","verdict":null,"permission":null}`)},
		{State: "Limit", Time: epoch.Add(2), Call: jsonval.MustParse(`{"target":{"api":"pay","operation":"charge"},"permission":null,` +
			`"verdict":{"policy":"rate-limit","scope":"api","file":"p.xml","line":7,"reason":"RateLimitExceeded","message":"quotes input","status":429}}`)},
		{State: "Deny", Time: epoch.Add(3), Call: jsonval.MustParse(`{"target":{},"verdict":null,"permission":{"action":"apim:Invoke","resource":"api/a/operation/b","file":"roles/r.json","line":3}}`)},
		{State: "Out", Time: epoch.Add(4), Call: jsonval.MustParse(`{"target":{"url":"https://elsewhere.example"},"verdict":null,"permission":null}`)},
	}
	b.add("user:ada", "states:StartExecution", arn)
	b.add("user:ada", "states:StopExecution", "another")
	cfg := config(f)
	cfg.Audit = b
	w := get(t, New(cfg), "/-/v1/audit?execution=one")
	var page struct {
		Records []struct{ Actor, Action, Resource, Decision, Role string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range page.Records {
		got = append(got, strings.Join([]string{r.Actor, r.Action, r.Resource, r.Decision, r.Role}, " "))
	}
	want := []string{"user:ada states:StartExecution " + arn + " allowed ",
		"state:one/Charge apim:Invoke api/pay/operation/charge allowed ",
		"state:one/Limit apim:Invoke api/pay/operation/charge denied p.xml:7",
		"state:one/Deny apim:Invoke api/a/operation/b denied roles/r.json:3",
		"state:one/Out stile:CallOutside https://elsewhere.example ungoverned "}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if text := w.Body.String(); strings.Contains(text, "quotes input") || strings.Contains(text, "key=k") {
		t.Errorf("a record quotes what was sent: %s", text)
	}
	// The calls are for who may trace the execution.
	cfg.Permissions = allowing(func(action string, _ []string) bool { return action != readTrace })
	if got, _ := seqs(t, get(t, New(cfg), "/-/v1/audit?execution=one").Body.Bytes()); !slices.Equal(got, []string{"1"}) {
		t.Errorf("who may not trace sees %v", got)
	}
}

func TestAuditPageAndVerify(t *testing.T) {
	b := &book{}
	for range 120 {
		b.add("user:<b>ada</b>", "states:StopExecution", "arn")
	}
	cfg := config(newFake())
	cfg.Audit = b
	h := New(cfg)
	w := get(t, h, "/audit")
	text := w.Body.String()
	if w.Code != http.StatusOK || strings.Contains(text, "<b>") || strings.Count(text, "&lt;b&gt;ada") != 50 || !strings.Contains(text, `from=21"`) {
		t.Errorf("the page: %d %s", w.Code, text)
	}
	b.records[len(b.records)-1].Verdict = jsonval.MustParse(`{"status":410}`)
	if w := get(t, h, "/audit"); !strings.Contains(w.Body.String(), "<td> 410</td>") {
		t.Errorf("a refusal without a reason does not show its status: %s", w.Body)
	}
	if w := get(t, h, "/audit?from=1"); !strings.Contains(w.Body.String(), `from=51"`) {
		t.Errorf("the first page leads nowhere: %s", w.Body)
	}
	if w := get(t, h, "/-/v1/audit/verify"); strings.TrimSpace(w.Body.String()) != `{"records":120,"first":1,"holds":true,"hash":"head"}` {
		t.Errorf("verify: %s", w.Body)
	}
	b.fault = &audit.BrokenError{Seq: 7, Reason: "gone"}
	if w := get(t, h, "/-/v1/audit/verify"); !strings.Contains(w.Body.String(), `"holds":false,"fault":"the audit record is broken at 7: gone"`) {
		t.Errorf("verify of a broken record: %s", w.Body)
	}
}
