package app

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/identity/idptest"
	"stile/internal/reach"
	"stile/policy/exchange"
)

const outward = `{"StartAt": "Refused", "States": {
 "Refused": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Next": "Out",
  "Parameters": {"ApiEndpoint": "https://nowhere.example/x", "Method": "GET", "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:111111111111:connection/partner/1"}},
  "Catch": [{"ErrorEquals": ["States.Permissions"], "ResultPath": "$.refused", "Next": "Out"}]},
 "Out": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true,
  "Parameters": {"ApiEndpoint": "https://partner.example/orders?x=1", "Method": "POST", "RequestBody": {"a": 1},
   "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:111111111111:connection/partner/1"}}}}}`

// TestCallsPastTheGateway: an unlisted host is refused, and a mapped one gets the connection's credentials, is
// audited as ungoverned, and stands in the access log with its state.
func TestCallsPastTheGateway(t *testing.T) {
	const key = "canary-connection-key"
	t.Setenv("STILE_TEST_PARTNER", key)
	var got http.Header
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"echo":"` + r.Header.Get("X-Api-Key") + `"}`))
	}))
	defer partner.Close()
	dir := folder(t, partner.URL, invoke, "workflows/one.asl.json", outward,
		"connections/partner.yaml", "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X-Api-Key, ApiKeyValue: {secret: 'env://STILE_TEST_PARTNER'}}\n",
		"stile.yaml", "name: shop\nmap:\n  partner.example: {http: '"+partner.URL+"/base'}\ntelemetry: {access-log: .stile/access.jsonl}\n")
	p := dev(t, dir, t.TempDir())
	execution := p.start("one")
	events := p.until(execution, "end", ended)
	text, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.Type != "ExecutionSucceeded" || got.Get("X-Api-Key") != key || got.Get("Authorization") != "" || got.Get("Idempotency-Key") == "" {
		t.Errorf("%s; the partner saw %v", text, got)
	}
	for _, part := range []string{`egress of stile.yaml does not let role 'one-role' call it`, `- {host: \\\"nowhere.example\\\", roles: [one-role], reason: `} {
		if !strings.Contains(string(text), part) && !strings.Contains(string(text), strings.ReplaceAll(part, `\\\"`, `\"`)) {
			t.Errorf("history lacks %s:\n%s", part, text)
		}
	}
	_, audit := send(t, "GET", p.Console+"/-/v1/audit", "")
	_, calls := send(t, "GET", p.Console+"/-/v1/executions/"+execution+"/calls", "")
	p.shut()
	log, err := os.ReadFile(filepath.Join(dir, ".stile", "access.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(partner.URL, "http://")
	for what, c := range map[string]struct {
		text  string
		parts []string
	}{
		"audit":      {audit, []string{`"ungoverned"`, `host/` + host, `/Out"`}},
		"calls":      {calls, []string{`"governed":false`, `"host":"` + host + `"`, `"action":"egress"`, `"reason":"map of stile.yaml"`}},
		"access log": {string(log), []string{`"via":"egress"`, `"host":"` + host + `"`, `"state":"Out"`, `"state_machine":"one"`, `"attempt":`}},
	} {
		for _, part := range c.parts {
			if !strings.Contains(c.text, part) {
				t.Errorf("%s lacks %s:\n%s", what, part, c.text)
			}
		}
		if strings.Contains(c.text, key) {
			t.Errorf("%s holds the key", what)
		}
	}
	if strings.Contains(string(text), key) {
		t.Error("the history holds the key")
	}
}

// TestATokenThatIsEchoedIsMasked: a partner that repeats what it was sent tells no
// page, history or log of the connection's token; one that refuses it gets another.
func TestATokenThatIsEchoedIsMasked(t *testing.T) {
	id := idptest.New(t, idptest.Generic)
	t.Setenv("STILE_TEST_CLIENT", id.ClientSecret)
	tokens := make(chan string, 10)
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("Content-Type", "application/json")
		if len(tokens) == 2 { // the second call of the execution finds the kept token revoked
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(`{"echo":"` + r.Header.Get("Authorization") + `"}`))
	}))
	defer partner.Close()
	state := `{"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"ApiEndpoint": "https://partner.example/orders", "Method": "POST",
		"RequestBody": {"a": 1}, "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:111111111111:connection/partner/1"}}, `
	dir := folder(t, partner.URL, invoke, "workflows/one.asl.json", `{"StartAt": "A", "States": {"A": `+state+`"Next": "B"}, "B": `+state+`"End": true}}}`,
		"connections/partner.yaml", "AuthorizationType: OAUTH_CLIENT_CREDENTIALS\nAuthParameters:\n  OAuthParameters:\n    AuthorizationEndpoint: "+id.TokenURL()+
			"\n    HttpMethod: POST\n    ClientParameters: {ClientID: "+id.ClientID+", ClientSecret: {secret: 'env://STILE_TEST_CLIENT'}}\n",
		"stile.yaml", "name: shop\nmap:\n  partner.example: {http: '"+partner.URL+"'}\ntelemetry: {access-log: .stile/access.jsonl}\n")
	p := dev(t, dir, t.TempDir())
	execution := p.start("one")
	events := p.until(execution, "end", ended)
	text, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	_, calls := send(t, "GET", p.Console+"/-/v1/executions/"+execution+"/calls", "")
	p.shut()
	log, err := os.ReadFile(filepath.Join(dir, ".stile", "access.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; last.Type != "ExecutionSucceeded" || len(tokens) != 3 || id.Issued() != 2 || !strings.Contains(string(text), "***") {
		t.Errorf("%s, %d calls, %d tokens: %s", last.Type, len(tokens), id.Issued(), text)
	}
	close(tokens)
	for token := range tokens {
		for what, told := range map[string]string{"history": string(text), "calls": calls, "access log": string(log)} {
			if token == "" || strings.Contains(told, token) || strings.Contains(told, id.ClientSecret) {
				t.Errorf("%s holds the token or the client's secret", what)
			}
		}
	}
}

// TestABackendOpensNothingPastTheGateway: an address that data made is not reached
// past the gateway, also where the gateway has a backend there.
func TestABackendOpensNothingPastTheGateway(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an address inside was called") }))
	defer back.Close()
	var refused *reach.Refused
	ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: back.URL, Tainted: true}, Request: exchange.Request{Method: "GET", URL: exchange.URL{Path: "/"}}}
	if err := pastTheGateway().Do(t.Context(), ex); !errors.As(err, &refused) {
		t.Error(err)
	}
}

func TestEgressRolesExist(t *testing.T) {
	dir := folder(t, "http://backend.example", invoke, "stile.yaml", `name: shop
map:
  shop.example: {gateway: self}
egress:
  - {host: a.example, roles: [one-role, one-rolle], reason: r}
  - {host: b.example, roles: [nobody], reason: r}
`)
	list, err := Check([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range list {
		if d.Severity == diag.Error {
			got = append(got, d.Code+" "+d.Message+"; "+d.Hint)
		}
	}
	want := "STL-C008 the project has no role one-rolle, which egress lets call a.example; did you mean one-role?\n" +
		"STL-C008 the project has no role nobody, which egress lets call b.example; add roles/nobody.json, or name a role that is there"
	if strings.Join(got, "\n") != want {
		t.Error(strings.Join(got, "\n"))
	}
}
