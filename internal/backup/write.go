package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"stile/internal/kv/pebblekv"
)

// describe reads the copy once for its manifest, which goes before the files so
// that a reader refuses what it cannot read before it makes any.
func (st *Staged) describe(ctx context.Context, s *Source) error {
	m := Manifest{Backup: archiveVersion, Stile: s.Product, Format: pebblekv.Format, Semantics: s.Semantics,
		Time: s.Now().UTC(), Keys: st.keys != nil}
	for _, store := range []string{Log, Config} {
		list, err := os.ReadDir(st.files(store))
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Name() == "LOCK" || !e.Type().IsRegular() {
				continue
			}
			size, sum, err := digestOf(ctx, filepath.Join(st.files(store), e.Name()))
			if err != nil {
				return err
			}
			m.Files = append(m.Files, File{store + "/" + e.Name(), size, sum})
		}
	}
	if st.keys != nil {
		m.Files = append(m.Files, File{keysName, int64(len(st.keys)), hexSum(st.keys)})
	}
	st.Manifest = m
	var err error
	st.text, st.digest, err = m.encode()
	return err
}

// files is where Pebble's files of a store's copy are.
func (st *Staged) files(store string) string { return filepath.Join(st.dir, store, "log") }

func digestOf(ctx context.Context, path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close() // read alone
	h := sha256.New()
	n, err := io.Copy(h, &stopping{ctx, f})
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// stopping is a reader that ends with its context.
type stopping struct {
	ctx context.Context
	io.Reader
}

func (s *stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// Write writes the archive. An error leaves w with one that Verify refuses.
func (st *Staged) Write(ctx context.Context, w io.Writer) error {
	// One goroutine and the lowest level: the tables are compressed already, and the
	// server has other work.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	if err := st.entries(ctx, tar.NewWriter(z)); err != nil {
		return err // not closed: the stream must not look whole
	}
	return z.Close()
}

func (st *Staged) entries(ctx context.Context, t *tar.Writer) error {
	for _, e := range []struct {
		name string
		data []byte
	}{{manifestName, st.text}, {digestName, st.digest}} {
		if err := st.entry(t, e.name, int64(len(e.data)), bytes.NewReader(e.data)); err != nil {
			return err
		}
	}
	for _, f := range st.Manifest.Files {
		if f.Name == keysName {
			if err := st.entry(t, f.Name, f.Size, bytes.NewReader(st.keys)); err != nil {
				return err
			}
			continue
		}
		if err := st.file(ctx, t, f); err != nil {
			return err
		}
	}
	return t.Close()
}

func (st *Staged) file(ctx context.Context, t *tar.Writer, f File) error {
	in, err := os.Open(filepath.Join(st.files(filepath.Dir(f.Name)), filepath.Base(f.Name)))
	if err != nil {
		return err
	}
	defer in.Close() // read alone
	return st.entry(t, f.Name, f.Size, &stopping{ctx, in})
}

func (st *Staged) entry(t *tar.Writer, name string, size int64, from io.Reader) error {
	err := t.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: st.Manifest.Time, Typeflag: tar.TypeReg})
	if err == nil {
		_, err = io.CopyN(t, from, size)
	}
	return err
}
