package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/identity"
	"stile/internal/secret"
)

// TestManagedIdentityIsAsked: tokens come from the source that stile.yaml names as it
// stands now, and from nowhere where it names none.
func TestManagedIdentityIsAsked(t *testing.T) {
	p := &project{Project: &files.Project{Config: &config.Config{}}}
	m := managedIdentity{func() *project { return p }, identity.NewManagedTokens(
		func(_ context.Context, resource, client string) (string, time.Time, error) {
			return resource + " " + client, time.Now().Add(time.Hour), nil
		}, time.Now), secret.NewMasker(nil)}
	if token, err := m.Token(t.Context(), "https://x", "c"); token != "" || !errors.Is(err, errNoManagedIdentity) {
		t.Errorf("without a source: %q, %v", token, err)
	}
	p = &project{Project: &files.Project{Config: &config.Config{ManagedIdentity: config.AzureIdentity}}}
	if token, err := m.Token(t.Context(), "https://x", "c"); token != "https://x c" || err != nil {
		t.Errorf("with a source: %q, %v", token, err)
	}
}
