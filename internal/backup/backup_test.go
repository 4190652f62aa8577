package backup

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"stile/internal/kv"
	"stile/internal/kv/kvtest"
	"stile/internal/kv/pebblekv"
)

var testKnown = Known{Semantics: 1}

// world is a data folder with 2,000 rows in each store, and three secret rows.
type world struct {
	t           *testing.T
	dir         string
	log, config *pebblekv.Store
	secrets     [][]byte // their bytes
	identity    *age.X25519Identity
	source      Source
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "data")}
	openStore := func(dir string) *pebblekv.Store {
		// A small table, so that rows lie in tables and in the log.
		s, err := pebblekv.Open(dir, pebblekv.Options{MemTableBytes: 64 << 10, CacheBytes: 1 << 20, Fatal: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	w.log, w.config = openStore(w.dir), openStore(filepath.Join(w.dir, "config"))
	for i := range 3 {
		w.secrets = append(w.secrets, random(32+i))
	}
	w.put(w.log, 0x10, "keys", w.secrets[0])
	w.put(w.config, 1, "issuer", w.secrets[1])
	w.put(w.config, 1, "session/a", w.secrets[2])
	for from := 0; from < 2000; from += 100 {
		var log, config []kv.Op
		for i := from; i < from+100; i++ {
			name := []byte(fmt.Sprintf("row%04d", i))
			log = append(log, kv.Op{Kind: kv.Set, Space: 0x13, Key: name, Value: random(100)})
			config = append(config, kv.Op{Kind: kv.Set, Space: 2, Key: name, Value: random(20)})
		}
		if err := errors.Join(kvtest.Commit(w.log, log...), kvtest.Commit(w.config, config...)); err != nil {
			t.Fatal(err)
		}
	}
	// Written again: the older bytes lie in other files than the newer ones.
	w.put(w.log, 0x10, "keys", w.secrets[0])
	var err error
	if w.identity, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	w.source = Source{Log: w.log, Config: w.config, Dir: w.dir, Product: "9.9", Semantics: 1, Now: time.Now,
		Secrets: []Secret{{Store: Log, Space: 0x10, From: []byte("keys"), To: []byte("keys\x00")},
			{Store: Config, Space: 1, From: []byte("session/"), To: []byte("session0"), Drop: true},
			{Store: Config, Space: 1, To: []byte("session/")}, {Store: Config, Space: 1, From: []byte("session0")}}}
	return w
}

func (w *world) put(s *pebblekv.Store, space kv.Space, key string, value []byte) {
	w.t.Helper()
	if err := kvtest.Commit(s, kv.Op{Kind: kv.Set, Space: space, Key: []byte(key), Value: value}); err != nil {
		w.t.Fatal(err)
	}
}

// take gives the bytes of a backup.
func (w *world) take(to ...age.Recipient) []byte {
	w.t.Helper()
	staged, err := w.source.Stage(w.t.Context(), to)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := staged.Close(); err != nil {
			w.t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(w.dir, folderPrefix+"*")); len(left) > 0 {
			w.t.Errorf("left behind: %v", left)
		}
	}()
	var out bytes.Buffer
	if err := staged.Write(w.t.Context(), &out); err != nil {
		w.t.Fatal(err)
	}
	return out.Bytes()
}

// entry is one entry of an archive, taken apart.
type entry struct {
	name string
	data []byte
}

func unpack(t *testing.T, archive []byte) (out []entry) {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{h.Name, data})
	}
}

func pack(t *testing.T, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Size: int64(len(e.data)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// restore restores an archive and gives the folder, or "" and the error.
func restore(t *testing.T, archive []byte, o Options) (string, Restored, error) {
	t.Helper()
	o.Archive, o.Dir = bytes.NewReader(archive), filepath.Join(t.TempDir(), "restored")
	if o.Known == (Known{}) {
		o.Known = testKnown
	}
	got, err := Restore(o)
	if _, gone := os.Stat(o.Dir); err != nil && gone == nil {
		t.Errorf("after %v there is a folder", err)
	}
	return o.Dir, got, err
}

// rows reads a space of a restored store.
func rows(t *testing.T, dir string, space kv.Space) map[string]string {
	t.Helper()
	s, err := pebblekv.Open(dir, pebblekv.Options{Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out := map[string]string{}
	if err := s.Iterate(space, kv.Range{}, func(k, v []byte) bool { out[string(k)] = string(v); return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBackupAndRestore(t *testing.T) {
	w := newWorld(t)
	archive := w.take(w.identity.Recipient())
	m, err := Verify(bytes.NewReader(archive), testKnown)
	if err != nil || !m.Keys || m.Stile != "9.9" || m.Format != pebblekv.Format || m.Bytes() == 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	dir, got, err := restore(t, archive, Options{Identities: Identities{w.identity}})
	if err != nil || !got.Keys {
		t.Fatal(err, got.Keys)
	}
	if have := rows(t, dir, 0x10); have["keys"] != string(w.secrets[0]) {
		t.Error("the log's keys are not back")
	}
	have := rows(t, filepath.Join(dir, "config"), 1)
	if have["issuer"] != string(w.secrets[1]) {
		t.Error("the issuer's keys are not back")
	}
	if len(have) != 1 {
		t.Errorf("sessions are in the backup: %d rows", len(have))
	}
	if n := len(rows(t, dir, 0x13)); n != 2000 {
		t.Errorf("%d rows of the log, want 2000", n)
	}
	if n := len(rows(t, filepath.Join(dir, "config"), 2)); n != 2000 {
		t.Errorf("%d rows of the configuration, want 2000", n)
	}
	// The copy took the rows out of itself alone.
	if v, err := w.log.GetMany(0x10, [][]byte{[]byte("keys")}); err != nil || !bytes.Equal(v[0], w.secrets[0]) {
		t.Errorf("the store that was copied lost its keys: %v", err)
	}
}

// TestNoSecretInTheArchive looks for the bytes of every secret in every file.
func TestNoSecretInTheArchive(t *testing.T) {
	w := newWorld(t)
	for name, to := range map[string][]age.Recipient{"with a recipient": {w.identity.Recipient()}, "without": nil} {
		entries := unpack(t, w.take(to...))
		keys := 0
		for _, e := range entries {
			if e.name == keysName {
				keys++
			}
			for i, s := range w.secrets {
				if bytes.Contains(e.data, s) || bytes.Contains(e.data, s[:16]) || bytes.Contains(e.data, s[16:]) {
					t.Errorf("%s: %s holds secret %d", name, e.name, i)
				}
			}
		}
		if keys != len(to) {
			t.Errorf("%s: %d times %s", name, keys, keysName)
		}
	}
	// The control: the same look finds them in a copy from which nothing was taken.
	w.source.Secrets = nil
	found := 0
	for _, e := range unpack(t, w.take()) {
		for _, s := range w.secrets {
			if bytes.Contains(e.data, s) {
				found++
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d of 3 secrets are seen where nothing was taken out", found)
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	archive := w.take(w.identity.Recipient(), other.Recipient())
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []*age.X25519Identity{w.identity, other} {
		if _, got, err := restore(t, archive, Options{Identities: Identities{one}}); err != nil || !got.Keys {
			t.Errorf("each recipient opens the keys: %v", err)
		}
	}
	if _, _, err := restore(t, archive, Options{Identities: Identities{stranger}}); err == nil || !strings.Contains(err.Error(), "none of the identities") {
		t.Errorf("a stranger: %v", err)
	}
	if _, _, err := restore(t, archive, Options{}); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("no identity: %v", err)
	}
	dir, got, err := restore(t, archive, Options{WithoutKeys: true})
	if err != nil || got.Keys || len(rows(t, dir, 0x10)) != 0 {
		t.Errorf("without keys: %v", err)
	}
	if _, err := ParseRecipients([]string{w.identity.String()}); err == nil || strings.Contains(err.Error(), w.identity.String()[20:]) {
		t.Errorf("an identity as recipient: %v", err)
	}
}

// TestSweep: an archive that somebody keeps in the data folder is not what a killed
// process left.
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[data]")
	kept := []string{"backup-2026-11-23.tar.zst", "backup.part-.tar.zst", "backup-folder/file", "log/file"}
	for _, name := range append([]string{folderPrefix + "123/log/file"}, kept...) {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range kept {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, folderPrefix+"123")); err == nil {
		t.Error("what a killed process left is still there")
	}
}
