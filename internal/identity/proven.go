package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"sync"
	"time"

	"stile/jsonval"
)

// proven remembers tokens whose signature was verified, and by which key.
//
// Task: a client sends the same token with every request, and verifying it costs more
// than all else that a request does. Invariants: what is remembered is a fact about
// bytes, that this key verifies this token, and never a decision: each time, the keys
// that count now are gone through, and the fact spares the arithmetic for an equal key
// alone. Times, issuers and audiences are checked as ever. A token that no key verified is
// never remembered, and of one that was, its text is not kept, but its digest.
type proven struct {
	mu sync.RWMutex
	// young takes what is new; where it is full, it becomes old, and what old had is
	// forgotten but for what was asked for meanwhile.
	young, old map[[sha256.Size]byte]*jws
	bytes      int // of the payloads in young
}

// Bounds of each half of what is remembered.
const (
	provenTokens = 8192
	provenBytes  = 16 << 20
	provenLength = 16 << 10 // a longer token is verified each time
)

func (p *proven) get(sum [sha256.Size]byte) *jws {
	p.mu.RLock()
	j, young := p.young[sum]
	if !young {
		j = p.old[sum]
	}
	p.mu.RUnlock()
	if j != nil && !young {
		p.put(sum, j)
	}
	return j
}

func (p *proven) put(sum [sha256.Size]byte, j *jws) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.young == nil || len(p.young) >= provenTokens || p.bytes+len(j.payload) > provenBytes {
		p.young, p.old, p.bytes = map[[sha256.Size]byte]*jws{}, p.young, 0
	}
	if p.young[sum] == nil {
		p.bytes += len(j.payload)
	}
	p.young[sum] = j
}

// again gives the claims of a token that a key verified before, where that key counts
// now; nil where none such does.
func (v *Verifier) again(ctx context.Context, j *jws, sources []Source, keys []PublicKey) *Token {
	for i := range keys {
		if sameKey(j.key, keys[i].key) && j.mayBeOf(&keys[i]) {
			return j.read.of("", false)
		}
	}
	for _, src := range sources {
		p, err := v.provider(ctx, src, j.kid)
		if err != nil {
			continue
		}
		for i := range p.keys {
			if sameKey(j.key, p.keys[i].key) && j.mayBeOf(&p.keys[i]) {
				return j.read.of(p.issuer, true)
			}
		}
	}
	return nil
}

// by gives the token as one that this key verified and that says what was read of it.
// What would make the token again, its text and signature, is not kept.
func (j *jws) by(k PublicKey, read *Token) *jws {
	t := *read
	values, times := map[string][]string{}, map[string]time.Time{}
	t.payload.v.EachMember(func(name string, _ jsonval.Value) bool {
		values[name] = t.payload.claim(name)
		if at, ok := read.Time(name); ok {
			times[name] = at
		}
		return true
	})
	t.values, t.times = values, times
	out := *j
	out.key, out.read, out.signed, out.signature = k.key, &t, "", nil
	return &out
}

// digestOf is the token's SHA-256; most tokens need no copy of their own for it.
func digestOf(token string) [sha256.Size]byte {
	var room [2048]byte
	if len(token) > len(room) {
		return sha256.Sum256([]byte(token))
	}
	return sha256.Sum256(room[:copy(room[:], token)])
}

// sameKey reports whether two keys verify the same tokens.
func sameKey(a, b any) bool {
	switch a := a.(type) {
	case *rsa.PublicKey:
		b, ok := b.(*rsa.PublicKey)
		return ok && (a == b || a.Equal(b))
	case *ecdsa.PublicKey:
		b, ok := b.(*ecdsa.PublicKey)
		return ok && (a == b || a.Equal(b))
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	}
	return false
}
