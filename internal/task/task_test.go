package task

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

const conn = "arn:aws:events:us-east-1:111111111111:connection/acme/1"

// gate is a gateway that answers as told and keeps what it was sent.
type gate struct {
	seen   *exchange.Exchange
	status int
	kind   string
	body   string
	calls  []exchange.Call
	last   *exchange.LastError
	err    error
	wait   bool
}

func (g *gate) Do(ctx context.Context, ex *exchange.Exchange) error {
	g.seen = ex
	if g.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	ex.Response = exchange.Response{StatusCode: g.status, Body: exchange.Text(g.body)}
	if g.kind != "" {
		ex.Response.Header.Set("Content-Type", g.kind)
	}
	ex.Calls, ex.LastError = g.calls, g.last
	return g.err
}

func runner(t *testing.T, g *gate, minted *int) *Runner {
	t.Helper()
	r, err := New(Config{
		Gateway: g, Upstream: g,
		Map: func(target string) (Target, bool) {
			switch target {
			case "https://acme.azure-api.net", "acme.execute-api.us-east-1.amazonaws.com":
				return Target{Gateway: true}, true
			case "https://elsewhere.example":
				return Target{URL: "http://127.0.0.1:9/base/"}, true
			}
			return Target{}, false
		},
		Connection: func(arn string) (Connection, bool) {
			return Connection{Header: []exchange.Param{{Name: "X-Team", Value: "acme"}},
				Query: []exchange.Param{{Name: "v", Value: "2"}},
				Body:  []Member{{Name: "tenant", Value: jsonval.OfString("acme")}}}, arn == conn
		},
		Identify: func(sfn.TaskCall) Identity {
			return Identity{Principal: exchange.NewPrincipal(exchange.Claims{Role: "order-role"}), SubscriptionID: "demo",
				Bearer: func() string { *minted++; return "token" }}
		},
		CallbackURL: func(token string) string { return "http://gate/callbacks/" + token },
		Region:      "us-east-1",
		Now:         func() time.Time { return time.Unix(1, 0) },
		NewGUID:     func() string { return "guid" },
	}, Table())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func do(t *testing.T, g *gate, resource, params string) (sfn.TaskResult, *int) {
	t.Helper()
	minted := new(int)
	call := sfn.TaskCall{Resource: resource, Parameters: jsonval.MustParse(params), IdempotencyKey: "idem",
		TraceID: strings.Repeat("a", 32), Span: strings.Repeat("b", 16), ExecutionARN: "arn", Command: 1}
	if strings.HasSuffix(resource, ".waitForTaskToken") {
		call.TaskToken = "tok"
	}
	out := make(chan sfn.TaskResult, 1)
	runner(t, g, minted).Start(t.Context(), call, func(r sfn.TaskResult) { out <- r })
	return <-out, minted
}

func TestHTTPInvokeCallsTheGatewayAsTheState(t *testing.T) {
	g := &gate{status: 200, kind: "application/json", body: `{ "reserved": true }`, calls: []exchange.Call{{Status: 200}}}
	res, minted := do(t, g, "arn:aws:states:::http:invoke", `{"ApiEndpoint":"https://acme.azure-api.net/inventory/reserve",
		"Method":"POST","Authentication":{"ConnectionArn":"`+conn+`"},"Headers":{"X-Team":"mine","X-A":["1","2"]},
		"QueryParameters":{"v":1,"w":"x"},"RequestBody":{"sku":"sku-1"}}`)
	want := `{"Headers":{"Content-Type":["application/json"]},"ResponseBody":{"reserved":true},"StatusCode":200,"StatusText":"OK"}`
	if res.Error != "" || res.Output.Text() != want || !res.Definite || res.Submitted {
		t.Fatalf("result %+v\n%s", res, res.Output.Text())
	}
	ex := g.seen
	body, _ := ex.Request.Body.Bytes()
	if string(body) != `{"sku":"sku-1","tenant":"acme"}` {
		t.Errorf("body %s", body)
	}
	h := &ex.Request.Header
	for name, want := range map[string]string{"X-Team": "acme", "X-A": "1", "Idempotency-Key": "idem",
		"Content-Type": "application/json; charset=UTF-8",
		"traceparent":  "00-" + strings.Repeat("a", 32) + "-" + strings.Repeat("b", 16) + "-01"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(h.Values("X-A")) != 2 || ex.Request.URL.QueryString() != "?w=x&v=2" || ex.Request.URL.Path != "/inventory/reserve" {
		t.Errorf("header %v, URL %s", h.Values("X-A"), ex.Request.URL)
	}
	if ex.SubscriptionID != "demo" || ex.Principal.Role() != "order-role" {
		t.Errorf("identity %q %v", ex.SubscriptionID, ex.Principal)
	}
	if *minted != 0 || !h.Lazy("Authorization") {
		t.Error("a token was minted that nobody read")
	}
	if h.Get("Authorization") != "Bearer token" || *minted != 1 {
		t.Error("the token is not minted when read")
	}
}

func TestTokenPatternHandsOverTheCallbackURL(t *testing.T) {
	g := &gate{status: 202, kind: "application/json", body: `{}`}
	res, _ := do(t, g, "arn:aws:states:::apigateway:invoke.waitForTaskToken",
		`{"ApiEndpoint":"acme.execute-api.us-east-1.amazonaws.com","Method":"POST","Stage":"approvals","Path":"/request",
		"Headers":{"X-A":["1"]},"RequestBody":{"token":"tok"}}`)
	if res.Error != "" || !res.Submitted || g.seen.Request.URL.Path != "/approvals/request" {
		t.Fatalf("%+v %s", res, g.seen.Request.URL.Path)
	}
	if got := g.seen.Variables["stile-callback-url"]; got != "http://gate/callbacks/tok" {
		t.Errorf("callback URL %v", got)
	}
}

func TestRefusalsBeforeAnythingIsSent(t *testing.T) {
	const http = "arn:aws:states:::http:invoke"
	auth := `"Authentication":{"ConnectionArn":"` + conn + `"}`
	for name, c := range map[string]struct{ resource, params, error, cause string }{
		"unmapped host":    {http, `{"ApiEndpoint":"https://evil.example/x","Method":"GET",` + auth + `}`, "States.Permissions", "not mapped"},
		"plain http":       {http, `{"ApiEndpoint":"http://acme.azure-api.net/x","Method":"GET",` + auth + `}`, "States.Runtime", "ApiEndpoint"},
		"bad method":       {http, `{"ApiEndpoint":"https://acme.azure-api.net/x","Method":"BREW",` + auth + `}`, "States.Runtime", "Method"},
		"no connection":    {http, `{"ApiEndpoint":"https://acme.azure-api.net/x","Method":"GET"}`, "States.Runtime", "ConnectionArn"},
		"unknown one":      {http, `{"ApiEndpoint":"https://acme.azure-api.net/x","Method":"GET","Authentication":{"ConnectionArn":"arn:x"}}`, "Events.ConnectionResource.ResourceNotFound", "arn:x"},
		"forbidden header": {http, `{"ApiEndpoint":"https://acme.azure-api.net/x","Method":"GET","Headers":{"X-Amz-Foo":"1"},` + auth + `}`, "States.Runtime", "X-Amz-Foo"},
		"own key":          {http, `{"ApiEndpoint":"https://acme.azure-api.net/x","Method":"GET","Headers":{"Ocp-Apim-Subscription-Key":"k"},` + auth + `}`, "States.Runtime", "Ocp-Apim-Subscription-Key"},
		"string and body":  {http, `{"ApiEndpoint":"https://acme.azure-api.net/x","Method":"POST","RequestBody":"x",` + auth + `}`, "States.Runtime", "object"},
		"single header":    {"arn:aws:states:::apigateway:invoke", `{"ApiEndpoint":"acme.execute-api.us-east-1.amazonaws.com","Method":"GET","Headers":{"a":"b"}}`, "States.Runtime", "'Headers' has an invalid format"},
		"no integration":   {"arn:aws:states:::sqs:sendMessage", `{}`, "States.Runtime", "sqs:sendMessage"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{status: 200}
			res, _ := do(t, g, c.resource, c.params)
			if res.Error != c.error || !strings.Contains(res.Cause, c.cause) || g.seen != nil || res.Definite {
				t.Errorf("%+v, sent %v", res, g.seen != nil)
			}
		})
	}
}

const reserve = `{"ApiEndpoint":"https://acme.azure-api.net/inventory/reserve","Method":"GET","Authentication":{"ConnectionArn":"` + conn + `"}}`

func TestStatusesBecomeErrors(t *testing.T) {
	g := &gate{status: 503, kind: "application/json", body: `{"message":"down"}`, calls: []exchange.Call{{Status: 503}}}
	res, _ := do(t, g, "arn:aws:states:::http:invoke", reserve)
	if res.Error != "States.Http.StatusCode.503" || res.Cause != g.body || !res.Definite {
		t.Errorf("%+v", res)
	}
	res, _ = do(t, g, "arn:aws:states:::apigateway:invoke", `{"ApiEndpoint":"acme.execute-api.us-east-1.amazonaws.com","Method":"GET"}`)
	if res.Error != "ApiGateway.503" {
		t.Errorf("error %s", res.Error)
	}
}

// TestDefiniteMeansThatTheCalleesAnswerWasSeen: a key is changed only when the
// callee answered it, since an earlier attempt under it may have had its effect.
func TestDefiniteMeansThatTheCalleesAnswerWasSeen(t *testing.T) {
	failed := &exchange.LastError{Source: "set-body", Section: "outbound"}
	for name, c := range map[string]struct {
		status int
		calls  []exchange.Call
		last   *exchange.LastError
		want   bool
	}{
		"the callee's answer":                  {503, []exchange.Call{{Status: 503}}, nil, true},
		"a second call's answer":               {503, []exchange.Call{{Error: "reset"}, {Status: 503}}, nil, true},
		"a policy made another status of it":   {502, []exchange.Call{{Status: 200}}, nil, true},
		"forward-request took it for an error": {503, []exchange.Call{{Status: 503}}, failed, true},
		"no answer":                            {504, []exchange.Call{{Error: "timeout"}}, failed, false},
		"denied before anything was sent":      {429, nil, failed, false},
		"a policy broke behind the answer":     {500, []exchange.Call{{Status: 200}}, failed, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{status: c.status, calls: c.calls, last: c.last}
			if res, _ := do(t, g, "arn:aws:states:::http:invoke", reserve); res.Definite != c.want {
				t.Errorf("definite %v, want %v", res.Definite, c.want)
			}
		})
	}
}

func TestPermissionDeniedNamesItsPlace(t *testing.T) {
	g := &gate{err: &exchange.PermissionDenied{Action: "apim:Invoke", Resource: "api/payments/operation/charge",
		Role: "order-role", State: "Charge", File: "roles/order-role.json", Line: 5}}
	res, _ := do(t, g, "arn:aws:states:::http:invoke", reserve)
	for _, part := range []string{"apim:Invoke", "api/payments/operation/charge", "Charge", "roles/order-role.json:5"} {
		if !strings.Contains(res.Cause, part) {
			t.Errorf("cause %q lacks %s", res.Cause, part)
		}
	}
	if res.Error != "States.Permissions" || res.Call.Get("permission").Get("line").Text() != "5" {
		t.Errorf("%s %s", res.Error, res.Call.Text())
	}
}

func TestNoAnswerIsASocketError(t *testing.T) {
	res, _ := do(t, &gate{err: errors.New("reset")}, "arn:aws:states:::http:invoke", reserve)
	if res.Error != "States.Http.Socket" || res.Definite {
		t.Errorf("%+v", res)
	}
}

func TestCancelEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{wait: true}
		minted := 0
		r := runner(t, g, &minted)
		out := make(chan sfn.TaskResult, 1)
		go r.Start(t.Context(), sfn.TaskCall{Resource: "arn:aws:states:::http:invoke", Parameters: jsonval.MustParse(reserve),
			ExecutionARN: "a", Command: 7}, func(res sfn.TaskResult) { out <- res })
		synctest.Wait()
		r.Cancel("a", 7)
		if res := <-out; res.Error == "" {
			t.Errorf("%+v", res)
		}
	})
}

// TestAnOldAttemptLeavesTheNextOneItsCancel: the first attempt ends after the
// second one began, as they do when an answer leads to the next attempt at once.
func TestAnOldAttemptLeavesTheNextOneItsCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		minted, ended := 0, false
		g := &gate{status: 503}
		r := runner(t, g, &minted)
		call := sfn.TaskCall{Resource: "arn:aws:states:::http:invoke", Parameters: jsonval.MustParse(reserve),
			ExecutionARN: "a", Command: 7, Send: 1}
		go r.Start(t.Context(), call, func(sfn.TaskResult) {
			g.wait = true
			call.Send = 2
			go r.Start(t.Context(), call, func(sfn.TaskResult) { ended = true })
		})
		synctest.Wait()
		r.Cancel("a", 7)
		synctest.Wait()
		if !ended {
			t.Error("the second attempt goes on although it was cancelled")
		}
	})
}

func TestFormEncoding(t *testing.T) {
	body := jsonval.MustParse(`{"a":[1,"x y"],"b":{"c":true}}`)
	for format, want := range map[string]string{
		"":         "a%5B0%5D=1&a%5B1%5D=x+y&b%5Bc%5D=true",
		"REPEAT":   "a=1&a=x+y&b%5Bc%5D=true",
		"COMMAS":   "a=1%2Cx+y&b%5Bc%5D=true",
		"BRACKETS": "a%5B%5D=1&a%5B%5D=x+y&b%5Bc%5D=true",
	} {
		if got := string(formEncode(body, format)); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
}

func TestDuplicateIntegrationsAreRefused(t *testing.T) {
	if _, err := New(Config{}, append(Table(), Table()...)); err == nil {
		t.Error("no error")
	}
}
