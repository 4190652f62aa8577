package files

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long a folder must be still before a change is told: editors write
// one file in several steps.
const quiet = 80 * time.Millisecond

// Watch calls changed after each burst of changes below dir, until ctx ends; it
// then returns nil. Hidden folders (.stile, .git) are not watched. changed runs
// on Watch's goroutine, so bursts during it are told once, after it.
func Watch(ctx context.Context, dir string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := watchTree(w, dir); err != nil {
		return err
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err, ok := <-w.Errors:
			if !ok {
				return nil
			}
			// Lost events: what changed is unknown, so take it as a change.
			_ = err
			timer.Reset(quiet)
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if hidden(dir, e.Name) || e.Op == fsnotify.Chmod {
				continue
			}
			if e.Has(fsnotify.Create) {
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
					// The folder may be gone again; its removal is an event of its own.
					_ = watchTree(w, e.Name)
				}
			}
			timer.Reset(quiet)
		case <-timer.C:
			changed()
		}
	}
}

func watchTree(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		case path != dir && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		}
		return w.Add(path)
	})
}

// hidden reports whether a path below dir is, or lies in, something hidden.
func hidden(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return false
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".." {
			return true
		}
	}
	return false
}
