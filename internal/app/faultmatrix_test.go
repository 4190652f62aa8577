package app

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stile/internal/identity/idptest"
	"stile/policy/exchange"
)

// fault is a row of the fault matrix: what is broken before the start, or after all
// was well for a while, and what the calls that lean on it answer then. Calls that
// are not named answer as if nothing were broken.
type fault struct {
	name          string
	before, after func(w *faultWorld)
	want          faultAnswers
	// not are the calls that cannot be made, with the reason.
	not faultAnswers
}

// faultAnswers are what calls answer under a fault, by name.
type faultAnswers = map[string]string

// noKeys: tokens that nobody can verify are good for nothing.
var noKeys = faultAnswers{"edge, good token": "401"}

// noVault: what needs a secret that never came answers 503, and a key that might be
// the one that cannot be read is neither good nor bad.
var noVault = faultAnswers{"edge, policy with a secret": "503", "edge, good subscription key": "503", "edge, bad subscription key": "503",
	"state calls an operation with a secret": "ExecutionFailed"}

const noSession = "nobody can log in before, so that there is no session"

func faultRows() []fault {
	const unasked = "the call is made, and its outcome cannot be read"
	const failure = "InternalFailure"
	states := func(more faultAnswers) faultAnswers {
		maps.Copy(more, faultAnswers{"state calls an operation": failure, "state calls an operation with a secret": failure, "state calls past the gateway": failure})
		return more
	}
	return []fault{
		{name: "none"},
		{name: "JWKS endpoint down", before: func(w *faultWorld) { w.keys.KeysAnswers(idptest.KeysDown) }, want: noKeys},
		{name: "JWKS is garbage", before: func(w *faultWorld) { w.keys.KeysAnswers(idptest.KeysGarbage) }, want: noKeys},
		{name: "JWKS has no keys", before: func(w *faultWorld) { w.keys.KeysAnswers(idptest.KeysEmpty) }, want: noKeys},
		{name: "JWKS endpoint down, keys known", after: func(w *faultWorld) {
			w.edge("/shop/guarded", "Authorization", "Bearer "+w.keys.Mint(nil))
			w.keys.KeysAnswers(idptest.KeysDown)
		}},
		{name: "Key Vault down at start", before: func(w *faultWorld) { w.vault.Down(true) }, want: noVault},
		{name: "Key Vault answers 403", before: func(w *faultWorld) { w.vault.Refuse(http.StatusForbidden) }, want: noVault},
		{name: "Key Vault down later", after: func(w *faultWorld) { w.vault.Down(true) }},
		{name: "log's store fails", after: func(w *faultWorld) { w.log.noWrites.Store(true) }, want: states(faultAnswers{
			"edge, starts an execution": "500", "AWS API, start, good signature": failure, "/-/v1, read, good bearer": "500", "/-/v1, start, good bearer": "500",
			"page, with session": "500", "device flow": "500", "callback, altered": "500", "approval": "500", "callback, good": "500",
			"state under way calls past the gateway": failure})},
		// A start and what is in memory need no reading; what came of it cannot be asked.
		{name: "log's store cannot be read", after: func(w *faultWorld) { w.log.noReads.Store(true) }, want: faultAnswers{
			"/-/v1, read, good bearer": "500", "page, with session": "500", "device flow": "500"},
			not: faultAnswers{"state calls an operation": unasked, "state calls an operation with a secret": unasked,
				"state calls past the gateway": unasked, "state under way calls past the gateway": unasked}},
		{name: "audit cannot be written", after: func(w *faultWorld) { w.config.noWrites.Store(true) }, want: states(faultAnswers{
			"edge, starts an execution": "500", "AWS API, start, good signature": failure, "/-/v1, start, good bearer": "500",
			"/-/v1, role token, good bearer": "500", "a login": "503, then 401", "approval": "500", "callback, good": "500",
			"state under way calls past the gateway": "ExecutionFailed"})},
		{name: "sessions cannot be read", after: func(w *faultWorld) { w.config.noReads.Store(true) }, want: faultAnswers{
			"page, with session": "401", "a login": "401, then 401", "approval, no token of the session": "401", "approval": "401"}},
		{name: "OTLP endpoint down", before: func(w *faultWorld) { w.otlp.down.Store(true) }},
		{name: "OTLP endpoint hangs", before: func(w *faultWorld) { w.otlp.hang.Store(true) }},
		{name: "App Insights down", before: func(w *faultWorld) { w.insights.down.Store(true) }},
		{name: "App Insights hangs", before: func(w *faultWorld) { w.insights.hang.Store(true) }},
		{name: "identity provider down", before: func(w *faultWorld) { w.login.Down(true) }, want: faultAnswers{
			"/-/v1, read, good bearer": "401", "/-/v1, start, good bearer": "401", "/-/v1, role token, good bearer": "401",
			"a login": "502, then 401", "device flow": "no code"},
			not: faultAnswers{"page, with session": noSession, "approval": noSession, "approval, no token of the session": noSession}},
		{name: "identity provider down, keys known", after: func(w *faultWorld) {
			w.control("GET", "Authorization", "Bearer "+w.login.Mint(nil))
			w.login.Down(true)
		}, want: faultAnswers{"a login": "503, then 401", "device flow": "no code"}},
		{name: "webhook target down", before: func(w *faultWorld) { w.hook.down.Store(true) }},
		{name: "webhook target hangs", before: func(w *faultWorld) { w.hook.hang.Store(true) }},
		{name: "managed identity source down", before: func(w *faultWorld) { w.machine.down.Store(true) }, want: faultAnswers{"edge, managed identity": "500"}},
		{name: "connection's token endpoint down", before: func(w *faultWorld) { w.grants.down.Store(true) }, want: faultAnswers{
			"state calls past the gateway": "ExecutionFailed", "state under way calls past the gateway": "ExecutionFailed"}},
	}
}

// TestFaultMatrix breaks each thing that the product leans on and makes each call:
// what must be refused is refused, what is answered as done was done with its
// credential, and what does not lean on the broken thing goes on.
func TestFaultMatrix(t *testing.T) {
	cells, wrong := 0, 0
	var not []string
	for _, f := range faultRows() {
		t.Run(f.name, func(t *testing.T) {
			w := newFaultWorld(t)
			if f.before != nil {
				f.before(w)
			}
			stop, err := w.serve()
			if err != nil {
				t.Fatal(err)
			}
			w.begin(f.name != "identity provider down")
			if f.after != nil {
				f.after(w)
			}
			for _, c := range faultCalls() {
				if why := f.not[c.name]; why != "" {
					not = append(not, f.name+" × "+c.name+": "+why)
					continue
				}
				cells++
				want, special := f.want[c.name]
				if !special {
					want = c.well
				}
				if got := c.ask(w); got != want || c.refuses() && done(got) {
					wrong++
					t.Errorf("%s: %s, want %s", c.name, got, want)
				}
			}
			stop() // what is exported is so by now
			if ends := w.fatal.Load() > 0; ends != (f.name == "log's store fails") {
				t.Errorf("the process would have ended: %v", ends)
			}
			for name, s := range map[string]*service{"OTLP endpoint": w.otlp, "App Insights": w.insights, "webhook target": w.hook} {
				if s.asked.Load() == 0 && f.name != "log's store fails" { // no notice leaves it then
					t.Errorf("the %s was never called: its faults show nothing", name)
				}
			}
		})
	}
	t.Logf("fault matrix: %d cells, wrong answers %d", cells, wrong)
	for _, line := range not {
		t.Logf("cannot apply: %s", line)
	}
}

// TestFaultMatrixStart breaks things before `serve` starts: it starts where nothing
// is open without them, and else refuses with what is wrong.
func TestFaultMatrixStart(t *testing.T) {
	const starts = ""
	rows := []struct {
		name  string
		fault func(w *faultWorld)
		want  string
	}{
		{"none", func(*faultWorld) {}, starts},
		{"JWKS endpoint down", func(w *faultWorld) { w.keys.Down(true) }, starts},
		{"identity provider down", func(w *faultWorld) { w.login.Down(true) }, starts},
		{"Key Vault down", func(w *faultWorld) { w.vault.Down(true) }, starts},
		{"Key Vault down, an access key in it", func(w *faultWorld) {
			w.vault.Down(true)
			w.replace("env://STILE_TEST_ACCESS_KEY", "kv://acme/key")
		}, "secret kv://acme/key: Key Vault: it cannot be reached"},
		{"Key Vault answers 403, the provider's client secret in it", func(w *faultWorld) {
			w.vault.Refuse(http.StatusForbidden)
			w.replace("env://"+clientSecretEnv, "kv://acme/key")
		}, "secret kv://acme/key: Key Vault does not let this identity read the secret"},
		{"Key Vault down, the connection string in it", func(w *faultWorld) {
			w.vault.Down(true)
			w.replace("env://STILE_TEST_INSIGHTS", "kv://acme/insights")
		}, "telemetry.appinsights: "},
		{"log's store fails", func(w *faultWorld) { w.log = &faultyStore{}; w.log.noWrites.Store(true) }, errDisk.Error()},
		{"audit cannot be written", func(w *faultWorld) { w.config = &faultyStore{}; w.config.noWrites.Store(true) }, errDisk.Error()},
		{"keys and audit cannot be read", func(w *faultWorld) { w.config = &faultyStore{}; w.config.noReads.Store(true) }, errDisk.Error()},
		{"OTLP endpoint hangs", func(w *faultWorld) { w.otlp.hang.Store(true) }, starts},
		{"App Insights down", func(w *faultWorld) { w.insights.down.Store(true) }, starts},
		{"webhook target hangs", func(w *faultWorld) { w.hook.hang.Store(true) }, starts},
		{"managed identity source down", func(w *faultWorld) { w.machine.down.Store(true) }, starts},
		{"connection's token endpoint down", func(w *faultWorld) { w.grants.down.Store(true) }, starts},
	}
	wrong := 0
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			w := newFaultWorld(t)
			r.fault(w)
			_, err := w.serve()
			if (err == nil) != (r.want == starts) || err != nil && !strings.Contains(err.Error(), r.want) {
				wrong++
				t.Errorf("%v, want %q", err, r.want)
			}
		})
	}
	t.Logf("faults × serve starts: %d cells, wrong answers %d", len(rows), wrong)
}

// TestFaultMatrixMaxAge: with Key Vault down past secrets.max-age the last good value
// serves no more, nothing takes its place, and what needs none goes on; once it is
// back all is well by itself.
func TestFaultMatrixMaxAge(t *testing.T) {
	dir, fake := vaulted(t)
	fake.Set("acme", "token", faultSecret)
	fake.Set("acme", "key", faultKey)
	for name, key := range map[string]string{"open": "false", "keyed": "true"} {
		write(t, dir, "apim/apis/"+name+"/apiInformation.json",
			`{"properties":{"displayName":"`+name+`","path":"`+name+`","subscriptionRequired":`+key+`,"serviceUrl":"http://backend.example"}}`)
		write(t, dir, "apim/apis/"+name+"/specification.yaml",
			"openapi: 3.0.1\ninfo: {title: s, version: '1'}\npaths:\n  /x:\n    post: {operationId: x, responses: {'200': {description: ok}}}\n")
	}
	write(t, dir, "apim/subscriptions/demo/subscriptionInformation.json", `{"properties":{"scope":"/apis/keyed","displayName":"demo","primaryKey":{"secret":"kv://acme/key"}}}`)
	synctest.Test(t, func(t *testing.T) {
		var log narration
		reached := 0
		s, _ := gatedTo(t, dir, fake, &log, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
			reached++
			if token := ex.Request.Header.Get("X-Token"); ex.API.ID == "shop" && token != faultSecret {
				t.Errorf("the backend got the secret %q", token)
			}
			ex.Response = exchange.Response{StatusCode: 200}
			return nil
		}))
		cells, wrong := 0, 0
		ask := func(when, path, key string, want int) {
			t.Helper()
			cells++
			ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", URL: exchange.URL{Path: path}}}
			if key != "" {
				ex.Request.Header.Set("Ocp-Apim-Subscription-Key", key)
			}
			before := reached
			if err := s.gateway.Do(t.Context(), ex); err != nil {
				t.Fatal(err)
			}
			if got := ex.Response.StatusCode; got != want || (reached > before) != (want == 200) {
				wrong++
				t.Errorf("%s, %s with key %q: %d, want %d; the backend was called %d times", when, path, key, got, want, reached-before)
			}
		}
		round := func(when string, secret, good, bad int) {
			t.Helper()
			ask(when, "/shop/reserve", "", secret)
			ask(when, "/open/x", "", 200)
			ask(when, "/keyed/x", faultKey, good)
			ask(when, "/keyed/x", "other", bad)
			ask(when, "/keyed/x", "", 401)
		}
		round("all is well", 200, 200, 401)
		fake.Down(true)
		time.Sleep(23 * time.Hour)
		round("down for 23 h", 200, 200, 401)
		time.Sleep(2 * time.Hour)
		round("down for 25 h", 503, 503, 503)
		fake.Down(false)
		time.Sleep(2 * time.Minute)
		round("back again", 200, 200, 401)
		t.Logf("Key Vault past max-age: %d cells, wrong answers %d", cells, wrong)
	})
}
