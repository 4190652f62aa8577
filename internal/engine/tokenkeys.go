package engine

import (
	"log/slog"

	"stile/internal/engine/keyring"
	"stile/internal/engine/record"
	"stile/internal/kv"
)

var metaKeys = []byte("keys")

// KeyRange bounds the rows of the log's store that are secret: the keys, without
// which no task token can be made up. Who copies the store takes care of them.
func KeyRange() (space kv.Space, from, to []byte) {
	return record.SpaceMeta, metaKeys, append(append([]byte(nil), metaKeys...), 0)
}

// openKeys reads the keys, or makes them. It returns the op that keeps new ones.
// A store that was open before and has none was restored without them.
func openKeys(store kv.Store, seed func() uint64, log *slog.Logger) (*keyring.Keyring, []kv.Op, error) {
	got, err := store.GetMany(record.SpaceMeta, [][]byte{metaKeys})
	if err != nil {
		return nil, nil, err
	}
	if got[0] != nil {
		k, err := keyring.Decode(got[0])
		return k, nil, err
	}
	opened, err := epochOf(store)
	if err != nil {
		return nil, nil, err
	}
	if opened > 0 {
		log.Warn("the store has no keys, as after a restore without them: new ones are made, and task tokens and callback URLs given out before no longer work")
	}
	k := keyring.New(opened, seed)
	return k, []kv.Op{{Kind: kv.Set, Space: record.SpaceMeta, Key: metaKeys, Value: k.Encode()}}, nil
}

// TokenKeys gives the keys of task tokens by their id; nil for an unknown id. It
// is what sfn.OpenTask asks for.
func (h *Host) TokenKeys() func(id string) []byte { return h.keys.Key }
