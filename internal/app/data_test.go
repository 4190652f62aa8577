package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// TestNobodyElseReadsTheData: also where the folder was made by somebody else, such
// as a packager or a mount, and lets everybody in.
func TestNobodyElseReadsTheData(t *testing.T) {
	dir := t.TempDir()
	for range 2 { // a folder of an older version is closed, too
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		d, err := openData(devOptions(keyFolder(t, "name: p\n"), dir), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.close(); err != nil {
			t.Fatal(err)
		}
		for _, store := range []string{"log", "config/log", "traces/log"} {
			is, err := os.Stat(filepath.Join(dir, store))
			if err != nil || is.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v, %v", store, is.Mode(), err)
			}
			if err := os.Chmod(filepath.Join(dir, store), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
}
