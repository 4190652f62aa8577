package pebblekv

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"stile/internal/kv"
	"stile/internal/kv/kvtest"
)

// TestCheckpointUnderWrites: a copy has every group that was acknowledged before it,
// whole, and no group without those before it.
func TestCheckpointUnderWrites(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(filepath.Join(dir, "data"), Options{MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	var acked atomic.Int64
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			key := fmt.Sprintf("%06d", i)
			if err := kvtest.Commit(s, set("a"+key, make([]byte, 300)), set("b"+key, make([]byte, 3000))); err != nil {
				t.Error(err)
				return
			}
			acked.Store(int64(i + 1))
		}
	}()
	for n := range 6 {
		for acked.Load() < int64(20*(n+1)) && !t.Failed() {
		}
		before, copied := acked.Load(), filepath.Join(dir, fmt.Sprint("copy", n))
		if err := s.Checkpoint(copied); err != nil {
			t.Fatal(err)
		}
		c, err := Open(copied, Options{Still: true})
		if err != nil {
			t.Fatal(err)
		}
		var a, b int64
		err = c.Iterate(1, kv.Range{}, func(k, _ []byte) bool {
			if k[0] == 'a' {
				if string(k[1:]) != fmt.Sprintf("%06d", a) {
					t.Errorf("copy %d: %s follows %d groups", n, k, a)
				}
				a++
			} else {
				b++
			}
			return true
		})
		if err != nil || a != b || a < before {
			t.Errorf("copy %d: %d and %d rows, %d were acknowledged before, %v", n, a, b, before, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-over
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(filepath.Join(dir, "late")); !errors.Is(err, ErrClosed) {
		t.Errorf("a checkpoint of a closed store: %v", err)
	}
}

// holding counts the files of a folder that hold the bytes.
func holding(t *testing.T, dir string, what []byte) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, what) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestErase: the bytes of erased rows are in no file any more; deleted ones are.
func TestErase(t *testing.T) {
	for _, erase := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "data")
		s, err := Open(dir, Options{MemTableBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		secret := make([]byte, 40)
		_, _ = rand.Read(secret)
		for i := range 3 { // its older bytes are in other tables than the newer ones
			filler := make([]byte, 100<<10)
			_, _ = rand.Read(filler)
			if err := kvtest.Commit(s, set("k", secret), set(fmt.Sprint("l", i), filler)); err != nil {
				t.Fatal(err)
			}
		}
		if s.Erase(t.Context(), 1, []byte("k"), nil) == nil {
			t.Error("a store that others write to erases")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(dir, Options{MemTableBytes: 64 << 10, Still: true}); err != nil {
			t.Fatal(err)
		}
		if erase {
			err = s.Erase(t.Context(), 1, []byte("k"), []byte("k\x00"))
		} else {
			err = kvtest.Commit(s, kv.Op{Kind: kv.Delete, Space: 1, Key: []byte("k")})
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.GetMany(1, [][]byte{[]byte("k"), []byte("l2")}); err != nil || got[0] != nil || got[1] == nil {
			t.Errorf("erase %v: the rows are %d and %d bytes, %v", erase, len(got[0]), len(got[1]), err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := holding(t, dir, secret); (n > 0) == erase {
			t.Errorf("erase %v: %d files hold the bytes", erase, n)
		}
	}
}
