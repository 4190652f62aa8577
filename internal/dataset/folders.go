package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Folders is a Store whose buckets are folders. Find gives a bucket's folder; false
// where there is none. A key is a path below it with slashes; a link out of it is
// not followed.
type Folders struct {
	Find func(bucket string) (dir string, ok bool)
}

func (s Folders) root(bucket string) (*os.Root, error) {
	if bucket == "" {
		return nil, fault("The bucket's name is empty.")
	}
	dir, ok := s.Find(bucket)
	if !ok {
		return nil, fault("The specified bucket does not exist: " + bucket)
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault("The specified bucket does not exist: " + bucket)
	}
	return root, Plain(err)
}

// Plain takes the paths of this machine out of an error of the file system.
func Plain(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return fault(p.Err.Error())
	case errors.As(err, &l):
		return fault(l.Err.Error())
	}
	return err
}

func checkKey(key string) error {
	if key == "" || !fs.ValidPath(key) || key == "." {
		return fault("The key is not a path below the bucket's folder: '" + key + "'")
	}
	return nil
}

// Open opens a file.
func (s Folders) Open(_ context.Context, bucket, key string) (io.ReadCloser, Info, error) {
	if err := checkKey(key); err != nil {
		return nil, Info{}, err
	}
	root, err := s.root(bucket)
	if err != nil {
		return nil, Info{}, err
	}
	defer root.Close()
	file, err := root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Info{}, fault("The specified key does not exist: " + key + " in the bucket " + bucket)
	}
	if err != nil {
		return nil, Info{}, Plain(err)
	}
	is, err := file.Stat()
	if err == nil && !is.Mode().IsRegular() {
		err = fault("The specified key does not exist: " + key + " in the bucket " + bucket)
	}
	if err != nil {
		file.Close()
		return nil, Info{}, Plain(err)
	}
	return file, infoOf(key, is), nil
}

// infoOf tells of a file. Its tag is made of name, size and time: reading every file
// for it would cost as much as the dataset.
func infoOf(key string, is fs.FileInfo) Info {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", key, is.Size(), is.ModTime().UnixNano()))
	return Info{Key: key, Size: is.Size(), Modified: is.ModTime(), ETag: hex.EncodeToString(sum[:16])}
}

// List walks the folder, one folder's names in memory at a time. Files that a Put
// has not finished are left out.
func (s Folders) List(ctx context.Context, bucket, prefix string, f func(Info) error) error {
	root, err := s.root(bucket)
	if err != nil {
		return err
	}
	defer root.Close()
	return walk(ctx, root, "", prefix, f)
}

func walk(ctx context.Context, root *os.Root, dir, prefix string, f func(Info) error) error {
	at := dir
	if at == "" {
		at = "."
	}
	list, err := fs.ReadDir(root.FS(), at)
	if err != nil {
		return Plain(err)
	}
	// In the order of whole keys a folder's name counts with its slash.
	name := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(name(a), name(b)) })
	for _, e := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := path.Join(dir, e.Name())
		switch {
		case e.IsDir():
			if strings.HasPrefix(key+"/", prefix) || strings.HasPrefix(prefix, key+"/") {
				if err := walk(ctx, root, key, prefix, f); err != nil {
					return err
				}
			}
		case !strings.HasPrefix(key, prefix) || strings.HasPrefix(e.Name(), partial):
		default:
			is, err := root.Stat(key) // a link is what it points to, or is left out
			if err != nil || !is.Mode().IsRegular() {
				continue
			}
			if err := f(infoOf(key, is)); err != nil {
				return err
			}
		}
	}
	return nil
}

// partial begins the names of files that are being written.
const partial = ".stile-put-"

// Put writes a file beside its place, syncs it, and renames it.
func (s Folders) Put(_ context.Context, bucket, key string, fill func(io.Writer) error) (size int64, err error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	root, err := s.root(bucket)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	dir := path.Dir(key)
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return 0, Plain(err)
	}
	sum := sha256.Sum256([]byte(key))
	name := path.Join(dir, partial+hex.EncodeToString(sum[:8]))
	file, err := root.Create(name)
	if err != nil {
		return 0, Plain(err)
	}
	defer func() {
		if err != nil {
			_ = root.Remove(name) // a later Put of the same key replaces it
		}
	}()
	counted := &counter{w: file}
	err = fill(counted)
	if err == nil {
		err = Plain(file.Sync())
	}
	if closed := file.Close(); err == nil {
		err = Plain(closed)
	}
	if err == nil {
		err = Plain(root.Rename(name, key))
	}
	return counted.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
