package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stile/internal/kv/pebblekv"
)

// TestDamage flips a byte in every file of an archive, cuts it everywhere, and
// leaves files out, adds and swaps them: nothing is restored.
func TestDamage(t *testing.T) {
	w := newWorld(t)
	archive := w.take(w.identity.Recipient())
	entries := unpack(t, archive)
	looked := 0
	refused := func(what string, archive []byte) {
		t.Helper()
		// Verify reads as Restore does, and touches no disk.
		if looked++; looked%8 == 1 {
			_, _, err := restore(t, archive, Options{Identities: Identities{w.identity}})
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := Verify(bytes.NewReader(archive), testKnown); err == nil {
			t.Errorf("%s: Verify finds it whole", what)
		}
	}
	if _, _, err := restore(t, pack(t, entries), Options{Identities: Identities{w.identity}}); err != nil {
		t.Fatal("an archive that is packed again is refused:", err)
	}
	for i, e := range entries {
		if len(e.data) == 0 {
			continue
		}
		for _, at := range []int{0, len(e.data) / 2, len(e.data) - 1} {
			changed := slices.Clone(entries)
			changed[i].data = slices.Clone(e.data)
			changed[i].data[at] ^= 0x10
			refused(e.name+" with a flipped byte", pack(t, changed))
		}
		refused("without "+e.name, pack(t, slices.Delete(slices.Clone(entries), i, i+1)))
	}
	last := len(entries) - 1
	swapped := slices.Clone(entries)
	swapped[last], swapped[last-1] = swapped[last-1], swapped[last]
	refused("two files swapped", pack(t, swapped))
	refused("a file more", pack(t, append(slices.Clone(entries), entry{"log/more", []byte("x")})))
	for _, n := range []int{0, 1, 100, len(archive) / 3, len(archive) / 2, len(archive) - 5, len(archive) - 1} {
		refused("cut", archive[:n])
	}
	for at := 0; at < len(archive); at += len(archive)/40 + 1 {
		changed := slices.Clone(archive)
		changed[at] ^= 4
		refused("a flipped byte of the stream", changed)
	}
}

// remade gives an archive whose manifest was changed and signed anew.
func remade(t *testing.T, entries []entry, change func(m *Manifest, entries []entry) []entry) []byte {
	t.Helper()
	var m Manifest
	if err := json.Unmarshal(entries[0].data, &m); err != nil {
		t.Fatal(err)
	}
	out := change(&m, slices.Clone(entries))
	text, digest, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	out[0].data, out[1].data = text, digest
	return pack(t, out)
}

func TestForeignManifests(t *testing.T) {
	w := newWorld(t)
	entries := unpack(t, w.take())
	rename := func(name string) func(*Manifest, []entry) []entry {
		return func(m *Manifest, e []entry) []entry {
			m.Files[0].Name, e[2].name = name, name
			return e
		}
	}
	for what, change := range map[string]func(*Manifest, []entry) []entry{
		"../x": rename("../x"), "log/../../x": rename("log/../../x"), "/etc/x": rename("/etc/x"), "config/..": rename("config/.."),
		"log/a/b": rename("log/a/b"), "traces/x": rename("traces/x"), "log/": func(m *Manifest, e []entry) []entry { m.Files[0].Name = "log/"; return e }, `log/..\x`: rename(`log/..\x`),
		"twice": func(m *Manifest, e []entry) []entry {
			m.Files[1].Name, e[3].name = m.Files[0].Name, m.Files[0].Name
			return e
		},
		"keys that are not told of": func(m *Manifest, e []entry) []entry {
			m.Files = append(m.Files, File{keysName, 1, hexSum([]byte("x"))})
			return append(e, entry{keysName, []byte("x")})
		},
		"no format":    func(m *Manifest, e []entry) []entry { m.Format = 0; return e },
		"keys told of": func(m *Manifest, e []entry) []entry { m.Keys = true; return e },
	} {
		var fault *DamagedError
		if _, _, err := restore(t, remade(t, entries, change), Options{WithoutKeys: true}); !errors.As(err, &fault) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, change := range map[string]func(*Manifest){
		"layout": func(m *Manifest) { m.Backup++ }, "data format": func(m *Manifest) { m.Format = pebblekv.Format + 1 },
		"semantics": func(m *Manifest) { m.Semantics = 2 },
	} {
		newer := remade(t, entries, func(m *Manifest, e []entry) []entry { change(m); return e })
		var fault *NewerError
		if _, _, err := restore(t, newer, Options{}); !errors.As(err, &fault) || fault.What != what {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := Verify(bytes.NewReader(newer), Known{Any: true}); (err != nil) != (what == "layout") {
			t.Errorf("digests of a newer %s: %v", what, err)
		}
	}
	older := remade(t, entries, func(m *Manifest, e []entry) []entry { m.Format = 1; return e })
	dir, _, err := restore(t, older, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "FORMAT")); err != nil || string(text) != "stile-data 1\n" {
		t.Errorf("the folder of an older backup has FORMAT %q, %v", text, err)
	}
}

func TestFolders(t *testing.T) {
	w := newWorld(t)
	archive := w.take()
	dir := t.TempDir()
	if _, err := Restore(Options{Archive: bytes.NewReader(archive), Dir: dir, Known: testKnown}); err != nil {
		t.Fatalf("an empty folder: %v", err)
	}
	var full *NotEmptyError
	if _, err := Restore(Options{Archive: bytes.NewReader(archive), Dir: dir, Known: testKnown}); !errors.As(err, &full) {
		t.Fatalf("a folder with something in it: %v", err)
	}
	if n := len(rows(t, dir, 0x13)); n != 2000 {
		t.Errorf("the refusal changed the folder: %d rows", n)
	}
	empty := t.TempDir()
	if _, err := Restore(Options{Archive: bytes.NewReader(archive[:200]), Dir: empty, Known: testKnown}); err == nil {
		t.Error("a cut archive is restored")
	}
	if list, err := os.ReadDir(empty); err != nil || len(list) > 0 {
		t.Errorf("a refusal left %v, %v", list, err)
	}
}

// TestStagingEnds: a backup that is cancelled leaves no copy, and what a killed
// process left is swept.
func TestStagingEnds(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.source.Stage(ctx, nil); err == nil {
		t.Error("a cancelled backup is staged")
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, folderPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	staged, err := w.source.Stage(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Sweep(w.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(staged.dir); err == nil {
		t.Error("the copy is still there")
	}
	if _, err := w.log.GetMany(0x10, [][]byte{[]byte("keys")}); err != nil {
		t.Error("the sweep took more than copies:", err)
	}
}
