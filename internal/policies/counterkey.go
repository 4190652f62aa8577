package policies

import (
	"crypto/sha256"
	"encoding/hex"

	"stile/policy"
)

// countersOf begins the keys of a policy's counters: a workspace's are its own. Whatever
// a caller puts into a key, no service's begins as a workspace's does.
func countersOf(c *policy.Compiler, name string) string {
	if w := c.Workspace(); w != "" {
		return name + "@" + w + "/"
	}
	return name + "/"
}

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
