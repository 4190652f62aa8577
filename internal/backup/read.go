package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Verify reads a whole archive and checks every digest; nothing is kept.
func Verify(r io.Reader, known Known) (Manifest, error) {
	return read(r, known, func(Manifest) error { return nil }, func(File) (io.WriteCloser, error) { return nothing{}, nil })
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Close() error                { return nil }

// read goes through an archive: begin is shown the manifest before any file, make
// gives where a file goes. The archive was whole when there is no error.
func read(r io.Reader, known Known, begin func(Manifest) error, make func(File) (io.WriteCloser, error)) (m Manifest, err error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return m, err
	}
	defer z.Close()
	t := tar.NewReader(z)
	text, err := small(t, manifestName, maxManifest)
	if err != nil {
		return m, err
	}
	digest, err := small(t, digestName, 128)
	if err != nil {
		return m, err
	}
	if m, err = decodeManifest(text, digest, known); err != nil {
		return m, err
	}
	if err := begin(m); err != nil {
		return m, err
	}
	for _, f := range m.Files {
		if err := next(t, f.Name, f.Size); err != nil {
			return m, err
		}
		out, err := make(f)
		if err != nil {
			return m, err
		}
		h := sha256.New()
		_, err = io.Copy(io.MultiWriter(out, h), &archived{t})
		if err := errors.Join(err, out.Close()); err != nil {
			return m, err
		}
		if hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
			return m, damaged("%s has another digest than the manifest says", f.Name)
		}
	}
	if _, err := t.Next(); err != io.EOF {
		return m, damaged("it goes on behind its last file, or ends early")
	}
	// The rest is empty; reading it checks that the stream was not cut.
	if n, err := io.Copy(io.Discard, z); err != nil || n > 1<<20 {
		return m, damaged("it goes on behind its last file, or ends early")
	}
	return m, nil
}

// archived tells a fault of the archive from one of the disk that is written to.
type archived struct{ io.Reader }

func (a *archived) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = damaged("it ends early, or is not as it was written (%v)", err)
	}
	return n, err
}

// next steps to the entry name of the given size; any other one is refused.
func next(t *tar.Reader, name string, size int64) error {
	h, err := t.Next()
	switch {
	case err == io.EOF:
		return damaged("%s is missing", name)
	case err != nil:
		return damaged("it is no backup of stile, or ends early (%v)", err)
	case h.Name != name || h.Typeflag != tar.TypeReg:
		return damaged("it has %q where %s should be", cut(h.Name), name)
	case size >= 0 && h.Size != size:
		return damaged("%s has %d bytes, and the manifest says %d", name, h.Size, size)
	}
	return nil
}

func small(t *tar.Reader, name string, limit int64) ([]byte, error) {
	if err := next(t, name, -1); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(&archived{t}, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = damaged("%s is too long", name)
	}
	return b, err
}
