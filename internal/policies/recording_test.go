package policies

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/policy"
	"stile/policy/exchange"
)

const recordedPolicy = `<policies><inbound>
<rate-limit calls="10" renewal-period="60" />
<set-variable name="n" value="@(1 + 2)" />
<choose><when condition="@(context.Request.Method == &quot;POST&quot;)">
<set-header name="X-A" exists-action="override"><value>{{pin}}</value></set-header>
<set-method>PUT</set-method>
</when></choose>
<rewrite-uri template="/two" />
<set-body>two</set-body>
<trace source="me"><message>here</message></trace>
</inbound><backend><forward-request /></backend><outbound>
<set-header name="X-Old" exists-action="delete" /><set-status code="201" reason="Made" />
</outbound><on-error /></policies>`

// record runs recordedPolicy over an exchange that a recording watches.
func record(t *testing.T, recording *exchange.Recording) *exchange.Exchange {
	t.Helper()
	values := policy.Fixed{NamedValues: map[string]policy.NamedValue{"pin": {Text: "4711", Secret: true}}}
	doc, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.API, Text: recordedPolicy}, Table(), values)
	if len(list) > 0 {
		t.Fatal(list)
	}
	now := epoch
	env := &policy.Env{Now: func() time.Time { now = now.Add(time.Millisecond); return now }, Counters: NewCounters(),
		Backend: exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Stream(io.NopCloser(strings.NewReader(strings.Repeat("x", 9000))), -1)}
			ex.Response.Header.Add("X-Old", "1")
			return nil
		})}
	u, _ := exchange.ParseURL("http://gate.example/one")
	ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", URL: u, Body: exchange.Text("one")}, API: &exchange.API{ID: "a"},
		Subscription: &exchange.Subscription{ID: "demo"}, Recording: recording}
	if recording != nil {
		recording.Arrive(ex)
	}
	policy.Link(nil, nil, doc, nil).Run(t.Context(), ex, env)
	if recording != nil {
		recording.Leave(ex)
	}
	return ex
}

// TestRecordingTellsWhatEachPolicyDid: each change once, of the innermost policy.
func TestRecordingTellsWhatEachPolicyDid(t *testing.T) {
	rec := &exchange.Recording{}
	ex := record(t, rec)
	var out strings.Builder
	side := func(s *string, p *exchange.Print) string {
		switch {
		case s != nil:
			return *s
		case p != nil:
			return string(p.Read().Head)
		}
		return "-"
	}
	for _, s := range rec.Steps {
		fmt.Fprintf(&out, "%s%s %s %s", strings.Repeat(" ", s.Depth), s.Section, s.Policy, s.Outcome)
		for _, c := range s.Counters {
			fmt.Fprintf(&out, " %s=%d", c.Name, c.Value)
		}
		for _, v := range s.Values {
			fmt.Fprintf(&out, " [%s %s %s]", v.Expression, v.Type, v.Value)
		}
		for _, l := range s.Lines {
			fmt.Fprintf(&out, " %q", l)
		}
		for _, c := range s.Changes {
			fmt.Fprintf(&out, " {%s %s %s: %s > %s}", c.What, c.Name, c.Type, side(c.Before, c.OldBody), side(c.After, c.NewBody))
		}
		out.WriteString("\n")
	}
	want := `inbound rate-limit ok limit=10 remaining=9
inbound set-variable ok [1 + 2 int 3] {variable n int: - > 3}
inbound choose ok [context.Request.Method == "POST" bool True]
 inbound set-header ok {request.header X-A : - > 4711}
 inbound set-method ok {method  : POST > PUT}
inbound rewrite-uri ok {url  : http://gate.example/one > http://gate.example/two}
inbound set-body ok {request.body  : one > two}
inbound trace ok "me: verbose: here"
backend forward-request ok {status  : - > 200} {response.header X-Old : - > 1} {response.body  : - > }
outbound set-header ok {response.header X-Old : 1 > -}
outbound set-status ok {status  : 200 > 201}
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
	if len(rec.Secrets) != 1 || rec.Secrets[0] != "4711" || string(rec.Came.Body.Read().Head) != "one" || rec.Went.Status != 201 {
		t.Errorf("secrets %v, came %+v, went %+v", rec.Secrets, rec.Came, rec.Went)
	}
	if !ex.Response.Body.Streaming() || rec.Went.Body.Read().Length != 0 {
		t.Error("the recording read the answer")
	}
	text, err := io.ReadAll(ex.Response.Body.Reader())
	if got := rec.Went.Body.Read(); err != nil || len(text) != 9000 || got.Length != 9000 || !got.Whole || got.Digest == "" {
		t.Errorf("%v, %d bytes, printed %d, whole %v", err, len(text), got.Length, got.Whole)
	}
}

// TestRecordingIsBounded: what a client or a policy makes large is kept in part.
func TestRecordingIsBounded(t *testing.T) {
	rec := &exchange.Recording{Steps: make([]exchange.Step, 1)}
	for range 1000 {
		text := strings.Repeat("y", 100_000)
		rec.Changed(0, exchange.Change{What: exchange.OfURL, Before: &text, After: new(strings.Clone(text))})
		rec.Body(exchange.Text(text))
	}
	if kept := len(rec.Steps[0].Changes); kept == 0 || kept > 100 || rec.Omitted == 0 {
		t.Errorf("%d changes, %d omitted", kept, rec.Omitted)
	}
	if most := exchange.RecordingRoom + exchange.RecordedBodies*(exchange.BodyShown+exchange.TextMargin); rec.Room() > most {
		t.Errorf("%d bytes, at most %d", rec.Room(), most)
	}
}

// TestNobodyRecordsNothing: without a recording the policies that tell of numbers and
// expressions put nothing on the heap for it.
func TestNobodyRecordsNothing(t *testing.T) {
	var env policy.Env
	if n := testing.AllocsPerRun(100, func() { env.Tally("remaining", 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if ex := record(t, nil); ex.Recording != nil || ex.Response.StatusCode != 201 {
		t.Errorf("%+v", ex.Recording)
	}
}
