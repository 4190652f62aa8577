package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// ReserveFile is what the reserve is called in the data folder.
const ReserveFile = "reserve"

func reservePath(dir string) string { return filepath.Join(dir, ReserveFile) }

// held is the size of the reserve that an earlier process left.
func held(dir string) int64 {
	info, err := os.Stat(reservePath(dir))
	if err != nil {
		return 0
	}
	return info.Size()
}

// allocate makes the file with size bytes that are really taken, or leaves nothing.
func allocate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err = preallocate(f, size); err != nil {
		err = fill(f, size)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// fill writes the file, where the file system cannot set blocks aside.
func fill(f *os.File, size int64) error {
	chunk := make([]byte, 1<<20)
	for i := range chunk { // what a file system that leaves out zeros still stores
		chunk[i] = byte(i*7 + 1)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	for size > 0 {
		n, err := f.Write(chunk[:min(size, int64(len(chunk)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return f.Sync()
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
