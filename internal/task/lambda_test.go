package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/sigv4"
	"stile/jsonval"
	"stile/policy/exchange"
)

const chargeARN = "arn:aws:lambda:us-east-1:111111111111:function:charge"

// lambdaWorld is what stands behind functions, and what was told of a call.
type lambdaWorld struct {
	gate, up gate
	answer   map[string]string // header of the endpoint's answer
	targets  map[string]FunctionTarget
	asked    []string // functions that the role was asked for
	told     []string
	denied   error
}

func (w *lambdaWorld) config() Config {
	return Config{
		Gateway: &w.gate,
		Upstream: exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
			err := w.up.Do(ctx, ex)
			for name, v := range w.answer {
				ex.Response.Header.Set(name, v)
			}
			return err
		}),
		Function: func(f sfn.Function) (FunctionTarget, bool) { to, ok := w.targets[f.Name]; return to, ok },
		MayInvoke: func(_ sfn.TaskCall, f sfn.Function) error {
			w.asked = append(w.asked, f.Qualified())
			return w.denied
		},
		Ungoverned: func(_ context.Context, _ sfn.TaskCall, host, reason string, _ *exchange.Exchange) error {
			w.told = append(w.told, host+", "+reason)
			return nil
		},
		Identify: func(sfn.TaskCall) Identity {
			return Identity{Principal: exchange.NewPrincipal(exchange.Claims{Role: "order-role"}), SubscriptionID: "demo"}
		},
		CallbackURL: func(token string) string { return "http://gate/callbacks/" + token },
		Region:      "us-east-1", Account: "111111111111", Now: func() time.Time { return time.Unix(1700000000, 0) }, NewGUID: func() string { return "guid" },
	}
}

func (w *lambdaWorld) run(t *testing.T, resource, params string) sfn.TaskResult {
	t.Helper()
	r, err := New(w.config(), Table())
	if err != nil {
		t.Fatal(err)
	}
	token := ""
	if strings.HasSuffix(resource, ".waitForTaskToken") {
		token = "tok"
	}
	p := jsonval.MustParse(params)
	done := make(chan sfn.TaskResult, 1)
	r.Start(t.Context(), sfn.TaskCall{Resource: resource, Parameters: p, IdempotencyKey: "idem", ExecutionARN: "arn", Command: 1, TaskToken: token,
		RoleARN: "arn:aws:iam::111111111111:role/order-role", State: "Pay", TraceID: strings.Repeat("a", 32), Span: strings.Repeat("b", 16)},
		func(res sfn.TaskResult) { done <- res })
	return <-done
}

func answering(status int, body string) gate {
	return gate{status: status, kind: "application/json", body: body, calls: []exchange.Call{{Status: status}}}
}

func endpointWorld(status int, body string, header map[string]string) *lambdaWorld {
	return &lambdaWorld{up: answering(status, body), answer: header,
		targets: map[string]FunctionTarget{"charge": {Endpoint: "http://127.0.0.1:3001/base"}}}
}

// TestAnEndpointIsCalled: the request is Lambda's own, and the answer is AWS's, with
// its envelope and without.
func TestAnEndpointIsCalled(t *testing.T) {
	headers := map[string]string{"X-Amz-Executed-Version": "7", "X-Amzn-Requestid": "req-1", "X-Amz-Log-Result": "bG9n"}
	w := endpointWorld(200, `{ "paid": 1.50 }`, headers)
	res := w.run(t, lambdaResource, `{"FunctionName": "charge", "Payload": {"sku": "s"}, "Qualifier": "PROD", "LogType": "Tail", "ClientContext": "e30="}`)
	ex := w.up.seen
	body, _ := ex.Request.Body.Bytes()
	if got := ex.Request.Method + " " + ex.Backend.BaseURL + " " + ex.Request.URL.Path + ex.Request.URL.QueryString() + " " + string(body); got !=
		`POST http://127.0.0.1:3001 /base/2015-03-31/functions/charge/invocations?Qualifier=PROD {"sku": "s"}` {
		t.Error(got)
	}
	for name, want := range map[string]string{"Host": "127.0.0.1:3001", "X-Amz-Invocation-Type": "RequestResponse", "X-Amz-Log-Type": "Tail", "X-Amz-Client-Context": "e30=",
		"Idempotency-Key": "idem", "Content-Type": "application/json", "Authorization": ""} {
		if got := ex.Request.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if ex.Request.Header.Get("traceparent") == "" || ex.Principal != nil {
		t.Errorf("%+v", ex.Request.Header)
	}
	want := `{"ExecutedVersion":"7","LogResult":"bG9n","Payload":{"paid":1.50},"SdkHttpMetadata":{"AllHttpHeaders":{"Connection":["keep-alive"],"Content-Length":["16"],` +
		`"Content-Type":["application/json"],"Date":["Tue, 14 Nov 2023 22:13:20 GMT"],"X-Amz-Executed-Version":["7"],"X-Amz-Log-Result":["bG9n"],"x-amzn-RequestId":["req-1"]},` +
		`"HttpHeaders":{"Connection":"keep-alive","Content-Length":"16","Content-Type":"application/json","Date":"Tue, 14 Nov 2023 22:13:20 GMT","X-Amz-Executed-Version":"7",` +
		`"X-Amz-Log-Result":"bG9n","x-amzn-RequestId":"req-1"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"req-1"},"StatusCode":200}`
	if d := cmp.Diff(want, res.Output.Text()); d != "" || !res.Definite || res.Submitted {
		t.Errorf("%+v %s", res, d)
	}
	if d := cmp.Diff([]string{"127.0.0.1:3001, lambda of stile.yaml"}, w.told); d != "" {
		t.Error(d)
	}
	if governed := res.Call.Get("governed"); !governed.Exists() || governed.Text() != "false" {
		t.Error(res.Call.Text())
	}
	if res = w.run(t, chargeARN+":PROD", `{"sku": "s"}`); res.Output.Text() != `{"paid":1.50}` {
		t.Errorf("%+v", res)
	}
	if d := cmp.Diff([]string{chargeARN + ":PROD", chargeARN + ":PROD"}, w.asked); d != "" {
		t.Error(d)
	}
	if res = w.run(t, lambdaResource+".waitForTaskToken", `{"FunctionName": "charge"}`); !res.Submitted || res.Output.Get("StatusCode").Text() != "200" {
		t.Errorf("%+v", res)
	}
}

// TestAnEventIsTakenByTheEndpoint: its answer has no version and no payload.
func TestAnEventIsTakenByTheEndpoint(t *testing.T) {
	w := endpointWorld(202, ``, map[string]string{"X-Amzn-Requestid": "req-1"})
	out := w.run(t, lambdaResource, `{"FunctionName": "charge", "InvocationType": "Event"}`).Output
	if out.Get("StatusCode").Text() != "202" || out.Get("Payload").Text() != `""` || out.Get("ExecutedVersion").Exists() ||
		out.Get("SdkHttpMetadata").Get("HttpStatusCode").Text() != "202" || w.up.seen.Request.Header.Get("X-Amz-Invocation-Type") != "Event" {
		t.Error(out.Text())
	}
}

// TestWhatAFunctionIsSent: texts that are JSON as they stand, none and null as {}.
func TestWhatAFunctionIsSent(t *testing.T) {
	for params, want := range map[string]string{
		`{"FunctionName": "charge"}`:                               `{}`,
		`{"FunctionName": "charge", "Payload": null}`:              `{}`,
		`{"FunctionName": "charge", "Payload": "0.0"}`:             `0.0`,
		`{"FunctionName": "charge", "Payload": "\"Hello\""}`:       `"Hello"`,
		`{"FunctionName": "charge", "Payload": "Hello"}`:           `"Hello"`,
		`{"FunctionName": "charge", "Payload": [1, {"a": "é\n"}]}`: `[1, {"a": "é\n"}]`,
		`{"FunctionName": "111111111111:function:charge"}`:         `{}`,
	} {
		w := endpointWorld(200, `1`, nil)
		w.run(t, lambdaResource, params)
		if body, _ := w.up.seen.Request.Body.Bytes(); string(body) != want {
			t.Errorf("%s sends %s, want %s", params, body, want)
		}
	}
	w := endpointWorld(200, `1`, nil)
	w.run(t, lambdaResource, `{"FunctionName": "arn:aws:lambda:eu-west-1:222222222222:function:charge"}`)
	if got := w.up.seen.Request.URL.Path; got != "/base/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A222222222222%3Afunction%3Acharge/invocations" {
		t.Error(got)
	}
	w = endpointWorld(200, `1`, nil)
	if w.run(t, chargeARN, `"text"`); true {
		if body, _ := w.up.seen.Request.Body.Bytes(); string(body) != `"text"` {
			t.Errorf("%s", body)
		}
	}
}

// TestFailuresOfFunctions: what a function threw keeps its name, what the endpoint
// refused and what never answered have AWS's.
func TestFailuresOfFunctions(t *testing.T) {
	unhandled := map[string]string{"X-Amz-Function-Error": "Unhandled"}
	type failure struct{ Error, Cause string }
	const service = " (Service: AWSLambda; Status Code: "
	for name, c := range map[string]struct {
		status       int
		body         string
		header       map[string]string
		bare, invoke failure
	}{
		"thrown": {200, `{"errorType": "Mine", "errorMessage": "so"}`, unhandled,
			failure{"Mine", `{"errorType": "Mine", "errorMessage": "so"}`}, failure{"Mine", `{"errorType":"Mine","errorMessage":"so"}`}},
		"timed out":  {200, `{"errorType": "Sandbox.Timedout", "errorMessage": "x"}`, unhandled, failure{"Sandbox.Timedout", `{"errorType": "Sandbox.Timedout", "errorMessage": "x"}`}, failure{"Sandbox.Timedout", `{"errorType":"Sandbox.Timedout","errorMessage":"x"}`}},
		"no type":    {200, `{"errorMessage":"x"}`, unhandled, failure{"Lambda.Unknown", `{"errorMessage":"x"}`}, failure{"Lambda.Unknown", `{"errorMessage":"x"}`}},
		"not JSON":   {200, `oops`, unhandled, failure{"Lambda.Unknown", `oops`}, failure{"Lambda.Unknown", `oops`}},
		"no such":    {404, `{"Message":"Function not found: f"}`, map[string]string{"X-Amzn-Errortype": "ResourceNotFoundException:http://x", "X-Amzn-Requestid": "r"}, failure{"Lambda.ResourceNotFoundException", "Function not found: f" + service + "404; Error Code: ResourceNotFoundException; Request ID: r; Proxy: null)"}, failure{}},
		"throttled":  {429, `{"message":"Rate Exceeded."}`, nil, failure{"Lambda.TooManyRequestsException", "Rate Exceeded." + service + "429; Error Code: TooManyRequestsException; Request ID: guid; Proxy: null)"}, failure{}},
		"typed body": {500, `{"__type":"com.amazonaws#EC2ThrottledException"}`, nil, failure{"Lambda.EC2ThrottledException", `{"__type":"com.amazonaws#EC2ThrottledException"}` + service + "500; Error Code: EC2ThrottledException; Request ID: guid; Proxy: null)"}, failure{}},
		"broken":     {502, ``, nil, failure{"Lambda.ServiceException", "Bad Gateway" + service + "502; Error Code: ServiceException; Request ID: guid; Proxy: null)"}, failure{}},
		"forbidden":  {403, `{"Message":"no"}`, nil, failure{"Lambda.AccessDeniedException", "no" + service + "403; Error Code: AccessDeniedException; Request ID: guid; Proxy: null)"}, failure{}},
		"redirected": {302, ``, nil, failure{"Lambda.Unknown", "Found" + service + "302; Error Code: Unknown; Request ID: guid; Proxy: null)"}, failure{}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.invoke == (failure{}) {
				c.invoke = c.bare
			}
			for resource, want := range map[string]failure{chargeARN: c.bare, lambdaResource: c.invoke} {
				res := endpointWorld(c.status, c.body, c.header).run(t, resource, `{"FunctionName": "charge"}`)
				if d := cmp.Diff(want, failure{res.Error, res.Cause}); d != "" || !res.Definite || !res.Call.Exists() {
					t.Errorf("%s: %s", resource, d)
				}
			}
		})
	}
	for want, err := range map[string]error{"Lambda.SdkClientException": errors.New("connection refused"), "Lambda.ClientExecutionTimeoutException": context.DeadlineExceeded} {
		w := endpointWorld(0, "", nil)
		w.up.err, w.up.calls = err, []exchange.Call{{Error: "x"}}
		if res := w.run(t, chargeARN, `{}`); res.Error != want || res.Definite {
			t.Errorf("%v: %+v", err, res)
		}
	}
}

// TestAnOperationStandsForAFunction: the payload goes through the gateway as the
// state's, and what comes back reads as a function's answer.
func TestAnOperationStandsForAFunction(t *testing.T) {
	behind := func(status int, body string) *lambdaWorld {
		return &lambdaWorld{gate: answering(status, body), targets: map[string]FunctionTarget{
			"charge": {Operation: "https://gate.example/pay/charge?v=2", Header: []exchange.Param{{Name: "X-Version", Value: "2"}}}}}
	}
	w := behind(200, `{"paid":true}`)
	res := w.run(t, lambdaResource+".waitForTaskToken", `{"FunctionName": "charge", "Payload": {"sku": "s"}}`)
	ex := w.gate.seen
	if got := ex.Request.Method + " " + ex.Request.URL.Path + ex.Request.URL.QueryString() + " " + ex.Request.Header.Get("X-Version"); got != "POST /pay/charge?v=2 2" {
		t.Error(got)
	}
	if ex.Principal == nil || ex.SubscriptionID != "demo" || ex.Variables["stile-callback-url"] != "http://gate/callbacks/tok" || ex.Request.Header.Get("Idempotency-Key") != "idem" {
		t.Errorf("%+v", ex)
	}
	if !res.Submitted || res.Output.Get("Payload").Text() != `{"paid":true}` || res.Output.Get("ExecutedVersion").Text() != `"$LATEST"` ||
		res.Output.Get("SdkResponseMetadata").Get("RequestId").Text() != `"guid"` || len(w.told) != 0 {
		t.Errorf("%s, told %v", res.Output.Text(), w.told)
	}
	for params, want := range map[string]string{
		`{"FunctionName":"charge","InvocationType":"Event"}`:  `202 ""`,
		`{"FunctionName":"charge","InvocationType":"DryRun"}`: `204 ""`,
	} {
		w := behind(200, `{"paid":true}`)
		res := w.run(t, lambdaResource, params)
		if got := res.Output.Get("StatusCode").Text() + " " + res.Output.Get("Payload").Text(); got != want || (w.gate.seen == nil) != strings.Contains(params, "DryRun") {
			t.Errorf("%s: %s", params, got)
		}
	}
	for body, c := range map[string]struct {
		status      int
		error, want string
	}{
		``:                       {204, "", `null`},
		`plain text`:             {200, "", `"plain text"`},
		`{"errorType":"Mine"}`:   {422, "Mine", `{"errorType":"Mine"}`},
		`{"message":"bad"}`:      {400, "Lambda.Unknown", `{"message":"bad"}`},
		`{"message":"so many"}`:  {429, "Lambda.TooManyRequestsException", `{"message":"so many"}`},
		`{"message":"backends"}`: {503, "Lambda.ServiceException", `{"message":"backends"}`},
	} {
		w := behind(c.status, body)
		res := w.run(t, chargeARN, `{}`)
		if got := res.Cause; c.error != res.Error || c.error != "" && got != c.want || c.error == "" && res.Output.Text() != c.want {
			t.Errorf("%s: %+v %s", body, res, res.Output.Text())
		}
	}
	w = behind(200, `1`)
	w.targets["charge"] = FunctionTarget{URL: "http://127.0.0.1:9/base?k=v"}
	w.up = answering(200, `2`)
	if res := w.run(t, chargeARN, `{}`); res.Output.Text() != "2" || w.up.seen.Request.URL.Path != "/base" || w.up.seen.Backend.BaseURL != "http://127.0.0.1:9" || len(w.told) != 1 {
		t.Errorf("%+v %v", res, w.told)
	}
}

// TestInvocationsThatAreNotSent: refused by their shape, by their names, by the role,
// or since nothing stands behind the function.
func TestInvocationsThatAreNotSent(t *testing.T) {
	for name, c := range map[string]struct{ resource, params, error, cause string }{
		"no name":           {lambdaResource, `{}`, "States.Runtime", "'FunctionName' has an invalid format"},
		"no text":           {lambdaResource, `{"FunctionName": 1}`, "States.Runtime", "'FunctionName' has an invalid format"},
		"invocation type":   {lambdaResource, `{"FunctionName": "charge", "InvocationType": "event"}`, "States.Runtime", "'InvocationType' has an invalid format"},
		"log type":          {lambdaResource, `{"FunctionName": "charge", "LogType": 1}`, "States.Runtime", "'LogType' has an invalid format"},
		"no function's":     {lambdaResource, `{"FunctionName": "a/b"}`, "Lambda.ValidationException", "Value 'a/b' at 'functionName'"},
		"two qualifiers":    {lambdaResource, `{"FunctionName": "charge:A", "Qualifier": "B"}`, "Lambda.InvalidParameterValueException", "does not match the specified qualifier"},
		"context":           {lambdaResource, `{"FunctionName": "charge", "ClientContext": "a\nb"}`, "Lambda.InvalidRequestContentException", "Base64"},
		"nothing behind":    {lambdaResource, `{"FunctionName": "refund"}`, "Lambda.ResourceNotFoundException", "functions: {refund: {operation: API/OPERATION}}"},
		"nothing behind it": {strings.Replace(chargeARN, "charge", "refund", 1), `{}`, "Lambda.ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:111111111111:function:refund"},
	} {
		w := endpointWorld(200, `1`, nil)
		if res := w.run(t, c.resource, c.params); res.Error != c.error || !strings.Contains(res.Cause, c.cause) || w.up.seen != nil || res.Definite {
			t.Errorf("%s: %+v", name, res)
		}
	}
	w := endpointWorld(200, `1`, nil)
	w.denied = &exchange.PermissionDenied{Action: "lambda:InvokeFunction", Resource: "function/charge", Role: "order-role", State: "Pay", File: "roles/order-role.json", Line: 3}
	res := w.run(t, chargeARN, `{}`)
	if res.Error != "States.Permissions" || !strings.Contains(res.Cause, "no statement allows lambda:InvokeFunction on function/charge (roles/order-role.json:3)") || w.up.seen != nil ||
		res.Call.Get("permission").Get("action").Text() != `"lambda:InvokeFunction"` {
		t.Errorf("%+v %s", res, res.Call.Text())
	}
	r, err := New(w.config(), Table())
	if err != nil {
		t.Fatal(err)
	}
	if got := r.CheckParameters(lambdaResource+".waitForTaskToken", jsonval.MustParse(`{"FunctionName": null}`)); got != invalidFormat("FunctionName") {
		t.Error(got)
	}
}

// TestCallsToTheEndpointAreSigned: the signature is good for what is sent, and stands
// in no record.
func TestCallsToTheEndpointAreSigned(t *testing.T) {
	w := endpointWorld(200, `1`, nil)
	key := SigningKey{ID: "AKID", Secret: secret.NewValue("canary-secret"), Token: secret.NewValue("canary-token")}
	to := w.targets["charge"]
	to.Key = func(context.Context) (SigningKey, error) { return key, nil }
	w.targets["charge"] = to
	res := w.run(t, lambdaResource, `{"FunctionName": "charge", "Payload": {"a": 1}, "Qualifier": "$LATEST"}`)
	req := &w.up.seen.Request
	in := sigv4.Request{Method: req.Method, RawPath: req.URL.Path, RawQuery: strings.TrimPrefix(req.URL.QueryString(), "?"), Host: req.Header.Get("Host")}
	req.Header.Each(func(name, value string) {
		in.Header = append(in.Header, sigv4.Field{Name: strings.ToLower(name), Value: value})
	})
	known := func(id string) (sigv4.Key, bool) {
		return sigv4.NewKey("app:x", "canary-secret", "canary-token"), id == "AKID"
	}
	claim, err := sigv4.Read(in, known, time.Unix(1700000000, 0), sigv4.Options{Service: "lambda", Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := req.Body.Bytes()
	sum := sha256.Sum256(body)
	if _, err := claim.Check(hex.EncodeToString(sum[:])); err != nil {
		t.Error(err)
	}
	if res.Error != "" || strings.Contains(res.Call.Text(), "canary") || strings.Contains(res.Call.Text(), "AWS4-HMAC") {
		t.Errorf("%+v %s", res, res.Call.Text())
	}
	to.Key = func(context.Context) (SigningKey, error) { return key, errors.New("the vault is closed") }
	w.targets["charge"], w.up.seen = to, nil
	if res := w.run(t, chargeARN, `{}`); res.Error != "Lambda.SdkClientException" || !strings.Contains(res.Cause, "the vault is closed") || w.up.seen != nil {
		t.Errorf("%+v", res)
	}
}
