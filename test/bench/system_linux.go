package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// pin puts all threads of this process on one core; free takes them back.
func pin(core int) (free func(), err error) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	if one.Set(core); !before.IsSet(core) {
		fmt.Printf("overload\tcore %d is not to be had: the generator is not pinned\n", core)
		return func() {}, nil
	}
	set := func(to *unix.CPUSet) error {
		threads, err := os.ReadDir("/proc/self/task")
		for _, t := range threads {
			if id, bad := strconv.Atoi(t.Name()); bad == nil {
				if bad := unix.SchedSetaffinity(id, to); bad != nil && !errors.Is(bad, unix.ESRCH) {
					err = errors.Join(err, bad)
				}
			}
		}
		return err
	}
	return func() { _ = set(&before) }, set(&one)
}

// datasync is what the store does to its log.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
