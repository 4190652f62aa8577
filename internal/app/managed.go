package app

import (
	"context"
	"errors"
	"time"

	"stile/internal/config"
	"stile/internal/identity"
	"stile/internal/secret"
)

// managedIdentity gives policies tokens of the identities that stile.yaml names a
// source for, as it stands at that moment.
type managedIdentity struct {
	project func() *project
	azure   *identity.ManagedTokens
	mask    *secret.Masker
}

func (s *server) managedIdentity() managedIdentity {
	return managedIdentity{s.current.Load, identity.NewManagedTokens(identity.AzureIdentity(nil), time.Now), s.secrets.mask}
}

var errNoManagedIdentity = errors.New("a managed identity is needed, and " + config.FileName + " has no managed-identity")

// Token gives a token for a resource.
func (m managedIdentity) Token(ctx context.Context, resource, clientID string) (string, error) {
	if p := m.project(); p == nil || p.Config.ManagedIdentity != config.AzureIdentity {
		return "", errNoManagedIdentity
	}
	token, err := m.azure.Token(ctx, resource, clientID)
	m.mask.Seen(secret.NewValue(token)) // before a backend can send it back
	return token, err
}
