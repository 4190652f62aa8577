package config

import (
	"strings"
	"testing"
	"time"
)

func TestSecrets(t *testing.T) {
	got := parse(t, "secrets: {refresh: 90s, max-age: 2h, age-identity: keys/age.txt}\n").Secrets
	if got != (SecretsConfig{Refresh: 90 * time.Second, MaxAge: 2 * time.Hour, AgeIdentity: "keys/age.txt"}) {
		t.Errorf("%+v", got)
	}
	for text, want := range map[string]string{
		"secrets: {refresh: 30}":              "must be a duration",
		"secrets: {refresh: 10ms}":            "of 1s or more",
		"secrets: {max-age: -1h}":             "must be a duration",
		"secrets: {refresh: 2h, max-age: 1h}": "shorter than secrets.refresh",
		"secrets: {refrsh: 30s}":              "unknown key",
		"secrets: {age-identity: ''}":         "",
	} {
		if _, faults := Parse("p/stile.yaml", text); !faults.HasErrors() || !strings.Contains(faults.Error(), want) {
			t.Errorf("%s: %v; want %q", text, faults, want)
		}
	}
}
