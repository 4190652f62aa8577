//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// sizeOf asks a terminal for its size; false for what is none.
func sizeOf(f *os.File) (columns, rows int, ok bool) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Col), int(size.Row), true
}
