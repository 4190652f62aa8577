package policies

import (
	"crypto/sha256"
	"encoding/hex"
)

// maxCounterKey is how long a counter's key may be, in bytes. Counters are bounded in
// number, and a key often comes from a header as long as its sender likes.
const maxCounterKey = 256

// counterKey is the text of a counter-key as counters are told apart by: itself, or
// where it is too long its digest.
func counterKey(text string) string {
	if len(text) <= maxCounterKey {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256\x00" + hex.EncodeToString(sum[:])
}
