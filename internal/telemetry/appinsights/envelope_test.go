package appinsights

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"stile/internal/telemetry"
)

const (
	traceID = "0102030405060708090a0b0c0d0e0f10"
	spanID  = "0102030405060708"
	parent  = "1112131415161718"
)

var (
	at    = time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC)
	sends = maker{"key", "stile", "host-1", "0.1.0"}
)

// envelopesAs checks envelopes against JSON, kind and tags included.
func envelopesAs(t *testing.T, want string, got ...envelope) {
	t.Helper()
	var a, b any
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Error(diff)
	}
}

// head is an envelope's beginning, with the given tags beside the sender's.
func head(kind, tags string) string {
	if tags != "" {
		tags = "," + tags
	}
	return `"ver":1,"name":"Microsoft.ApplicationInsights.` + kind + `","time":"2026-01-02T03:04:05.6789012Z","iKey":"key","tags":{"ai.cloud.role":"stile",` +
		`"ai.cloud.roleInstance":"host-1","ai.internal.sdkVersion":"stile:0.1.0"` + tags + `}`
}

func TestExchangeIsARequest(t *testing.T) {
	ok := &telemetry.Exchange{Time: at, TraceID: traceID, SpanID: spanID, ParentID: parent, ID: "r", Via: telemetry.ViaState, API: "payments", Operation: "charge",
		Method: "POST", Path: "/payments", Status: 200, Durations: telemetry.Durations{Total: telemetry.Millis(1500 * time.Millisecond)},
		StateMachine: "order", Execution: "e", State: "Charge", Attempt: 2, Client: "127.0.0.1"}
	const operation = `"ai.operation.id":"` + traceID + `","ai.operation.name":"POST payments/charge"`
	const properties = `"via":"state","api":"payments","operation":"charge","state_machine":"order","execution":"e","state":"Charge","request_id":"r","attempt":"2"`
	envelopesAs(t, `[{`+head("Request", operation+`,"ai.operation.parentId":"`+parent+`","ai.location.ip":"127.0.0.1"`)+`,"data":{"baseType":"RequestData","baseData":{
		"ver":2,"id":"`+spanID+`","name":"POST payments/charge","duration":"0.00:00:01.5000000","success":true,"responseCode":"200","url":"/payments",
		"properties":{`+properties+`}}}}]`, sends.exchange(ok)...)

	denied := *ok
	denied.Status, denied.Durations.Total = 429, 0
	denied.Verdict = &telemetry.Verdict{Policy: "rate-limit", Scope: "api", At: "policy.xml:5", Reason: "RateLimitExceeded"}
	got := sends.exchange(&denied)
	if r := got[0].Data.BaseData.(requestData); r.Success || r.ResponseCode != "429" {
		t.Errorf("request: %+v", r)
	}
	envelopesAs(t, `[{`+head("Exception", operation+`,"ai.operation.parentId":"`+spanID+`"`)+`,"data":{"baseType":"ExceptionData","baseData":{"ver":2,
		"exceptions":[{"typeName":"RateLimitExceeded","message":"denied by rate-limit at policy.xml:5: RateLimitExceeded","hasFullStack":false}],
		"severityLevel":"Warning","problemId":"rate-limit at policy.xml:5","properties":{`+properties+
		`,"verdict":"rate-limit","verdict_scope":"api","verdict_at":"policy.xml:5","verdict_reason":"RateLimitExceeded"}}}}]`, got[1])

	scan := sends.exchange(&telemetry.Exchange{Method: "GET", Path: "/wp-login.php", Status: 404, Error: "OperationNotFound"})
	if r := scan[0].Data.BaseData.(requestData); r.Name != "GET (no operation)" || len(scan) != 2 {
		t.Errorf("a path that no operation has: %+v", r)
	}
}

func TestSpansAreDependencies(t *testing.T) {
	span := func(kind, name, status string, took time.Duration, attributes ...telemetry.Attribute) telemetry.Span {
		return telemetry.Span{TraceID: traceID, SpanID: spanID, ParentID: parent, Name: name, Kind: kind, Status: status, Start: at, End: at.Add(took), Attributes: attributes}
	}
	const operation = `"ai.operation.id":"` + traceID + `","ai.operation.parentId":"` + parent + `"`
	for _, tt := range []struct {
		name string
		span telemetry.Span
		want string // "" for none
	}{
		{"backend", span(telemetry.KindBackend, "POST http://pay.example:81/x", "error", 25*time.Hour, telemetry.Attribute{Name: telemetry.AttrURL, Value: "http://pay.example:81/x"},
			telemetry.Attribute{Name: telemetry.AttrStatusCode, Value: "503"}),
			head("RemoteDependency", operation) + `,"data":{"baseType":"RemoteDependencyData","baseData":{"ver":2,"id":"` + spanID + `","name":"POST http://pay.example:81/x",
			"duration":"1.01:00:00.0000000","success":false,"resultCode":"503","data":"POST http://pay.example:81/x","target":"pay.example:81","type":"HTTP",
			"properties":{"url.full":"http://pay.example:81/x","http.response.status_code":"503"}}}`},
		{"workflow", span(telemetry.KindBackend, "POST stile://workflows/order", "ok", 0, telemetry.Attribute{Name: telemetry.AttrURL, Value: "stile://workflows/order"}),
			head("RemoteDependency", operation) + `,"data":{"baseType":"RemoteDependencyData","baseData":{"ver":2,"id":"` + spanID + `","name":"POST stile://workflows/order",
			"duration":"0.00:00:00.0000000","success":true,"data":"POST stile://workflows/order","target":"workflows","type":"InProc","properties":{"url.full":"stile://workflows/order"}}}`},
		{"state", span(telemetry.KindState, "Charge", "ok", 100, telemetry.Attribute{Name: telemetry.AttrStateMachine, Value: "order"}),
			head("RemoteDependency", operation) + `,"data":{"baseType":"RemoteDependencyData","baseData":{"ver":2,"id":"` + spanID + `","name":"Charge",
			"duration":"0.00:00:00.0000001","success":true,"resultCode":"ok","target":"order","type":"InProc","properties":{"stile.state_machine":"order"}}}`},
		{"execution", span(telemetry.KindExecution, "order", "error", time.Minute, telemetry.Attribute{Name: telemetry.AttrExecutionStatus, Value: "FAILED"}),
			head("Request", operation+`,"ai.operation.name":"order"`) + `,"data":{"baseType":"RequestData","baseData":{"ver":2,"id":"` + spanID + `","name":"order",
			"duration":"0.00:01:00.0000000","success":false,"responseCode":"FAILED","source":"stile","properties":{"stile.execution.status":"FAILED"}}}`},
		{"policy that denied", span(telemetry.KindPolicy, "rate-limit", "error", 0, telemetry.Attribute{Name: telemetry.AttrPolicyOutcome, Value: "denied"}),
			head("RemoteDependency", operation) + `,"data":{"baseType":"RemoteDependencyData","baseData":{"ver":2,"id":"` + spanID + `","name":"rate-limit",
			"duration":"0.00:00:00.0000000","success":false,"resultCode":"denied","type":"InProc","properties":{"stile.policy.outcome":"denied"}}}`},
		{"policy that passed", span(telemetry.KindPolicy, "set-header", "ok", quick-1), ""},
		{"exchange", span(telemetry.KindExchange, "POST", "ok", time.Second), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := sends.span(&tt.span)
			if ok != (tt.want != "") {
				t.Fatalf("sent: %v", ok)
			}
			if ok {
				envelopesAs(t, "[{"+tt.want+"}]", got)
			}
		})
	}
}

func TestRecordsAndEvents(t *testing.T) {
	envelopesAs(t, `[{`+head("Message", "")+`,"data":{"baseType":"MessageData","baseData":{"ver":2,"message":"hello","severityLevel":"Warning","properties":{"k":"v"}}}},
		{`+head("Exception", "")+`,"data":{"baseType":"ExceptionData","baseData":{"ver":2,"severityLevel":"Critical","problemId":"panic","properties":{"id":"r"},
		"exceptions":[{"typeName":"panic","message":"an exchange panicked: nil map","hasFullStack":true,"stack":"goroutine 1"}]}}},
		{`+head("Event", `"ai.operation.id":"`+traceID+`","ai.operation.parentId":"`+spanID+`"`)+`,"data":{"baseType":"EventData","baseData":{"ver":2,"name":"stile.execution.ended",
		"properties":{"stile.status":"ok"}}}}]`,
		sends.record(telemetry.Record{Time: at, Level: slog.LevelWarn, Message: "hello", Attributes: telemetry.Attributes{{Name: "k", Value: "v"}}}),
		sends.record(telemetry.Record{Time: at, Level: slog.LevelError, Message: "an exchange panicked", Attributes: telemetry.Attributes{{Name: "id", Value: "r"},
			{Name: "panic", Value: "nil map"}, {Name: "stack", Value: "goroutine 1"}}}),
		sends.event(telemetry.Event{Time: at, Name: "stile.execution.ended", TraceID: traceID, SpanID: spanID, Attributes: telemetry.Attributes{{Name: "stile.status", Value: "ok"}}}))
}

func TestTimeSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.00:00:00.0000000", -time.Second: "0.00:00:00.0000000", 99: "0.00:00:00.0000000", 100: "0.00:00:00.0000001",
		26*time.Hour + 3*time.Minute + 4*time.Second + 5*time.Millisecond: "1.02:03:04.0050000", 5000 * 24 * time.Hour: "999.23:59:59.9999999",
	} {
		if got := timeSpan(d); got != want {
			t.Errorf("timeSpan(%d) = %s, want %s", d, got, want)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	long := strings.Repeat("ä", 20_000)
	p := properties{}
	p.set(long, long)
	for name, value := range p {
		if len(name) > maxProperty || len(value) > maxText || !utf8.ValidString(name) || !utf8.ValidString(value) || len(value) < maxText-1 {
			t.Errorf("%d and %d bytes", len(name), len(value))
		}
	}
}

func TestParseConnection(t *testing.T) {
	for text, want := range map[string]string{
		"InstrumentationKey=k": "k " + defaultEndpoint,
		"instrumentationkey = k ; INGESTIONENDPOINT=https://x.in.example/;LiveEndpoint=https://live/;ApplicationId=a;": "k https://x.in.example",
		"InstrumentationKey=k;EndpointSuffix=azure.example;Location=west":                                              "k https://west.dc.azure.example",
		"InstrumentationKey=k;EndpointSuffix=azure.example;Authorization=ikey":                                         "k https://dc.azure.example",
		"InstrumentationKey=k;IngestionEndpoint=http://127.0.0.1:9/":                                                   "k http://127.0.0.1:9",
		"":                                  "",
		"canary":                            "",
		"IngestionEndpoint=https://canary/": "",
		"InstrumentationKey=":               "",
		"InstrumentationKey=canary canary":  "",
		"InstrumentationKey=k;InstrumentationKey=canary":                "",
		"InstrumentationKey=canary;Authorization=aad":                   "",
		"InstrumentationKey=k;IngestionEndpoint=http://canary/":         "",
		"InstrumentationKey=k;IngestionEndpoint=https://user:canary@x/": "",
		"InstrumentationKey=k;IngestionEndpoint=ftp://canary/":          "",
	} {
		c, err := ParseConnection(text)
		switch {
		case want != "" && (err != nil || c.Key+" "+c.Endpoint != want):
			t.Errorf("%q: %+v, %v", text, c, err)
		case want == "" && (err == nil || strings.Contains(err.Error(), "canary")):
			t.Errorf("%q: %v", text, err)
		}
	}
}
