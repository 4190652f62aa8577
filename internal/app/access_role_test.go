package app

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stile/internal/engine"
	"stile/internal/identity"
	"stile/internal/kv/memkv"
	"stile/internal/sfn"
	"stile/internal/sfnapi"
	"stile/jsonval"
	"stile/policy/exchange"
)

// TestAnUnknownRole: `serve` refuses a state machine with a role that the project
// does not have, in AWS's words, when it is made and when it is changed; `dev`
// allows it and its calls, and warns once with the file to write.
func TestAnUnknownRole(t *testing.T) {
	for _, lax := range []bool{false, true} {
		log := make(chan string, 10)
		known := identity.Role{Name: "known"}
		p := &project{roles: map[string]*identity.Role{"known": &known}}
		a := &authority{project: func() *project { return p }, lax: lax, now: time.Now, log: slog.New(lines{log})}
		host, err := engine.Open(engine.Config{Store: memkv.New(nil), Account: "111111111111", Region: "us-east-1", Roles: a})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = host.Close(context.Background()) })
		p.access = identity.NewAccess(nil, nil)
		api := sfnapi.New(sfnapi.Config{Host: host, Permissions: &access{project: a.project, tokenOf: host.TokenOf}})
		ask := func(action, body string) string {
			r := httptest.NewRequest("POST", "/", strings.NewReader(body))
			r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r.WithContext(identity.WithCaller(t.Context(), identity.Caller{Lax: true})))
			return w.Body.String()
		}
		const passes = `"definition":"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}","roleArn":"arn:aws:iam::111111111111:role/`
		const refusal = `{"__type":"AccessDeniedException","message":"Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role."}`
		if answer := ask("CreateStateMachine", `{"name":"good",`+passes+`known"}`); strings.Contains(answer, "__type") {
			t.Fatal(answer)
		}
		for action, body := range map[string]string{"CreateStateMachine": `{"name":"m",` + passes + `none"}`,
			"UpdateStateMachine": `{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:good",` + passes + `none"}`} {
			if answer := ask(action, body); (answer == refusal) == lax {
				t.Errorf("%s, dev %v: %s", action, lax, answer)
			}
		}
		denied := a.authorize(&exchange.Exchange{Principal: exchange.NewPrincipal(exchange.Claims{Role: "none", State: "Charge"}),
			API: &exchange.API{ID: "a"}, Operation: &exchange.Operation{ID: "o"}})
		if (denied == nil) != lax {
			t.Errorf("a call, dev %v: %v", lax, denied)
		}
		close(log)
		var warned []string
		for line := range log {
			if strings.Contains(line, "role none is not in the project") {
				warned = append(warned, line)
			}
		}
		if lax != (len(warned) == 1) || lax && !strings.Contains(warned[0], `write=roles/none.json`) {
			t.Errorf("dev %v: warned %q", lax, warned)
		}
	}
}

// TestActIsWhoStarted: the subject, else the subscription that started it.
func TestActIsWhoStarted(t *testing.T) {
	p := &project{}
	issuer, err := identity.OpenIssuer(actKeys{}, "http://127.0.0.1:7400", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{project: func() *project { return p }, issuer: issuer, now: time.Now, log: slog.New(slog.DiscardHandler)}
	for _, tt := range []struct{ subject, owner, want string }{{"user:ada", "demo", "user:ada"}, {"", "demo", "demo"}, {"", "", ""}} {
		id := a.identify(sfn.TaskCall{ExecutionName: "e1", State: "Charge", RoleARN: "arn:aws:iam::1:role/r", Subject: tt.subject, Owner: tt.owner})
		if got := id.Principal.Claims(); got.Act != tt.want || got.Role != "r" {
			t.Errorf("%+v: act %q of role %q", tt, got.Act, got.Role)
		}
		payload := strings.Split(id.Bearer(), ".")[1]
		text, err := base64.RawURLEncoding.DecodeString(payload)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonval.Parse(text)
		if act, _ := v.Get("act").Str(); err != nil || act != tt.want {
			t.Errorf("%+v: the token says %s, %v", tt, v.Text(), err)
		}
	}
}

// actKeys keeps an issuer's keys in memory.
type actKeys map[string][]byte

func (m actKeys) Get(name string) ([]byte, error) { return m[name], nil }

func (m actKeys) Put(name string, value []byte) error {
	m[name] = value
	return nil
}
