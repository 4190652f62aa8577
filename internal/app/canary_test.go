package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"stile/internal/kv"
	"stile/internal/kv/pebblekv"
	"stile/internal/secret/secrettest"
)

// CLI runs one command line against a server and gives all its output; package
// app_test sets it, since cli stands above this package.
var CLI func(server string, args ...string) string

// secretPlace is one place that a secret lies in. carried says that the flows send it to the
// backend, which sends it back.
type secretPlace struct {
	name, value string
	carried     bool
	// foreign says that the secret is a caller's: Stile must not write it down, and
	// has nothing to mask it by where somebody else sends it.
	foreign bool
}

// canaryWorld is a project with a secret in every place, and what stands around it.
type canaryWorld struct {
	dir    string
	places []secretPlace
	vault  *secrettest.KeyVault
	back   *echo
	tape   *tape
}

// fresh gives a random secret of characters that a header and a policy document take.
func fresh() string { return "cnry+/" + rand.Text() + "=" }

// place adds a place with a value.
func (w *canaryWorld) place(name, value string, carried bool) string {
	w.places = append(w.places, secretPlace{name: name, value: value, carried: carried})
	return value
}

// echo is a backend that answers with everything that it was sent.
type echo struct {
	mu     sync.Mutex
	got    strings.Builder
	tokens chan string // task tokens of bodies
	grant  string      // the access token that its token endpoint gives
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var all strings.Builder
	for name, values := range r.Header {
		all.WriteString(name + ": " + strings.Join(values, ", ") + "; ")
	}
	all.WriteString(r.URL.RawQuery + " ")
	e.mu.Lock()
	e.got.WriteString(all.String() + string(body) + "\n")
	e.mu.Unlock()
	if r.URL.Path == "/token" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, e.grant)
		return
	}
	var in struct{ Token string }
	if json.Unmarshal(body, &in) == nil && in.Token != "" {
		e.tokens <- in.Token
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", all.String())
	w.Header().Set("X-Basic", base64.StdEncoding.EncodeToString([]byte(all.String())))
	if strings.HasSuffix(r.URL.Path, "/broken") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"headers": all.String(), "query": url.QueryEscape(all.String()), "body": string(body),
		"page": html.EscapeString(string(body)), all.String(): true})
}

// vaultsOf plays what is reached over HTTP: Key Vault by its own hosts, the rest on
// loopback.
type vaultsOf struct{ azure *secrettest.KeyVault }

func (v vaultsOf) RoundTrip(r *http.Request) (*http.Response, error) {
	if h := r.URL.Hostname(); strings.HasSuffix(h, ".vault.azure.net") || strings.HasSuffix(h, "microsoftonline.com") {
		return secrettest.Transport{Handler: v.azure}.RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// sources puts a secret into every kind of source and gives references by name.
func (w *canaryWorld) sources(t *testing.T) map[string]string {
	t.Helper()
	keys, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	to, err := age.Encrypt(&sealed, keys.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(to, w.place("named value by age", fresh(), true))
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, w.dir, "keys/age.key", w.place("age identity", keys.String(), false)+"\n")
	write(t, w.dir, "keys/sealed.age", sealed.String())
	write(t, w.dir, "keys/plain", w.place("named value by file", fresh(), true)+"\n")
	t.Setenv("STILE_AGE_IDENTITY", filepath.Join(w.dir, "keys", "age.key"))
	t.Setenv("CANARY_ENV", w.place("named value by env", fresh(), true))
	w.vault = &secrettest.KeyVault{Tenant: "11111111-1111-1111-1111-111111111111", Client: "app",
		ClientSecret: w.place("credentials of Key Vault", fresh(), false)}
	t.Setenv("AZURE_TENANT_ID", w.vault.Tenant)
	t.Setenv("AZURE_CLIENT_ID", w.vault.Client)
	t.Setenv("AZURE_CLIENT_SECRET", w.vault.ClientSecret)
	w.vault.Set("acme", "token", w.place("named value by Key Vault", fresh(), true))
	hashi, aws := w.place("named value by Vault", fresh(), true), w.place("named value by Secrets Manager", fresh(), true)
	hashiToken := w.place("credentials of Vault", fresh(), false)
	vaults := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/sys/internal/ui/mounts/kv":
			_, _ = io.WriteString(rw, `{"data":{"type":"kv","options":{"version":"1"}}}`)
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			_ = json.NewEncoder(rw).Encode(map[string]any{"data": map[string]any{"key": hashi}})
		default:
			_ = json.NewEncoder(rw).Encode(map[string]any{"Name": "app", "SecretString": aws})
		}
	}))
	t.Cleanup(vaults.Close)
	t.Setenv("VAULT_ADDR", vaults.URL)
	t.Setenv("VAULT_TOKEN", hashiToken)
	t.Setenv("VAULT_NAMESPACE", "")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDCANARY")
	t.Setenv("AWS_SECRET_ACCESS_KEY", w.place("credentials of Secrets Manager", fresh(), false))
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", vaults.URL)
	return map[string]string{"env": "env://CANARY_ENV", "file": "file://keys/plain", "age": "age://keys/sealed.age", "kv": "kv://acme/token",
		"vault": "vault://kv/app#key", "aws": "aws-sm://app"}
}

// connections gives the project a connection of each kind, whose secrets come from the
// environment.
func (w *canaryWorld) connections(t *testing.T, out string) {
	t.Helper()
	env := func(name, place string) string {
		t.Setenv(name, w.place(place, fresh(), true))
		return `{secret: "env://` + name + `"}`
	}
	extra := "\n  InvocationHttpParameters:\n    HeaderParameters: [{Key: X-More, IsValueSecret: true, Value: " + env("CANARY_MORE", "header of a connection") + "}]" +
		"\n    QueryStringParameters: [{Key: more, IsValueSecret: true, Value: " + env("CANARY_QUERY", "query parameter of a connection") + "}]" +
		"\n    BodyParameters: [{Key: more, IsValueSecret: true, Value: " + env("CANARY_BODY", "body parameter of a connection") + "}]\n"
	write(t, w.dir, "connections/basic.yaml", "AuthorizationType: BASIC\nAuthParameters:\n  BasicAuthParameters: {Username: ada, Password: "+
		env("CANARY_BASIC", "password of a connection")+"}"+extra)
	write(t, w.dir, "connections/key.yaml", "AuthorizationType: API_KEY\nAuthParameters:\n  ApiKeyAuthParameters: {ApiKeyName: X-Api, ApiKeyValue: "+
		env("CANARY_API", "API key of a connection")+"}\n")
	write(t, w.dir, "connections/oauth.yaml", "AuthorizationType: OAUTH_CLIENT_CREDENTIALS\nAuthParameters:\n  OAuthParameters:\n    AuthorizationEndpoint: "+
		out+"/token\n    HttpMethod: POST\n    ClientParameters: {ClientID: me, ClientSecret: "+env("CANARY_OAUTH", "client secret of a connection")+"}\n")
	w.back.grant = w.place("access token of a connection", fresh(), true)
}

// newCanaryWorld writes the project.
func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	w := &canaryWorld{dir: t.TempDir(), back: &echo{tokens: make(chan string, 4)}, tape: &tape{data: map[string]*bytes.Buffer{}}}
	out, record := httptest.NewServer(w.back), httptest.NewServer(http.HandlerFunc(w.record))
	t.Cleanup(out.Close)
	t.Cleanup(record.Close)
	refs := w.sources(t)
	names := []string{"literal", "nasty"}
	write(t, w.dir, "apim/namedValues/literal/namedValueInformation.json",
		`{"properties":{"displayName":"literal","secret":true,"value":"`+w.place("named value in its file", fresh(), true)+`"}}`)
	nasty, _ := json.Marshal(map[string]any{"properties": map[string]any{"displayName": "nasty", "secret": true,
		"value": w.place("named value with every sign", `cnry"<&>'\%+ `+rand.Text()+" ü", true)}})
	write(t, w.dir, "apim/namedValues/nasty/namedValueInformation.json", string(nasty))
	var set, body strings.Builder
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range refs {
			if !yield(n) {
				return
			}
		}
	}) {
		names = append(names, name)
		write(t, w.dir, "apim/namedValues/"+name+"/namedValueInformation.json",
			`{"properties":{"displayName":"`+name+`","secret":true,"value":{"secret":"`+refs[name]+`"}}}`)
		set.WriteString(`<set-header name="X-` + name + `" exists-action="override"><value>{{` + name + `}}</value></set-header>`)
	}
	for _, name := range names {
		body.WriteString(`"` + name + `":"<{{` + name + `}}>",`)
	}
	t.Setenv("CANARY_INSIGHTS", "InstrumentationKey="+w.place("connection string of App Insights", fmt.Sprintf("%x-0000-4000-8000-%x", rand.Text()[:4], rand.Text()[:6]), false)+
		";IngestionEndpoint="+record.URL)
	t.Setenv("CANARY_ACCESS", w.place("access key", fresh(), false))
	hook := "whsec_" + base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
	t.Setenv("CANARY_HOOK", w.place("signing secret of notices", hook, false))
	write(t, w.dir, "stile.yaml", "name: canary\nmap:\n  shop.example: {gateway: self}\n  https://out.example: {http: '"+out.URL+"'}\n"+
		"subscriptions:\n  - {id: demo, dev-keys: ['"+w.place("subscription key", fresh(), false)+"']}\n"+
		"access-keys: [{id: AKIDCANARY, secret: {secret: 'env://CANARY_ACCESS'}, principal: 'user:ada'}]\n"+
		"notify: [{url: '"+record.URL+"/hook', secret: {secret: 'env://CANARY_HOOK'}, on: [health, execution, callback]}]\n"+
		"telemetry:\n  access-log: .stile/logs/access.jsonl\n  otlp: "+record.URL+"\n  appinsights: {secret: 'env://CANARY_INSIGHTS'}\n")
	write(t, w.dir, "apim/apis/shop/apiInformation.json",
		`{"properties":{"displayName":"shop","path":"shop","subscriptionRequired":true,"serviceUrl":"`+out.URL+`"}}`)
	post := "post: { operationId: %s, responses: { '200': { description: ok } } }"
	write(t, w.dir, "apim/apis/shop/specification.yaml", "openapi: 3.0.1\ninfo: {title: shop, version: '1'}\npaths:\n  /reserve:\n    "+fmt.Sprintf(post, "reserve")+
		"\n  /broken:\n    "+fmt.Sprintf(post, "broken")+"\n  /fail:\n    "+fmt.Sprintf(post, "fail")+"\n")
	write(t, w.dir, "apim/apis/shop/policy.xml", shopPolicy(set.String()))
	write(t, w.dir, "apim/apis/shop/operations/fail/policy.xml", shopPolicy(
		`<set-variable name="n" value="@(int.Parse(&quot;{{env}}&quot;))" />`))
	w.connections(t, out.URL)
	w.machine(t, body.String(), names)
	return w
}

// record takes what exporters and notices post.
func (w *canaryWorld) record(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/hook" {
		w.tape.ServeHTTP(rw, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.tape.mu.Lock()
	defer w.tape.mu.Unlock()
	if w.tape.data["/hook"] == nil {
		w.tape.data["/hook"] = &bytes.Buffer{}
	}
	_, _ = fmt.Fprintf(w.tape.data["/hook"], "%v %s\n", r.Header, body)
}

// machine is one definition that sends secrets by every way.
func (w *canaryWorld) machine(t *testing.T, body string, names []string) {
	t.Helper()
	gate := func(path, pattern, more, next string) string {
		return `{"Type":"Task","Resource":"` + invoke + pattern + `","Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/` + path +
			`","Headers":{"X-Literal":["Bearer {{literal}}"],"Authorize.$":"States.Array('x')"},"QueryParameters":{"q":["{{literal}}"]},"RequestBody":{` +
			body + more + `}},"ResultPath":"$.r","Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"` + next + `"}],"Next":"` + next + `"}`
	}
	past := func(connection, next string) string {
		return `{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":"https://out.example/echo","Method":"POST",` +
			`"Authentication":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/` + connection + `/1"},"RequestBody":{` + strings.TrimSuffix(body, ",") +
			`}},"ResultPath":"$.r","Next":"` + next + `"}`
	}
	token := `"token.$":"$$.Task.Token"`
	write(t, w.dir, "workflows/one.asl.json", `{"StartAt":"Gate","States":{"Gate":`+gate("reserve", "", `"n":1`, "Broken")+`,"Broken":`+gate("broken", "", `"n":2`, "Fail")+
		`,"Fail":`+gate("fail", "", `"n":3`, "Basic")+`,"Basic":`+past("basic", "Key")+`,"Key":`+past("key", "OAuth")+`,"OAuth":`+past("oauth", "Callback")+
		`,"Callback":`+gate("reserve", ".waitForTaskToken", token, "Worker")+`,"Worker":`+gate("reserve", ".waitForTaskToken", token, "Done")+
		`,"Done":{"Type":"Succeed"}}}`)
	write(t, w.dir, "workflows/one.workflow.yaml", "role: one-role\nnamed-values: ["+strings.Join(names, ", ")+"]\n")
	write(t, w.dir, "roles/one-role.json", `{"Version":"2012-10-17","subscription":"demo","Statement":[{"Effect":"Allow","Action":"apim:Invoke","Resource":"api/**"},`+
		`{"Effect":"Allow","Action":"apim:ReadNamedValue","Resource":"named-value/*"}]}`)
}

// all joins the values, as a service would that sends everything back.
func (w *canaryWorld) all() string {
	var values []string
	for _, p := range w.places {
		if !p.foreign {
			values = append(values, p.value)
		}
	}
	text, _ := json.Marshal(map[string]any{"all": values, "base64": base64.StdEncoding.EncodeToString([]byte(strings.Join(values, ":")))})
	return string(text)
}

// leaks names the places whose secret is in a text, in any of its forms.
func (w *canaryWorld) leaks(text string) (out []string) {
	for _, p := range w.places {
		inJSON, _ := json.Marshal(p.value)
		plain := strings.Trim(string(inJSON), `"`)
		for _, form := range []string{p.value, plain, url.QueryEscape(p.value), url.PathEscape(p.value), html.EscapeString(p.value),
			base64.StdEncoding.EncodeToString([]byte(p.value)), base64.RawURLEncoding.EncodeToString([]byte(p.value)),
			base64.StdEncoding.EncodeToString([]byte("ada:" + p.value)), fmt.Sprintf("%x", p.value)} {
			if strings.Contains(text, form) {
				out = append(out, p.name)
				break
			}
		}
	}
	return out
}

// flows sends secrets through every way, and gives the outputs of its own clients.
func (w *canaryWorld) flows(t *testing.T, p *product) (arns []string, answers string) {
	t.Helper()
	key := w.value("subscription key")
	for _, path := range []string{"/shop/reserve", "/shop/broken", "/shop/reserve?subscription-key=" + url.QueryEscape(key)} {
		send(t, "POST", p.Gateway+path, w.all(), "Ocp-Apim-Subscription-Key", key) // the answer is the backend's own
	}
	var failed string
	w.places = append(w.places, secretPlace{name: "bearer token of a caller", value: fresh(), foreign: true},
		secretPlace{name: "session cookie", value: rand.Text() + rand.Text(), foreign: true})
	_, port, _ := strings.Cut(strings.TrimPrefix(p.Console, "http://"), ":")
	for _, header := range [][]string{{"Authorization", "Bearer " + w.value("bearer token of a caller")}, {"Cookie", "stile-" + port + "=" + w.value("session cookie")}} {
		for _, url := range []string{p.Gateway + "/shop/nowhere", p.Gateway + "/callbacks/x", p.Console + "/-/v1/executions", p.Console + "/-/v1/nowhere", p.Console + "/"} {
			_, text := send(t, "POST", url, "{}", append(header, "Content-Type", "application/json")...)
			failed += text
		}
	}
	_, text := send(t, "POST", p.Gateway+"/shop/fail", w.all(), "Ocp-Apim-Subscription-Key", key)
	failed += text
	for _, sign := range []string{w.value("access key"), "wrong" + w.value("access key")} {
		r := signedCall(p.Console+"/", "AKIDCANARY", sign, "{}", time.Now())
		r.RequestURI = ""
		if resp, err := http.DefaultClient.Do(r); err == nil {
			text, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			failed += string(text)
		}
	}
	for range 2 {
		arn := p.start("one")
		arns = append(arns, arn)
		_, text := send(t, "POST", p.Gateway+"/callbacks/"+w.token(t), w.all(), "Content-Type", "application/json")
		_, again := send(t, "POST", p.Gateway+"/callbacks/nonsense", w.all(), "Content-Type", "application/json")
		failed += text + again
		wire(t, p.Console, "SendTaskFailure", map[string]string{"taskToken": w.token(t), "error": "Failed", "cause": w.all()}, &struct{}{})
		p.until(arn, "the end", ended)
		w.vault.Set("acme", "token", w.place("new version in Key Vault", fresh(), true))
		_, text = send(t, "POST", p.Console+"/-/v1/secrets/refresh", "{}", "Content-Type", "application/json")
		failed += text
	}
	w.vault.Refuse(500)
	_, text = send(t, "POST", p.Console+"/-/v1/secrets/refresh", "{}", "Content-Type", "application/json")
	return arns, failed + text
}

func (w *canaryWorld) value(name string) string {
	i := slices.IndexFunc(w.places, func(p secretPlace) bool { return p.name == name })
	return w.places[i].value
}

func (w *canaryWorld) token(t *testing.T) string {
	t.Helper()
	select {
	case token := <-w.back.tokens:
		return token
	case <-time.After(patience):
		t.Fatal("no task token came")
		return ""
	}
}

// mistakes saves files that do not load, with secrets around.
func (w *canaryWorld) mistakes(t *testing.T, p *product) {
	t.Helper()
	good := shopPolicy("")
	for _, m := range [][2]string{
		{"apim/apis/shop/operations/broken/policy.xml", shopPolicy(`<set-header name="X" exists-action="override"><value>{{env}}{{kv}}</value></set-heade>`)},
		{"apim/apis/shop/operations/broken/policy.xml", shopPolicy(`<set-variable name="n" value="@(int.Nothing(&quot;{{env}}&quot;) + {{vault}})" />`)},
		{"connections/basic.yaml", "AuthorizationType: BASIC\nAuthParameters:\n  BasicAuthParameters: {Username: ada, Password: '" +
			w.place("secret written into a connection", fresh(), false) + "'}\n"},
	} {
		before, err := os.ReadFile(filepath.Join(w.dir, m[0]))
		if err != nil {
			before = []byte(good)
		}
		write(t, w.dir, m[0], m[1])
		p.tells("not taken")
		write(t, w.dir, m[0], string(before))
		p.tells("taken up again")
	}
}

// sinks reads everything that the product has written, by name.
func (w *canaryWorld) sinks(t *testing.T, p *product, arns []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	get := func(path string) string {
		_, text := send(t, "GET", p.Console+path, "")
		out["GET "+path] = text
		return text
	}
	var traces struct{ Traces []struct{ TraceID string } }
	if err := json.Unmarshal([]byte(get("/-/v1/traces?max=1000")), &traces); err != nil || len(traces.Traces) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, tr := range traces.Traces {
		out["GET /-/v1/traces/{id}"] += get("/-/v1/traces/" + tr.TraceID)
		delete(out, "GET /-/v1/traces/"+tr.TraceID)
	}
	for _, path := range []string{"/", "/audit", "/secrets", "/approvals", "/metrics", "/healthz", "/-/v1/version", "/-/v1/state-machines", "/-/v1/executions",
		"/-/v1/callbacks", "/-/v1/audit?max=1000", "/-/v1/audit/verify", "/-/v1/secrets", "/-/v1/why", "/-/v1/slow", "/-/v1/whoami",
		"/-/v1/login", "/login", "/readyz", "/.well-known/jwks.json", "/.well-known/openid-configuration"} {
		get(path)
	}
	for i, arn := range arns {
		id := url.PathEscape(arn)
		for _, path := range []string{"/executions/" + id, "/-/v1/executions/" + id, "/-/v1/executions/" + id + "/history", "/-/v1/executions/" + id + "/calls",
			"/-/v1/executions/" + id + "/graph", "/-/v1/executions/" + id + "/callbacks", "/-/v1/executions/" + id + "/why", "/-/v1/executions/" + id + "/events"} {
			get(path)
		}
		out[fmt.Sprint("AWS history ", i)] = p.historyText(arn)
		var described json.RawMessage
		wire(t, p.Console, "DescribeExecution", map[string]string{"executionArn": arn}, &described)
		out[fmt.Sprint("AWS execution ", i)] = string(described)
		if CLI != nil {
			out["stile exec show"] += CLI(p.Console, "exec", "show", arn) + CLI(p.Console, "exec", "show", arn, "-o", "json")
			out["stile exec watch"] += CLI(p.Console, "exec", "watch", arn)
		}
	}
	if CLI != nil {
		for _, args := range [][]string{{"secret", "list"}, {"secret", "refresh"}, {"exec", "list"}, {"audit"}, {"callback", "list"}, {"check", w.dir}} {
			out["stile "+args[0]+" "+filepath.Base(args[len(args)-1])] = CLI(p.Console, args...)
		}
	}
	return out
}

// kept reads the data folder after the end: all files as they are, and every record
// of the stores, which are compressed in their files.
func (w *canaryWorld) kept(t *testing.T, data string, out map[string]string) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".pem") {
			return err
		}
		text, err := os.ReadFile(path)
		out["bytes of the data folder"] += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "config", "traces"} {
		store, err := pebblekv.Open(filepath.Join(data, name), pebblekv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var all bytes.Buffer
		for space := range 256 {
			err := store.Iterate(kv.Space(space), kv.Range{}, func(k, v []byte) bool {
				all.Write(k)
				all.Write(v)
				all.WriteByte('\n')
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		out["records of "+cmp.Or(name, "log")] = all.String()
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCanary puts a random secret into every kind of place, runs all flows, with
// failures and a backend that sends back what it gets, and looks for each secret in
// everything that Stile writes, answers and keeps.
func TestCanary(t *testing.T) {
	w := newCanaryWorld(t)
	data := t.TempDir()
	var log narration
	p := devWith(t, w, data, &log)
	arns, answers := w.flows(t, p)
	w.mistakes(t, p)
	w.back.mu.Lock()
	sent := w.back.got.String()
	w.back.mu.Unlock()
	tokens := regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+`).FindAllString(sent, -1)
	if len(tokens) == 0 {
		t.Error("no token of a state was sent: the test shows nothing")
	}
	for i, token := range tokens {
		w.place(fmt.Sprint("token of a state ", i), token, true)
	}
	out := w.sinks(t, p, arns)
	out["answers to clients of ours"] = answers
	p.shut()
	out["log"] = log.String()
	access, err := os.ReadFile(filepath.Join(w.dir, ".stile", "logs", "access.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out["access log"] = string(access)
	w.tape.mu.Lock()
	for path, text := range w.tape.data {
		out["posted to "+path] = text.String()
	}
	w.tape.mu.Unlock()
	w.kept(t, data, out)
	leaks := 0
	for sink, text := range out {
		for _, name := range w.leaks(text) {
			if name == "connection string of App Insights" && sink == "posted to /v2.1/track" {
				continue // its own endpoint is told the key
			}
			leaks++
			t.Errorf("%s holds: %s", sink, name)
		}
	}
	for _, place := range w.places {
		inJSON, _ := json.Marshal(place.value)
		basic := base64.StdEncoding.EncodeToString([]byte("ada:" + place.value))
		if place.carried && !strings.Contains(sent, place.value) && !strings.Contains(sent, strings.Trim(string(inJSON), `"`)) &&
			!strings.Contains(sent, url.QueryEscape(place.value)) && !strings.Contains(sent, basic) && place.name != "new version in Key Vault" {
			t.Errorf("%s was never sent: the test shows nothing", place.name)
		}
	}
	for sink, want := range map[string]string{"AWS history 0": "***", "records of log": "{{literal}}", "posted to /v1/traces": "Gate", "posted to /v2.1/track": "Gate", "posted to /hook": "stateMachine",
		"log": "not taken", "access log": "shop"} {
		if !strings.Contains(out[sink], want) {
			t.Errorf("%s lacks %q: the test shows nothing", sink, want)
		}
	}
	t.Logf("%d places × %d sinks = %d searches: leaks %d", len(w.places), len(out), len(w.places)*len(out), leaks)
}

// devWith starts the product with vaults that are played, and its log kept.
func devWith(t *testing.T, w *canaryWorld, data string, log *narration) *product {
	t.Helper()
	p := &product{t: t, log: make(chan string, 1000), ended: make(chan error, 1)}
	o := devOptions(w.dir, data)
	o.vaults = vaultsOf{w.vault}
	o.Log = slog.New(slog.NewMultiHandler(lines{p.log}, slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	ready := make(chan Ready, 1)
	o.Ready = func(r Ready) { ready <- r }
	ctx, cancel := context.WithCancel(t.Context())
	p.stop = cancel
	go func() { p.ended <- Dev(ctx, o) }()
	select {
	case p.Ready = <-ready:
	case err := <-p.ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("the product does not start")
	}
	t.Cleanup(p.shut)
	return p
}
