package telemetry

import (
	"slices"
	"time"
)

// Forget drops the traces that began before a time, soon.
func (s *Store) Forget(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = before.UnixMicro()
	s.wake.Signal()
}

// expireAtOnce bounds how many traces one write forgets.
const expireAtOnce = 100

func (s *Store) expire(before int64) {
	var ids []string
	for id, t := range s.traces {
		if t.first < before {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var err error
	for some := range slices.Chunk(ids, expireAtOnce) {
		var deletes [][]byte
		for _, id := range some {
			if deletes, err = s.drop(deletes, id); err != nil {
				break
			}
		}
		if err == nil {
			err = s.kv.Write(nil, deletes)
		}
		if err != nil {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.err == nil {
		s.err = err
	}
	s.written.Broadcast()
}

// drop adds the keys of a trace to those that are to be deleted.
func (s *Store) drop(deletes [][]byte, id string) ([][]byte, error) {
	err := s.kv.Scan(spanKey(id, ""), append(spanKey(id, ""), 0xff), false, func(k, v []byte) bool {
		deletes = append(deletes, slices.Clone(k))
		s.bytes -= int64(len(k) + len(v))
		return true
	})
	if err != nil {
		return deletes, err
	}
	deletes = append(deletes, traceKey(s.traces[id].first, id))
	delete(s.traces, id)
	return deletes, nil
}
