package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/identity/idptest"
	"stile/internal/kv"
	"stile/internal/secret/secrettest"
	"stile/internal/sigv4"
)

var errDisk = errors.New("no space left on device")

// faultyStore fails its writes or its reads when it is told to.
type faultyStore struct {
	kv.Store
	noWrites, noReads atomic.Bool
}

func (s *faultyStore) Commit(g kv.Group, done func(error)) {
	if s.noWrites.Load() {
		go done(errDisk)
		return
	}
	s.Store.Commit(g, done)
}

func (s *faultyStore) GetMany(space kv.Space, keys [][]byte) ([][]byte, error) {
	if s.noReads.Load() {
		return nil, errDisk
	}
	return s.Store.GetMany(space, keys)
}

func (s *faultyStore) Iterate(space kv.Space, r kv.Range, f func(k, v []byte) bool) error {
	if s.noReads.Load() {
		return errDisk
	}
	return s.Store.Iterate(space, r, f)
}

// service is a server outside, which can be down or hang.
type service struct {
	*httptest.Server
	next       http.Handler
	down, hang atomic.Bool
	asked      atomic.Int64
	end        chan struct{}
}

func newService(t *testing.T, next http.HandlerFunc) *service {
	s := &service{next: next, end: make(chan struct{})}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() { close(s.end); s.Close() })
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	switch {
	case s.hang.Load():
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-s.end:
		case <-r.Context().Done():
		}
	case s.down.Load():
		panic(http.ErrAbortHandler)
	default:
		s.next.ServeHTTP(w, r)
	}
}

// faultWorld is a project that leans on everything that can fail, and what it leans on.
type faultWorld struct {
	t     *testing.T
	dir   string
	login *idptest.Provider // of people and bearer tokens
	keys  *idptest.Provider // of validate-jwt
	vault *secrettest.KeyVault

	backend, otlp, insights, hook, machine, grants *service

	log, config *faultyStore
	fatal       atomic.Int64 // how often the process would have ended

	Ready
	jar     *http.Client      // with the session of ada
	form    url.Values        // of the approval
	open    map[string]string // callback URLs that wait, by state machine
	n       int
	mu      sync.Mutex
	reached map[string]http.Header // X-Call of what came to the backend
}

const (
	faultSecret  = "the-secret-of-the-vault"
	faultKey     = "the-key-of-the-subscription"
	faultMachine = "arn:aws:states:us-east-1:111111111111:stateMachine:"
)

func newFaultWorld(t *testing.T) *faultWorld {
	t.Helper()
	w := &faultWorld{t: t, dir: t.TempDir(), login: idptest.New(t, idptest.Generic), keys: idptest.New(t, idptest.OktaCustom), reached: map[string]http.Header{}}
	w.login.AutoApprove("ada")
	ok := func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusOK) }
	w.backend = newService(t, func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.reached[r.Header.Get("X-Call")] = r.Header
		w.mu.Unlock()
		_, _ = io.WriteString(rw, `{}`)
	})
	w.otlp, w.insights, w.hook = newService(t, ok), newService(t, ok), newService(t, ok)
	w.machine = newService(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"access_token":"machine-token","expires_on":"%d","resource":"x","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix())
	})
	w.grants = newService(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"access_token":"granted-token","token_type":"Bearer","expires_in":3600}`)
	})
	w.vault = &secrettest.KeyVault{Tenant: "11111111-1111-1111-1111-111111111111", Client: "app", ClientSecret: "client-secret-of-the-vault"}
	w.vault.Set("acme", "token", faultSecret)
	w.vault.Set("acme", "key", faultKey)
	for name, value := range map[string]string{"AZURE_TENANT_ID": w.vault.Tenant, "AZURE_CLIENT_ID": w.vault.Client, "AZURE_CLIENT_SECRET": w.vault.ClientSecret,
		"STILE_TEST_ACCESS_KEY": keySecret, "STILE_TEST_HOOK": hookSecret, "STILE_TEST_GRANT": "grant-secret", "MSI_ENDPOINT": "", "IMDS_ENDPOINT": "",
		"IDENTITY_ENDPOINT": w.machine.URL + "/msi", "IDENTITY_HEADER": "sesame",
		"STILE_TEST_INSIGHTS": "InstrumentationKey=00000000-0000-0000-0000-00000000000a;IngestionEndpoint=" + w.insights.URL} {
		t.Setenv(name, value)
	}
	w.write()
	return w
}

// write writes the project.
func (w *faultWorld) write() {
	t, dir := w.t, w.dir
	yaml := identityYAML(t, w.login) + "map:\n  shop.example: {gateway: self}\n  https://out.example: {http: '" + w.backend.URL + "'}\n" +
		"managed-identity: {source: azure}\n" +
		"access-keys: [{id: AKID, secret: {secret: 'env://STILE_TEST_ACCESS_KEY'}, principal: 'user:00u-ada'}]\n" +
		"notify: [{url: '" + w.hook.URL + "', secret: {secret: 'env://STILE_TEST_HOOK'}, on: [health, execution, callback]}]\n" +
		"telemetry:\n  otlp: " + w.otlp.URL + "\n  appinsights: {secret: 'env://STILE_TEST_INSIGHTS'}\n"
	write(t, dir, "stile.yaml", yaml)
	for name, key := range map[string]string{"shop": "false", "keyed": "true"} {
		write(t, dir, "apim/apis/"+name+"/apiInformation.json",
			`{"properties":{"displayName":"`+name+`","path":"`+name+`","subscriptionRequired":`+key+`,"serviceUrl":"`+w.backend.URL+`"}}`)
		spec := "openapi: 3.0.1\ninfo: {title: s, version: '1'}\npaths:\n"
		for _, op := range []string{"open", "guarded", "secret", "managed", "start"} {
			spec += "  /" + op + ":\n    post: {operationId: " + op + ", responses: {'200': {description: ok}}}\n"
		}
		write(t, dir, "apim/apis/"+name+"/specification.yaml", spec)
	}
	header := func(name, value string) string {
		return `<set-header name="` + name + `" exists-action="override"><value>` + value + `</value></set-header>`
	}
	for op, inbound := range map[string]string{
		"guarded": `<validate-jwt header-name="Authorization"><openid-config url="` + w.keys.Config + `" /><audiences><audience>` + w.keys.Audience + `</audience></audiences></validate-jwt>`,
		"secret":  header("X-Token", "{{token}}"),
		"start":   `<set-backend-service base-url="stile://workflows/open" />`,
		"managed": `<authentication-managed-identity resource="` + w.machine.URL + `" />`,
	} {
		write(t, dir, "apim/apis/shop/operations/"+op+"/policy.xml", shopPolicy(inbound))
	}
	write(t, dir, "apim/namedValues/token/namedValueInformation.json",
		`{"properties":{"displayName":"token","secret":true,"keyVault":{"secretIdentifier":"https://acme.vault.azure.net/secrets/token"}}}`)
	write(t, dir, "apim/subscriptions/demo/subscriptionInformation.json", `{"properties":{"scope":"/apis/keyed","displayName":"demo","primaryKey":{"secret":"kv://acme/key"}}}`)
	write(t, dir, "connections/grants.yaml", "AuthorizationType: OAUTH_CLIENT_CREDENTIALS\nAuthParameters:\n  OAuthParameters:\n    AuthorizationEndpoint: "+w.grants.URL+
		"/token\n    HttpMethod: POST\n    ClientParameters: {ClientID: me, ClientSecret: {secret: 'env://STILE_TEST_GRANT'}}\n")
	gate := func(op, pattern, token, next string) string {
		return `{"Type":"Task","Resource":"` + invoke + pattern + `","Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/` + op +
			`","Headers":{"X-Call":["state-` + op + `"]},"RequestBody":{"a":1` + token + `}},` + next + `}`
	}
	const waits, last = `,"t.$":"$$.Task.Token"`, `"End":true`
	const past = `{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":"https://out.example/x","Method":"POST","Headers":{"X-Call":"state-past"},` +
		`"Authentication":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/grants/1"},"RequestBody":{"a":1}},"End":true}`
	waiting := gate("open", ".waitForTaskToken", waits, last)
	for name, text := range map[string]string{"open": gate("open", "", "", last), "secret": gate("secret", "", "", last), "wait": waiting, "approve": waiting, "past": past,
		"late": gate("open", ".waitForTaskToken", waits, `"Next":"P"`) + `,"P":` + past} {
		text = `{"StartAt":"S","States":{"S":` + text + `}}`
		write(t, dir, "workflows/"+name+".asl.json", text)
		write(t, dir, "workflows/"+name+".workflow.yaml", "role: one-role\n")
	}
	write(t, dir, "workflows/approve.workflow.yaml", "role: one-role\nstates:\n  S:\n    approval:\n      title: Go on?\n      choices: [{label: Approve, output: {approved: true}}]\n")
	write(t, dir, "roles/one-role.json", roleAllowing("api/**"))
	write(t, dir, "roles/all.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"**"}]}`)
	write(t, dir, "assignments.yaml", "- {principal: \"user:00u-ada\", role: all}\n")
}

// replace changes stile.yaml.
func (w *faultWorld) replace(old, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, "stile.yaml")
	data := must(os.ReadFile(path))
	if !strings.Contains(string(data), old) {
		w.t.Fatalf("stile.yaml has no %s", old)
	}
	write(w.t, w.dir, "stile.yaml", strings.ReplaceAll(string(data), old, text))
}

// options are those of Serve, with the faults' stores and vaults.
func (w *faultWorld) options(data string) Options {
	o := devOptions(w.dir, data)
	o.Log = slog.New(slog.DiscardHandler)
	o.vaults = secrettest.Transport{Handler: w.vault}
	o.fatal = func(error) { w.fatal.Add(1) }
	o.stores = func(name string, s kv.Store) kv.Store {
		f := &faultyStore{Store: s}
		switch name {
		case "log":
			f.noWrites.Store(w.log != nil && w.log.noWrites.Load())
			w.log = f
		case "config":
			f.noWrites.Store(w.config != nil && w.config.noWrites.Load())
			f.noReads.Store(w.config != nil && w.config.noReads.Load())
			w.config = f
		}
		return f
	}
	return o
}

// serve runs Serve until stop is called, or the test ends; its error where it does
// not begin.
func (w *faultWorld) serve() (stop func(), err error) {
	w.t.Helper()
	o := w.options(w.t.TempDir())
	ready, ended := make(chan Ready, 1), make(chan error, 1)
	o.Ready = func(r Ready) { ready <- r }
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- Serve(ctx, o) }()
	select {
	case w.Ready = <-ready:
	case err := <-ended:
		cancel()
		return nil, err
	case <-time.After(2 * patience):
		cancel()
		w.t.Fatal("the product neither starts nor refuses")
	}
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case <-ended: // what a broken store says at the end is no matter
		case <-time.After(3 * patience):
			w.t.Error("the product does not end")
		}
	})
	w.t.Cleanup(stop)
	return stop, nil
}

// begin logs in by the page and starts what waits for a callback and an approval,
// while everything is well.
func (w *faultWorld) begin(withLogin bool) {
	w.t.Helper()
	for _, machine := range []string{"wait", "approve", "late"} {
		arn := started(w.t, answerTo(w.t, signedAction(w.Console+"/", "StartExecution", "AKID", keySecret, `{"stateMachineArn":"`+faultMachine+machine+`","name":"`+machine+`-1"}`, time.Now())))
		w.until(arn, "TaskSubmitted")
	}
	r := must(http.NewRequestWithContext(w.t.Context(), "GET", w.Console+"/-/v1/callbacks", nil))
	sigv4.Sign(r, nil, "AKID", keySecret, time.Now(), sigv4.Options{Service: "states", Region: "us-east-1"})
	var list struct {
		Callbacks []struct{ StateMachine, URL string }
	}
	text := answerTo(w.t, r)
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		w.t.Fatal(err, text)
	}
	w.open = map[string]string{}
	for _, c := range list.Callbacks {
		w.open[c.StateMachine] = c.URL
	}
	if len(w.open) != 3 {
		w.t.Fatalf("open callbacks: %s", text)
	}
	if !withLogin {
		return
	}
	w.jar = &http.Client{Jar: must(cookiejar.New(nil))}
	status, page, _ := ask(w.t, w.jar, "GET", w.Console+startPath+"?provider="+providerOf(w.login), "")
	if status != 200 {
		w.t.Fatalf("login: %d %s", status, page)
	}
	_, page, _ = ask(w.t, w.jar, "GET", w.Console+"/approvals", "")
	w.readForm(w.t, page)
}

// until asks for an execution's last event until it is of a kind, or the execution's
// end, and gives its type, or the error of who asks.
func (w *faultWorld) until(arn, kind string) string {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		text := answerTo(w.t, signedAction(w.Console+"/", "GetExecutionHistory", "AKID", keySecret, `{"executionArn":"`+arn+`","maxResults":1,"reverseOrder":true}`, time.Now()))
		_, rest, _ := strings.Cut(text, `"type":"`)
		last, _, _ := strings.Cut(rest, `"`)
		if last == kind || last != "ExecutionStarted" && strings.HasPrefix(last, "Execution") {
			return last
		}
		if strings.Contains(text, "__type") {
			return text
		}
	}
	w.t.Fatalf("never %s of %s", kind, arn)
	return ""
}

// came gives the header of a call as the backend saw it.
func (w *faultWorld) came(id string) (http.Header, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h, ok := w.reached[id]
	return h, ok
}
