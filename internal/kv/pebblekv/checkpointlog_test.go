package pebblekv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"stile/internal/kv/kvtest"
)

// TestCheckpointLeavesMarks: the files of a copy have the names of the folder's own; the
// marks go on telling of the folder's.
func TestCheckpointLeavesMarks(t *testing.T) {
	for logs := range 12 {
		mem := vfs.NewCrashableMem()
		s, err := Open("data", Options{FS: mem, MemTableBytes: 256 << 10})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		write := func(most int) {
			for range most {
				n++
				if err := kvtest.Commit(s, set(fmt.Sprintf("%06d", n), make([]byte, 3000))); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(logs * 40)
		if err := s.Checkpoint("copy"); err != nil {
			t.Fatal(err)
		}
		if err := s.marks.save(); err != nil {
			t.Fatal(err)
		}
		before := map[string]int64{}
		for k, v := range s.marks.saved {
			before[k] = v
		}
		clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rand.New(rand.NewPCG(1, 1))})
		write(3)
		if err := s.marks.save(); err != nil {
			t.Fatal(err)
		}
		grown := false
		for k, v := range s.marks.saved {
			grown = grown || v > before[k]
		}
		if !grown {
			t.Errorf("%d: the marks do not grow behind a checkpoint: %v", logs, s.marks.saved)
		}
		again, err := Open("data", Options{FS: clone})
		if err != nil {
			t.Errorf("%d: %v", logs, err)
		} else {
			again.Close()
		}
		s.Close()
	}
}

// between has something done after each read of a log.
type between struct {
	vfs.FS
	do *atomic.Pointer[func()]
}

func (b between) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := b.FS.Open(name, o...)
	if err == nil && strings.HasSuffix(name, ".log") {
		f = betweenFile{f, b.do}
	}
	return f, err
}

type betweenFile struct {
	vfs.File
	do *atomic.Pointer[func()]
}

func (f betweenFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if do := f.do.Load(); do != nil && n > 0 {
		(*do)()
	}
	return n, err
}

// TestCheckpointOfGrowingLog: a log that is written while it is copied is whole in the copy.
func TestCheckpointOfGrowingLog(t *testing.T) {
	for size := range 16 {
		fs := between{vfs.NewMem(), new(atomic.Pointer[func()])}
		s, err := Open("data", Options{FS: fs, MemTableBytes: 512 << 10})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		write := func(most int) {
			for range most {
				n++
				if err := kvtest.Commit(s, set(fmt.Sprintf("%06d", n), make([]byte, 3000))); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(700)
		acked := n
		reads := 0
		do := func() {
			if reads++; reads%17 == size {
				write(20)
			}
		}
		fs.do.Store(&do)
		err = s.Checkpoint("copy")
		fs.do.Store(nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Open("copy", Options{FS: fs, Still: true})
		if err != nil {
			t.Errorf("%d: %v", size, err)
			continue
		}
		keys := [][]byte{}
		for i := 1; i <= acked; i++ {
			keys = append(keys, []byte(fmt.Sprintf("%06d", i)))
		}
		got, err := c.GetMany(1, keys)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v == nil {
				t.Errorf("%d: %s is not in the copy", size, keys[i])
				break
			}
		}
		c.Close()
		s.Close()
	}
}

// narrow is a disk that takes no tables any more.
type narrow struct {
	vfs.FS
	full *atomic.Bool
}

func (f narrow) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.full.Load() && strings.HasSuffix(name, ".sst") {
		return nil, syscall.ENOSPC
	}
	return f.FS.Create(name, c)
}

// TestEraseOnAFullDisk: a copy that cannot be written says so, though Pebble would try
// again for ever, and it closes.
func TestEraseOnAFullDisk(t *testing.T) {
	fs := narrow{vfs.NewMem(), new(atomic.Bool)}
	s, err := Open("data", Options{FS: fs, Still: true, Fatal: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	if err := kvtest.Commit(s, set("a", nil)); err != nil {
		t.Fatal(err)
	}
	fs.full.Store(true)
	if err := s.Erase(t.Context(), 1, nil, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestRefusedFolderStaysAsItWas: an older folder that does not open for what is damaged
// in it opens with the older stile as before.
func TestRefusedFolderStaysAsItWas(t *testing.T) {
	fs := vfs.NewMem()
	s, err := Open("data", Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := kvtest.Commit(s, set("a", make([]byte, 100))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const log = "data/log/000002.log"
	b, err := readAll(fs, log)
	if err != nil {
		t.Fatal(err)
	}
	whole := append([]byte(nil), b...)
	b[50] ^= 1
	rewrite(t, fs, log, b)
	for _, damaged := range []bool{true, false} {
		if damaged {
			if err := writeFormatOf(fs, "data", "data/FORMAT", 1); err != nil {
				t.Fatal(err)
			}
		} else {
			rewrite(t, fs, log, whole)
		}
		s, err := Open("data", Options{FS: fs})
		if err == nil {
			s.Close()
		}
		want := map[bool]string{true: "stile-data 1\n", false: fmt.Sprintf("stile-data %d\n", Format)}[damaged]
		if text, failed := readFile(fs, "data/FORMAT"); failed != nil || text != want || (err != nil) != damaged {
			t.Errorf("damaged %v: %v; FORMAT says %q, %v", damaged, err, text, failed)
		}
	}
}
