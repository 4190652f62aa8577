package files

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
}

// A subscription begins at its startDate, else when it was made; certificates and
// the managed identity of stile.yaml reach the service.
func TestSubscriptionsBeginAndCredentials(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "stile.yaml", "certificates:\n  - {id: orders, secret: {secret: \"file://orders.pem\"}}\nmanaged-identity: {source: azure}\n")
	for name, dates := range map[string]string{
		"both": `"startDate":"2026-03-01T00:00:00+01:00","createdDate":"2026-02-01T00:00:00Z"`,
		"made": `"startDate":null,"createdDate":"2026-02-01T00:00:00.1234567Z"`,
		"none": `"displayName":"x"`,
	} {
		put(t, dir, "apim/subscriptions/"+name+"/subscriptionInformation.json", `{"properties":{"scope":"/apis",`+dates+`}}`)
	}
	p, faults := Load(dir)
	if faults.HasErrors() {
		t.Fatal(faults)
	}
	for name, want := range map[string]time.Time{
		"both": time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC), "made": time.Date(2026, 2, 1, 0, 0, 0, 123456700, time.UTC), "none": {}} {
		if got := p.APIM.Subscription(name).Start; !got.Equal(want) {
			t.Errorf("%s begins at %v, want %v", name, got, want)
		}
	}
	if c := p.APIM.Certificates; len(c) != 1 || c[0].ID != "orders" || c[0].Ref.Path() != filepath.Join(dir, "orders.pem") || c[0].Place.Line != 2 {
		t.Errorf("certificates %+v", c)
	}
	if !p.APIM.ManagedIdentity {
		t.Error("no managed identity")
	}
	put(t, dir, "apim/subscriptions/none/subscriptionInformation.json", `{"properties":{"scope":"/apis","startDate":"soon"}}`)
	if _, faults := Load(dir); !faults.HasErrors() || !strings.Contains(faults.Error(), "not a time") {
		t.Errorf("a date that is none: %v", faults)
	}
}

// The digest is that of what sha256sum prints of the files that were read, and
// changes with each of them.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"apim/policy.xml": "<policies />", "stile.yaml": "name: x\n", "roles/r.json": `{"Version":"2012-10-17","Statement":[]}`}
	for name, text := range files {
		put(t, dir, name, text)
	}
	sum := func(text string) string { b := sha256.Sum256([]byte(text)); return hex.EncodeToString(b[:]) }
	var lines string
	for _, name := range []string{"apim/policy.xml", "roles/r.json", "stile.yaml"} {
		lines += sum(files[name]) + "  " + name + "\n"
	}
	digest := func() string {
		p, _ := Load(dir)
		return p.Digest
	}
	if got := digest(); got != sum(lines) {
		t.Errorf("digest %s, want %s", got, sum(lines))
	}
	put(t, dir, ".stile/data/x", "not of the project")
	if digest() != sum(lines) {
		t.Error("a file that was not read counts")
	}
	seen := map[string]bool{digest(): true}
	for name, text := range files {
		put(t, dir, name, text+" ")
		if d := digest(); seen[d] {
			t.Errorf("a change of %s does not show", name)
		} else {
			seen[d] = true
		}
	}
}
