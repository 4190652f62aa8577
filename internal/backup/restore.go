package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"stile/internal/kv"
	"stile/internal/kv/pebblekv"
)

// restoring is the folder, inside of the one that is restored to, in which files
// stand until all of them are whole.
const restoring = "restore.part"

// Options of Restore.
type Options struct {
	// Archive is read once, from its beginning.
	Archive io.Reader
	// Dir is the data folder to be: it is not there, or empty.
	Dir   string
	Known Known
	// Identities open keys.age. Without any an archive that has keys is refused,
	// unless WithoutKeys says that they are to be left out.
	Identities  Identities
	WithoutKeys bool
}

// NotEmptyError says that the folder to restore to has something in it.
type NotEmptyError struct{ Dir string }

// Error is one line for the user.
func (e *NotEmptyError) Error() string {
	return e.Dir + " is not empty; a backup is restored to a new folder"
}

// ErrNoIdentity says that keys are there and nothing to open them with.
var ErrNoIdentity = errors.New("the backup has keys: name the file of the age identity that opens them, or restore without keys")

// Restored is what Restore did.
type Restored struct {
	Manifest Manifest
	// Keys says that the keys are back.
	Keys bool
}

// Restore makes a data folder of an archive. Where it fails nothing of it is left;
// where the process ends in the middle, the folder does not open.
func Restore(o Options) (out Restored, err error) {
	made, err := prepare(o.Dir)
	if err != nil {
		return out, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clear(o.Dir, made))
		}
	}()
	part := filepath.Join(o.Dir, restoring)
	var keys bytes.Buffer
	out.Manifest, err = read(o.Archive, o.Known, func(m Manifest) error {
		if m.Keys && len(o.Identities) == 0 && !o.WithoutKeys {
			return ErrNoIdentity
		}
		for _, store := range []string{Log, Config} {
			if err := os.MkdirAll(filepath.Join(part, store, "log"), 0o700); err != nil {
				return err
			}
		}
		return nil
	}, func(f File) (io.WriteCloser, error) {
		if f.Name == keysName {
			return memory{&keys}, nil
		}
		return create(filepath.Join(part, filepath.Dir(f.Name), "log", filepath.Base(f.Name)))
	})
	if err != nil {
		return out, err
	}
	if keys.Len() > 0 && len(o.Identities) > 0 && !o.WithoutKeys {
		opened, err := open(keys.Bytes(), o.Identities)
		if err != nil {
			return out, err
		}
		if err := putBack(part, opened.Rows); err != nil {
			return out, err
		}
		out.Keys = true
	}
	return out, settle(o.Dir, out.Manifest.Format)
}

// prepare makes sure that dir is there and empty; made says that it was not there.
func prepare(dir string) (made bool, err error) {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, os.MkdirAll(dir, 0o700)
	case err != nil:
		return false, err
	case len(list) > 0:
		return false, &NotEmptyError{dir}
	}
	return false, nil
}

// clear removes what was written to a folder that was empty before.
func clear(dir string, made bool) error {
	list, err := os.ReadDir(dir)
	for _, e := range list {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	if made {
		err = errors.Join(err, os.Remove(dir))
	}
	return err
}

type memory struct{ *bytes.Buffer }

func (memory) Close() error { return nil }

// synced is a file that is on the disk once it is closed.
type synced struct{ *os.File }

func (s synced) Close() error { return errors.Join(s.Sync(), s.File.Close()) }

func create(path string) (io.WriteCloser, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return synced{f}, nil
}

// putBack writes the secret rows into the stores under part.
func putBack(part string, rows []row) error {
	for _, name := range []string{Log, Config} {
		var ops []kv.Op
		for _, r := range rows {
			if r.Store == name {
				ops = append(ops, kv.Op{Kind: kv.Set, Space: r.Space, Key: r.Key, Value: r.Value})
			}
		}
		if err := putInto(filepath.Join(part, name), ops); err != nil {
			return fmt.Errorf("the keys of %s: %w", name, err)
		}
	}
	return nil
}

func putInto(dir string, ops []kv.Op) (err error) {
	if err := pebblekv.WriteFormat(dir, pebblekv.Format); err != nil {
		return err
	}
	store, err := openCopy(dir, nil)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	store.Commit(kv.Group{Writes: []kv.ShardWrites{{Ops: ops}}}, func(err error) { done <- err })
	return errors.Join(<-done, store.Close())
}

// settle moves the files to where the product looks for them. The folder gets the
// format that the backup was taken of, and gets it last: whoever opens it does then
// what is due for a folder of that format.
func settle(dir string, format int) error {
	part := filepath.Join(dir, restoring)
	for _, d := range []string{filepath.Join(part, Log, "log"), filepath.Join(part, Config, "log")} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	config := filepath.Join(dir, Config)
	if err := os.Mkdir(config, 0o700); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(part, Config, "log"), filepath.Join(config, "log")); err != nil {
		return err
	}
	if err := pebblekv.WriteFormat(config, format); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(part, Log, "log"), filepath.Join(dir, "log")); err != nil {
		return err
	}
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if err := pebblekv.WriteFormat(dir, format); err != nil {
		return err
	}
	// Whoever may write to the folder need not be allowed to read the one around it.
	if err := syncDir(filepath.Dir(filepath.Clean(dir))); !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
