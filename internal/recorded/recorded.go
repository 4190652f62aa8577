// Package recorded finds the recorded cases of AWS, Azure and the standards that
// lie beside the project, in the folder shared next to the module's own. Tests
// call it and nothing else does.
//
// It holds no case and reads none. Invariant: where the cases are absent, the test
// is skipped and says the path that was looked at.
package recorded

import (
	"os"
	"path/filepath"
	"testing"
)

// Path gives the place of a file or folder below the cases, such as
// Path(t, "conformance", "asl"), or skips the test where it is not there.
func Path(t testing.TB, parts ...string) string {
	t.Helper()
	path, ok := Find(t, parts...)
	if !ok {
		t.Skipf("recorded cases are absent: looked at %s", path)
	}
	return path
}

// Find is Path for tests that go on without the cases, as fuzz targets do: ok says
// whether the place is there.
func Find(t testing.TB, parts ...string) (path string, ok bool) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = up
	}
	path = filepath.Join(append([]string{filepath.Dir(dir), "shared"}, parts...)...)
	_, err = os.Stat(path)
	return path, err == nil
}
