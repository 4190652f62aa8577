package files

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stile/internal/config"
)

// digest is the hex SHA-256 over what was read: for each file, sorted by its path
// from the project's folder on, a line with its own hex SHA-256, two spaces and
// the path. That is what sha256sum prints of them.
func (l *loader) digest() string {
	lines := make([]string, 0, len(l.sums)+1)
	for name, sum := range l.sums {
		lines = append(lines, sum+"  "+name+"\n")
	}
	if text, err := os.ReadFile(filepath.Join(l.dir, config.FileName)); err == nil && l.sums[config.FileName] == "" {
		lines = append(lines, sumOf(text)+"  "+config.FileName+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[sha256.Size*2:], b[sha256.Size*2:]) })
	return sumOf([]byte(strings.Join(lines, "")))
}

// summed remembers a file that was read.
func (l *loader) summed(data []byte, parts ...string) {
	if l.sums == nil {
		l.sums = map[string]string{}
	}
	l.sums[filepath.ToSlash(filepath.Join(parts...))] = sumOf(data)
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
