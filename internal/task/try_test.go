package task

import (
	"context"
	"strings"
	"testing"
	"time"

	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// tried makes one call with a connection that adds a header, a query parameter and a
// body member, each of them secret.
func tried(t *testing.T, resource, params string, reveal bool) (sfn.TaskResult, *sfn.HTTPTrace) {
	t.Helper()
	up := &gate{status: 200, body: `{"ok":true}`}
	r, err := New(Config{
		Gateway: up, Upstream: up,
		Map: func(target string) (Target, bool) { return Target{URL: "http://127.0.0.1:9"}, true },
		Connection: func(string) (Connection, bool) {
			return Connection{Name: "c", Header: []exchange.Param{{Name: "X-Plain", Value: "plain"}},
				Authorize: func(context.Context) (Credentials, error) {
					return Credentials{Header: []Secret{{"X-Key", secret.NewValue("hush-header")}},
						Query: []Secret{{"key", secret.NewValue("hush-query")}}, Body: []Secret{{"key", secret.NewValue("hush-body")}}}, nil
				}}, true
		},
		Now: func() time.Time { return time.Unix(1, 0) }, NewGUID: func() string { return "guid" }, Region: "us-east-1",
	}, Table())
	if err != nil {
		t.Fatal(err)
	}
	return r.Try(t.Context(), sfn.TaskCall{Resource: resource, Parameters: jsonval.MustParse(params), IdempotencyKey: "idem"}, reveal)
}

const posted = `{"ApiEndpoint":"https://api.example.com/x","Method":"POST","Headers":{"Own":"o"},"QueryParameters":{"q":"1"},` +
	`"RequestBody":{"a":1},"Authentication":{"ConnectionArn":"` + conn + `"}}`

// TestTryTellsTheRequest: what a connection adds is told to nobody who did not ask,
// and may.
func TestTryTellsTheRequest(t *testing.T) {
	res, trace := tried(t, invoke, posted, false)
	if res.Error != "" || trace == nil || trace.Response == nil {
		t.Fatalf("%+v, trace %+v", res, trace)
	}
	q, a := trace.Request, trace.Response
	if q.Protocol != "https" || q.Method != "POST" || q.URL != "https://api.example.com/x?q=1" || q.Body != `{"a":1}` {
		t.Errorf("request %+v", q)
	}
	if !strings.HasPrefix(q.Headers, "[") || !strings.HasSuffix(q.Headers, "]") || !strings.Contains(q.Headers, "Own: o") {
		t.Errorf("headers %s", q.Headers)
	}
	if a.Protocol != "https" || a.StatusCode != "200" || a.StatusMessage != "OK" || a.Body != `{"ok":true}` {
		t.Errorf("response %+v", a)
	}
	if all := q.URL + q.Headers + q.Body; strings.Contains(all, "hush") || strings.Contains(all, "X-Plain") {
		t.Errorf("the connection shows: %s", all)
	}
	_, trace = tried(t, invoke, posted, true)
	for text, want := range map[string]string{trace.Request.Headers: "X-Key: hush-header", trace.Request.URL: "key=hush-query", trace.Request.Body: "hush-body"} {
		if !strings.Contains(text, want) {
			t.Errorf("revealed %q has no %q", text, want)
		}
	}
}

func TestTryTracesHTTPTasksAlone(t *testing.T) {
	res, trace := tried(t, "arn:aws:states:::apigateway:invoke", `{"ApiEndpoint":"api.example.com","Method":"GET"}`, false)
	if res.Error != "" || trace != nil {
		t.Errorf("%+v, trace %+v", res, trace)
	}
	res, trace = tried(t, "arn:aws:states:::sqs:sendMessage", `{}`, false)
	if res.Error != "States.Runtime" || !strings.Contains(res.Cause, "sqs:sendMessage") || trace != nil {
		t.Errorf("%+v, trace %+v", res, trace)
	}
}
