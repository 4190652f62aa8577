package formats

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	writer   = flag.String("binary", "", "the binary that writes a folder of its format, for scripts/format-folder.sh")
	writeTo  = flag.String("out", "", "where the folder's archive goes; FORMAT in it is the format's number")
	asFormat = flag.Int("kinds", 1<<30, "leave out kinds that came with a later format")
)

// note is what was seen of an execution when the folder was written.
type note struct {
	Kind, ARN string
	Status    string            `json:",omitempty"` // empty: it runs
	Tokens    []string          `json:",omitempty"`
	Events    []json.RawMessage // its history, as on the wire
}

const notesName = "notes.json"

// TestWriteFolder writes a data folder with every kind of execution and what is to
// be known of them. It runs for scripts/format-folder.sh alone.
func TestWriteFolder(t *testing.T) {
	if *writer == "" {
		t.Skip("no -binary: scripts/format-folder.sh names one")
	}
	list, data := ofFormat(*asFormat), filepath.Join(t.TempDir(), "data")
	s := run(t, *writer, writeProject(t, newBackend(t), list), data)
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // the events stay as they are
	if err := e.Encode(s.fill(list)); err != nil {
		t.Fatal(err)
	}
	s.kill() // what is under way stays so, and the log is not tidied up
	if err := os.WriteFile(filepath.Join(data, notesName), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var format int
	mark, err := os.ReadFile(filepath.Join(data, "FORMAT"))
	if _, scanned := fmt.Sscanf(string(mark), "stile-data %d\n", &format); err != nil || scanned != nil {
		t.Fatal(err, scanned)
	}
	out := strings.Replace(*writeTo, "FORMAT", fmt.Sprint(format), 1)
	if err := pack(data, out); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: format %d, %d executions", out, format, len(list))
}

// fill starts an execution of every kind and gives what is seen of them in the end.
func (s *server) fill(list []kind) (notes []note) {
	s.t.Helper()
	for _, k := range list {
		notes = append(notes, s.settled(k))
	}
	for i := range notes {
		notes[i].Events, _ = s.history(notes[i].ARN)
	}
	return notes
}

// left are parts of a data folder that hold no execution.
func left(name string) bool {
	return name == "traces" || name == "LOCK" || filepath.Base(name) == "LOCK" || strings.HasSuffix(name, ".pem")
}

func pack(dir, to string) (err error) {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	defer func() { err = errors.Join(err, w.Close(), z.Close(), f.Close()) }()
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case left(name) && d.IsDir():
			return fs.SkipDir
		case left(name) || !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg})
		}
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	})
}

// unpack gives the data folder of an archive.
func unpack(t *testing.T, from string) string {
	t.Helper()
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
