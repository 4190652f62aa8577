package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/internal/config"
	"stile/internal/files"
)

func TestBucketFaults(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"stile.yaml":   "buckets:\n  there: {folder: data/there}\n  gone: {folder: data/gone}\n  file: {folder: data/file}\n  away: {folder: data/away}\nmap:\n  \"arn:aws:s3:::mapped\": {folder: nowhere}\n",
		"data/there/x": "", "data/file": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "data", "away")); err != nil {
		t.Fatal(err)
	}
	faults, err := Check([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range faults {
		if d.Code == config.CodeNoSuch {
			got = append(got, strings.TrimPrefix(d.String(), filepath.ToSlash(dir)+"/"))
		}
	}
	want := []string{"gone is not in the project: data/gone", "file is not in the project: data/file", "away is not in the project: data/away", "mapped is not in the project: nowhere"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.Contains(got[i], "the folder of bucket "+want[i]) {
			t.Errorf("%s, not %s", got[i], want[i])
		}
	}
}

func TestBucketsAreData(t *testing.T) {
	dir := t.TempDir()
	s := &server{opts: Options{Dirs: []string{dir}}}
	if s.isData(filepath.Join(dir, "buckets", "a", "x")) {
		t.Error("before there is a project")
	}
	cfg, _ := config.Parse("stile.yaml", "buckets: {b: {folder: data/b}, abc: {folder: data/abc}}")
	cfg.Buckets = cfg.Buckets[1:]
	s.current.Store(&project{Project: &files.Project{Config: cfg}})
	for path, want := range map[string]bool{"buckets/a/x": true, "buckets/a": true, "buckets": false, "data/abc/x/y": true, "data/abc": false,
		"data/other": false, "workflows/a.asl.json": false, "bucketsx": false} {
		if s.isData(filepath.Join(dir, filepath.FromSlash(path))) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
	store := s.buckets()
	if _, _, err := store.Open(t.Context(), "../abc", "x"); err == nil || !strings.Contains(err.Error(), "bucket does not exist") {
		t.Error(err)
	}
}
