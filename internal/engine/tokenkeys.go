package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// keyring is the host's secrets, made when the store is first opened. It never
// changes while the host runs.
type keyring struct {
	current string            // id of the key that new executions take
	tokens  map[string][]byte // by id
	effects []byte            // of Idempotency-Keys
	pages   []byte            // of page tokens
}

var metaKeys = []byte("keys")

// openKeys reads the keys, or makes them. It returns the op that keeps new ones.
func openKeys(store kv.Store, seed func() uint64) (*keyring, []kv.Op, error) {
	got, err := store.GetMany(spaceMeta, [][]byte{metaKeys})
	if err != nil {
		return nil, nil, err
	}
	if got[0] != nil {
		k, err := decodeKeys(got[0])
		return k, nil, err
	}
	k := &keyring{current: "k1", tokens: map[string][]byte{"k1": newKey(seed)}, effects: newKey(seed), pages: newKey(seed)}
	return k, []kv.Op{{Kind: kv.Set, Space: spaceMeta, Key: metaKeys, Value: k.encode()}}, nil
}

// newKey makes 32 bytes out of as many of the host's randomness.
func newKey(seed func() uint64) []byte {
	var b []byte
	for range 4 {
		b = binary.LittleEndian.AppendUint64(b, seed())
	}
	return b
}

func (k *keyring) encode() []byte {
	e := record(160)
	e.str(k.current)
	e.bytes(k.effects)
	e.bytes(k.pages)
	e.uint(uint64(len(k.tokens)))
	for _, id := range sortedKeys(k.tokens) {
		e.str(id)
		e.bytes(k.tokens[id])
	}
	return e.b
}

func decodeKeys(b []byte) (*keyring, error) {
	d := open(b)
	k := &keyring{current: d.str(), effects: d.bytes(), pages: d.bytes(), tokens: map[string][]byte{}}
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		id := d.str()
		k.tokens[id] = d.bytes()
	}
	if d.err == nil && k.tokens[k.current] == nil {
		d.err = errors.New("engine: the current token key is missing")
	}
	return k, d.err
}

func (k *keyring) key(id string) []byte { return k.tokens[id] }

// seal is interp.Env's Token.
func (k *keyring) seal(key, arn string, command uint64, attempt uint32, expiry int64) string {
	secret := k.tokens[key]
	if secret == nil {
		panic(fmt.Sprintf("engine: token key %q is missing", key))
	}
	return sfn.Token{Key: key, ExecutionARN: arn, Command: command, Attempt: attempt, Expires: time.UnixMilli(expiry)}.Seal(secret)
}

// again makes another token of the same attempt, for its callback URL.
func (k *keyring) again(key string, t sfn.Token) string {
	t.Key = key
	return t.Seal(k.tokens[key])
}

// idempotency gives the Idempotency-Key: hex of HMAC(execution ARN, command, keyID).
func (k *keyring) idempotency(arn string, command, keyID uint64) string {
	m := hmac.New(sha256.New, k.effects)
	m.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, command), keyID))
	m.Write([]byte(arn))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// TokenKeys gives the keys of task tokens by their id; nil for an unknown id. It
// is what sfn.OpenTask asks for.
func (h *Host) TokenKeys() func(id string) []byte { return h.keys.key }
