package policies

import (
	"strings"
	"testing"
)

// TestCounterKeysAreShort: a counter is remembered for minutes, and its key comes
// from whoever sends the header.
func TestCounterKeysAreShort(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	a, b := counterKey(long+"a"), counterKey(long+"b")
	if a == b || len(a) > maxCounterKey || counterKey(long+"a") != a {
		t.Errorf("%d and %d bytes, the same: %v", len(a), len(b), a == b)
	}
	if short := strings.Repeat("é", 128); counterKey(short) != short || counterKey("") != "" {
		t.Error("a short key is not itself")
	}
}
