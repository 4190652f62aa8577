package app

import (
	"context"
	"errors"
	"time"

	"stile/internal/config"
	"stile/internal/identity"
)

// managedIdentity gives policies tokens of the identities that stile.yaml names a
// source for, as it stands at that moment.
type managedIdentity struct {
	project func() *project
	azure   *identity.ManagedTokens
}

func (s *server) managedIdentity() managedIdentity {
	return managedIdentity{s.current.Load, identity.NewManagedTokens(identity.AzureIdentity(nil), time.Now)}
}

var errNoManagedIdentity = errors.New("a managed identity is needed, and " + config.FileName + " has no managed-identity")

// Token gives a token for a resource.
func (m managedIdentity) Token(ctx context.Context, resource, clientID string) (string, error) {
	if p := m.project(); p == nil || p.Config.ManagedIdentity != config.AzureIdentity {
		return "", errNoManagedIdentity
	}
	return m.azure.Token(ctx, resource, clientID)
}
