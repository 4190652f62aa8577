package files

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long a folder must be still before a change is told: editors write
// one file in several steps, which are some milliseconds apart.
const quiet = 25 * time.Millisecond

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

// maxChanges bounds the paths that are told at once; where more changed, it is told as
// if all had.
const maxChanges = 10_000

// changes gathers the paths of a burst.
type changes struct {
	paths map[string]bool
	lost  bool // events were lost: anything may have changed
}

func (c *changes) add(path string) {
	if c.paths == nil {
		c.paths = map[string]bool{}
	}
	c.paths[path] = true
	c.lost = c.lost || len(c.paths) > maxChanges
}

// take gives what changed, sorted, and begins anew; nil: anything may have.
func (c *changes) take() []string {
	paths := slices.AppendSeq([]string{}, maps.Keys(c.paths))
	slices.Sort(paths)
	if c.lost {
		paths = nil
	}
	*c = changes{}
	return paths
}

// Watch calls changed after each burst of changes, those since the making
// included, until ctx ends; it then returns nil. changed is told the paths, sorted, each
// as the Watcher's folder was named; nil where they are not known. It runs on Watch's
// goroutine, so bursts during it are told once, after it.
func (x *Watcher) Watch(ctx context.Context, changed func(paths []string)) error {
	w, dir := x.w, x.dir
	var seen changes
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
			seen.lost = true
			timer.Reset(quiet)
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if x.also != "" && (!below(dir, e.Name) || hidden(dir, e.Name)) {
				if filepath.Clean(e.Name) == x.also && e.Op != fsnotify.Chmod {
					seen.add(e.Name)
					timer.Reset(quiet)
				}
				continue
			}
			if hidden(dir, e.Name) || x.data != nil && x.data(e.Name) {
				continue
			}
			if seen.add(e.Name); e.Op == fsnotify.Chmod {
				continue // of no account alone; but who could not read the file may be able to now
			}
			if e.Has(fsnotify.Create) {
				if info, err := os.Stat(e.Name); err == nil && info.IsDir() {
					// The folder may be gone again; its removal is an event of its own.
					_ = watchTree(w, e.Name)
				}
			}
			timer.Reset(quiet)
		case <-timer.C:
			changed(seen.take())
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
