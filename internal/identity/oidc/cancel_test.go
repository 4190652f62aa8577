package oidc

import (
	"context"
	"testing"

	"stile/internal/identity/idptest"
)

// TestWhoGoesAwayLeavesNoFailure: a login that was begun and hung up on does not
// keep the next person from the provider.
func TestWhoGoesAwayLeavesNoFailure(t *testing.T) {
	p := New(configured(idptest.New(t, idptest.Generic)))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, _ = p.Begin(gone, "http://127.0.0.1:1/cb", "/")
	if _, _, err := p.Begin(t.Context(), "http://127.0.0.1:1/cb", "/"); err != nil {
		t.Error(err)
	}
}
