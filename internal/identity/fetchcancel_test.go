package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestWhoGoesAwayLeavesNoFailure: nobody who is not proven can keep the keys from
// the others by asking and hanging up.
func TestWhoGoesAwayLeavesNoFailure(t *testing.T) {
	const config = "https://id.example.com" + DiscoveryPath
	asked := 0
	get := func(ctx context.Context, target, _ string) ([]byte, error) {
		asked++
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case strings.HasSuffix(target, DiscoveryPath):
			return []byte(`{"issuer":"https://id.example.com","jwks_uri":"https://id.example.com/keys"}`), nil
		}
		return []byte(`{"keys":[]}`), nil
	}
	v := NewVerifier(nil, get, start().now)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	token := "eyJhbGciOiJSUzI1NiJ9.e30.AA" // well formed, of nobody
	for range 20 {                         // whether one that is over already takes its turn is chance
		_, _ = v.Verify(gone, token, Written(config), nil)
	}
	_, err := v.Verify(t.Context(), token, Written(config), nil)
	var refused *TokenError
	if !errors.As(err, &refused) || strings.Contains(refused.Message, "not available") {
		t.Errorf("the keys are not there: %v", err)
	}
	if asked != 2 {
		t.Errorf("fetched %d documents, want 2", asked)
	}
}
