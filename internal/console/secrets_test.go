package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/secret"
)

// shelf is what stands of three secrets; asked counts refreshes.
type shelf struct{ asked int }

func (s *shelf) List() []SecretUse {
	return []SecretUse{
		{secret.State{Ref: "env://A", Condition: secret.Fresh, Fetched: epoch, Age: 90 * time.Second, Next: epoch.Add(time.Minute)}, []string{"named value a", "access key K"}},
		{secret.State{Ref: "kv://acme/b", Condition: secret.Absent, Since: epoch, Reason: "it cannot <be> reached"}, nil},
		{secret.State{Ref: "kv://acme/c", Condition: secret.Unread}, []string{"connection c"}},
	}
}

func (s *shelf) Refresh(context.Context) error { s.asked++; return nil }

func post(h http.Handler, path, body, kind string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://127.0.0.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const shelfJSON = `{"secrets":[{"ref":"env://A","status":"fresh","fetched":"2023-11-14T22:13:20.123Z","age":90,"failingSince":null,"error":"","next":"2023-11-14T22:14:20.123Z","usedBy":["named value a","access key K"]},` +
	`{"ref":"kv://acme/b","status":"missing","fetched":null,"age":null,"failingSince":"2023-11-14T22:13:20.123Z","error":"it cannot <be> reached","next":null,"usedBy":[]},` +
	`{"ref":"kv://acme/c","status":"unread","fetched":null,"age":null,"failingSince":null,"error":"","next":null,"usedBy":["connection c"]}]}` + "\n"

func TestSecretsAreListedAndRefreshed(t *testing.T) {
	s, cfg := &shelf{}, config(newFake())
	cfg.Secrets = s
	h := New(cfg)
	if w := get(t, h, "/-/v1/secrets"); w.Code != 200 || w.Body.String() != shelfJSON {
		t.Errorf("%d %s", w.Code, cmp.Diff(shelfJSON, w.Body.String()))
	}
	if w := post(h, "/-/v1/secrets/refresh", "{}", "application/json"); w.Code != 200 || w.Body.String() != shelfJSON || s.asked != 1 {
		t.Errorf("%d %s, asked %d", w.Code, w.Body, s.asked)
	}
	if w := post(h, "/-/v1/secrets/refresh", "a=b", "application/x-www-form-urlencoded"); w.Code != http.StatusUnsupportedMediaType || s.asked != 1 {
		t.Errorf("a form of another site: %d, asked %d", w.Code, s.asked)
	}
	page := get(t, h, "/secrets").Body.String()
	for _, want := range []string{"<code>env://A</code>", "1m30s", "named value a, access key K", "it cannot &lt;be&gt; reached", "unread"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestSecretsNeedTheirPermission(t *testing.T) {
	s, cfg := &shelf{}, config(newFake())
	cfg.Secrets, cfg.Permissions = s, allowing(func(action string, _ []string) bool { return action != "stile:Configure" })
	h := New(cfg)
	for _, w := range []*httptest.ResponseRecorder{get(t, h, "/-/v1/secrets"), get(t, h, "/secrets"), post(h, "/-/v1/secrets/refresh", "{}", "application/json")} {
		if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "env://") || s.asked != 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	cfg.Secrets, cfg.Permissions = nil, allowing(nil)
	for _, path := range []string{"/-/v1/secrets", "/secrets"} {
		if w := get(t, New(cfg), path); w.Code != http.StatusNotFound {
			t.Errorf("%s without secrets: %d", path, w.Code)
		}
	}
}
