package ratelimit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kept is a group's counters as they are stored. A group's name may hold what a
// caller sent, so that its digest alone is kept.
type Kept struct {
	ID [sha256.Size]byte
	// Data is nil of a group that is forgotten.
	Data []byte
}

// kept remembers which groups have counted since they were saved, and what was read
// back and not asked for yet. Its lock is the last one taken.
type kept struct {
	on      atomic.Bool
	mu      sync.Mutex
	unsaved []string
	back    map[[sha256.Size]byte]map[string]*Meter
}

// keptFormat is the first byte of Data.
const keptFormat = 1

var errKept = errors.New("ratelimit: the stored counters of a group are damaged")

// Restore takes back what Save gave; before the first Take. Groups whose windows are
// over are left out: live is false of them.
func (g *Groups) Restore(k Kept, now time.Time) (live bool, err error) {
	meters, err := decodeMeters(k.Data)
	if err != nil {
		return false, err
	}
	if (&group{meters: meters}).idle(now) {
		return false, nil
	}
	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	if g.kept.back == nil {
		g.kept.back = map[[sha256.Size]byte]map[string]*Meter{}
	}
	g.kept.back[k.ID] = meters
	return true, nil
}

// Keep has the groups remember from now on what changes, for Save. Without it they
// are in memory alone.
func (g *Groups) Keep() {
	g.kept.on.Store(true)
}

// Save gives write the groups that have counted since the last call. Where write
// fails they are given again at the next one. Counting goes on meanwhile; one Save
// runs at a time.
func (g *Groups) Save(write func([]Kept) error) error {
	g.kept.mu.Lock()
	names := g.kept.unsaved
	g.kept.unsaved = nil
	g.kept.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	out := make([]Kept, len(names))
	for i, name := range names {
		out[i] = Kept{sha256.Sum256([]byte(name)), g.encode(name)}
	}
	err := write(out)
	if err != nil {
		g.kept.mu.Lock()
		defer g.kept.mu.Unlock()
		g.kept.unsaved = append(g.kept.unsaved, names...)
	}
	return err
}

// note adds a group to those to be saved; false where none is. Counters that are
// shared for want of room are not.
func (k *kept) note(name string) bool {
	if !k.on.Load() || name == overflow {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unsaved = append(k.unsaved, name)
	return true
}

// claim gives what was read back of a group, else no counters.
func (k *kept) claim(name string) map[string]*Meter {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.back) > 0 {
		id := sha256.Sum256([]byte(name))
		if meters, ok := k.back[id]; ok {
			delete(k.back, id)
			return meters
		}
	}
	return map[string]*Meter{}
}

// encode gives a group as it stands, nil where it is forgotten.
func (g *Groups) encode(name string) []byte {
	s := g.shard(name)
	s.mu.Lock()
	c := s.all[name]
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped {
		return nil // noted once more by whoever dropped it
	}
	c.unsaved = false
	b := []byte{keptFormat}
	for _, key := range slices.Sorted(maps.Keys(c.meters)) {
		if m := c.meters[key]; m.counting {
			b = binary.AppendUvarint(b, uint64(len(key)))
			b = append(b, key...)
			b = binary.AppendVarint(b, m.used)
			b = binary.AppendVarint(b, m.end.seconds)
			b = binary.AppendVarint(b, m.end.nanos)
		}
	}
	return b
}

func decodeMeters(b []byte) (map[string]*Meter, error) {
	if len(b) == 0 || b[0] != keptFormat {
		return nil, errKept
	}
	b = b[1:]
	out := map[string]*Meter{}
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, errKept
		}
		key := string(b[size : size+int(n)])
		b = b[size+int(n):]
		m := &Meter{counting: true}
		for _, to := range []*int64{&m.used, &m.end.seconds, &m.end.nanos} {
			if *to, size = binary.Varint(b); size <= 0 {
				return nil, errKept
			}
			b = b[size:]
		}
		if m.used < 0 {
			return nil, errKept
		}
		out[key] = m
	}
	return out, nil
}
