package pebblekv

import (
	"errors"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Room is asked about the disk's space.
type Room interface {
	// Spare says whether work that can be done later (flushes, compactions) may take n
	// bytes more. It may wait a moment before it says no: the work is tried again at once.
	Spare(n int64) bool
	// Full is called by a write that cannot be done later and found no room. It comes
	// back when the write may be tried again; false: it is to fail.
	Full() bool
}

// files is Pebble's file system in one data folder. Pebble tries again for ever what
// fails in the background, and ends the process where its log or manifest cannot be
// written: so on a full disk the former fails early, and leaves the last room to the
// latter, which wait. It also counts what of each log and manifest is synced.
//
// A sync that fails is never tried again, whatever it says.
type files struct {
	vfs.FS
	room  Room
	marks *marks
}

// Unwrap is for vfs.Root.
func (f *files) Unwrap() vfs.FS { return f.FS }

// kept says whether a file must be written now: all but tables and blobs.
func kept(name string) bool {
	return !strings.HasSuffix(name, ".sst") && !strings.HasSuffix(name, ".blob")
}

// marked says whether a file is read from its beginning to its last whole record,
// so that damage looks like its end.
func marked(base string) bool {
	return strings.HasSuffix(base, ".log") || strings.HasPrefix(base, "MANIFEST-")
}

// insist does what cannot be done later until there is room for it.
func (f *files) insist(name string, do func() error) error {
	err := do()
	for errors.Is(err, syscall.ENOSPC) && f.room != nil && kept(name) && f.room.Full() {
		err = do()
	}
	return err
}

func (f *files) open(name string, do func() (vfs.File, error)) (vfs.File, error) {
	var got vfs.File
	err := f.insist(name, func() (err error) {
		got, err = do()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &file{File: got, in: f, name: name}
	// A checkpoint makes files of the same names in another folder.
	if base := f.PathBase(name); marked(base) && f.PathDir(name) == f.PathJoin(f.marks.dir, "log") {
		out.count = f.marks.begin(base)
	}
	return out, nil
}

func (f *files) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open(name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *files) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f.marks.leaving()
	return f.open(name, func() (vfs.File, error) { return f.FS.ReuseForWrite(old, name, c) })
}

func (f *files) Rename(old, name string) error {
	return f.insist(name, func() error { return f.FS.Rename(old, name) })
}

func (f *files) Remove(name string) error {
	f.marks.leaving()
	return f.FS.Remove(name)
}

// file is one that is written.
type file struct {
	vfs.File
	in    *files
	name  string
	count *count // of a marked file, else nil
	taken int64  // bytes of a table since room was last asked for
}

// askEvery is how many bytes of a table are written before room is asked for again.
const askEvery = 256 << 10

func (f *file) Write(p []byte) (n int, err error) {
	if !kept(f.name) && f.in.room != nil {
		if f.taken += int64(len(p)); f.taken >= askEvery {
			if !f.in.room.Spare(f.taken) {
				return 0, &noRoomError{f.name}
			}
			f.taken = 0
		}
	}
	err = f.in.insist(f.name, func() error {
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	f.count.add(int64(n))
	return n, err
}

// Preallocate sets blocks aside to save time; where there are none it saves none.
func (f *file) Preallocate(offset, length int64) error {
	if err := f.File.Preallocate(offset, length); !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}

func (f *file) Sync() error { return f.synced(f.File.Sync) }

func (f *file) SyncData() error { return f.synced(f.File.SyncData) }

func (f *file) synced(sync func() error) error {
	upTo := f.count.size()
	err := sync()
	if err == nil {
		f.count.synced(upTo)
	}
	return err
}

// noRoomError is what work gets that can be done later.
type noRoomError struct{ name string }

func (e *noRoomError) Error() string {
	return "write " + e.name + ": the last room of the disk is kept for the log"
}

func (e *noRoomError) Unwrap() error { return syscall.ENOSPC }

// count is how much of one file is written and synced. A nil count counts nothing.
type count struct {
	in             *marks
	mu             sync.Mutex
	written, known int64
}

func (c *count) add(n int64) {
	if c != nil {
		c.mu.Lock()
		c.written += n
		c.mu.Unlock()
	}
}

func (c *count) size() int64 {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written
}

func (c *count) synced(upTo int64) {
	if c != nil {
		c.mu.Lock()
		c.known = max(c.known, upTo)
		c.mu.Unlock()
	}
}

func (c *count) durable() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}
