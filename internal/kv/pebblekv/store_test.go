package pebblekv

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"stile/internal/kv"
	"stile/internal/kv/kvtest"
)

func open(t *testing.T, o Options) *Store {
	t.Helper()
	s, err := Open("data", o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(k string, v []byte) kv.Op { return kv.Op{Kind: kv.Set, Space: 1, Key: []byte(k), Value: v} }

func TestConformance(t *testing.T) {
	kvtest.Conformance(t, func(t *testing.T) kv.Store {
		s := open(t, Options{FS: vfs.NewMem()})
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := kvtest.Commit(s, set("a", []byte("1"))); err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := Open(dir, Options{}); !errors.As(err, &locked) || strings.Contains(err.Error(), "\n") {
		t.Errorf("second open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	format := filepath.Join(dir, "FORMAT")
	for text, want := range map[string]any{
		"stile-data 4\n": new(*NewerFormatError), "other\n": new(*ForeignError), "stile-data x\n": new(*ForeignError),
	} {
		if err := os.WriteFile(format, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Options{}); !errors.As(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("FORMAT %q: %v", text, err)
		}
		if kept, err := os.ReadFile(format); err != nil || string(kept) != text {
			t.Errorf("FORMAT %q was made %q, %v", text, kept, err)
		}
	}
	newer := (&NewerFormatError{"d", 4}).Error()
	if want := "data folder d has format 4, this stile reads up to 3; use the newer stile that wrote it, or another folder with --data"; newer != want {
		t.Error(newer)
	}
	if err := os.Remove(format); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.As(err, new(*ForeignError)) {
		t.Errorf("log without FORMAT: %v", err)
	}
	if err := os.WriteFile(format, []byte("stile-data 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if text, err := os.ReadFile(format); err != nil || string(text) != "stile-data 3\n" {
		t.Errorf("a folder of format 1 is %q after it was opened, %v", text, err)
	}
	if got, err := s.GetMany(1, [][]byte{[]byte("a")}); err != nil || string(got[0]) != "1" {
		t.Errorf("got %q, %v", got, err)
	}
}

// logSyncs counts syncs of Pebble's write-ahead log.
func logSyncs(inner vfs.FS, n *atomic.Int64) vfs.FS {
	return errorfs.Wrap(inner, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			if strings.HasSuffix(op.Path, ".log") {
				n.Add(1)
			}
		}
		return nil
	}))
}

func TestOneSyncForAGroup(t *testing.T) {
	var syncs atomic.Int64
	s := open(t, Options{FS: logSyncs(vfs.NewMem(), &syncs)})
	defer s.Close()
	start := syncs.Load()
	const groups = 20
	for i := range groups {
		var ops []kv.Op
		for j := range 50 {
			ops = append(ops, set(fmt.Sprint(i, j), make([]byte, 100)))
		}
		if err := kvtest.Commit(s, ops...); err != nil {
			t.Fatal(err)
		}
	}
	if n := syncs.Load() - start; n != groups {
		t.Errorf("%d groups made %d syncs", groups, n)
	}
}

// TestCrashClones cuts the power under writers, with values larger than Pebble's
// memory table among them, and chains the crashes.
func TestCrashClones(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	fs := vfs.NewCrashableMem()
	acked, rounds := map[string]int{}, 0
	for i := range 24 {
		s := open(t, Options{FS: fs, MemTableBytes: 256 << 10, Fatal: func(err error) { t.Error(err) }})
		for k, size := range acked {
			got, err := s.GetMany(1, [][]byte{[]byte(k)})
			if err != nil || got[0] == nil || len(got[0]) != size {
				t.Fatalf("round %d: %s was acknowledged, now %d bytes, %v", i, k, len(got[0]), err)
			}
		}
		results := make(chan string, 40)
		sizes := map[string]int{}
		for j := range 20 {
			k, size := fmt.Sprintf("%d/%d", i, j), 10+rng.IntN(2000)
			if j%9 == 8 {
				size = 600 << 10
			}
			sizes[k] = size
			s.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: []kv.Op{set(k, make([]byte, size))}}}}, func(err error) {
				if err != nil {
					k = ""
				}
				results <- k
			})
		}
		for range rng.IntN(20) {
			if k := <-results; k != "" {
				acked[k] = sizes[k]
			}
		}
		next := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: i % 3 * 50, RNG: rng})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		fs, rounds = next, rounds+1
	}
	t.Logf("figure: %d crashes, %d acknowledged groups, 0 lost", rounds, len(acked))
}

// TestFailedSync makes the nth write or sync of the log fail: the store stops,
// says so once, acknowledges nothing later, and tries nothing again.
func TestFailedSync(t *testing.T) {
	for n := range 12 {
		var count, after, fatal atomic.Int64
		armed := atomic.Bool{}
		fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if !armed.Load() || !strings.HasSuffix(op.Path, ".log") {
				return nil
			}
			switch op.Kind {
			case errorfs.OpFileWrite, errorfs.OpFileSync, errorfs.OpFileSyncData:
				c := count.Add(1) - 1
				if c == int64(n) {
					return io.ErrShortWrite
				}
				if c > int64(n) && op.Kind != errorfs.OpFileWrite {
					after.Add(1)
				}
			}
			return nil
		}))
		s := open(t, Options{FS: fs, Fatal: func(error) { fatal.Add(1) }})
		armed.Store(true)
		failed := false
		for i := range 12 {
			err := kvtest.Commit(s, set(fmt.Sprint(i), make([]byte, 10)))
			if failed && err == nil {
				t.Fatalf("fault %d: group %d acknowledged after a failure", n, i)
			}
			failed = failed || err != nil
		}
		if !failed || fatal.Load() != 1 || after.Load() != 0 {
			t.Errorf("fault %d: failed %v, Fatal called %d times, %d syncs after the failure", n, failed, fatal.Load(), after.Load())
		}
		if _, err := s.GetMany(1, [][]byte{[]byte("0")}); err == nil {
			t.Errorf("fault %d: a failed store reads", n)
		}
		s.Close()
	}
}
