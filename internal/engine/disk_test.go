package engine

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"stile/internal/kv"
	"stile/internal/kv/memkv"
	"stile/internal/kv/pebblekv"
)

// disk is a store whose power can be cut.
type disk interface {
	// open opens the store on what the disk holds; inSync is called where a group
	// has been written and is about to be made durable.
	open(inSync func()) (kv.Store, error)
	// crash takes what would survive now, with that share of what is not synced.
	crash(percent int, seed uint64)
	// next closes the store; the survivors become the disk.
	next()
	// end lets go of what is left.
	end()
}

// syncTime is how long a commit takes on both disks, in the bubble's time: while
// it lasts, everything else that can run does. It must not be spent inside
// Pebble's file system: Pebble syncs under a lock too, and a bubble's clock stands
// while a goroutine waits for a lock.
const syncTime = time.Millisecond

// slowStore waits before each commit; one is under way at a time.
type slowStore struct{ kv.Store }

func (s *slowStore) Commit(g kv.Group, done func(error)) {
	time.AfterFunc(syncTime, func() { s.Store.Commit(g, done) })
}

type memDisk struct {
	store, survivor *memkv.Store
	ignoreSync      bool
}

func (d *memDisk) open(inSync func()) (kv.Store, error) {
	if d.survivor == nil {
		d.survivor = memkv.New(nil)
	}
	d.store = d.survivor.Crash(1, 0) // the same content, with slow syncs
	d.survivor.Close()
	d.survivor = nil
	d.store.SetGap(func() {
		time.Sleep(syncTime)
		inSync()
	})
	if d.ignoreSync {
		d.store.IgnoreSync()
	}
	return d.store, nil
}

func (d *memDisk) crash(percent int, seed uint64) {
	if d.survivor == nil {
		d.survivor = d.store.Crash(float64(percent)/100, seed)
	}
}

func (d *memDisk) next() {
	d.store.Close()
	if d.survivor == nil {
		d.survivor = d.store.Crash(1, 0)
	}
}

func (d *memDisk) end() { d.survivor.Close() }

type pebbleDisk struct {
	fs, survivor *vfs.MemFS
	store        *pebblekv.Store
	ignoreSync   bool
	memTable     uint64 // bytes of the memory table, 0 for 256 KiB
}

func (d *pebbleDisk) open(inSync func()) (kv.Store, error) {
	if d.fs == nil {
		d.fs = vfs.NewCrashableMem()
	}
	fs := errorfs.Wrap(d.fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			if strings.HasSuffix(op.Path, ".log") {
				inSync()
			}
		}
		return nil
	}))
	options := pebblekv.Options{FS: fs, MemTableBytes: cmp.Or(d.memTable, 256<<10), CacheBytes: 1 << 20, Fatal: func(error) {}}
	if d.ignoreSync {
		options.FS = lyingFS{fs}
	}
	var err error
	d.store, err = pebblekv.Open("data", options)
	return &slowStore{d.store}, err
}

func (d *pebbleDisk) crash(percent int, seed uint64) {
	if d.survivor == nil {
		d.survivor = d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 2))})
	}
}

func (d *pebbleDisk) next() {
	if d.store != nil {
		d.store.Close()
		d.store = nil
	}
	if d.survivor != nil {
		d.fs, d.survivor = d.survivor, nil
	}
}

func (d *pebbleDisk) end() {}

// lyingFS is the planted bug "no sync": files of the log say that they synced.
type lyingFS struct{ vfs.FS }

func (f lyingFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return lie(name, file), err
}

func (f lyingFS) ReuseForWrite(oldName, newName string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(oldName, newName, c)
	return lie(newName, file), err
}

type lyingFile struct{ vfs.File }

func lie(name string, f vfs.File) vfs.File {
	if f != nil && strings.HasSuffix(name, ".log") {
		return lyingFile{f}
	}
	return f
}

func (lyingFile) Sync() error                { return nil }
func (lyingFile) SyncData() error            { return nil }
func (lyingFile) SyncTo(int64) (bool, error) { return false, nil }
