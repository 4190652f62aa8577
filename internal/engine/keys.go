package engine

import (
	"crypto/sha256"
	"encoding/binary"

	"stile/internal/kv"
)

// The engine's spaces. The numbers are part of the data folder's format. Those
// marked * have the execution's id in front of every key, so that forgetting an
// execution is one range delete in each.
const (
	spaceMeta      kv.Space = 0x10 // keys, epoch
	spaceMachine   kv.Space = 0x11 // ARN → state machine without its definition
	spaceRevision  kv.Space = 0x12 // ARN 0 revision → state machine as it stood, whole
	spaceExecution kv.Space = 0x13 // * 0: what never changes; 1: visibility
	spaceFrame     kv.Space = 0x14 // * frame key
	spaceBlob      kv.Space = 0x15 // * counter
	spaceJournal   kv.Space = 0x16 // * sequence
	spaceHistory   kv.Space = 0x17 // * id of the row's first event
	spaceWork      kv.Space = 0x18 // * command: due work, see workRecord
	spaceToken     kv.Space = 0x19 // * command, attempt: how a delivery ended it
	spaceCall      kv.Space = 0x1a // * command, send: side journal
	spaceDelivery  kv.Space = 0x20 // * command, attempt: of its callback URL; and a number: one delivery
	spaceOutbox    kv.Space = 0x21 // 0, number: what others are to be told; 1, target: how far it is
	spaceMapRun    kv.Space = 0x22 // * command, 0: what never changes; 1: progress
	spaceByMapRun  kv.Space = 0x23 // hash of Map Run's ARN: whose it is; with number, id: that child
	spaceOpenRun   kv.Space = 0x24 // * command: a Map Run that has not ended
	spaceVersion   kv.Space = 0x28 // ARN 0 number → published version
	spaceAlias     kv.Space = 0x29 // ARN 0 name → alias
	spaceTimer     kv.Space = 0x1b // shard, due time, id, timer
	spaceByMachine kv.Space = 0x1c // hash of machine (version, alias) ARN, newest first, id
	spaceByStart   kv.Space = 0x1d // newest first, id
)

// execID names an execution in keys: the first 16 bytes of its ARN's SHA-256. Its
// first byte is the execution's shard.
type execID [16]byte

func idOf(arn string) execID {
	sum := sha256.Sum256([]byte(arn))
	return execID(sum[:16])
}

func (id execID) shard() uint16 { return uint16(id[0]) }

// key is id followed by parts of 8 bytes each.
func (id execID) key(parts ...uint64) []byte {
	b := append(make([]byte, 0, 16+8*len(parts)), id[:]...)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, p)
	}
	return b
}

// all is the range of every key of the execution.
func (id execID) all() kv.Range { return kv.Range{Lower: id[:], Upper: after(id[:])} }

// after is the smallest key behind all keys that start with prefix; nil for none.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// part reads the nth 8-byte part behind the id of a key.
func part(key []byte, n int) uint64 { return binary.BigEndian.Uint64(key[16+8*n:]) }

const (
	fixedPart = 0 // of spaceExecution
	statePart = 1
	// redrivePart holds the client tokens of redrives.
	redrivePart = 2
)

func timerKey(due int64, id execID, timer uint64) []byte {
	b := append(make([]byte, 0, 1+8+16+8), id[0])
	b = binary.BigEndian.AppendUint64(b, uint64(due))
	b = append(b, id[:]...)
	return binary.BigEndian.AppendUint64(b, timer)
}

func openTimerKey(key []byte) (due int64, id execID, timer uint64) {
	return int64(binary.BigEndian.Uint64(key[1:])), execID(key[9:25]), binary.BigEndian.Uint64(key[25:])
}

// newestFirst is the order of listings: later starts have smaller keys.
func newestFirst(prefix []byte, start int64, id execID) []byte {
	b := append(make([]byte, 0, len(prefix)+24), prefix...)
	b = binary.BigEndian.AppendUint64(b, ^uint64(start))
	return append(b, id[:]...)
}

func machinePrefix(arn string) []byte {
	id := idOf(arn)
	return id[:]
}

func revisionKey(arn string, revision uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(arn), 0), revision)
}
