package pebblekv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"stile/internal/kv"
)

// failing has the nth sync of a log fail. A store that swallows says it did not.
type failing struct {
	vfs.FS
	left    *atomic.Int64
	swallow bool
}

func (f failing) wrap(g vfs.File, name string, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, ".log") {
		return g, err
	}
	return failingFile{g, f}, nil
}

func (f failing) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g, err := f.FS.Create(name, c)
	return f.wrap(g, name, err)
}

func (f failing) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g, err := f.FS.ReuseForWrite(old, name, c)
	return f.wrap(g, name, err)
}

type failingFile struct {
	vfs.File
	f failing
}

func (f failingFile) Sync() error { return f.SyncData() }

func (f failingFile) SyncData() error {
	if f.f.left.Add(-1) > 0 {
		return f.File.SyncData()
	}
	if f.f.swallow {
		return nil // and nothing after it is synced either
	}
	return syscall.EIO
}

// writes commits until the store fails or n are done, and gives what was acknowledged.
func writes(s kv.Store, n int) (acked []string, late int, failed error) {
	for i := range n {
		key := fmt.Sprintf("key-%04d", i)
		done := make(chan error, 1)
		s.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: []kv.Op{set(key, make([]byte, 300))}}}}, func(err error) { done <- err })
		err := <-done
		switch {
		case err == nil && failed != nil:
			late++
			fallthrough
		case err == nil:
			acked = append(acked, key)
		case failed == nil:
			failed = err
		}
	}
	return acked, late, failed
}

// early answers before the group is durable.
type early struct{ kv.Store }

func (e early) Commit(g kv.Group, done func(error)) {
	e.Store.Commit(g, func(error) {})
	go done(nil)
}

// syncFails runs one store into its nth sync, cuts the power and counts.
func syncFails(t *testing.T, n int, swallow bool, planted func(kv.Store) kv.Store) (told int, late, lost int) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	f := failing{FS: mem, left: new(atomic.Int64), swallow: swallow}
	f.left.Store(1 << 60)
	var fatal atomic.Int64
	s, err := Open("data", Options{FS: f, MemTableBytes: 256 << 10, Fatal: func(error) { fatal.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	f.left.Store(int64(n))
	var store kv.Store = s
	if planted != nil {
		store = planted(s)
	}
	acked, late, _ := writes(store, 60)
	// Nothing that is not synced survives.
	clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rand.New(rand.NewPCG(1, uint64(n)))})
	s.Close()
	again, err := Open("data", Options{FS: clone})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for _, key := range acked {
		got, err := again.GetMany(1, [][]byte{[]byte(key)})
		if err != nil {
			t.Fatal(err)
		}
		if got[0] == nil {
			lost++
		}
	}
	return int(fatal.Load()), late, lost
}

// TestSyncFails: the store stops once, nothing acknowledged before is lost, nothing is
// acknowledged after. Each control shows that the check would see it.
func TestSyncFails(t *testing.T) {
	for n := 1; n <= 50; n++ {
		if told, late, lost := syncFails(t, n, false, nil); told != 1 || late != 0 || lost != 0 {
			t.Errorf("sync %d: told %d times, %d acknowledged after it, %d lost", n, told, late, lost)
		}
	}
	if told, _, lost := syncFails(t, 10, true, nil); told != 0 || lost == 0 {
		t.Errorf("a swallowed error was not caught: told %d, lost %d", told, lost)
	}
	// Nobody waits between these groups, so that they may all share the first sync.
	if _, _, lost := syncFails(t, 1, false, func(s kv.Store) kv.Store { return early{s} }); lost == 0 {
		t.Error("answers before the group was durable were not caught")
	}
}

// smallDisk is a file system with room for so many bytes of tables and logs.
type smallDisk struct {
	mu   sync.Mutex
	room int64
	more chan struct{} // closed when there is room
	full int           // writes that could not be done later
	kept int           // times that later work was refused
}

func (d *smallDisk) fs(mem vfs.FS) vfs.FS {
	return errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind != errorfs.OpFileWrite {
			return nil
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.room <= 0 {
			return syscall.ENOSPC
		}
		d.room -= 32 << 10 // a write takes a block of the log at most
		return nil
	}))
}

func (d *smallDisk) Spare(int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.room < 1<<20 {
		d.kept++
		return false
	}
	return true
}

func (d *smallDisk) Full() bool {
	d.mu.Lock()
	d.full++
	more := d.more
	d.mu.Unlock()
	<-more
	return true
}

func (d *smallDisk) grow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = 1 << 40
	close(d.more)
}

// TestFullDisk: commits wait on a disk without room, and go on when there is some;
// without Room the store would end.
func TestFullDisk(t *testing.T) {
	d := &smallDisk{room: 8 << 20, more: make(chan struct{})}
	mem := vfs.NewMem()
	var fatal atomic.Int64
	s, err := Open("data", Options{FS: d.fs(mem), Room: d, MemTableBytes: 256 << 10, Fatal: func(error) { fatal.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan int, 1)
	go func() {
		acked, _, _ := writes(s, 2000)
		done <- len(acked)
	}()
	for {
		d.mu.Lock()
		full := d.full
		d.mu.Unlock()
		if full > 0 {
			break
		}
		select {
		case n := <-done:
			t.Fatalf("all %d were written: the disk was not small", n)
		default:
		}
	}
	d.grow()
	if n := <-done; n != 2000 || fatal.Load() != 0 {
		t.Fatalf("%d of 2000 were acknowledged, the store failed %d times", n, fatal.Load())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{FS: mem})
	defer s.Close()
	n := 0
	if err := s.Iterate(1, kv.Range{}, func(_, _ []byte) bool { n++; return true }); err != nil || n != 2000 {
		t.Errorf("%d of 2000 are there, %v", n, err)
	}

	d = &smallDisk{room: 2 << 20, more: make(chan struct{})}
	fatal.Store(0)
	s, err = Open("data", Options{FS: d.fs(vfs.NewMem()), MemTableBytes: 256 << 10, Fatal: func(error) { fatal.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	if acked, _, _ := writes(s, 2000); len(acked) == 2000 || fatal.Load() != 1 {
		t.Errorf("the control: %d of 2000 acknowledged on a full disk without Room, failed %d times", len(acked), fatal.Load())
	}
}

// TestDamagedLog flips each bit of a small log and manifest in turn: the folder is not
// opened, or nothing is missing. Pebble alone, the control, loses what is acknowledged.
func TestDamagedLog(t *testing.T) {
	for _, closed := range []bool{true, false} {
		mem := vfs.NewCrashableMem()
		s := open(t, Options{FS: mem})
		acked, _, err := writes(s, 8)
		if err != nil {
			t.Fatal(err)
		}
		if !closed { // killed, a while after the last group
			if err := s.marks.save(); err != nil {
				t.Fatal(err)
			}
		} else if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		clone := func() vfs.FS {
			return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rand.New(rand.NewPCG(1, 1))})
		}
		names, err := clone().List("data/log")
		if err != nil {
			t.Fatal(err)
		}
		refused, same, silent := 0, 0, 0
		for _, base := range names {
			if !marked(base) {
				continue
			}
			b, err := readAll(clone(), filepath.Join("data/log", base))
			if err != nil {
				t.Fatal(err)
			}
			size := len(strings.TrimRight(string(b), "\x00"))
			for at := 0; at < size; at += 1 + size/400 {
				fs := clone()
				b[at] ^= 1 << (at % 8)
				rewrite(t, fs, filepath.Join("data/log", base), b)
				b[at] ^= 1 << (at % 8)
				var damaged *DamagedError
				switch missing, err := reads(fs, acked); {
				case errors.As(err, &damaged) && !strings.Contains(err.Error(), "\n"):
					refused++
				case err == nil && missing == 0:
					same++
				default:
					t.Errorf("closed %v, byte %d of %s: %d of %d are missing, %v", closed, at, base, missing, len(acked), err)
				}
				if err := fs.Remove("data/" + MarksFile); err != nil {
					t.Fatal(err)
				}
				if missing, err := reads(fs, acked); err == nil && missing > 0 {
					silent++
				}
			}
		}
		t.Logf("closed %v: %d flips refused, %d changed nothing; without marks %d lose something silently", closed, refused, same, silent)
		if refused == 0 || silent == 0 {
			t.Error("the flips show nothing")
		}
		if !closed {
			s.Close()
		}
	}
}

func rewrite(t *testing.T, fs vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(append([]byte(nil), b...))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// reads opens the folder and counts which keys are missing.
func reads(fs vfs.FS, keys []string) (missing int, err error) {
	s, err := Open("data", Options{FS: fs, Fatal: func(error) {}})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for _, key := range keys {
		got, err := s.GetMany(1, [][]byte{[]byte(key)})
		if err != nil {
			return 0, err
		}
		if got[0] == nil {
			missing++
		}
	}
	return missing, nil
}

// TestMarks: what was written is read, and what is damaged is told.
func TestMarks(t *testing.T) {
	all := map[string]int64{"000004.log": 77, "MANIFEST-000001": 1 << 40}
	text := encodeMarks(all)
	if got, ok := decodeMarks(text); !ok || fmt.Sprint(got) != fmt.Sprint(all) {
		t.Errorf("%v, %v", got, ok)
	}
	for at := range text {
		b := []byte(text)
		b[at] ^= 1
		if _, ok := decodeMarks(string(b)); ok {
			t.Errorf("byte %d is damaged: %q", at, b)
		}
		if _, ok := decodeMarks(text[:at]); ok {
			t.Errorf("%d bytes are taken for all", at)
		}
	}
}
