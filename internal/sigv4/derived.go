package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	digest "hash"
	"strings"
	"sync"
)

// maxDerived bounds a Derived. A key has one entry for each day that its requests
// are of, so that an ordinary server has a few.
const maxDerived = 128

// Derived remembers signing keys: what a secret gives for one day, region and
// service. It holds secrets and never prints; a secret that has changed is another
// entry, and the old one goes with the others once there are maxDerived. A nil
// Derived remembers nothing.
type Derived struct {
	mu   sync.RWMutex
	keys map[derivation]*sync.Pool
}

// derivation is what a signing key was made of.
type derivation struct{ secret, place string }

// signer computes signatures of one signing key.
type signer struct {
	mac  digest.Hash
	text []byte
}

// sign appends a request's signature to b.
func (d *Derived) sign(b []byte, secret string, c *credential, canonical [sha256.Size]byte) []byte {
	pool := d.pool(derivation{secret, c.place()})
	s := pool.Get().(*signer)
	defer pool.Put(s)
	s.text = c.appendToSign(s.text[:0], canonical)
	s.mac.Reset()
	s.mac.Write(s.text)
	s.text = s.mac.Sum(s.text[:0])
	return append(b, s.text...)
}

func (d *Derived) pool(of derivation) *sync.Pool {
	if d == nil {
		return newSigners(of)
	}
	d.mu.RLock()
	p := d.keys[of]
	d.mu.RUnlock()
	if p != nil {
		return p
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p = d.keys[of]; p == nil {
		if d.keys == nil || len(d.keys) >= maxDerived {
			d.keys = map[derivation]*sync.Pool{}
		}
		p = newSigners(derivation{strings.Clone(of.secret), strings.Clone(of.place)})
		d.keys[of] = p
	}
	return p
}

func newSigners(of derivation) *sync.Pool {
	key := signingKey(of.secret, of.place)
	return &sync.Pool{New: func() any { return &signer{mac: hmac.New(sha256.New, key)} }}
}

// signingKey derives the key of one day, region and service, which place names.
func signingKey(secret, place string) []byte {
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(place, "/") {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return key
}
