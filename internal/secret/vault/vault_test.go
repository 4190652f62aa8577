package vault_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/internal/secret"
	"stile/internal/secret/vault"
)

const canary = "canary-hv-40d2"

// server plays Vault with one mount of each version of the key-value engine and
// one that is none. Its refusals tell what they were asked with.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		say := func(status int, body any) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body)
		}
		mount := func(kind, version string) {
			say(200, map[string]any{"data": map[string]any{"type": kind, "options": map[string]any{"version": version}}})
		}
		if r.Header.Get("X-Vault-Token") != canary+"-token" || r.Header.Get("X-Vault-Namespace") != "team" {
			say(403, map[string]any{"errors": []string{"permission denied for " + r.Header.Get("X-Vault-Token")}})
			return
		}
		switch r.URL.Path {
		case "/v1/sys/internal/ui/mounts/kv":
			mount("kv", "2")
		case "/v1/sys/internal/ui/mounts/old":
			mount("kv", "1")
		case "/v1/sys/internal/ui/mounts/transit":
			mount("transit", "")
		case "/v1/kv/data/team/app":
			say(200, map[string]any{"data": map[string]any{"data": map[string]any{"key": canary, "n": 5}, "metadata": map[string]any{"version": 3}}})
		case "/v1/old/app":
			say(200, map[string]any{"data": map[string]any{"key": canary + "-old"}})
		case "/v1/kv/data/odd":
			say(200, []string{canary})
		case "/v1/kv/data/sealed":
			say(503, map[string]any{"errors": []string{canary}})
		case "/v1/kv/data/moved":
			http.Redirect(w, r, "/v1/kv/data/team/app", http.StatusTemporaryRedirect)
		case "/v1/kv/data/huge":
			say(200, strings.Repeat(canary, 1<<17))
		case "/v1/kv/data/cut":
			panic(http.ErrAbortHandler)
		default:
			say(404, map[string]any{"errors": []string{}})
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func fetch(t *testing.T, env map[string]string, text string) (string, error) {
	t.Helper()
	ref, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.New(vault.Config{Getenv: func(n string) string { return env[n] }}).Fetch(t.Context(), ref)
	return v.Reveal(), err
}

func TestFetch(t *testing.T) {
	s := server(t)
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".vault-token"), []byte(canary+"-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{
		{"VAULT_ADDR": s.URL, "VAULT_NAMESPACE": "team", "VAULT_TOKEN": canary + "-token"},
		{"VAULT_ADDR": s.URL + "/", "VAULT_NAMESPACE": "team", "HOME": home},
	} {
		for text, want := range map[string]string{"vault://kv/team/app#key": canary, "vault://old/app#key": canary + "-old"} {
			if got, err := fetch(t, env, text); got != want || err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func TestErrorsSayWhyAndNothingElse(t *testing.T) {
	s := server(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, tt := range []struct{ ref, name, value, want string }{
		{"vault://kv/team/app#none", "", "", "no such key"},
		{"vault://kv/team/app#n", "", "", "no string"},
		{"vault://kv/team/gone#k", "", "", "no such secret"},
		{"vault://kv/odd#k", "", "", "not the shape"},
		{"vault://kv/sealed#k", "", "", "sealed"},
		{"vault://kv/moved#key", "", "", "Vault answered 307"},
		{"vault://kv/huge#k", "", "", "larger"},
		{"vault://kv/cut#k", "", "", "cannot be reached"},
		{"vault://transit/x#k", "", "", "no key-value engine"},
		{"vault://kv/team/app#key", "VAULT_TOKEN", canary + "-wrong", "refuses the token"},
		{"vault://kv/team/app#key", "VAULT_TOKEN", "", "no token"},
		{"vault://kv/team/app#key", "VAULT_TOKEN", canary + "\nX: y", "cannot be reached"},
		{"vault://kv/team/app#key", "VAULT_ADDR", "", "VAULT_ADDR is not set"},
		{"vault://kv/team/app#key", "VAULT_ADDR", "http://vault.example.com", "https://"},
		{"vault://kv/team/app#key", "VAULT_ADDR", "https://u:" + canary + "@vault.example.com", "no address"},
		{"vault://kv/team/app#key", "VAULT_ADDR", closed.URL, "refused"},
	} {
		env := map[string]string{"VAULT_ADDR": s.URL, "VAULT_NAMESPACE": "team", "VAULT_TOKEN": canary + "-token"}
		if tt.name != "" {
			env[tt.name] = tt.value
		}
		got, err := fetch(t, env, tt.ref)
		if err == nil || got != "" || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s with %s: %v; want %q", tt.ref, tt.name, err, tt.want)
		}
	}
}
