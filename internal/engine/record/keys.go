package record

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"stile/internal/engine/visibility"
	"stile/internal/kv"
)

// The engine's spaces. The numbers are part of the data folder's format. Those
// marked * have the execution's id in front of every key, so that forgetting an
// execution is one range delete in each. 0x11, 0x12, 0x28 and 0x29 are those of
// machines, beside this package.
const (
	SpaceMeta      kv.Space = 0x10 // keys, epoch
	SpaceExecution kv.Space = 0x13 // * 0: what never changes; 1: visibility
	SpaceFrame     kv.Space = 0x14 // * frame key
	SpaceBlob      kv.Space = 0x15 // * counter
	SpaceJournal   kv.Space = 0x16 // * sequence
	SpaceHistory   kv.Space = 0x17 // * id of the row's first event
	SpaceWork      kv.Space = 0x18 // * command: due work, see Work
	SpaceToken     kv.Space = 0x19 // * command, attempt: how a delivery ended it
	SpaceCall      kv.Space = 0x1a // * command, send: side journal
	SpaceDelivery  kv.Space = 0x20 // * command, attempt: of its callback URL; and a number: one delivery
	SpaceOutbox    kv.Space = 0x21 // 0, number: what others are to be told; 1, target: how far it is
	SpaceMapRun    kv.Space = 0x22 // * command, 0: what never changes; 1: progress
	SpaceByMapRun  kv.Space = 0x23 // hash of Map Run's ARN: whose it is; with number, id: that child
	SpaceOpenRun   kv.Space = 0x24 // * command: a Map Run that has not ended
	SpaceTimer     kv.Space = 0x1b // shard, due time, id, timer
	SpaceByMachine kv.Space = 0x1c // hash of machine (version, alias) ARN, newest first, id
	SpaceByStart   kv.Space = 0x1d // newest first, id
	SpaceByField   kv.Space = 0x25 // hash of machine ARN, field and value, newest first, id
	SpaceTrouble   kv.Space = 0x26 // health, newest first, id: open executions that do not fare well, but children
	SpaceByEnd     kv.Space = 0x27 // stop, id: executions that have ended, but children
	SpaceErasing   kv.Space = 0x2a // * nothing: its deletion goes on
)

// OwnSpaces are those whose keys begin with the execution's id.
var OwnSpaces = []kv.Space{SpaceExecution, SpaceFrame, SpaceBlob, SpaceJournal, SpaceHistory, SpaceWork, SpaceToken, SpaceCall,
	SpaceDelivery, SpaceMapRun, SpaceOpenRun, SpaceErasing}

// HealthTimer is the number of an execution's health timer among its timers;
// interp counts its own from 1.
const HealthTimer = math.MaxUint64

// ID names an execution in keys: the first 16 bytes of its ARN's SHA-256. Its
// first byte is the execution's shard.
type ID [16]byte

// IDOf is the id of an execution, and of a Map Run, by its ARN.
func IDOf(arn string) ID {
	sum := sha256.Sum256([]byte(arn))
	return ID(sum[:16])
}

// Shard is the number of the execution's shard.
func (id ID) Shard() uint16 { return uint16(id[0]) }

// Key is id followed by parts of 8 bytes each.
func (id ID) Key(parts ...uint64) []byte {
	b := append(make([]byte, 0, 16+8*len(parts)), id[:]...)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, p)
	}
	return b
}

// All is the range of every key of the execution.
func (id ID) All() kv.Range { return kv.Range{Lower: id[:], Upper: After(id[:])} }

// After is the smallest key behind all keys that start with prefix; nil for none.
func After(prefix []byte) []byte { return visibility.After(prefix) }

// Part reads the nth 8-byte part behind the id of a key.
func Part(key []byte, n int) uint64 { return binary.BigEndian.Uint64(key[16+8*n:]) }

// The parts of an execution's record, behind its id.
const (
	FixedPart = 0 // what never changes
	StatePart = 1
	// RedrivePart holds the client tokens of redrives.
	RedrivePart = 2
	// IndexedPart holds the hashes of the fields that it is indexed by.
	IndexedPart = 3
)

// TimerKey is the key of a timer; due is Unix ms.
func TimerKey(due int64, id ID, timer uint64) []byte {
	b := append(make([]byte, 0, 1+8+16+8), id[0])
	b = binary.BigEndian.AppendUint64(b, uint64(due))
	b = append(b, id[:]...)
	return binary.BigEndian.AppendUint64(b, timer)
}

// OpenTimerKey reads what TimerKey made.
func OpenTimerKey(key []byte) (due int64, id ID, timer uint64) {
	return int64(binary.BigEndian.Uint64(key[1:])), ID(key[9:25]), binary.BigEndian.Uint64(key[25:])
}

// Newest is the order of listings: later starts have smaller keys.
func Newest(prefix []byte, start int64, id ID) []byte {
	return visibility.Newest(prefix, start, id)
}

// Prefix begins the keys of what is listed under an ARN.
func Prefix(arn string) []byte {
	id := IDOf(arn)
	return id[:]
}

// The two kinds of rows in SpaceOutbox, by their first byte.
const (
	OutboxRecord = 0
	OutboxMark   = 1
)

// OutboxKey is the key of the outbox record with a number.
func OutboxKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{OutboxRecord}, seq)
}

// MarkKey is the key of how far a target of the outbox is.
func MarkKey(target string) []byte { return append([]byte{OutboxMark}, target...) }
