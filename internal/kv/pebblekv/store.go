package pebblekv

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"stile/internal/kv"
)

// Options of a store; the zero value is right for the product.
type Options struct {
	// FS is the file system, nil for the machine's own.
	FS vfs.FS
	// Fatal is told once that the store has failed; nil logs and ends the process.
	Fatal func(error)
	// Log gets Pebble's own errors; nil drops them.
	Log *slog.Logger
	// CacheBytes is the block cache, 0 for 64 MiB; MemTableBytes is what Pebble's memory
	// table grows to, 0 for 32 MiB: what is written and removed again soon (work, timers,
	// frames) then never comes to a file.
	CacheBytes    int64
	MemTableBytes uint64
	// Room is asked about the disk's space; nil: what fails fails.
	Room Room
	// Still is for a copy that is opened once: it does not compact unasked, and no file
	// is used again, so that Erase leaves nothing behind.
	Still bool
}

// ErrClosed is given by a store that was closed.
var ErrClosed = errors.New("store is closed")

// Store is kv.Store on one data folder.
type Store struct {
	db    *pebble.DB
	fs    vfs.FS
	still bool
	// archive is where a Still store's files go when they are of no use any more; failures
	// has the first thing that went wrong in its background.
	archive  string
	failures chan error

	lock  io.Closer
	fatal func(error)
	marks *marks
	// marking says that the marks are going to be written soon.
	marking atomic.Bool
	// copying is held by checkpoints; Close waits for them.
	copying sync.RWMutex

	mu     sync.Mutex
	wake   sync.Cond
	queue  []pending // committed, not yet applied
	failed error     // set once; every later call gets it
	closed bool
	done   chan struct{}
}

type pending struct {
	group kv.Group
	done  func(error)
	batch *pebble.Batch
}

var _ kv.Store = (*Store)(nil)

// Open opens or makes the data folder dir. Its errors are one clear line each:
// *LockedError, *NewerFormatError, *ForeignError, *DamagedError, or what the disk said.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Fatal == nil {
		o.Fatal = func(err error) {
			slog.Error("the store failed; stopping", "error", err)
			os.Exit(1)
		}
	}
	lock, older, err := openFolder(o.FS, dir)
	if err != nil {
		return nil, err
	}
	s := &Store{still: o.Still, archive: o.FS.PathJoin(dir, "log", "archive"), fs: o.FS, lock: lock, fatal: o.Fatal, done: make(chan struct{}), failures: make(chan error, 1)}
	s.wake.L = &s.mu
	if s.marks, err = verify(o.FS, dir); err == nil && older {
		err = writeFormat(o.FS, dir, o.FS.PathJoin(dir, "FORMAT"))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.db, err = pebble.Open(o.FS.PathJoin(dir, "log"), s.pebbleOptions(o))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", dir, err), lock.Close())
	}
	go s.run()
	return s, nil
}

func (s *Store) pebbleOptions(o Options) *pebble.Options {
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 32 << 20
	}
	l := &logger{s: s, log: o.Log}
	options := &pebble.Options{
		EventListener:      &pebble.EventListener{DataCorruption: l.damaged},
		FS:                 &files{o.FS, o.Room, s.marks},
		CacheSize:          o.CacheBytes,
		MemTableSize:       o.MemTableBytes,
		FormatMajorVersion: pebble.FormatValueSeparation, // a later one needs a new Format

		DisableAutomaticCompactions: o.Still,
		Logger:                      l,
	}
	// Looks for what is not there, such as a new execution's name, read no table; the
	// levels below take the filter over.
	options.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	if o.Still {
		options.Cleaner = pebble.ArchiveCleaner{} // keeps Pebble from writing a log over an old one
		options.EventListener.BackgroundError = s.brokenOff
	}
	return options
}

// brokenOff is told what Pebble would try again for ever.
func (s *Store) brokenOff(err error) {
	select {
	case s.failures <- err:
	default:
	}
}

// run applies groups in order. It takes all that wait: they share a sync where
// Pebble can join them, and their dones come in their order.
func (s *Store) run() {
	defer close(s.done)
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.closed {
			s.wake.Wait()
		}
		taken := s.queue
		s.queue = nil
		s.mu.Unlock()
		if len(taken) == 0 {
			return
		}
		for i := range taken {
			if err := s.apply(&taken[i]); err != nil {
				s.fail(err)
			}
		}
		for i := range taken {
			taken[i].done(s.settle(&taken[i]))
		}
		s.remark()
	}
}

// marksAfter is how long after a group the marks tell of it.
const marksAfter = 5 * time.Second

// remark has the marks written in a while.
func (s *Store) remark() {
	if s.marking.CompareAndSwap(false, true) {
		time.AfterFunc(marksAfter, func() {
			s.marking.Store(false)
			if s.failure() == nil {
				_ = s.marks.save() // the old marks hold, and the next group has them written again
			}
		})
	}
}

func (s *Store) apply(p *pending) error {
	if s.failure() != nil {
		return nil
	}
	size := 0
	for _, w := range p.group.Writes {
		for _, op := range w.Ops {
			size += len(op.Key) + len(op.Value) + len(op.End) + 8
		}
	}
	p.batch = s.db.NewBatchWithSize(size + 64)
	for _, w := range p.group.Writes {
		for _, op := range w.Ops {
			if err := write(p.batch, op); err != nil {
				return err
			}
		}
	}
	if p.batch.Empty() {
		// Nothing to sync; the group's place in the order is all that it asks for.
		err := p.batch.Close()
		p.batch = nil
		return err
	}
	return s.db.ApplyNoSyncWait(p.batch, pebble.Sync)
}

// write copies one op into the batch; deferred ops save a copy of key and value.
func write(b *pebble.Batch, op kv.Op) error {
	switch op.Kind {
	case kv.Set:
		d := b.SetDeferred(len(op.Key)+1, len(op.Value))
		d.Key[0] = byte(op.Space)
		copy(d.Key[1:], op.Key)
		copy(d.Value, op.Value)
		return d.Finish()
	case kv.Delete:
		d := b.DeleteDeferred(len(op.Key) + 1)
		d.Key[0] = byte(op.Space)
		copy(d.Key[1:], op.Key)
		return d.Finish()
	case kv.DeleteRange:
		return b.DeleteRange(spaced(op.Space, op.Key), upper(op.Space, op.End), nil)
	}
	return fmt.Errorf("pebblekv: unknown op kind %d", op.Kind)
}

// settle waits until the group is durable.
func (s *Store) settle(p *pending) error {
	if p.batch != nil {
		if err := p.batch.SyncWait(); err != nil {
			s.fail(err)
		} else if err := p.batch.Close(); err != nil {
			s.fail(err)
		}
	}
	return s.failure()
}

func (s *Store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// fail stops the store for good. It is told outside the lock, and once.
func (s *Store) fail(err error) {
	s.mu.Lock()
	first := s.failed == nil
	if first {
		s.failed = fmt.Errorf("the store failed: %w", err)
	}
	told := s.failed
	s.mu.Unlock()
	if first {
		s.fatal(told)
	}
}

// Commit queues the group.
func (s *Store) Commit(g kv.Group, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.failed
	if s.closed {
		err = ErrClosed
	}
	if err != nil {
		go done(err)
		return
	}
	s.queue = append(s.queue, pending{group: g, done: done})
	s.wake.Signal()
}

// Close finishes what was committed and releases the folder.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.closed = true
	s.wake.Signal()
	s.mu.Unlock()
	<-s.done
	s.copying.Lock()
	defer s.copying.Unlock()
	if s.failure() != nil {
		// Pebble cannot close a log that failed; the process ends and frees the lock.
		return errors.Join(s.failure(), s.lock.Close())
	}
	err := s.db.Close()
	if err == nil {
		_ = s.marks.close() // the old marks hold
	}
	if s.still {
		err = errors.Join(err, s.fs.RemoveAll(s.archive))
	}
	return errors.Join(err, s.lock.Close())
}
