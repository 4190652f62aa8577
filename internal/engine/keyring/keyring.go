// Package keyring holds the engine's secrets: what seals task tokens, idempotency
// keys and page tokens. They are made when a store is first opened and never change,
// but where a store was restored without them: it gets new ones.
//
// Invariant: a key's id names one key in the life of a store. An execution whose key
// is gone gets its next tokens of the current one.
//
// It reads and writes no store: the engine, which alone uses it, keeps the record.
package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// Keyring is the host's secrets, made when the store is first opened. It never
// changes while the host runs.
type Keyring struct {
	Current string            // id of the key that new executions take
	tokens  map[string][]byte // by id
	effects []byte            // of Idempotency-Keys
	pages   []byte            // of page tokens
}

// New makes the keys out of a host's randomness. opened is how often the store was
// opened before, 0 for a new one: it makes the key's id another than those of keys
// that the store had and lost.
func New(opened uint64, seed func() uint64) *Keyring {
	id := "k" + strconv.FormatUint(opened+1, 36)
	return &Keyring{Current: id, tokens: map[string][]byte{id: newKey(seed)}, effects: newKey(seed), pages: newKey(seed)}
}

// newKey makes 32 bytes out of as many of the host's randomness.
func newKey(seed func() uint64) []byte {
	var b []byte
	for range 4 {
		b = binary.LittleEndian.AppendUint64(b, seed())
	}
	return b
}

// Encode gives their record.
func (k *Keyring) Encode() []byte {
	e := codec.New(160)
	e.Str(k.Current)
	e.Bytes(k.effects)
	e.Bytes(k.pages)
	e.Uint(uint64(len(k.tokens)))
	for _, id := range slices.Sorted(maps.Keys(k.tokens)) {
		e.Str(id)
		e.Bytes(k.tokens[id])
	}
	return e.B
}

// Decode reads what Encode gave.
func Decode(b []byte) (*Keyring, error) {
	d := codec.Open(b)
	k := &Keyring{Current: d.Str(), effects: d.Bytes(), pages: d.Bytes(), tokens: map[string][]byte{}}
	for n := d.Uint(); n > 0 && d.Err == nil; n-- {
		id := d.Str()
		k.tokens[id] = d.Bytes()
	}
	if d.Err == nil && k.tokens[k.Current] == nil {
		d.Err = errors.New("engine: the current token key is missing")
	}
	return k, d.Err
}

// Key gives a key of task tokens by its id; nil for an unknown one.
func (k *Keyring) Key(id string) []byte { return k.tokens[id] }

// Seal is interp.Env's Token, of the key with that id, or of the current one where
// it is gone: the attempt can be answered by the new token, and not by the old.
func (k *Keyring) Seal(key, arn string, command uint64, attempt uint32, expiry int64) string {
	return k.Again(key, sfn.Token{ExecutionARN: arn, Command: command, Attempt: attempt, Expires: time.UnixMilli(expiry)})
}

// Again makes another token of the same attempt, for its callback URL.
func (k *Keyring) Again(key string, t sfn.Token) string {
	if k.tokens[key] == nil {
		key = k.Current
	}
	t.Key = key
	return t.Seal(k.tokens[key])
}

// Idempotency gives the Idempotency-Key: hex of HMAC(execution ARN, command, keyID).
func (k *Keyring) Idempotency(arn string, command, keyID uint64) string {
	m := hmac.New(sha256.New, k.effects)
	m.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, command), keyID))
	m.Write([]byte(arn))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// SealPage makes a page token: where the next page begins, with a MAC over it and
// the scope, so that a token made up or taken from another listing does not open.
func (k *Keyring) SealPage(scope string, from []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(k.pageMAC(scope, from), from...))
}

// OpenPage gives where a page begins; nil for the first one.
func (k *Keyring) OpenPage(scope, token string) ([]byte, error) {
	if token == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) <= 16 || !hmac.Equal(b[:16], k.pageMAC(scope, b[16:])) {
		return nil, sfn.InvalidToken()
	}
	return b[16:], nil
}

func (k *Keyring) pageMAC(scope string, from []byte) []byte {
	m := hmac.New(sha256.New, k.pages)
	m.Write([]byte(scope))
	m.Write([]byte{0})
	m.Write(from)
	return m.Sum(nil)[:16]
}
