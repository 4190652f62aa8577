package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccessKeys(t *testing.T) {
	got := parse(t, `access-keys:
  - { id: AKIDORDERS, secret: { secret: "env://ORDERS_KEY" }, principal: "user:ada@example.com" }
  - id: AKID_2
    secret: { secret: file://keys/two }
`)
	want := []AccessKey{
		{ID: "AKIDORDERS", Secret: SecretRef{Text: "env://ORDERS_KEY", Line: 2, Column: 41}, Principal: "user:ada@example.com", Line: 2},
		{ID: "AKID_2", Secret: SecretRef{Text: "file://keys/two", Line: 4, Column: 23}, Principal: "key:AKID_2", Line: 3},
	}
	if diff := cmp.Diff(want, got.AccessKeys); diff != "" {
		t.Error(diff)
	}
}

func TestFaultyAccessKeys(t *testing.T) {
	const canary = "canary-51fe"
	_, faults := Parse("stile.yaml", `access-keys:
  - { id: A/B, secret: `+canary+`, more: 1 }
  - { id: A, principal: ada, secret: { secret: "env://A" } }
  - { id: A, principal: "group:ops", secret: { secret: "env://A", version: 2 } }
  - { id: "", secret: {} }
  - id
`)
	want := `stile.yaml:2:11: an access key's id has 1 to 128 letters, digits and _ [STL-C003]
stile.yaml:2:24: an access key's secret is a secret and must not be written out here [STL-C013]
stile.yaml:2:37: unknown key "more" in an access key [STL-C002]
stile.yaml:3:25: a principal is user:SUBJECT, app:ID or key:ID [STL-C003]
stile.yaml:4:5: another access key has the id A [STL-C005]
stile.yaml:4:25: a principal is user:SUBJECT, app:ID or key:ID [STL-C003]
stile.yaml:4:67: unknown key "version" in a secret reference [STL-C002]
stile.yaml:5:11: this must not be empty [STL-C003]
stile.yaml:5:23: a secret reference has no "secret" [STL-C004]
stile.yaml:6:5: an access key must be a map of keys, not text [STL-C003]`
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Error(diff)
	}
	for _, f := range faults {
		if strings.Contains(f.Text(), canary) {
			t.Errorf("the diagnostic shows the secret: %s", f.Text())
		}
	}
	if faults[3].Excerpt == "" {
		t.Error("a line without a secret has no excerpt")
	}
}
