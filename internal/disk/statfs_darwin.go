package disk

import (
	"errors"
	"os"
	"syscall"
)

func usage(dir string) (Usage, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Usage{}, err
	}
	return Usage{Free: int64(s.Bavail) * int64(s.Bsize), Total: int64(s.Blocks) * int64(s.Bsize)}, nil
}

func preallocate(*os.File, int64) error { return errors.ErrUnsupported }
