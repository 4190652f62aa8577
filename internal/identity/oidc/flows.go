package oidc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"
)

// maxSealed bounds a sealed flow in characters: browsers keep cookies to 4,096
// bytes, their names and attributes among them.
const maxSealed = 3800

// maxUsed bounds the logins that ended of which is known that they did. The oldest
// gives way: what it would still keep out has the sealed flow of that browser, and a
// code that the provider redeems once itself.
const maxUsed = 10_000

// Flows seals the logins that have begun into the cookies of the browsers that began
// them, and takes each back once. Nothing is kept of a login that only began, so that
// who floods the login takes nobody else's away. The key lives in memory alone: after
// a restart a person begins again. It is safe for concurrent use.
type Flows struct {
	now func() time.Time
	key [32]byte

	mu   sync.Mutex
	used map[string]struct{} // states
	// order has the states of used in the order of their use, which is that of their
	// end to within FlowLife.
	order []usedState
}

type usedState struct {
	state string
	until time.Time
}

// sealed is a Flow as it lies in a cookie.
type sealed struct {
	Provider, State, Next     string
	Until                     time.Time
	Nonce, Verifier, Redirect string
}

// NewFlows makes a Flows with a key of its own.
func NewFlows(now func() time.Time) *Flows {
	f := &Flows{now: now, used: map[string]struct{}{}}
	_, _ = rand.Read(f.key[:]) // crypto/rand.Read does not fail
	return f
}

// saltSize is what stands before a sealed flow: each has a key of its own, so that
// however many are begun, no nonce is used twice with one.
const saltSize = 32

// aead is the cipher of one salt.
func (f *Flows) aead(salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, f.key[:], salt, "stile login flow 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal gives a flow as text for a cookie. Where it would be too long for one, the
// person comes to / after the login.
func (f *Flows) Seal(flow Flow) (string, error) {
	text, err := f.seal(flow)
	if err == nil && len(text) > maxSealed {
		flow.Next = "/"
		text, err = f.seal(flow)
	}
	return text, err
}

func (f *Flows) seal(flow Flow) (string, error) {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(sealed{flow.Provider, flow.State, flow.Next, flow.Until, flow.nonce, flow.verifier, flow.redirect}); err != nil {
		return "", err
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // crypto/rand.Read does not fail
	c, err := f.aead(salt)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(c.Seal(salt, make([]byte, c.NonceSize()), plain.Bytes(), nil)), nil
}

// Open gives the flow of a cookie where the state that came back is its own: false
// where the cookie is not of this process, was changed, or is of another login.
func (f *Flows) Open(text, state string) (Flow, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < saltSize || len(text) > maxSealed {
		return Flow{}, false
	}
	c, err := f.aead(raw[:saltSize])
	if err != nil {
		return Flow{}, false
	}
	plain, err := c.Open(nil, make([]byte, c.NonceSize()), raw[saltSize:], nil)
	if err != nil {
		return Flow{}, false
	}
	var s sealed
	if json.Unmarshal(plain, &s) != nil || subtle.ConstantTimeCompare([]byte(s.State), []byte(state)) != 1 {
		return Flow{}, false
	}
	return Flow{Provider: s.Provider, State: s.State, Next: s.Next, Until: s.Until, nonce: s.Nonce, verifier: s.Verifier, redirect: s.Redirect}, true
}

// Use ends a flow: true the first time, where its time is not over.
func (f *Flows) Use(flow Flow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for len(f.order) > 0 && (len(f.order) >= maxUsed || !now.Before(f.order[0].until)) {
		delete(f.used, f.order[0].state)
		f.order = f.order[1:]
	}
	if _, was := f.used[flow.State]; was || !now.Before(flow.Until) {
		return false
	}
	f.used[flow.State] = struct{}{}
	f.order = append(f.order, usedState{flow.State, now.Add(FlowLife)})
	return true
}
