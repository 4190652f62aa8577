package pebblekv

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"stile/internal/kv"
)

// Checkpoint makes dir, in which there is nothing yet, a data folder that holds the
// store as it stands: every group that was acknowledged before the call is in it,
// each group whole or not at all, and of two groups the later one only with the
// earlier. Tables are hard links where the file system has them, so that dir takes
// little room until the store compacts. The store goes on meanwhile.
func (s *Store) Checkpoint(dir string) error {
	s.copying.RLock()
	defer s.copying.RUnlock()
	if err := s.readable(); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	before := s.marks.durable()
	if err := s.db.Checkpoint(s.fs.PathJoin(dir, "log"), pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	if err := cutLogs(s.fs, s.fs.PathJoin(dir, "log"), before); err != nil {
		return fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	return writeFormat(s.fs, dir, s.fs.PathJoin(dir, "FORMAT"))
}

// cutLogs cuts the logs of a copy where they end. Pebble copies the last one while it
// grows: of one that is written over an older log a later read may give what came
// meanwhile, behind bytes of the older log that an earlier read gave, and that looks
// like damage. What before says was synced when the copy began is never cut.
func cutLogs(fs vfs.FS, log string, before map[string]int64) error {
	names, err := fs.List(log)
	if err != nil {
		return err
	}
	for _, base := range names {
		if !strings.HasSuffix(base, ".log") {
			continue
		}
		c, err := readChunks(fs, log, base)
		if err != nil {
			return err
		}
		end := c.end()
		if end < before[base] || c.after(end) == 0 {
			continue
		}
		if err := writeWhole(fs, log, base, string(c.b[:end])); err != nil {
			return err
		}
	}
	return nil
}

// Erase removes all keys of space in [from, to), nil for the space's ends, and
// has no file of the folder hold any of their bytes once the store is closed: a
// deletion alone leaves them in tables until a compaction comes by. It is for a
// copy that leaves the machine, opened Still; nothing else may write meanwhile.
func (s *Store) Erase(ctx context.Context, space kv.Space, from, to []byte) error {
	if err := s.readable(); err != nil {
		return err
	}
	if !s.still {
		return errors.New("pebblekv: only a store that is Still can erase")
	}
	done := make(chan error, 1)
	s.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: []kv.Op{{Kind: kv.DeleteRange, Space: space, Key: from, End: to}}}}},
		func(err error) { done <- err })
	if err := <-done; err != nil {
		return err
	}
	// What the log held is in tables after this, and the log is cut.
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
	case err := <-s.failures:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
	last := upper(space, to)
	if last == nil {
		return errors.New("pebblekv: the last space cannot be erased")
	}
	return s.db.Compact(ctx, spaced(space, from), last, false)
}

// WriteFormat marks a folder as one of format n, as a store of that format would.
func WriteFormat(dir string, n int) error {
	return writeFormatOf(vfs.Default, dir, vfs.Default.PathJoin(dir, "FORMAT"), n)
}
