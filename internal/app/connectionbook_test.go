package app

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"stile/internal/identity/idptest"
	"stile/internal/secret"
	"stile/internal/secret/datakey"
)

// madeWorld is a project whose one state calls a partner with the connection that its
// input names, and that partner, which sends back what it gets.
type madeWorld struct {
	t         *testing.T
	dir, data string
	log       *narration
	p         *product

	mu     sync.Mutex
	seen   []string // requests as the partner saw them
	status int      // of its answers; 0: 200
}

func newMadeWorld(t *testing.T, more ...string) *madeWorld {
	t.Helper()
	w := &madeWorld{t: t, data: filepath.Join(t.TempDir(), "data"), log: &narration{}}
	partner := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text, _ := json.Marshal(map[string]any{"key": r.Header.Get("X-Api-Key"), "auth": r.Header.Get("Authorization"), "sig": r.Header.Get("X-Sig"),
			"plain": r.Header.Get("X-Plain"), "query": r.URL.RawQuery, "body": string(body)})
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, string(text))
		rw.Header().Set("Content-Type", "application/json")
		if w.status != 0 {
			rw.WriteHeader(w.status)
		}
		_, _ = rw.Write(text)
	}))
	t.Cleanup(partner.Close)
	w.dir = folder(t, partner.URL, invoke, append([]string{
		"workflows/one.asl.json", `{"StartAt":"Call","States":{"Call":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","End":true,
			"Parameters":{"ApiEndpoint":"https://partner.example/orders","Method":"POST","RequestBody":{"a":1},"Headers":{"X-Plain":"state's own"},"Authentication":{"ConnectionArn.$":"$.arn"}}}}}`,
		"stile.yaml", "name: shop\nmap:\n  shop.example: {gateway: self}\n  partner.example: {http: '" + partner.URL + "'}\n"}, more...)...)
	w.begin("")
	return w
}

// begin starts the product, with a data key of the test's own where key is given.
func (w *madeWorld) begin(key string) {
	w.t.Helper()
	o := devOptions(w.dir, w.data)
	o.DataKey = key
	w.p = devAs(w.t, o, slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// action asks EventBridge's API.
func (w *madeWorld) action(name, body string) (status int, answer string) {
	w.t.Helper()
	return send(w.t, "POST", w.p.Console+"/", body, "X-Amz-Target", "AWSEvents."+name, "Content-Type", "application/x-amz-json-1.1")
}

// made is an action that must succeed; it gives the connection's ARN.
func (w *madeWorld) made(name, body string) string {
	w.t.Helper()
	status, answer := w.action(name, body)
	var out struct{ ConnectionArn string }
	if err := json.Unmarshal([]byte(answer), &out); status != 200 || err != nil {
		w.t.Fatalf("%s: %d %s", name, status, answer)
	}
	return out.ConnectionArn
}

// calls runs the state with a connection: what the partner saw last, the history, and
// the error and cause that the execution ended with.
func (w *madeWorld) calls(arn string) (saw, history, failed string) {
	w.t.Helper()
	w.mu.Lock()
	before := len(w.seen)
	w.mu.Unlock()
	var started struct{ ExecutionArn string }
	input, _ := json.Marshal(map[string]string{"arn": arn})
	wire(w.t, w.p.Console, "StartExecution", map[string]string{"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:one", "input": string(input)}, &started)
	events := w.p.until(started.ExecutionArn, "end", ended)
	text, _ := json.Marshal(events)
	last := events[len(events)-1]
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) > before {
		saw = w.seen[len(w.seen)-1]
	}
	return saw, string(text), last.ExecutionFailedEventDetails.Error + " " + last.ExecutionFailedEventDetails.Cause
}

func keyConnection(name, value, more string) string {
	return `{"Name":"` + name + `","AuthorizationType":"API_KEY","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyName":"X-Api-Key","ApiKeyValue":"` + value + `"}` + more + `}}`
}

// contains fails where a text lacks a part.
func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s: %s", what, part, text)
		}
	}
}

// TestConnectionsOverTheAPI: a connection that was made over EventBridge's API
// authorizes calls as one of the project does, through updates, deauthorization and
// restarts, and its values are nowhere but at the partner.
func TestConnectionsOverTheAPI(t *testing.T) {
	w := newMadeWorld(t)
	var values []string
	value := func() string {
		v := strings.Trim(fresh(), "=") // and no sign that JSON or a query writes otherwise
		v = strings.NewReplacer("+", "-", "/", "_").Replace(v)
		values = append(values, v)
		return v
	}
	key, sig, query, body := value(), value(), value(), value()
	arn := w.made("CreateConnection", keyConnection("partner", key, `,"InvocationHttpParameters":{
		"HeaderParameters":[{"Key":"X-Sig","Value":"`+sig+`","IsValueSecret":true},{"Key":"X-Plain","Value":"connection's"}],
		"QueryStringParameters":[{"Key":"q","Value":"`+query+`","IsValueSecret":true}],"BodyParameters":[{"Key":"pin","Value":"`+body+`","IsValueSecret":true}]}`))
	saw, history, failed := w.calls(arn)
	contains(t, "the partner", saw, `"key":"`+key+`"`, `"sig":"`+sig+`"`, `"query":"q=`+query+`"`, `\"pin\":\"`+body+`\"`, `"plain":"connection's"`)
	contains(t, "history", history, "ExecutionSucceeded", "***")
	sinks := map[string]string{"history": history}
	second := value()
	w.made("UpdateConnection", `{"Name":"partner","AuthParameters":{"ApiKeyAuthParameters":{"ApiKeyValue":"`+second+`"}}}`)
	saw, _, _ = w.calls(arn)
	contains(t, "the partner after an update", saw, `"key":"`+second+`"`, `"sig":"`+sig+`"`)
	w.made("DeauthorizeConnection", `{"Name":"partner"}`)
	saw, sinks["history of a refused call"], failed = w.calls(arn)
	contains(t, "a call with a deauthorized connection", failed, "Events.ConnectionResource.InvalidConnectionState ",
		"Connection 'partner' cannot authorize the call: DeauthorizeConnection took the authorization parameters away.")
	if saw != "" {
		t.Errorf("a call was sent: %s", saw)
	}
	password := value()
	w.made("UpdateConnection", `{"Name":"partner","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":{"Username":"ada","Password":"`+password+`"}}}`)
	w.p.shut()
	w.begin("")
	saw, sinks["history after a restart"], _ = w.calls(arn)
	contains(t, "the partner after a restart", saw, `"auth":"Basic `)
	w.mu.Lock()
	w.status = http.StatusUnauthorized
	w.mu.Unlock()
	_, sinks["history of a 401"], failed = w.calls(arn)
	contains(t, "a call that the partner refuses", failed, "States.Http.StatusCode.401")
	_, sinks["list"] = w.action("ListConnections", `{}`)
	_, sinks["describe"] = w.action("DescribeConnection", `{"Name":"partner"}`)
	_, sinks["a refusal"] = w.action("CreateConnection", keyConnection("partner", value(), ""))
	_, sinks["a broken request"] = w.action("CreateConnection", keyConnection("x", value(), "")+"}")
	w.made("DeleteConnection", `{"Name":"partner"}`)
	_, _, failed = w.calls(arn)
	contains(t, "a call with a deleted connection", failed, "Events.ConnectionResource.ResourceNotFound Connection '"+arn+"' does not exist.")
	w.made("CreateConnection", keyConnection("kept", value(), ""))
	_, sinks["audit"] = send(t, "GET", w.p.Console+"/-/v1/audit?max=1000", "")
	for _, action := range []string{"Create", "Update", "Deauthorize", "Delete"} {
		contains(t, "audit", sinks["audit"], `"action":"events:`+action+`Connection","resource":"`+arn+`"`)
	}
	w.p.shut()
	sinks["log"] = w.log.String()
	(&canaryWorld{}).kept(t, w.data, sinks)
	contains(t, "records", sinks["records of config"], `"type":"API_KEY"`, `"sealed":{"api-key"`)
	for sink, text := range sinks {
		for i, v := range values {
			if strings.Contains(text, v) {
				t.Errorf("%s holds value %d", sink, i)
			}
		}
	}
	identity, err := os.ReadFile(w.data + ".key")
	is, statErr := os.Stat(w.data + ".key")
	if err != nil || statErr != nil || is.Mode().Perm() != 0o600 || !strings.Contains(string(identity), "AGE-SECRET-KEY-") {
		t.Errorf("the data key: %v %v %v", err, statErr, is)
	}
	for sink, text := range sinks {
		if strings.Contains(text, "AGE-SECRET-KEY-") {
			t.Errorf("%s holds the data key", sink)
		}
	}
}

// TestWithoutTheDataKey: connections refuse and say why, and everything else runs;
// with the key back they go on.
func TestWithoutTheDataKey(t *testing.T) {
	w := newMadeWorld(t)
	value := "canary-dk-" + strings.ToLower(fmt.Sprint(len(w.dir)))
	arn := w.made("CreateConnection", keyConnection("partner", value, ""))
	w.p.shut()
	key, hidden, other := w.data+".key", w.data+".hidden", w.data+".other"
	if err := os.Rename(key, hidden); err != nil {
		t.Fatal(err)
	}
	if _, err := datakey.New(datakey.Config{Path: other, Make: true}).Seal("x", secret.NewValue("x"), true); err != nil {
		t.Fatal(err)
	}
	for named, why := range map[string]string{"": "no such file", hidden + ".not": "no such file", other: "another than the one it was sealed with"} {
		w.begin(named)
		w.p.tells("connections that were made over the API cannot authorize calls")
		saw, history, failed := w.calls(arn)
		contains(t, "a call without the key", failed, "Events.ConnectionResource.InvalidConnectionState ", "Connection 'partner' cannot authorize the call: secret connection://partner/", why)
		if saw != "" || strings.Contains(history, value) {
			t.Errorf("sent %s", saw)
		}
		if status, answer := w.action("DescribeConnection", `{"Name":"partner"}`); status != 200 || !strings.Contains(answer, "AUTHORIZED") {
			t.Errorf("describe: %d %s", status, answer)
		}
		if named == "" { // no second key is made while the first may come back
			status, answer := w.action("CreateConnection", keyConnection("second", "x", ""))
			contains(t, fmt.Sprint(status), answer, "InvalidStateException", "no such file")
		}
		w.p.shut()
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a key was made")
	}
	w.begin(hidden)
	if saw, _, failed := w.calls(arn); !strings.Contains(saw, value) {
		t.Errorf("with the key back: %s %s", saw, failed)
	}
}

// TestFilesWinOverTheAPI: what the project has is what runs, and is shown.
func TestFilesWinOverTheAPI(t *testing.T) {
	t.Setenv("STILE_TEST_PARTNER", "of the file")
	w := newMadeWorld(t)
	arn := w.made("CreateConnection", keyConnection("partner", "of the API", ""))
	w.p.shut()
	write(t, w.dir, "connections/partner.yaml", "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X-Api-Key, ApiKeyValue: {secret: 'env://STILE_TEST_PARTNER'}}\n"+
		"  InvocationHttpParameters: {HeaderParameters: [{Key: X-Plain, Value: file's}, {Key: X-Sig, Value: {secret: 'env://STILE_TEST_PARTNER'}}]}\n")
	w.begin("")
	saw, _, failed := w.calls(arn)
	contains(t, "the partner "+failed, saw, `"key":"of the file"`)
	_, answer := w.action("DescribeConnection", `{"Name":"partner"}`)
	contains(t, "describe", answer, `"AuthorizationType":"API_KEY"`, `{"Key":"X-Plain","Value":"file's","IsValueSecret":false},{"Key":"X-Sig","IsValueSecret":true}`)
	for _, action := range []string{"UpdateConnection", "DeleteConnection", "DeauthorizeConnection"} {
		_, answer = w.action(action, `{"Name":"partner"}`)
		contains(t, action, answer, "InvalidStateException", "connections/partner.yaml: change the file")
	}
	_, answer = w.action("CreateConnection", keyConnection("partner", "x", ""))
	contains(t, "create", answer, "ResourceAlreadyExistsException")
}

// TestOAuthOverTheAPI: one token serves the calls of a connection, and an update asks
// for another. The token endpoint is inside only where stile.yaml writes it out.
func TestOAuthOverTheAPI(t *testing.T) {
	id := idptest.New(t, idptest.Generic)
	w := newMadeWorld(t)
	arn := w.made("CreateConnection", `{"Name":"partner","AuthorizationType":"OAUTH_CLIENT_CREDENTIALS","AuthParameters":{"OAuthParameters":{
		"AuthorizationEndpoint":"`+id.TokenURL()+`","HttpMethod":"POST","ClientParameters":{"ClientID":"`+id.ClientID+`","ClientSecret":"`+id.ClientSecret+`"}}}}`)
	saw, _, failed := w.calls(arn)
	contains(t, "a call whose token would come from inside", failed, "Events.ConnectionResource.InvalidConnectionState", "it is loopback, and only a host that the configuration writes out may be inside")
	if saw != "" || id.Issued() != 0 {
		t.Errorf("%d tokens, sent %s", id.Issued(), saw)
	}
	w.p.shut()
	config, err := os.ReadFile(filepath.Join(w.dir, "stile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(id.TokenURL(), "http://")
	host, _, _ = strings.Cut(host, "/")
	write(t, w.dir, "stile.yaml", string(config)+"egress:\n  - {host: '"+host+"', roles: [one-role], reason: our own tokens, private: true}\n")
	w.begin("")
	for range 2 {
		saw, history, failed := w.calls(arn)
		contains(t, "the partner "+failed, saw, `"auth":"Bearer `)
		if strings.Contains(history, id.ClientSecret) || !strings.Contains(history, "***") {
			t.Errorf("history: %s", history)
		}
	}
	if id.Issued() != 1 {
		t.Errorf("%d tokens for two calls", id.Issued())
	}
	w.made("UpdateConnection", `{"Name":"partner","AuthParameters":{"OAuthParameters":{"ClientParameters":{"ClientSecret":"another"}}}}`)
	_, _, failed = w.calls(arn)
	contains(t, "a call with a wrong client secret", failed, "Events.ConnectionResource.InvalidConnectionState", "the token endpoint ", "invalid_client")
	w.made("UpdateConnection", `{"Name":"partner","AuthParameters":{"OAuthParameters":{"ClientParameters":{"ClientSecret":"`+id.ClientSecret+`"}}}}`)
	if saw, _, failed := w.calls(arn); saw == "" || id.Issued() != 2 {
		t.Errorf("%d tokens: %s", id.Issued(), failed)
	}
}
