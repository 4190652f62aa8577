package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestABackupTouchesNothingElse: what is no whole archive leaves the file that was there
// as it was, follows no link beside it and leaves nothing; what is no file is refused
// before a backup is asked for.
func TestABackupTouchesNothingElse(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte("no archive"))
	}))
	defer srv.Close()
	run := func(to string) int {
		var out, told bytes.Buffer
		return Main(t.Context(), App{}, []string{"backup", "--to", to, "--server", srv.URL}, Streams{Out: &out, Err: &told, Env: func(string) string { return "" }})
	}
	dir := t.TempDir()
	to, other := filepath.Join(dir, "b.zst"), filepath.Join(dir, "other")
	for _, name := range []string{to, other} {
		if err := os.WriteFile(name, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, to+".part"); err != nil {
		t.Fatal(err)
	}
	if code := run(to); code != exitFailed || asked != 1 {
		t.Errorf("exit code %d, asked %d times", code, asked)
	}
	for _, name := range []string{to, other} {
		if text, err := os.ReadFile(name); err != nil || string(text) != "kept" {
			t.Errorf("%s: %q %v", name, text, err)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 3 {
		t.Errorf("left: %v", list)
	}
	for _, to := range []string{dir, os.DevNull} {
		if code := run(to); code != exitUsage || asked != 1 {
			t.Errorf("%s: exit code %d, asked %d times", to, code, asked)
		}
	}
}
