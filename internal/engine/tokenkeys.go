package engine

import (
	"stile/internal/engine/keyring"
	"stile/internal/kv"
)

var metaKeys = []byte("keys")

// openKeys reads the keys, or makes them. It returns the op that keeps new ones.
func openKeys(store kv.Store, seed func() uint64) (*keyring.Keyring, []kv.Op, error) {
	got, err := store.GetMany(spaceMeta, [][]byte{metaKeys})
	if err != nil {
		return nil, nil, err
	}
	if got[0] != nil {
		k, err := keyring.Decode(got[0])
		return k, nil, err
	}
	k := keyring.New(seed)
	return k, []kv.Op{{Kind: kv.Set, Space: spaceMeta, Key: metaKeys, Value: k.Encode()}}, nil
}

// TokenKeys gives the keys of task tokens by their id; nil for an unknown id. It
// is what sfn.OpenTask asks for.
func (h *Host) TokenKeys() func(id string) []byte { return h.keys.Key }
