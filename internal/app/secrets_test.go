package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/audit"
	"stile/internal/gateway"
	"stile/internal/kv/memkv"
	"stile/internal/secret"
	"stile/internal/secret/secrettest"
	"stile/policy/exchange"
)

// narration is a log that may be read while it is written.
type narration struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *narration) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *narration) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

const canary = "canary-rotation-5f3a"

// vaulted is a project whose API sends a Key Vault secret to its backend.
func vaulted(t *testing.T) (dir string, fake *secrettest.KeyVault) {
	t.Helper()
	fake = &secrettest.KeyVault{Tenant: "11111111-1111-1111-1111-111111111111", Client: "app", ClientSecret: canary + "-client"}
	t.Setenv("AZURE_TENANT_ID", fake.Tenant)
	t.Setenv("AZURE_CLIENT_ID", fake.Client)
	t.Setenv("AZURE_CLIENT_SECRET", fake.ClientSecret)
	dir = folder(t, "http://backend.example", invoke,
		"apim/namedValues/token/namedValueInformation.json",
		`{"properties":{"displayName":"token","secret":true,"keyVault":{"secretIdentifier":"https://acme.vault.azure.net/secrets/token"}}}`,
		"apim/apis/shop/policy.xml", shopPolicy(`<set-header name="X-Token" exists-action="override"><value>{{token}}</value></set-header>`))
	return dir, fake
}

// gated is a server of which only the gateway and the secrets run. It is made in
// a bubble; what it calls answers with the token that it got.
func gated(t *testing.T, dir string, fake *secrettest.KeyVault, log *narration) (s *server, ask func() (status int, token string)) {
	t.Helper()
	return gatedTo(t, dir, fake, log, exchange.CallerFunc(func(_ context.Context, ex *exchange.Exchange) error {
		token := ex.Request.Header.Get("X-Token")
		ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text(token)}
		if strings.HasSuffix(token, "-revoked") {
			ex.Response.StatusCode = 401
		}
		return nil
	}))
}

// gatedTo is gated with backend as what the gateway calls.
func gatedTo(t *testing.T, dir string, fake *secrettest.KeyVault, log *narration, backend exchange.Caller) (s *server, ask func() (status int, token string)) {
	t.Helper()
	var ids atomic.Uint64
	s = &server{opts: Options{Dirs: []string{dir}}, log: slog.New(slog.NewJSONHandler(log, nil))}
	s.secrets = newSecrets(s.log, secrettest.Transport{Handler: fake})
	store := memkv.New(nil)
	t.Cleanup(func() { _ = store.Close() })
	book, err := audit.Open(auditKV{store}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.audit = &auditor{book: book, log: s.log}
	s.gateway = gateway.New(gateway.Config{Now: time.Now, Refused: s.secrets.refused, Rand: func() uint64 { return ids.Add(1) },
		NewGUID:   func() string { return fmt.Sprint(ids.Add(1)) },
		Authorize: func(ex *exchange.Exchange) *exchange.PermissionDenied { return s.roles.authorize(ex) }, Backend: backend})
	l, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range l.warnings {
		s.log.Warn(d.String())
	}
	s.gateway.Swap(l.snapshot)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.rotate(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s, func() (int, string) {
		ex := &exchange.Exchange{Request: exchange.Request{Method: "POST", URL: exchange.URL{Path: "/shop/reserve"}}}
		if err := s.gateway.Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		body, err := ex.Response.Body.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return ex.Response.StatusCode, string(body)
	}
}

func tokenRef(t *testing.T) secret.Ref {
	t.Helper()
	ref, err := secret.Parse("kv://acme/token")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// TestRotationWhileRequestsFlow: a new version is used within 60 s, a vault that is
// down for ten minutes is not noticed, no request fails, no log tells the secret.
func TestRotationWhileRequestsFlow(t *testing.T) {
	dir, fake := vaulted(t)
	fake.Set("acme", "token", canary+"-1")
	synctest.Test(t, func(t *testing.T) {
		var log narration
		s, ask := gated(t, dir, fake, &log)
		requests := 0
		// flow asks twice a second for a while, and gives when the wanted version came.
		flow := func(d time.Duration, old, want string) (after time.Duration) {
			after = -1
			for begun := time.Now(); time.Since(begun) < d; requests++ {
				status, token := ask()
				switch {
				case status != 200 || token != old && token != want:
					t.Fatalf("after %v: status %d with %q", time.Since(begun), status, token)
				case token == want && after < 0:
					after = time.Since(begun)
				case token == old && after >= 0 && old != want:
					t.Fatal("the old version came back")
				}
				time.Sleep(500 * time.Millisecond)
			}
			return after
		}
		one, two, three := canary+"-1", canary+"-2", canary+"-3"
		flow(5*time.Minute, one, one)
		fake.Set("acme", "token", two)
		if after := flow(2*time.Minute, one, two); after < 0 || after > 60*time.Second {
			t.Errorf("the new version was used after %v", after)
		} else {
			t.Logf("the new version was used after %v", after)
		}
		fake.Down(true)
		flow(10*time.Minute, two, two)
		st, ok := s.secrets.store.State(tokenRef(t))
		if !ok || st.Condition != secret.Stale || st.Age < 9*time.Minute || st.Reason == "" {
			t.Errorf("the state of a vault that is down: %+v", st)
		}
		fake.Set("acme", "token", three)
		fake.Down(false)
		if after := flow(2*time.Minute, two, three); after < 0 || after > 60*time.Second {
			t.Errorf("after the outage the new version was used after %v", after)
		}
		if strings.Contains(log.String(), canary) || !strings.Contains(log.String(), "a secret has a new value") {
			t.Error("the log tells a secret, or nothing")
		}
		t.Logf("%d requests, none failed; %d reads of the vault", requests, fake.Reads())
	})
}

// TestARefusedSecretIsFetchedAtOnce: after a backend's 401 the next request has the
// new version, and backends that go on refusing do not wear out the vault.
func TestARefusedSecretIsFetchedAtOnce(t *testing.T) {
	dir, fake := vaulted(t)
	fake.Set("acme", "token", canary+"-revoked")
	synctest.Test(t, func(t *testing.T) {
		var log narration
		_, ask := gated(t, dir, fake, &log)
		reads := fake.Reads()
		fake.Set("acme", "token", canary+"-2-revoked")
		status, _ := ask()
		synctest.Wait()
		if again, token := ask(); status != 401 || again != 401 || token != canary+"-2-revoked" {
			t.Errorf("%d, then %d with the version before", status, again)
		}
		for range 1000 {
			ask()
		}
		synctest.Wait()
		if n := fake.Reads() - reads; n != 1 {
			t.Errorf("%d reads of the vault after refusals within 10 s", n)
		}
		fake.Set("acme", "token", canary+"-3")
		time.Sleep(secret.RefetchEvery)
		ask()
		synctest.Wait()
		if status, _ := ask(); status != 200 {
			t.Errorf("with the good version: %d", status)
		}
	})
}

// TestAVaultThatIsDownAtTheStart: the project loads with a warning, what needs the
// secret answers 503, and works once the vault is up.
func TestAVaultThatIsDownAtTheStart(t *testing.T) {
	dir, fake := vaulted(t)
	fake.Set("acme", "token", canary)
	fake.Down(true)
	synctest.Test(t, func(t *testing.T) {
		var log narration
		_, ask := gated(t, dir, fake, &log)
		for range 60 {
			if status, body := ask(); status != 503 || strings.Contains(body, canary) || strings.Contains(body, "kv://") {
				t.Fatalf("%d %s", status, body)
			}
			time.Sleep(time.Second)
		}
		if !strings.Contains(log.String(), "[STL-C024]") || !strings.Contains(log.String(), "namedValueInformation.json") {
			t.Errorf("no warning: %s", &log)
		}
		fake.Down(false)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if status, token := ask(); status != 200 || token != canary {
			t.Errorf("after it came: %d", status)
		}
		if strings.Contains(log.String(), canary) {
			t.Error("the log tells a secret")
		}
	})
}

// TestCheckReadsNoSecret: a project whose secrets lie nowhere near has no fault.
func TestCheckReadsNoSecret(t *testing.T) {
	dir, fake := vaulted(t)
	for _, path := range []string{dir, filepath.Join(dir, "apim", "apis", "shop", "policy.xml")} {
		list, err := Check([]string{path})
		if err != nil || len(list) != 0 {
			t.Errorf("%s: %v %v", path, list, err)
		}
	}
	if fake.Reads() != 0 {
		t.Error("it read")
	}
}

// TestAnExecutionWaitsAcrossARotation: the call after the wait carries the new
// value; callers at the edge notice nothing.
func TestAnExecutionWaitsAcrossARotation(t *testing.T) {
	var mu sync.Mutex
	var seen []string // tokens of the execution's calls
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("X-Edge") == "" {
			seen = append(seen, r.Header.Get("X-Token"))
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	defer back.Close()
	file := filepath.Join(t.TempDir(), "token")
	put := func(text string) {
		if err := os.WriteFile(file+"~", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+"~", file); err != nil {
			t.Fatal(err)
		}
	}
	put(canary + "-1")
	dir := folder(t, back.URL, invoke, "stile.yaml", "name: shop\nsecrets: {refresh: 1s}\nmap:\n  shop.example: {gateway: self}\n",
		"apim/namedValues/token/namedValueInformation.json", `{"properties":{"displayName":"token","value":{"secret":"file://`+file+`"}}}`,
		"apim/apis/shop/policy.xml", shopPolicy(`<set-header name="X-Token" exists-action="override"><value>{{token}}</value></set-header>`))
	call := `"Type":"Task","Resource":"` + invoke + `","Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/reserve","RequestBody":{}}`
	write(t, dir, "workflows/one.asl.json", `{"StartAt":"Before","States":{"Before":{`+call+`,"Next":"Pause"},
		"Pause":{"Type":"Wait","Seconds":3,"Next":"After"},"After":{`+call+`,"End":true}}}`)
	p := dev(t, dir, t.TempDir())
	arn := p.start("one")
	p.until(arn, "the wait", func(e []event) bool { return count(e, "WaitStateEntered") == 1 })
	put(canary + "-2")
	p.tells("secrets have changed")
	if status, _ := send(t, "POST", p.Gateway+"/shop/reserve", "{}", "X-Edge", "1"); status != 200 {
		t.Errorf("a caller at the edge: %d", status)
	}
	p.until(arn, "the end", ended)
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{canary + "-1", canary + "-2"}, seen); diff != "" {
		t.Error(diff)
	}
}
