package app

import (
	"time"

	"stile/internal/kv"
	"stile/internal/telemetry"
)

// Spaces of the stores that app opens beside the log's; each is alone in its
// store, so the numbers need not differ from the engine's.
const (
	spaceTraces     kv.Space = 1 // of the trace store
	spaceGateTraces kv.Space = 2 // of the trace store: traces of requests
	spaceKeys       kv.Space = 1 // of the configuration's store: the issuer's keys, sessions
	spaceAudit      kv.Space = 2 // of the configuration's store: who changed what
	spaceQuotas     kv.Space = 3 // of the configuration's store: digest of a group → its counters

	spaceExpress kv.Space = 0x30 // of the log's store, beside the engine's: ARN → start of an open EXPRESS execution

	spaceActivities  kv.Space = 4 // of the configuration's store: name → activity
	spaceConnections kv.Space = 5 // of the configuration's store: name → EventBridge connection made over the API
)

// traceKV makes a kv.Store the telemetry's.
type traceKV struct{ store kv.Store }

func (t traceKV) Write(sets []telemetry.Pair, deletes [][]byte) error {
	ops := make([]kv.Op, 0, len(sets)+len(deletes))
	for _, p := range sets {
		ops = append(ops, kv.Op{Kind: kv.Set, Space: spaceTraces, Key: p.Key, Value: p.Value})
	}
	for _, k := range deletes {
		ops = append(ops, kv.Op{Kind: kv.Delete, Space: spaceTraces, Key: k})
	}
	if err := commit(t.store, ops); !late(err) {
		return err
	}
	return nil // it is written when the disk takes writes again
}

func (t traceKV) Scan(lower, upper []byte, reverse bool, f func(k, v []byte) bool) error {
	return t.store.Iterate(spaceTraces, kv.Range{Lower: lower, Upper: upper, Reverse: reverse}, f)
}

// keyStore keeps the issuer's keys and the sessions of the page.
type keyStore struct{ store kv.Store }

func (k keyStore) Get(name string) ([]byte, error) {
	got, err := k.store.GetMany(spaceKeys, [][]byte{[]byte(name)})
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

func (k keyStore) Put(name string, value []byte) error {
	return commit(k.store, []kv.Op{{Kind: kv.Set, Space: spaceKeys, Key: []byte(name), Value: value}})
}

func (k keyStore) Delete(name string) error {
	return commit(k.store, []kv.Op{{Kind: kv.Delete, Space: spaceKeys, Key: []byte(name)}})
}

func (k keyStore) Each(prefix string, f func(name string, value []byte) bool) error {
	upper := []byte(prefix)
	upper[len(upper)-1]++ // prefixes end in a slash
	return k.store.Iterate(spaceKeys, kv.Range{Lower: []byte(prefix), Upper: upper}, func(key, value []byte) bool {
		return f(string(key), value)
	})
}

// commitPatience is how long a call waits for the disk beside what the engine waits:
// with both it stays below 5 s.
const commitPatience = 2400 * time.Millisecond

// commit writes ops; errLate says that they are on their way still.
// namedStore keeps things by name in a space of its own: activities, connections.
type namedStore struct {
	space kv.Space
	store kv.Store
}

func (n namedStore) Put(name string, value []byte) error {
	return commit(n.store, []kv.Op{{Kind: kv.Set, Space: n.space, Key: []byte(name), Value: value}})
}

func (n namedStore) Delete(name string) error {
	return commit(n.store, []kv.Op{{Kind: kv.Delete, Space: n.space, Key: []byte(name)}})
}

func (n namedStore) Each(f func(name string, value []byte) bool) error {
	return n.store.Iterate(n.space, kv.Range{}, func(k, v []byte) bool { return f(string(k), v) })
}

func commit(store kv.Store, ops []kv.Op) error {
	done := make(chan error, 1)
	store.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: ops}}}, func(err error) { done <- err })
	t := time.NewTimer(commitPatience)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return errLate
	}
}
