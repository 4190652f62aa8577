package files

import (
	"context"
	"errors"
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

// Watcher sees the changes below a folder from its making on, so that what changes
// while a project is being loaded is not lost. Hidden folders (.stile, .git) are
// not watched.
type Watcher struct {
	dir  string
	w    *fsnotify.Watcher
	also string // a file outside dir, cleaned; empty: none
	data func(path string) bool
}

// NewWatcher begins to watch dir. Watch or Close ends it.
func NewWatcher(dir string) (*Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := watchTree(w, dir); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &Watcher{dir: dir, w: w}, nil
}

// Also watches one file more, which may lie anywhere; before Watch.
func (x *Watcher) Also(file string) error {
	if below(x.dir, file) && !hidden(x.dir, file) {
		return nil
	}
	// Its folder, since editors put a new file into the old one's place.
	x.also = filepath.Clean(file)
	return x.w.Add(filepath.Dir(x.also))
}

// Except leaves out changes of paths that are data, not the project's files; before
// Watch.
func (x *Watcher) Except(data func(path string) bool) { x.data = data }

// below reports whether a path lies in dir or under it.
func below(dir, path string) bool {
	from, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(from, to)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Close ends a watcher that Watch was not called on.
func (x *Watcher) Close() error { return x.w.Close() }

// Watch calls changed after each burst of changes, those since the making
// included, until ctx ends; it then returns nil. changed runs on Watch's
// goroutine, so bursts during it are told once, after it.
func (x *Watcher) Watch(ctx context.Context, changed func()) error {
	w, dir := x.w, x.dir
	defer w.Close()
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
			if x.also != "" && (!below(dir, e.Name) || hidden(dir, e.Name)) {
				if filepath.Clean(e.Name) == x.also && e.Op != fsnotify.Chmod {
					timer.Reset(quiet)
				}
				continue
			}
			if hidden(dir, e.Name) || e.Op == fsnotify.Chmod || x.data != nil && x.data(e.Name) {
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
