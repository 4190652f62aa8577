package keyvault_test

import (
	"context"
	"strings"
	"testing"

	"stile/internal/secret"
	"stile/internal/secret/keyvault"
	"stile/internal/secret/secrettest"
)

const canary = "canary-kv-91c4"

func vaults() (*secrettest.KeyVault, map[string]string) {
	fake := &secrettest.KeyVault{Tenant: "11111111-1111-1111-1111-111111111111", Client: "app", ClientSecret: canary + "-client"}
	return fake, map[string]string{"AZURE_TENANT_ID": fake.Tenant, "AZURE_CLIENT_ID": fake.Client, "AZURE_CLIENT_SECRET": fake.ClientSecret}
}

func open(fake *secrettest.KeyVault, env map[string]string) *keyvault.Source {
	return keyvault.New(keyvault.Config{Transport: secrettest.Transport{Handler: fake}, Getenv: func(name string) string { return env[name] }})
}

func fetch(t *testing.T, s *keyvault.Source, text string) (string, error) {
	t.Helper()
	ref, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Fetch(t.Context(), ref)
	return v.Reveal(), err
}

func TestFetch(t *testing.T) {
	fake, env := vaults()
	fake.Set("acme", "token", canary+"-1")
	fake.Set("acme", "token", canary+"-2")
	fake.Set("other", "token", canary+"-3")
	s := open(fake, env)
	for text, want := range map[string]string{
		"kv://acme/token":                               canary + "-2",
		"kv://acme/token/1":                             canary + "-1",
		"https://acme.vault.azure.net/secrets/token":    canary + "-2",
		"https://other.vault.azure.net/secrets/token/1": canary + "-3",
	} {
		if got, err := fetch(t, s, text); got != want || err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if n := fake.Tokens(); n != 1 {
		t.Errorf("%d tokens for one credential", n)
	}
}

// TestErrorsSayWhyAndNothingElse: what Azure sends, and a broken transport says,
// may hold secrets; no error passes it on.
func TestErrorsSayWhyAndNothingElse(t *testing.T) {
	for want, spoil := range map[string]func(*secrettest.KeyVault, map[string]string){
		"no such secret":          func(f *secrettest.KeyVault, _ map[string]string) { f.Refuse(404) },
		"Key Vault Secrets User":  func(f *secrettest.KeyVault, _ map[string]string) { f.Refuse(403) },
		"throttles":               func(f *secrettest.KeyVault, _ map[string]string) { f.Refuse(429) },
		"Key Vault answered 500":  func(f *secrettest.KeyVault, _ map[string]string) { f.Refuse(500) },
		"cannot be reached":       func(f *secrettest.KeyVault, _ map[string]string) { f.Down(true) },
		"gave no token":           func(_ *secrettest.KeyVault, e map[string]string) { e["AZURE_CLIENT_SECRET"] = canary + "-wrong" },
		"credentials of Azure in": func(_ *secrettest.KeyVault, e map[string]string) { e["AZURE_TENANT_ID"] = "" },
	} {
		fake, env := vaults()
		fake.Set("acme", "token", canary)
		spoil(fake, env)
		got, err := fetch(t, open(fake, env), "kv://acme/token")
		if err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		} else if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "Bearer") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	fake, env := vaults()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ref, err := secret.Parse("kv://acme/token")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(fake, env).Fetch(ended, ref); err == nil {
		t.Error("it fetched after its context ended")
	}
}
