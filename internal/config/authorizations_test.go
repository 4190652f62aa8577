package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAuthorizations(t *testing.T) {
	const guid = "11111111-2222-3333-4444-55555555abcd"
	cfg, faults := Parse("stile.yaml", `authorizations:
  - {provider: github, id: repo, connection: hub, identities: [{tenant: `+strings.ToUpper(guid)+`, object: `+guid+`}]}
`)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	want := []Authorization{{Provider: "github", ID: "repo", Connection: "hub", Identities: []AuthorizedIdentity{{guid, guid}}, Line: 2, Column: 5}}
	if diff := cmp.Diff(want, cfg.Authorizations); diff != "" {
		t.Error(diff)
	}
	_, faults = Parse("stile.yaml", `authorizations:
  - {provider: github, id: repo}
  - {provider: github, id: repo, connection: hub, identities: [{tenant: here, object: `+guid+`}]}
`)
	for _, want := range []string{`has no "connection"`, "must be a GUID", "another authorization of provider github"} {
		if !strings.Contains(faults.Error(), want) {
			t.Errorf("no fault says %q: %v", want, faults)
		}
	}
}
