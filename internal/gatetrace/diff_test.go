package gatetrace

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy/exchange"
)

func step(policy, outcome string, line int, changes ...Change) Step {
	return Step{Decision: exchange.Decision{Policy: policy, Scope: "api", Section: "inbound", File: "p.xml", Line: line, Outcome: outcome}, Changes: changes}
}

func header(name, value string) Change {
	return Change{What: exchange.OfRequestHeader, Name: name, After: &value}
}

// TestDiffTellsByPolicy: one policy was edited, one added, one removed.
func TestDiffTellsByPolicy(t *testing.T) {
	a := &Trace{Summary: Summary{ID: "aaaaaaaa-aaaa-aaaa", Status: 200}, Response: Message{Status: 200, Headers: []Field{{"X-Id", "aaaaaaaa-aaaa-aaaa"}, {"Date", "one"}}, Body: &Body{Text: "old"}},
		Steps: []Step{step("set-header", "ok", 3, header("X-A", "1")), step("cors", "ok", 4), step("rate-limit", "ok", 5)}}
	b := &Trace{Summary: Summary{ID: "bbbbbbbb-bbbb-bbbb", Status: 429}, Response: Message{Status: 429, Headers: []Field{{"X-Id", "bbbbbbbb-bbbb-bbbb"}, {"Date", "two"}}, Body: &Body{Text: "new"}},
		Steps: []Step{step("set-header", "ok", 3, header("X-A", "2")), step("rate-limit", "denied", 4), step("trace", "ok", 5)}}
	var out strings.Builder
	d := Diff(a, b)
	for _, p := range d.Policies {
		out.WriteString(p.Kind + " " + p.Policy + " " + p.Old + ">" + p.New + "\n")
		for _, c := range p.What {
			out.WriteString("  " + c.Sentence() + "\n")
		}
	}
	for _, c := range d.Answer {
		out.WriteString(c.Sentence() + "\n")
	}
	want := `changed set-header p.xml:3>p.xml:3
  request header X-A was "1", is "2"
removed cors p.xml:4>
  decision was "ok", is gone
changed rate-limit p.xml:5>p.xml:4
  decision was "ok", is "denied"
added trace >p.xml:5
  decision is "ok"
status was "200", is "429"
body was "old", is "new"
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if same := Diff(a, a); !same.Same() {
		t.Errorf("a trace differs from itself: %+v", same)
	}
}

func TestDebugTokens(t *testing.T) {
	now := epoch
	tokens := NewTokens(func() time.Time { return now })
	token, expires := tokens.Make("ws/orders", 2*time.Hour)
	if expires != epoch.Add(time.Hour) || !strings.HasPrefix(token, "p=tracing&aid=ws%2Forders&ex=20260102040405&sn=") {
		t.Errorf("%s until %s", token, expires)
	}
	flip := func(at int) string { b := []byte(token); b[at] ^= 1; return string(b) }
	for _, tt := range []struct {
		token, api string
		want       error
	}{
		{token, "ws/orders", nil}, {token, "orders", ErrWrongAPI}, {token, "", ErrWrongAPI}, {"", "orders", ErrExpired}, {"p=tracing", "orders", ErrExpired},
		{flip(14), "ws/orders", ErrExpired}, {flip(30), "ws/orders", ErrExpired}, {flip(len(token) - 3), "ws/orders", ErrExpired},
		{strings.Replace(token, "2026", "2036", 1), "ws/orders", ErrExpired},
	} {
		if err := tokens.Open(tt.token, tt.api); !errors.Is(err, tt.want) {
			t.Errorf("%s for %s: %v", tt.token, tt.api, err)
		}
	}
	if err := NewTokens(time.Now).Open(token, "ws/orders"); !errors.Is(err, ErrExpired) {
		t.Errorf("another server: %v", err)
	}
	if now = expires; !errors.Is(tokens.Open(token, "ws/orders"), ErrExpired) {
		t.Error("the token outlived its time")
	}
}

// TestAzureShape holds the answer of listTrace to the shape of the REST reference.
func TestAzureShape(t *testing.T) {
	tr := &Trace{Summary: Summary{ID: "id", Start: epoch, Duration: 1500 * time.Microsecond, Method: "GET", API: "orders"}, APIPath: "orders", ServiceURL: "https://back.example:8443/v1",
		Template: "/{id}", Request: Message{Method: "GET", URL: "http://gate.example/orders/7", Headers: []Field{{"Host", "gate.example"}}},
		Response: Message{Status: 200, Headers: []Field{}}, Steps: []Step{step("set-header", "ok", 3, header("X-A", "1"))}}
	tr.Steps[0].Start, tr.Steps[0].Duration = epoch, 250*time.Microsecond
	b, err := json.MarshalIndent(tr.Azure("svc"), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ServiceName, TraceID string
		TraceEntries         map[string][]struct {
			Source, Timestamp, Elapsed string
			Data                       json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	in := got.TraceEntries["inbound"]
	if got.ServiceName != "svc" || got.TraceID != "id" || len(in) != 3 || in[0].Source != "api-inspector" || in[2].Source != "set-header" ||
		in[2].Timestamp != "2026-01-02T03:04:05.0002500Z" || in[2].Elapsed != "00:00:00.0002500" || len(got.TraceEntries["outbound"]) != 2 {
		t.Errorf("%s", b)
	}
	for _, want := range []string{`"headers": [`, `"port": 8443`, `"isDefaultPort": false`, `request header X-A is \"1\"`, `"code": "200"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("lacks %s in %s", want, b)
		}
	}
}
