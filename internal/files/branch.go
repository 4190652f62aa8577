package files

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/config"
)

// branch is one file or folder of a project as it was seen.
//
// Task: a load after a change reads what changed, of tens of thousands of files.
// Invariants: what a branch keeps was made of nothing outside its path but the inputs
// that kept was told; a path that changed takes along what was kept of it, above it
// and below it. What lies behind a link, in a hidden folder or outside the project is
// kept nowhere, since nobody tells of its changes.
type branch struct {
	name      string
	dir, link bool
	// listed: below is all that the folder has. Otherwise it is what was asked for.
	listed bool
	below  []*branch // sorted by name
	made   *made
}

// made is what reading a branch gave.
type made struct {
	from   string // the inputs besides the files
	value  any
	faults diag.List
	sums   []fileSum
}

func (b *branch) find(name string) (at int, ok bool) {
	return slices.BinarySearchFunc(b.below, name, func(b *branch, name string) int { return cmp.Compare(b.name, name) })
}

// child gives the branch of a path right below b, which lies at dir; nil where there
// is nothing of which it could be kept.
func (b *branch) child(dir, name string) *branch {
	at, ok := b.find(name)
	if ok {
		return b.below[at]
	}
	if b.listed {
		return nil
	}
	made := branchOf(dir, name)
	if made != nil {
		b.below = slices.Insert(b.below, at, made)
	}
	return made
}

// branchOf looks at a path; nil: nothing is there, or nothing can be said of it.
func branchOf(dir, name string) *branch {
	info, err := os.Lstat(filepath.Join(dir, name))
	if err != nil {
		return nil
	}
	return &branch{name: name, dir: info.IsDir(), link: info.Mode()&fs.ModeSymlink != 0}
}

// forget drops what was made of a path, given by its segments below b, which lies at
// dir: of all that it lies in, and of all that lies in it.
func (b *branch) forget(dir string, segments []string) {
	for {
		b.made = nil
		if len(segments) == 0 {
			b.listed, b.below = false, nil
			return
		}
		name := segments[0]
		if strings.HasPrefix(name, ".") {
			return
		}
		at, ok := b.find(name)
		if ok && len(segments) > 1 && b.below[at].dir {
			b, dir, segments = b.below[at], filepath.Join(dir, name), segments[1:]
			continue
		}
		now := (*branch)(nil)
		if b.listed {
			now = branchOf(dir, name)
		}
		switch {
		case ok && now != nil:
			b.below[at] = now
		case ok:
			b.below = slices.Delete(b.below, at, at+1)
		case now != nil:
			b.below = slices.Insert(b.below, at, now)
		}
		return
	}
}

// at gives the branch of a path below the project's folder; nil where nothing is
// there, or nothing can be kept of it.
func (l *loader) at(parts ...string) *branch {
	if l.root == nil { // a loader of single files
		return nil
	}
	rel := filepath.ToSlash(filepath.Join(parts...))
	b, dir := l.root, l.dir
	for name := range strings.SplitSeq(rel, "/") {
		if name == "" || strings.HasPrefix(name, ".") {
			l.loose++
			return nil
		}
		next := b.child(dir, name)
		if next == nil {
			return nil
		}
		if next.link {
			l.loose++
			return nil
		}
		b, dir = next, filepath.Join(dir, name)
	}
	return b
}

// kept gives what read makes of the branch b: what it made the last time, where
// nothing of it changed and from, the inputs besides the files, is the same. What is
// kept is shared by the projects of all loads, so that nobody may change it. Without a
// branch it reads.
func kept[T any](l *loader, b *branch, from string, read func() T) T {
	if b == nil {
		return read()
	}
	if b.link {
		l.loose++
		return read()
	}
	if m := b.made; m != nil && m.from == from {
		l.faults, l.sums = append(l.faults, m.faults...), append(l.sums, m.sums...)
		return m.value.(T)
	}
	faults, sums, loose := len(l.faults), len(l.sums), l.loose
	value := read()
	if b.made = nil; l.loose == loose {
		b.made = &made{from: from, value: value, faults: slices.Clone(l.faults[faults:]), sums: slices.Clone(l.sums[sums:])}
	}
	return value
}

// branches gives what a folder holds, sorted by name, without what is hidden; nil
// where the folder is not there. A link counts as what it leads to.
func (l *loader) branches(parts ...string) []*branch {
	at := l.at(parts...)
	if at == nil || !at.listed {
		found, ok := l.readDir(parts...)
		if !ok || at == nil {
			return l.followed(found, parts)
		}
		for _, b := range found {
			if i, known := at.find(b.name); known && at.below[i].dir == b.dir && at.below[i].link == b.link {
				b.listed, b.below, b.made = at.below[i].listed, at.below[i].below, at.below[i].made
			}
		}
		at.listed, at.below = true, found
	}
	return l.followed(at.below, parts)
}

// readDir reads a folder; ok is false where it is not there, or cannot be read, which
// is then a fault.
func (l *loader) readDir(parts ...string) (out []*branch, ok bool) {
	found, err := os.ReadDir(filepath.Join(append([]string{l.dir}, parts...)...))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.fault(l.name(parts...), config.CodeUnreadable, "cannot read the folder: "+plain(err), "")
		}
		return nil, false
	}
	list := make([]branch, 0, len(found))
	for _, e := range found {
		if !strings.HasPrefix(e.Name(), ".") {
			list = append(list, branch{name: e.Name(), dir: e.IsDir(), link: e.Type()&fs.ModeSymlink != 0})
		}
	}
	out = make([]*branch, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out, true
}

// followed puts in the place of links what they lead to.
func (l *loader) followed(list []*branch, parts []string) []*branch {
	if !slices.ContainsFunc(list, func(b *branch) bool { return b.link }) {
		return list
	}
	l.loose++
	out := make([]*branch, 0, len(list))
	for _, b := range list {
		if b.link {
			path := append(slices.Clone(parts), b.name)
			info, err := os.Stat(filepath.Join(append([]string{l.dir}, path...)...))
			if err != nil {
				l.fault(l.name(path...), config.CodeUnreadable, "cannot read it: "+plain(err), "")
				continue
			}
			b = &branch{name: b.name, dir: info.IsDir(), link: true}
		}
		out = append(out, b)
	}
	return out
}
