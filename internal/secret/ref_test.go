package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"env://A_b9": "", "file://x/y": "", "file:///abs": "", "age://keys/a.age": "",
		"kv://acme/db-password": "", "kv://acme/db-password/0f": "", "kv://acme.vault.azure.cn/n": "",
		"vault://kv/team/app#key": "", "vault://kv/a#b.c-d": "",
		"aws-sm://prod/db": "", "aws-sm://prod/db#password": "", "aws-sm://arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf#k": "",

		canary:                                "by reference",
		"env://":                              "environment variable",
		"env://9a":                            "environment variable",
		"env://a b":                           "environment variable",
		"file://":                             "path",
		"age://":                              "path",
		"file://a\nb":                         "path",
		"kv://acme":                           "VAULT/NAME",
		"kv://ab/n":                           "VAULT/NAME",
		"kv://acme/a/b/c":                     "VAULT/NAME",
		"kv://acme/a_b":                       "VAULT/NAME",
		"kv://acme/n/":                        "VAULT/NAME",
		"kv://evil.example.com/n":             "no Key Vault",
		"vault://kv/a":                        "#KEY",
		"vault://kv#k":                        "#KEY",
		"vault://kv/../sys/x#k":               "#KEY",
		"vault://kv/a//b#k":                   "#KEY",
		"vault://kv/a?version=1#k":            "#KEY",
		"aws-sm://":                           "name or ARN",
		"aws-sm://a b":                        "name or ARN",
		"aws-sm://n#":                         "name or ARN",
		"aws-sm://arn:aws:iam::1:x":           "name or ARN",
		"https://v/" + canary:                 "identifier",
		"https://acme.vault.azure.net/keys/n": "identifier",
		"https://acme.vault.azure.net.evil.com/secrets/n": "no Key Vault",
		"https://x@acme.vault.azure.net/secrets/n":        "VAULT/NAME",
		"ftp://" + canary:                    "unknown kind",
		"env://" + strings.Repeat("A", 3000): "longer",
	} {
		r, err := Parse(text)
		switch {
		case want == "" && (err != nil || r.String() != text || r.IsZero()):
			t.Errorf("Parse(%q) = %v, %v", text, r, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary)):
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
}

func parsed(t *testing.T, text string) Ref {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOnePlaceIsOneRef: the spellings of a Key Vault secret are the same Ref.
func TestOnePlaceIsOneRef(t *testing.T) {
	want := parsed(t, "kv://acme/token")
	for _, text := range []string{"https://acme.vault.azure.net/secrets/token", "https://ACME.vault.azure.net/secrets/token", "kv://acme.vault.azure.net/token"} {
		if got := parsed(t, text); got != want || got.Pinned() {
			t.Errorf("%s is %v", text, got)
		}
	}
	r := parsed(t, "https://acme.vault.azure.cn/secrets/token/v1")
	if host, name, version := r.KeyVault(); host != "acme.vault.azure.cn" || name != "token" || version != "v1" || !r.Pinned() {
		t.Errorf("%s %s %s", host, name, version)
	}
	if host, _, _ := want.KeyVault(); host != "acme.vault.azure.net" {
		t.Error(host)
	}
	if mount, path, key := parsed(t, "vault://kv/team/app#k").Vault(); mount != "kv" || path != "team/app" || key != "k" {
		t.Error(mount, path, key)
	}
	if name, key := parsed(t, "aws-sm://a/b#c").AWS(); name != "a/b" || key != "c" {
		t.Error(name, key)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"env://A", "kv://acme/n/v", "https://acme.vault.azure.net/secrets/n", "vault://m/p#k", "aws-sm://a#b", "file://x", "age://x", "://", "kv://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			_, place, _ := strings.Cut(text, "://")
			if !r.IsZero() || len(place) > 24 && strings.Contains(err.Error(), place) {
				t.Fatalf("%q: %v with %v", text, r, err)
			}
			return
		}
		again, err := Parse(r.String())
		if err != nil || again != r || r.IsZero() || len(r.String()) > maxRef {
			t.Fatalf("%q gave %v, which gives %v, %v", text, r, again, err)
		}
		if strings.ContainsFunc(r.String(), func(c rune) bool { return c < ' ' }) {
			t.Fatalf("%q has control characters", text)
		}
		switch r.Kind() {
		case KeyVault:
			host, name, _ := r.KeyVault()
			if !strings.HasSuffix(host, ".vault.azure.net") && !strings.HasSuffix(host, ".vault.azure.cn") && !strings.HasSuffix(host, ".vault.usgovcloudapi.net") || name == "" {
				t.Fatalf("%q leads to %q", text, host)
			}
		case Vault:
			if m, p, k := r.Vault(); m == "" || p == "" || k == "" || strings.Contains("/"+m+"/"+p+"/", "/../") {
				t.Fatalf("%q leads to %q %q", text, m, p)
			}
		}
	})
}

func TestEnvironmentAndFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"key": canary + "\n", "crlf": canary + "\r\n", "two": canary + "\n\n", "empty": "\n", "big": strings.Repeat("x", maxFile+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("STILE_TEST_SECRET", canary)
	t.Setenv("STILE_TEST_EMPTY", "")
	s := NewStore(Config{})
	for text, want := range map[string]string{
		"env://STILE_TEST_SECRET": canary, "env://STILE_TEST_EMPTY": "", "env://STILE_TEST_UNSET": "",
		"file://key": canary, "file://crlf": canary, "file://two": canary + "\n", "file://empty": "", "file://gone": "", "file://big": "",
		"file://" + filepath.Join(dir, "key"): canary, "kv://acme/n": "",
	} {
		got, err := s.Get(t.Context(), parsed(t, text).Under(dir))
		if (err != nil) != (want == "") || got.Reveal() != want {
			t.Errorf("%s: %d bytes, %v", text, len(got.Reveal()), err)
		}
		if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), dir)) {
			t.Errorf("%s: the error says too much: %v", text, err)
		}
	}
	if _, err := s.Get(t.Context(), Ref{}); err == nil || (Ref{}).String() != "" {
		t.Error("an empty reference resolved")
	}
}
