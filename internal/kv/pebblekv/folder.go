package pebblekv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Format is the number of the data folder's format that this binary writes. It
// opens every folder of this number and below, and marks it as its own, since the
// next record that is written may be one that an older stile cannot read.
//
// 2: records of executions hold health, there are deliveries and an outbox.
//
// 3: executions have rows by end, by trouble and by indexed fields, a record may say that
// its history is gone, deletions are marked while they go on, and the audit may begin
// behind its first record.
const Format = 3

const formatWord = "stile-data "

// LockedError says that another process has the data folder open.
type LockedError struct{ Dir string }

// Error is one line for the user.
func (e *LockedError) Error() string {
	return "data folder " + e.Dir + " is in use by another process; stop it, or choose another folder with --data"
}

// NewerFormatError says that a newer stile wrote the data folder.
type NewerFormatError struct {
	Dir  string
	Have int
}

// Error is one line for the user.
func (e *NewerFormatError) Error() string {
	return fmt.Sprintf("data folder %s has format %d, this stile reads up to %d; use the newer stile that wrote it, or another folder with --data",
		e.Dir, e.Have, Format)
}

// ForeignError says that the folder is not one of ours.
type ForeignError struct{ Dir, Why string }

// Error is one line for the user.
func (e *ForeignError) Error() string {
	return "data folder " + e.Dir + " is not a stile data folder: " + e.Why
}

// openFolder makes the folder where it is missing, locks it and checks its format. older
// says that it is to be marked as one of this format, once nothing is found in it that
// keeps it from being opened.
func openFolder(fs vfs.FS, dir string) (lock io.Closer, older bool, err error) {
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, false, fmt.Errorf("data folder %s: %w", dir, err)
	}
	// The parent's entry must be durable too, or the whole folder can vanish.
	if err := syncDir(fs, fs.PathDir(dir)); err != nil && !errors.Is(err, os.ErrPermission) {
		return nil, false, fmt.Errorf("data folder %s: %w", dir, err)
	}
	lock, err = fs.Lock(fs.PathJoin(dir, "LOCK"))
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, false, fmt.Errorf("data folder %s: %w", dir, err)
		}
		return nil, false, &LockedError{dir}
	}
	if older, err = checkFormat(fs, dir); err != nil {
		return nil, false, errors.Join(err, lock.Close())
	}
	return lock, older, nil
}

func checkFormat(fs vfs.FS, dir string) (older bool, err error) {
	name := fs.PathJoin(dir, "FORMAT")
	text, err := readFile(fs, name)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := fs.Stat(fs.PathJoin(dir, "log")); err == nil {
			return false, &ForeignError{dir, "it has a log but no FORMAT file"}
		}
		return false, writeFormat(fs, dir, name)
	}
	if err != nil {
		return false, fmt.Errorf("data folder %s: %w", dir, err)
	}
	number, ours := strings.CutPrefix(strings.TrimSuffix(text, "\n"), formatWord)
	n, err := strconv.Atoi(number)
	if !ours || err != nil || n < 1 {
		return false, &ForeignError{dir, "its FORMAT file says " + strconv.Quote(text)}
	}
	if n > Format {
		return false, &NewerFormatError{dir, n}
	}
	return n < Format, nil
}

// writeFormat writes by rename, so that a crash leaves all of the file or none.
func writeFormat(fs vfs.FS, dir, name string) error { return writeFormatOf(fs, dir, name, Format) }

func writeFormatOf(fs vfs.FS, dir, name string, n int) error {
	err := func() error {
		f, err := fs.Create(name+".new", vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(f, "%s%d\n", formatWord, n)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
		if err := fs.Rename(name+".new", name); err != nil {
			return err
		}
		return syncDir(fs, dir)
	}()
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	return nil
}

func readFile(fs vfs.FS, name string) (string, error) {
	f, err := fs.Open(name)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, 256))
	return string(b), errors.Join(err, f.Close())
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
