package files

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch waits for real notices of a real file system; a notice that never
// comes fails by the deadline, and nothing sleeps.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"apim/apis", ".stile/data"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	changes := make(chan struct{}, 16)
	ended := make(chan error, 1)
	w, err := NewWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "stile.yaml"), "name: x\n")
	go func() { ended <- w.Watch(ctx, func([]string) { changes <- struct{}{} }) }()
	await := func(what string) {
		t.Helper()
		select {
		case <-changes:
		case err := <-ended:
			t.Fatalf("%s: Watch ended: %v", what, err)
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not told", what)
		}
	}
	await("a change between the making and Watch")
	drain(changes)
	write(t, filepath.Join(dir, "apim/policy.xml"), "<policies />")
	await("a file in a folder")
	drain(changes)
	write(t, filepath.Join(dir, "apim/apis/new/apiInformation.json"), "{}")
	await("a new folder")
	drain(changes)
	write(t, filepath.Join(dir, "apim/apis/new/apiInformation.json"), `{"a":1}`)
	await("a file in a new folder")
	drain(changes)
	if err := os.RemoveAll(filepath.Join(dir, "apim/apis/new")); err != nil {
		t.Fatal(err)
	}
	await("a removed folder")
	drain(changes)
	write(t, filepath.Join(dir, ".stile/data/x"), "y")
	write(t, filepath.Join(dir, ".hidden"), "y")
	select {
	case <-changes:
		t.Error("a hidden file was told")
	case <-time.After(4 * quiet):
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := NewWatcher(filepath.Join(dir, "gone")); err == nil {
		t.Error("a folder that is not there was watched")
	}
}

// drain takes notices until none came for a while.
func drain(changes <-chan struct{}) {
	for {
		select {
		case <-changes:
		case <-time.After(3 * quiet):
			return
		}
	}
}

// TestWatchAlso: one file elsewhere is told, and what lies beside it is not.
func TestWatchAlso(t *testing.T) {
	root := t.TempDir()
	dir, file := filepath.Join(root, "project"), filepath.Join(root, "mocks.json")
	if err := os.MkdirAll(filepath.Join(dir, ".hidden"), 0o755); err != nil {
		t.Fatal(err)
	}
	inside, err := NewWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := inside.Also(filepath.Join(dir, "tests", "mocks.json")); err != nil || inside.also != "" {
		t.Errorf("a file of the project: %v, %q", err, inside.also)
	}
	inside.Close()
	for _, path := range []string{file, filepath.Join(dir, ".hidden", "mocks.json")} {
		w, err := NewWatcher(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Also(path); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		changes, ended := make(chan struct{}, 16), make(chan error, 1)
		go func() { ended <- w.Watch(ctx, func([]string) { changes <- struct{}{} }) }()
		write(t, filepath.Join(filepath.Dir(path), "other.json"), "{}")
		select {
		case <-changes:
			t.Error("another file was told")
		case <-time.After(4 * quiet):
		}
		write(t, path, "{}")
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Errorf("%s was not told", path)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
