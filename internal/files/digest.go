package files

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
)

// fileSum is a file that was read: its path from the project's folder on, and its hex
// SHA-256.
type fileSum struct{ name, sum string }

// ledger makes the digest of a project. It remembers the order of the files, since
// most loads read the same ones.
type ledger struct {
	last   []fileSum
	order  []int // of last by name, each name once
	digest string
}

// sum is the hex SHA-256 over what was read: for each file, sorted by its path, a line
// with its own hex SHA-256, two spaces and the path. That is what sha256sum prints of
// them.
func (g *ledger) sum(list []fileSum) string {
	named, same := len(list) == len(g.last), true
	for i := 0; named && i < len(list); i++ {
		named, same = list[i].name == g.last[i].name, same && list[i].sum == g.last[i].sum
	}
	if named && same && g.digest != "" {
		return g.digest
	}
	if g.last = list; !named {
		g.sort()
	}
	h := sha256.New()
	lines := make([]byte, 0, 64<<10)
	for _, at := range g.order {
		lines = append(append(append(append(lines, list[at].sum...), "  "...), list[at].name...), '\n')
		if len(lines) > 60<<10 {
			h.Write(lines)
			lines = lines[:0]
		}
	}
	h.Write(lines)
	g.digest = hex.EncodeToString(h.Sum(nil))
	return g.digest
}

func (g *ledger) sort() {
	g.order = make([]int, len(g.last))
	for i := range g.order {
		g.order[i] = i
	}
	slices.SortStableFunc(g.order, func(a, b int) int { return cmp.Compare(g.last[a].name, g.last[b].name) })
	g.order = slices.CompactFunc(g.order, func(a, b int) bool { return g.last[a].name == g.last[b].name })
}

// summed remembers a file that was read.
func (l *loader) summed(data []byte, parts ...string) {
	sum := sha256.Sum256(data)
	l.sums = append(l.sums, fileSum{filepath.ToSlash(filepath.Join(parts...)), hex.EncodeToString(sum[:])})
}
