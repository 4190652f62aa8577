package app

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"stile/internal/notify"
	"stile/internal/secret/secrettest"
)

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
		if r.Header.Get("X-Vault-Token") == hashiToken {
			w.use("credentials of Vault")
		}
		if strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDCANARY/") {
			w.use("credentials of Secrets Manager")
		}
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
	write(t, w.dir, "connections/careless.yaml", "AuthorizationType: OAUTH_CLIENT_CREDENTIALS\nAuthParameters:\n  OAuthParameters:\n    AuthorizationEndpoint: "+
		out+"/refuse\n    HttpMethod: POST\n    ClientParameters: {ClientID: me, ClientSecret: "+env("CANARY_CARELESS", "client secret at a careless token endpoint")+"}\n")
	w.back.grant = w.place("access token of a connection", fresh(), true)
}

// newCanaryWorld writes the project.
func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	w := &canaryWorld{dir: t.TempDir(), used: map[string]bool{}, told: map[string]int{}, back: &echo{tokens: make(chan string, 4)}, tape: &tape{data: map[string]*bytes.Buffer{}}}
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
	w.insights = w.place("connection string of App Insights", fmt.Sprintf("%x-0000-4000-8000-%x", rand.Text()[:4], rand.Text()[:6]), false)
	t.Setenv("CANARY_INSIGHTS", "InstrumentationKey="+w.insights+
		";IngestionEndpoint="+record.URL)
	t.Setenv("CANARY_ACCESS", w.place("access key", fresh(), false))
	w.hook = "whsec_" + base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
	t.Setenv("CANARY_HOOK", w.place("signing secret of notices", w.hook, false))
	w.provider(t)
	write(t, w.dir, "stile.yaml", "name: canary\n"+w.identityYAML()+w.keysYAML(t)+"map:\n  shop.example: {gateway: self}\n  https://out.example: {http: '"+out.URL+"'}\n"+
		"subscriptions:\n  - {id: demo, dev-keys: ['"+w.place("subscription key", fresh(), false)+"']}\n"+
		"access-keys: [{id: AKIDCANARY, secret: {secret: 'env://CANARY_ACCESS'}, principal: 'user:ada'}]\n"+
		"notify: [{url: '"+record.URL+"/hook', secret: {secret: 'env://CANARY_HOOK'}, on: [health, execution, callback]}]\n"+
		"telemetry:\n  access-log: .stile/logs/access.jsonl\n  otlp: "+record.URL+"\n  appinsights: {secret: 'env://CANARY_INSIGHTS'}\n")
	write(t, w.dir, "apim/apis/shop/apiInformation.json",
		`{"properties":{"displayName":"shop","path":"shop","subscriptionRequired":true,"serviceUrl":"`+out.URL+`"}}`)
	post := "post: { operationId: %s, responses: { '200': { description: ok } } }"
	write(t, w.dir, "apim/apis/shop/specification.yaml", "openapi: 3.0.1\ninfo: {title: shop, version: '1'}\npaths:\n  /reserve:\n    "+fmt.Sprintf(post, "reserve")+
		"\n  /broken:\n    "+fmt.Sprintf(post, "broken")+"\n  /fail:\n    "+fmt.Sprintf(post, "fail")+"\n  /hook:\n    "+
		fmt.Sprintf(post, "hook")+"\n  /jwe:\n    "+fmt.Sprintf(post, "jwe")+"\n  /managed:\n    "+fmt.Sprintf(post, "managed")+"\n  /panic:\n    "+fmt.Sprintf(post, "panic")+"\n  /wait:\n    "+fmt.Sprintf(post, "wait")+"\n")
	w.guards(t)
	write(t, w.dir, "apim/apis/shop/policy.xml", shopPolicy(set.String()+handOn))
	write(t, w.dir, "apim/apis/shop/operations/fail/policy.xml", shopPolicy(
		`<set-variable name="n" value="@(int.Parse(&quot;{{env}}&quot;))" />`))
	w.connections(t, out.URL)
	w.machine(t, body.String(), names)
	return w
}

// record takes what exporters and notices post.
func (w *canaryWorld) record(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/hook" {
		if strings.HasSuffix(r.URL.Path, "/track") {
			w.mu.Lock()
			w.told[r.URL.Path]++
			first := w.told[r.URL.Path] == 1
			w.mu.Unlock()
			if first { // it quotes what it refuses, in the reason as well
				w.refuseTelemetry(rw)
				return
			}
			w.use("connection string of App Insights")
		}
		w.tape.ServeHTTP(rw, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if key, err := notify.Key(w.hook); err == nil &&
		r.Header.Get("Webhook-Signature") == "v1,"+notify.Sign(key, r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body) {
		w.use("signing secret of notices")
	}
	w.mu.Lock()
	w.told["/hook"]++
	first := w.told["/hook"] == 1
	w.mu.Unlock()
	if first {
		rw.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(rw, "%v %s %s", r.Header, body, w.hook)
	}
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
