package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"stile/internal/kv/pebblekv"
)

// Names of an archive's entries that are no store's files.
const (
	manifestName = "MANIFEST.json"
	digestName   = "MANIFEST.sha256"
	keysName     = "keys.age"
)

const layout = "layout"

// archiveVersion is the number of the archive's own layout.
const archiveVersion = 1

// maxManifest and maxKeys bound what a reader takes into memory.
const (
	maxManifest = 64 << 20
	maxKeys     = 16 << 20
)

// Manifest says what an archive holds.
type Manifest struct {
	// Backup is the number of the archive's layout.
	Backup int `json:"backup"`
	// Stile is the version of the product that wrote it.
	Stile string `json:"stile"`
	// Format is the data folder's format, Semantics the interpreter's rules.
	Format    int       `json:"format"`
	Semantics int       `json:"semantics"`
	Time      time.Time `json:"time"`
	// Keys says that keys.age is in it.
	Keys  bool   `json:"keys"`
	Files []File `json:"files"`
}

// File is one file of an archive, by its path with forward slashes.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bytes is the size of all files.
func (m Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// fileName is what a file may be called: a store's folder is flat, so that no name
// can lead out of the folder that it is restored to.
var fileName = regexp.MustCompile(`^(log|config)/[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// Known is what a reader can open, beside the data formats up to its own.
type Known struct {
	Semantics int
	// Any takes every data format and semantics: who looks at digests alone.
	Any bool
}

// NewerError says that a newer stile wrote the archive.
type NewerError struct {
	What        string
	Have, Known int
}

// Error is one line for the user.
func (e *NewerError) Error() string {
	return fmt.Sprintf("the backup has %s %d, this stile reads up to %d; restore it with the newer stile that wrote it", e.What, e.Have, e.Known)
}

// DamagedError says that the archive is not as it was written.
type DamagedError struct{ Why string }

// Error is one line for the user.
func (e *DamagedError) Error() string { return "the backup is damaged: " + e.Why }

func damaged(format string, args ...any) error { return &DamagedError{fmt.Sprintf(format, args...)} }

// encode gives the manifest's text and the line with its digest.
func (m Manifest) encode() (text, digest []byte, err error) {
	if text, err = json.MarshalIndent(m, "", "  "); err != nil {
		return nil, nil, err
	}
	text = append(text, '\n')
	return text, []byte(hexSum(text) + "\n"), nil
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// decodeManifest reads and checks a manifest: numbers that are newer than what is
// known are refused before anything else is believed.
func decodeManifest(text, digest []byte, known Known) (m Manifest, err error) {
	if hexSum(text)+"\n" != string(digest) {
		return m, damaged("%s has another digest than %s says", manifestName, digestName)
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&m); err != nil {
		return m, damaged("%s cannot be read", manifestName)
	}
	for _, n := range []NewerError{{layout, m.Backup, archiveVersion}, {"data format", m.Format, pebblekv.Format}, {"semantics", m.Semantics, known.Semantics}} {
		if n.Have > n.Known && !(known.Any && n.What != layout) {
			return m, &n
		}
		if n.Have < 1 {
			return m, damaged("%s names %s %d", manifestName, n.What, n.Have)
		}
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		switch {
		case seen[f.Name]:
			return m, damaged("%s names %q twice", manifestName, f.Name)
		case f.Name == keysName && (!m.Keys || f.Size > maxKeys):
			return m, damaged("%s has keys that it does not tell of", manifestName)
		case f.Name != keysName && !fileName.MatchString(f.Name):
			return m, damaged("%s names %q, which is no file of a backup", manifestName, f.Name)
		case f.Size < 0:
			return m, damaged("%s gives %q a negative size", manifestName, f.Name)
		}
		seen[f.Name] = true
	}
	if m.Keys && !seen[keysName] {
		return m, damaged("%s tells of keys that are not there", manifestName)
	}
	return m, nil
}
