package connection_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/reach"
	"stile/internal/secret"
	"stile/internal/task/connection"
	"stile/policy/exchange"
)

func fileRef(t *testing.T, text string) secret.Ref {
	t.Helper()
	path := t.TempDir() + "/more"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ref, err := secret.Parse("file://" + path)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// is makes a target that takes one Authorization.
func is(header func() (name, value string)) func(*world, *exchange.Exchange) bool {
	return func(_ *world, ex *exchange.Exchange) bool {
		name, value := header()
		return ex.Request.Header.Get(name) == value
	}
}

// TestARotatedSecretIsUsedAtOnce: the target takes the new secret alone; the same
// dispatch is sent once more. A secret that is still the same leaves the 401.
func TestARotatedSecretIsUsedAtOnce(t *testing.T) {
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	for name, c := range map[string]struct {
		d      connection.Definition
		header func(secret string) (string, string)
	}{
		"API key": {connection.Definition{Kind: connection.APIKey, KeyName: "X-Api-Key"}, func(s string) (string, string) { return "X-Api-Key", s }},
		"basic":   {connection.Definition{Kind: connection.Basic, User: "ada"}, func(s string) (string, string) { return "Authorization", basic("ada", s) }},
	} {
		t.Run(name, func(t *testing.T) {
			want := "secret-one"
			w := newWorld(t, nil, &c.d, want)
			w.accept = is(func() (string, string) { return c.header(want) })
			if res := w.run(); res.Error != "" || len(w.seen) != 1 {
				t.Fatalf("first: %+v", res)
			}
			want = "secret-two"
			if res := w.run(); res.Error != "States.Http.StatusCode.401" || len(w.seen) != 2 {
				t.Fatalf("the same secret: %+v, sent %d times", res, len(w.seen))
			}
			w.rotate(want)
			w.pass(secret.RefetchEvery)
			if res := w.run(); res.Error != "" || len(w.seen) != 4 || w.seen[2].key != w.seen[3].key {
				t.Errorf("the rotated one: %+v, sent %d times", res, len(w.seen))
			}
		})
	}
}

// TestNoSecretNoCall: what cannot be had fails the Task, names the reference, and
// nothing is sent.
func TestNoSecretNoCall(t *testing.T) {
	for _, d := range []connection.Definition{{Kind: connection.APIKey, KeyName: "X-Api-Key"}, {Kind: connection.Basic, User: "ada"},
		{Kind: connection.OAuth, User: "c", Endpoint: "https://id.example/token", Method: "POST"}} {
		w := newWorld(t, http.DefaultTransport, &d, "")
		w.accept = func(*world, *exchange.Exchange) bool { return true }
		res := w.run()
		if res.Error != unusable || !strings.Contains(res.Cause, "file://") || len(w.seen) != 0 || res.Definite {
			t.Errorf("%s: %+v", d.Kind, res)
		}
	}
	w := newWorld(t, nil, &connection.Definition{Kind: connection.APIKey, KeyName: "X"}, "two\nlines-of-secret")
	if res := w.run(); res.Error != unusable || strings.Contains(res.Cause, "lines-of") || len(w.seen) != 0 {
		t.Errorf("a control character: %+v", res)
	}
}

// TestSecretParametersAreSentAndNotRecorded: header, query and body parameters of
// the connection that are secret reach the target and no record of the call.
func TestSecretParametersAreSentAndNotRecorded(t *testing.T) {
	d := connection.Definition{Kind: connection.APIKey, KeyName: "X-Api-Key", Invocation: connection.Parameters{
		Header: []connection.Parameter{{Name: "X-Tenant", Secret: fileRef(t, "canary-header")}},
		Query:  []connection.Parameter{{Name: "sig", Secret: fileRef(t, "canary-query")}},
		Body:   []connection.Parameter{{Name: "pin", Secret: fileRef(t, "canary-body")}}}}
	w := newWorld(t, nil, &d, "canary-key")
	w.accept = func(_ *world, ex *exchange.Exchange) bool {
		return ex.Request.Header.Get("X-Tenant") == "canary-header" && ex.Request.Header.Get("X-Api-Key") == "canary-key"
	}
	res := w.run()
	if res.Error != "" || w.seen[0].query != "?sig=canary-query" || w.seen[0].body != `{"a":1,"pin":"canary-body"}` {
		t.Fatalf("%+v %+v", res, w.seen)
	}
	if text := res.Call.Text(); strings.Contains(text, "canary") || !strings.Contains(text, `"governed":false,"host":"api.example.com","reason":"test"`) {
		t.Errorf("record %s", text)
	}
}

// endpoint is a token endpoint that answers by a function.
func endpoint(t *testing.T, h http.HandlerFunc) (*connection.Definition, http.RoundTripper) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &connection.Definition{Kind: connection.OAuth, User: "client", Endpoint: srv.URL + "/token?a=b", Method: "POST"},
		&http.Transport{DialContext: reach.Dial(reach.Inside)}
}

func TestTokenRequests(t *testing.T) {
	var method, query, body, kind, auth string
	d, transport := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		method, query, body, kind, auth = r.Method, r.URL.RawQuery, string(text), r.Header.Get("Content-Type"), r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":"3599"}`)
	})
	d.Token = connection.Parameters{Query: []connection.Parameter{{Name: "q", Value: "1"}}, Body: []connection.Parameter{{Name: "scope", Value: "a b"}}}
	w := newWorld(t, transport, d, "hush")
	w.accept = is(func() (string, string) { return "Authorization", "Bearer t" })
	if res := w.run(); res.Error != "" {
		t.Fatal(res)
	}
	if method != "POST" || query != "a=b&q=1" || kind != "application/x-www-form-urlencoded" ||
		body != "client_id=client&client_secret=hush&grant_type=client_credentials&scope=a+b" {
		t.Errorf("%s ?%s %s %s", method, query, kind, body)
	}
	d.Method, d.Token.Header = "GET", []connection.Parameter{{Name: "Authorization", Secret: fileRef(t, "Basic x")}}
	if res := w.run(); res.Error != "" {
		t.Fatal(res)
	}
	if values, _ := url.ParseQuery(query); method != "GET" || body != "" || auth != "Basic x" || values.Get("client_secret") != "" || values.Get("grant_type") != "client_credentials" {
		t.Errorf("%s ?%s %q %s", method, query, body, auth)
	}
}

// TestBadTokenAnswers: nothing but a Bearer token in JSON is taken, and no word of
// the endpoint but RFC 6749's codes is repeated.
func TestBadTokenAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status           int
		kind, body, want string
	}{
		"no type":         {200, "", `{"access_token":"t"}`, "application/json"},
		"form":            {200, "application/x-www-form-urlencoded", "access_token=t", "application/json"},
		"no JSON":         {200, "application/json", `{"access_token":`, "no JSON object"},
		"a list":          {200, "application/json", `["t"]`, "no JSON object"},
		"no token":        {200, "application/json", `{}`, "no access_token"},
		"a line end":      {200, "application/json", `{"access_token":"a\r\nX: y"}`, "no access_token"},
		"another type":    {200, "application/json", `{"access_token":"t","token_type":"DPoP"}`, "not of type Bearer"},
		"a wrong life":    {200, "application/json", `{"access_token":"t","expires_in":"soon"}`, "expires_in"},
		"created":         {201, "application/json", `{"access_token":"t"}`, "it answered 201"},
		"known refusal":   {400, "application/json", `{"error":"invalid_scope","error_description":"canary"}`, "it answered 400 (invalid_scope)"},
		"unknown refusal": {403, "application/json", `{"error":"canary"}`, "it answered 403."},
		"too large":       {200, "application/json", `{"access_token":"` + strings.Repeat("t", 70<<10) + `"}`, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			d, transport := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{c.kind}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			w := newWorld(t, transport, d, "hush-hush")
			res := w.run()
			if res.Error != unusable || !strings.Contains(res.Cause, c.want) || len(w.seen) != 0 {
				t.Errorf("%+v", res)
			}
			if strings.Contains(res.Cause, "canary") || strings.Contains(res.Cause, "hush") {
				t.Errorf("the cause repeats what it must not: %s", res.Cause)
			}
		})
	}
}

// TestTokenEndpointAddresses: a metadata address is no token endpoint, and one that came
// from data is asked by the way to public ones alone.
func TestTokenEndpointAddresses(t *testing.T) {
	d, transport := endpoint(t, nil)
	d.Endpoint = "https://169.254.169.254/token"
	w := newWorld(t, transport, d, "hush")
	if res := w.run(); res.Error != unusable || !strings.Contains(res.Cause, "metadata service") {
		t.Errorf("%+v", res)
	}
	d.Endpoint = "http://127.0.0.1:1/token"
	if res := w.run(); res.Error != unusable || !strings.Contains(res.Cause, "the connection was refused") {
		t.Errorf("%+v", res)
	}
	d.Public = true
	if res := w.run(); res.Error != unusable || !strings.Contains(res.Cause, "none that came from data") {
		t.Errorf("without a way to public ones: %+v", res)
	}
}

// TestARotatedClientSecret: the endpoint refuses the old one, the new one is
// fetched and used by the same call.
func TestARotatedClientSecret(t *testing.T) {
	asked := 0
	d, transport := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("client_secret") != "new-secret" {
			w.WriteHeader(401)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"t"}`)
	})
	w := newWorld(t, transport, d, "old-secret")
	w.accept = func(*world, *exchange.Exchange) bool { return true }
	if res := w.run(); res.Error != unusable || !strings.Contains(res.Cause, "invalid_client") || asked != 1 {
		t.Fatalf("%+v, asked %d", res, asked)
	}
	w.rotate("new-secret")
	w.pass(secret.RefetchEvery)
	if res := w.run(); res.Error != "" || asked != 3 {
		t.Errorf("%+v, asked %d", res, asked)
	}
}

// TestATargetThatRefusesEverything: its 401 stands, and neither it nor the token
// endpoint is asked without end.
func TestATargetThatRefusesEverything(t *testing.T) {
	asked := 0
	d, transport := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t`+strings.Repeat("x", asked)+`"}`)
	})
	w := newWorld(t, transport, d, "hush")
	w.accept = func(*world, *exchange.Exchange) bool { return false }
	for range 5 {
		if res := w.run(); res.Error != "States.Http.StatusCode.401" || !res.Definite {
			t.Fatalf("%+v", res)
		}
	}
	if asked != 2 || len(w.seen) != 6 { // the first call's token is new; the second call renews it, once in 10 s
		t.Errorf("token endpoint asked %d times, target %d times", asked, len(w.seen))
	}
}

// TestOneFetchForAll: calls at the same time share one fetch, and one that is given
// up leaves it to the others.
func TestOneFetchForAll(t *testing.T) {
	var mu sync.Mutex
	asked, arrived, release := 0, make(chan struct{}, 10), make(chan struct{})
	d, transport := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		arrived <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t"}`)
	})
	w := newWorld(t, transport, d, "hush")
	w.accept = is(func() (string, string) { return "Authorization", "Bearer t" })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			creds, err := w.keeper.Authorize(t.Context(), d)
			if err != nil || creds.Header[0].Value.Reveal() != "Bearer t" {
				t.Errorf("%v %v", creds, err)
			}
		})
	}
	<-arrived
	close(release)
	all.Wait()
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	w.pass(10 * time.Minute) // a life that is not said is short
	if res := w.run(); res.Error != "" || asked != 2 {
		t.Errorf("%+v, asked %d times", res, asked)
	}
}
