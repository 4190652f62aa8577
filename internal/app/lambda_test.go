package app

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/files"
	"stile/internal/sfn"
	"stile/policy/exchange"
)

const (
	functionsYAML = "name: shop\nmap: {shop.example: {gateway: self}}\nlambda:\n  functions:\n    charge: {operation: shop/reserve}\n"
	mayInvoke     = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"apim:Invoke\", \"Resource\": \"api/**\"},\n" +
		"    {\"Effect\": \"Allow\", \"Action\": \"lambda:InvokeFunction\", \"Resource\": \"arn:aws:lambda:*:*:function:charge\"}\n  ]\n}\n"
	charging = `{"StartAt": "Charge", "States": {
 "Charge": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "charge", "Payload.$": "$"}, "ResultSelector": {"r.$": "$.Payload.reservation"}, "Next": "Again"},
 "Again": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:charge", "End": true}}}`
)

// TestAFunctionIsAnOperation: both forms call it through its policies, under the
// role, and a limit of the gateway holds them as it holds any caller.
func TestAFunctionIsAnOperation(t *testing.T) {
	backend, calls := answering(t)
	p := dev(t, folder(t, backend, invoke, "stile.yaml", functionsYAML, "roles/one-role.json", mayInvoke, "workflows/one.asl.json", charging), t.TempDir())
	arn := p.start("one")
	p.until(arn, "end", ended)
	if x := described(p, arn); x.Status != sfn.Succeeded || x.Output != `{"reservation":"r-1"}` || calls.Load() != 2 {
		t.Fatalf("%+v, %d calls: %s", x, calls.Load(), p.historyText(arn))
	}
	_, text := send(t, "GET", p.Console+"/-/v1/executions/"+arn+"/calls", "")
	if strings.Count(text, `"operation":"reserve"`) != 2 || strings.Contains(text, "governed") {
		t.Error(text)
	}
}

func TestALimitHoldsAFunction(t *testing.T) {
	backend, calls := answering(t)
	p := runAsked(t, folder(t, backend, invoke, "stile.yaml", functionsYAML, "roles/one-role.json", mayInvoke, "workflows/one.asl.json", charging,
		shopXML, inLines(`<rate-limit-by-key calls="1" renewal-period="300" counter-key="all" />`)), t.TempDir())
	arn := p.start("one")
	p.until(arn, "end", ended)
	if x := described(p.product, arn); x.Status != sfn.Failed || x.Error != "Lambda.TooManyRequestsException" || calls.Load() != 1 {
		t.Errorf("%+v, %d calls", x, calls.Load())
	}
	if a := p.why(t, arn, 0); !strings.Contains(a.Paragraph, "rate-limit-by-key") {
		t.Error(a.Paragraph)
	}
}

// TestAFunctionThatTheRoleMayNotInvoke, in dev with a role and in serve without.
func TestAFunctionThatTheRoleMayNotInvoke(t *testing.T) {
	backend, calls := answering(t)
	p := runAsked(t, folder(t, backend, invoke, "stile.yaml", functionsYAML, "roles/one-role.json", roleAllowing("api/**"), "workflows/one.asl.json", charging), t.TempDir())
	arn := p.start("one")
	p.until(arn, "end", ended)
	if x := described(p.product, arn); x.Error != "States.Permissions" || !strings.Contains(x.Cause, "no statement allows lambda:InvokeFunction on function/charge") || calls.Load() != 0 {
		t.Errorf("%+v, %d calls", x, calls.Load())
	}
	if a := p.why(t, arn, 0); !strings.Contains(a.Paragraph, "lambda:InvokeFunction") || !strings.Contains(a.Paragraph, "one-role") {
		t.Error(a.Paragraph)
	}
	a := &authority{project: func() *project { return &project{} }}
	f, _ := sfn.ParseFunction("charge", "us-east-1", "111111111111")
	err := a.mayInvoke(sfn.TaskCall{RoleARN: "arn:aws:iam::111111111111:role/gone", State: "Charge"}, f)
	if denied, ok := err.(*exchange.PermissionDenied); !ok || denied.Role != "gone" || denied.Resource != "function/charge" {
		t.Errorf("serve: %v", err)
	}
}

// TestACallToTheEndpoint is signed, told as ungoverned, and its secret is nowhere.
func TestACallToTheEndpoint(t *testing.T) {
	const key = "canary-lambda-key"
	t.Setenv("STILE_TEST_LAMBDA", key)
	var signature atomic.Value
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signature.Store(r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"reservation":"` + r.URL.Path + `"}`))
	}))
	defer endpoint.Close()
	yaml := "name: shop\nlambda:\n  endpoint: " + endpoint.URL + "\n  access-key: {id: AKIDSHOP, secret: {secret: 'env://STILE_TEST_LAMBDA'}}\n"
	p := dev(t, folder(t, "http://127.0.0.1:9", invoke, "stile.yaml", yaml, "roles/one-role.json", mayInvoke, "workflows/one.asl.json", charging), t.TempDir())
	arn := p.start("one")
	p.until(arn, "end", ended)
	if x := described(p, arn); x.Output != `{"reservation":"/2015-03-31/functions/charge/invocations"}` {
		t.Fatalf("%+v", x)
	}
	want := "AWS4-HMAC-SHA256 Credential=AKIDSHOP/" + time.Now().UTC().Format("2006")
	if got, _ := signature.Load().(string); !strings.HasPrefix(got, want) || !strings.Contains(got, "/us-east-1/lambda/aws4_request") {
		t.Error(got)
	}
	_, calls := send(t, "GET", p.Console+"/-/v1/executions/"+arn+"/calls", "")
	_, audit := send(t, "GET", p.Console+"/-/v1/audit", "")
	_, uses := send(t, "GET", p.Console+"/-/v1/secrets", "")
	host := strings.TrimPrefix(endpoint.URL, "http://")
	for what, c := range map[string][]string{
		calls: {`"governed":false`, `"host":"` + host + `"`, `"reason":"lambda of stile.yaml"`}, audit: {`"ungoverned"`, "host/" + host}, uses: {"lambda.access-key"},
	} {
		for _, part := range c {
			if !strings.Contains(what, part) {
				t.Errorf("%s lacks %s", what, part)
			}
		}
		if strings.Contains(what, key) || strings.Contains(what, "AWS4-HMAC") {
			t.Errorf("a credential stands in %s", what)
		}
	}
}

// TestFunctionsAreChecked: an operation that is not there, or takes no payload, is an
// error at its entry; a version of an API is named as its scheme wants it.
func TestFunctionsAreChecked(t *testing.T) {
	spec := "openapi: 3.0.1\ninfo: {title: shop, version: '1'}\npaths:\n  /reserve:\n    post: {operationId: reserve, responses: {'200': {description: ok}}}\n" +
		"    get: {operationId: read, responses: {'200': {description: ok}}}\n  /of/{id}:\n    post:\n      operationId: one\n" +
		"      parameters: [{name: id, in: path, required: true, schema: {type: string}}]\n      responses: {'200': {description: ok}}\n"
	for entry, want := range map[string]string{
		"shop/reserve": "", "shop/resreve": "API shop has no operation resreve|did you mean reserve?", "shp/reserve": "there is no API shp|did you mean shop?",
		"shop/read": "operation shop/read is GET /reserve", "shop/one": "operation shop/one is POST /of/{id}",
	} {
		dir := folder(t, "http://127.0.0.1:9", invoke, "apim/apis/shop/specification.yaml", spec, "roles/one-role.json", mayInvoke,
			"stile.yaml", strings.Replace(functionsYAML, "shop/reserve", entry, 1), "workflows/one.asl.json", charging)
		list, err := Check([]string{dir})
		if err != nil {
			t.Fatal(err)
		}
		message, hint, _ := strings.Cut(want, "|")
		if errors := list.HasErrors(); errors != (want != "") {
			t.Errorf("%s: %v", entry, list)
		}
		for _, d := range list {
			if d.Code == "STL-C008" && (!strings.Contains(d.Message, message) || !strings.Contains(d.Hint, hint) || d.Line != 5 || filepath.Base(d.File) != "stile.yaml") {
				t.Errorf("%s: %+v", entry, d)
			}
		}
	}
	for scheme, want := range map[string]string{"Segment": "/shop/v2/reserve ", "Query": "/shop/reserve?ver=v2 ", "Header": "/shop/reserve ver: v2"} {
		dir := folder(t, "http://127.0.0.1:9", invoke, "stile.yaml", functionsYAML)
		p, _ := files.Load(dir)
		a := p.APIM.API("shop")
		a.Version, a.VersionScheme, a.VersionName = "v2", scheme, "ver"
		f, _ := p.Config.Function("charge", "")
		path, header, problem, _ := functionOperation(p.APIM, f)
		got := path + " "
		for _, h := range header {
			got += h.Name + ": " + h.Value
		}
		if got != want || problem != "" {
			t.Errorf("%s: %q %s", scheme, got, problem)
		}
	}
}
