package app

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"net/http/httptest"

	"stile/diag"
)

// actPolicy checks a state's token, and hands on for whom the state calls.
const actPolicy = `<validate-jwt header-name="Authorization" output-token-variable-name="caller">
    <openid-config url="{{stile-issuer}}/.well-known/openid-configuration" />
    <audiences><audience>stile-gateway</audience></audiences>
</validate-jwt>
<set-header name="X-On-Behalf-Of" exists-action="override">
    <value>@(((Jwt)context.Variables["caller"]).Claims.GetValueOrDefault("act", ""))</value>
</set-header>`

// startPolicy starts a child execution from the gate.
const startPolicy = `<policies><inbound><base />%s<set-backend-service base-url="stile://workflows/one" /></inbound><backend><forward-request /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`

// onBehalf is a backend that keeps for whom it was called.
type onBehalf struct {
	mu   sync.Mutex
	seen []string
}

func (o *onBehalf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, r.Header.Get("X-On-Behalf-Of"))
	_, _ = w.Write([]byte("{}"))
}

func (o *onBehalf) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen
	o.seen = nil
	return seen
}

// TestPoliciesReadWhoStarted: the subject of a start by key, by subscription, by a
// token, and by a state of another execution arrives in the policies of the
// operations that the states call; and who has no role is refused in `dev` too.
func TestPoliciesReadWhoStarted(t *testing.T) {
	seen := &onBehalf{}
	backend := httptest.NewServer(seen)
	t.Cleanup(backend.Close)
	child := `{"StartAt":"Start","States":{"Start":{"Type":"Task","Resource":"` + invoke + `","End":true,"Parameters":{
		"ApiEndpoint":"shop.example","Method":"POST","Path":"/start/start","RequestBody":{}}}}}`
	api := func(name, method, inbound string) []string {
		return []string{"apim/apis/" + name + "/apiInformation.json",
			`{"properties":{"displayName":"` + name + `","path":"` + name + `","subscriptionRequired":false,"serviceUrl":"` + backend.URL + `"}}`,
			"apim/apis/" + name + "/specification.yaml",
			"openapi: 3.0.1\ninfo: {title: s, version: '1'}\npaths:\n  /start:\n    " + method + ":\n      operationId: start\n      responses: {'202': {description: ok}}\n",
			"apim/apis/" + name + "/policy.xml", strings.Replace(startPolicy, "%s", inbound, 1)}
	}
	token := `<validate-jwt header-name="Authorization"><openid-config url="{{stile-issuer}}/.well-known/openid-configuration" /></validate-jwt>`
	more := append(api("start", "post", ""), api("tokens", "post", token)...)
	dir := folder(t, backend.URL, invoke, append(more,
		"apim/apis/shop/policy.xml", shopPolicy(actPolicy),
		"workflows/parent.asl.json", child, "workflows/parent.workflow.yaml", "role: one-role\n",
		"roles/one-role.json", roleAllowing("api/**"),
		"roles/starter.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["states:StartExecution","states:DescribeExecution"],"Resource":"**"}]}`,
		"assignments.yaml", "- {principal: \"user:ada\", role: starter, scope: stateMachine/one}\n- {principal: \"user:ada\", role: starter, scope: stateMachine/parent}\n",
		"key", "secret-of-ada", "stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\naccess-keys:\n"+
			"  - {id: AKIDADA, secret: {secret: \"file://key\"}, principal: \"user:ada\"}\n  - {id: AKIDBOB, secret: {secret: \"file://key\"}, principal: \"user:bob\"}\n")...)
	p := dev(t, dir, t.TempDir())
	call := func(key, action, body string) string {
		r := signedAction(p.Console+"/", action, key, "secret-of-ada", body, time.Now())
		r.RequestURI = ""
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const machines = "arn:aws:states:us-east-1:111111111111:stateMachine:"
	executions := strings.Replace(machines, "stateMachine", "execution", 1)
	p.until(started(t, call("AKIDADA", "StartExecution", `{"stateMachineArn":"`+machines+`one"}`)), "the end", ended)
	if got := seen.take(); len(got) != 1 || got[0] != "user:ada" {
		t.Errorf("by key: called for %q", got)
	}
	if answer := call("AKIDBOB", "StartExecution", `{"stateMachineArn":"`+machines+`one"}`); !strings.Contains(answer, "User: user:bob is not authorized to perform: states:StartExecution on resource: "+machines+"one because") {
		t.Errorf("who has no role gets %s", answer)
	}
	for _, name := range []string{"e1", "none"} {
		if answer := call("AKIDBOB", "DescribeExecution", `{"executionArn":"`+executions+`one:`+name+`"}`); !strings.Contains(answer, "AccessDeniedException") {
			t.Errorf("who has no role gets %s", answer)
		}
	}
	ends := func(answer string) {
		t.Helper()
		_, rest, ok := strings.Cut(answer, `"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		if !ok {
			t.Fatalf("not started: %s", answer)
		}
		p.until(executions+"one:"+id, "the end", ended)
	}
	_, answer := send(t, "POST", p.Gateway+"/start/start", "{}")
	ends(answer)
	if got := seen.take(); len(got) != 1 || got[0] != "" {
		t.Errorf("by nobody: called for %q", got)
	}
	_, minted := send(t, "POST", p.Console+"/-/v1/tokens", `{"role":"starter"}`, "Content-Type", "application/json")
	_, rest, _ := strings.Cut(minted, `"token":"`)
	bearer, _, _ := strings.Cut(rest, `"`)
	_, answer = send(t, "POST", p.Gateway+"/tokens/start", "{}", "Authorization", "Bearer "+bearer)
	ends(answer)
	if got := seen.take(); len(got) != 1 || got[0] != "jwt:role/starter" {
		t.Errorf("by a token: called for %q", got)
	}
	parent := p.until(started(t, call("AKIDADA", "StartExecution", `{"stateMachineArn":"`+machines+`parent"}`)), "the end", ended)
	for _, e := range parent {
		if out := e.TaskSucceededEventDetails.Output; out != "" {
			ends(strings.ReplaceAll(strings.ReplaceAll(out, `\"`, `"`), `": "`, `":"`))
		}
	}
	if got := seen.take(); len(got) != 1 || got[0] != "user:ada" {
		t.Errorf("by a state: called for %q", got)
	}
}

func started(t *testing.T, answer string) string {
	t.Helper()
	_, rest, ok := strings.Cut(answer, `"executionArn":"`)
	arn, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("not started: %s", answer)
	}
	return arn
}

// TestCheckKnowsAssignments: their faults, and roles that nobody has.
func TestCheckKnowsAssignments(t *testing.T) {
	dir := folder(t, "http://127.0.0.1:9", invoke, "roles/spare.json", roleAllowing("api/**"))
	list, err := Check([]string{dir})
	if err != nil || diagnosed(list, "spare") != "" {
		t.Errorf("without assignments: %v, %v", list, err)
	}
	write(t, dir, "assignments.yaml", "- {principal: \"user:ada\", role: one-rol}\n")
	if list, err = Check([]string{dir}); err != nil || !list.HasErrors() || !strings.Contains(diagnosed(list, "one-rol "), "assignments.yaml:1:") {
		t.Errorf("%v, %v", list, err)
	}
	write(t, dir, "assignments.yaml", "- {principal: \"user:ada\", role: one-role, scope: stateMachine/oen}\n")
	if list, err = Check([]string{dir}); err != nil || list.HasErrors() || !strings.Contains(diagnosed(list, "stateMachine/oen"), "assignments.yaml:1:1") {
		t.Errorf("%v, %v", list, err)
	}
	write(t, dir, "assignments.yaml", "- {principal: \"user:ada\", role: one-role}\n")
	if list, err = Check([]string{dir}); err != nil || list.HasErrors() || !strings.Contains(diagnosed(list, "spare"), "role spare is not used") {
		t.Errorf("%v, %v", list, err)
	}
}

// diagnosed is the first diagnostic that holds a text.
func diagnosed(l diag.List, text string) string {
	for _, d := range l {
		if strings.Contains(d.String(), text) {
			return d.String()
		}
	}
	return ""
}
