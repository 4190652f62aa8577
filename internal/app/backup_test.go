package app

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"stile/internal/backup"
	"stile/internal/identity"
	"stile/internal/identity/session"
	"stile/internal/kv"
	"stile/internal/kv/pebblekv"
)

// secretsOf gives the secret rows of the stores in a folder, sessions too.
func secretsOf(t *testing.T, stores map[string]kv.Store) (kept, dropped map[string][]byte) {
	t.Helper()
	kept, dropped = map[string][]byte{}, map[string][]byte{}
	for _, r := range secretRows() {
		err := stores[r.Store].Iterate(r.Space, kv.Range{Lower: r.From, Upper: r.To}, func(k, v []byte) bool {
			if r.Drop {
				dropped[r.Store+"/"+string(k)] = bytes.Clone(v)
			} else {
				kept[r.Store+"/"+string(k)] = bytes.Clone(v)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return kept, dropped
}

// eachFile shows every file of an archive.
func eachFile(t *testing.T, archive string, f func(name string, data []byte)) {
	t.Helper()
	z, err := zstd.NewReader(strings.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		f(h.Name, data)
	}
}

// TestBackupKeepsSecretsApart takes a backup of the product: no key and no session is
// to be read in it, and who has the identity gets the keys back.
func TestBackupKeepsSecretsApart(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "backup.part-left"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, s := devServer(t, keyFolder(t, "name: p\n"), data)
	if _, err := os.Stat(filepath.Join(data, "backup.part-left")); err == nil {
		t.Error("what a killed process left is still there")
	}
	if _, err := session.New(keyStore{s.data.config}, time.Now).Start(identity.Caller{Kind: "user", ID: "ada", Name: "a name of some length which no other row has"}); err != nil {
		t.Fatal(err)
	}
	kept, dropped := secretsOf(t, map[string]kv.Store{backup.Log: s.data.log, backup.Config: s.data.config})
	if len(kept) < 2 || len(dropped) != 1 {
		t.Fatalf("%d secret rows and %d sessions: nothing is proven", len(kept), len(dropped))
	}
	own, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	status, archive := send(t, "POST", p.Console+"/-/v1/backup", `{"recipients":["`+own.Recipient().String()+`"]}`, "Content-Type", "application/json")
	if status != 200 {
		t.Fatal(status, archive)
	}
	looked := map[string]int{}
	eachFile(t, archive, func(name string, file []byte) {
		for _, rows := range []map[string][]byte{kept, dropped} {
			for row, value := range rows {
				for at := 0; at+24 <= len(value); at += 8 {
					part := value[at : at+24]
					if bytes.ContainsAny(part, `":,{}[]`) { // names and times of a record, which others have too
						continue
					}
					looked[row]++
					if bytes.Contains(file, part) {
						t.Errorf("%s holds bytes %d to %d of %s", name, at, at+24, row)
					}
				}
			}
		}
	})
	if len(looked) != len(kept)+len(dropped) {
		t.Errorf("not every secret was looked for: %v", looked)
	}
	to := filepath.Join(t.TempDir(), "data")
	if _, err := backup.Restore(backup.Options{Archive: strings.NewReader(archive), Dir: to, Known: Known(), Identities: backup.Identities{own}}); err != nil {
		t.Fatal(err)
	}
	stores := map[string]kv.Store{}
	for name, dir := range map[string]string{backup.Log: to, backup.Config: filepath.Join(to, "config")} {
		store, err := pebblekv.Open(dir, pebblekv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		stores[name] = store
	}
	back, sessions := secretsOf(t, stores)
	for row, value := range kept {
		if !bytes.Equal(back[row], value) {
			t.Errorf("%s is not back", row)
		}
	}
	if len(back) != len(kept) || len(sessions) > 0 {
		t.Errorf("%d rows and %d sessions are back, want %d and none", len(back), len(sessions), len(kept))
	}
}

// TestOneBackupAtATime: a second one is a conflict, what is refused is not recorded,
// and what is taken is.
func TestOneBackupAtATime(t *testing.T) {
	p, s := devServer(t, keyFolder(t, "name: p\n"), t.TempDir())
	post := func(body string) (int, string) {
		t.Helper()
		return send(t, "POST", p.Console+"/-/v1/backup", body, "Content-Type", "application/json")
	}
	first, err := s.backups.Begin(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, text := post(`{}`); status != 409 || !strings.Contains(text, "under way") {
		t.Errorf("a second one: %d %s", status, text)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"recipients":["age1nobody"]}`, `{"recipients":"age1"}`, `{"recipients":[1]}`} {
		if status, text := post(body); status != 400 || !strings.Contains(text, "BadRecipients") {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	status, archive := post(`{}`)
	if m, err := backup.Verify(strings.NewReader(archive), Known()); status != 200 || err != nil || m.Keys {
		t.Errorf("after the first: %d, %v", status, err)
	}
	taken := 0
	lines, _ := p.records("max=100")
	for _, line := range lines {
		if strings.Contains(line, "stile:Backup backup allowed") {
			taken++
		}
	}
	if taken != 2 {
		t.Errorf("%d backups are in the audit, want 2: %q", taken, lines)
	}
	if left, _ := filepath.Glob(filepath.Join(s.data.dir, "backup.part-*")); len(left) > 0 {
		t.Errorf("copies are left: %v", left)
	}
	p.shut()
	if _, err := s.backups.Begin(t.Context(), nil); err == nil {
		t.Error("a server that has stopped takes backups")
	}
}
