package app

import "stile/internal/telemetry"

import "stile/internal/kv"

// Spaces of the stores that app opens. The engine has spaces of its own in the
// log's store; these must not meet them.
const (
	// spaceTraces is the only space of the trace store, which is a store of its own:
	// traces never share the engine's log.
	spaceTraces kv.Space = 1
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
	done := make(chan error, 1)
	t.store.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: ops}}}, func(err error) { done <- err })
	return <-done
}

func (t traceKV) Scan(lower, upper []byte, reverse bool, f func(k, v []byte) bool) error {
	return t.store.Iterate(spaceTraces, kv.Range{Lower: lower, Upper: upper, Reverse: reverse}, f)
}
