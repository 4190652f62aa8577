package engine

import (
	"encoding/binary"
	"time"

	"stile/internal/engine/clock"
	"stile/internal/engine/codec"
	"stile/internal/engine/record"
	"stile/internal/kv"
)

// Clock is the engine's time; see clock below this package.
type Clock = clock.Clock

// metaTime holds the engine's time, Unix ms, of a group written not long ago.
var metaTime = []byte("time")

// stampEvery is how old the stored time may be when a group is written.
const stampEvery = time.Second

func lastTime(store kv.Store) (int64, error) {
	got, err := store.GetMany(record.SpaceMeta, [][]byte{metaTime})
	if err != nil || got[0] == nil {
		return 0, err
	}
	if len(got[0]) != 9 || got[0][0] != codec.Format {
		return 0, codec.ErrRecord
	}
	return int64(binary.BigEndian.Uint64(got[0][1:])), nil
}

// stamp adds the engine's time to a group where the stored one is old.
func (m *committer) stamp(g *kv.Group, epoch uint64) {
	now := m.clock.Now().UnixMilli()
	if now-m.stamped < stampEvery.Milliseconds() {
		return
	}
	m.stamped = now
	g.Writes = append(g.Writes, kv.ShardWrites{Epoch: epoch, Ops: []kv.Op{timeOp(now)}})
}

func timeOp(now int64) kv.Op {
	return kv.Op{Kind: kv.Set, Space: record.SpaceMeta, Key: metaTime, Value: binary.BigEndian.AppendUint64([]byte{codec.Format}, uint64(now))}
}
