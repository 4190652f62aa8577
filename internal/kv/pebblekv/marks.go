package pebblekv

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// marks says how far each log and manifest was synced at least, in a file beside
// them.
//
// Its task is to tell damage from the end of a file. Pebble takes a log and a
// manifest up to the first record that is not whole for all that there is, because
// that is how a power cut leaves them. A flipped bit in the middle looks the same,
// and what stood behind it, acknowledged, would be gone without a word. What lies
// below a mark was synced: it must be whole, or the folder is not opened.
//
// Invariants: a mark is written after the sync that it tells of; the marks are
// written before a file is removed or reused (only then does an older manifest lack
// something), when the store closes, and a few seconds after what is committed.
// What was synced since the last marks and is damaged at the very end of a log
// that was not closed cannot be told from what a power cut left.
type marks struct {
	fs  vfs.FS
	dir string

	mu     sync.Mutex
	counts map[string]*count
	before map[string]int64 // what an earlier process left
	saved  map[string]int64
	closed bool
}

// MarksFile is what the marks are called in the data folder.
const MarksFile = "MARKS"

const marksWord = "stile-marks 1"

// DamagedError says that a file of the folder is not what was written.
type DamagedError struct{ Dir, File, Why string }

// Error is one line for the user.
func (e *DamagedError) Error() string {
	return "data folder " + e.Dir + " is damaged: " + e.File + " " + e.Why + "; nothing was changed, restore a backup"
}

func (m *marks) begin(base string) *count {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &count{in: m}
	m.counts[base] = c
	return c
}

// durable says how far each file of this process is synced.
func (m *marks) durable() map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int64{}
	for base, c := range m.counts {
		out[base] = c.durable()
	}
	return out
}

// leaving is called before a file goes away that a later manifest makes needless.
func (m *marks) leaving() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for base, c := range m.counts {
		if strings.HasPrefix(base, "MANIFEST-") && m.saved[base] != c.durable() {
			_ = m.write() // a mark less; room or a working disk is not made by keeping files
			return
		}
	}
}

// save writes the marks where they have changed.
func (m *marks) save() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.write()
}

// close writes the last marks; later ones are another process's.
func (m *marks) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.write()
	m.closed = true
	return err
}

func (m *marks) write() error {
	if m.closed {
		return nil
	}
	now := map[string]int64{}
	for base, n := range m.before {
		if m.counts[base] != nil || !m.there(base) {
			delete(m.before, base)
			continue
		}
		now[base] = n
	}
	for base, c := range m.counts {
		if !m.there(base) {
			delete(m.counts, base)
			continue
		}
		if n := c.durable(); n > 0 {
			now[base] = n
		}
	}
	if maps.Equal(now, m.saved) {
		return nil
	}
	if err := writeWhole(m.fs, m.dir, MarksFile, encodeMarks(now)); err != nil {
		return err
	}
	m.saved = now
	return nil
}

func (m *marks) there(base string) bool {
	_, err := m.fs.Stat(m.fs.PathJoin(m.dir, "log", base))
	return err == nil
}

func encodeMarks(all map[string]int64) string {
	var b strings.Builder
	b.WriteString(marksWord + "\n")
	for _, base := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s %d\n", base, all[base])
	}
	return fmt.Sprintf("%s%08x\n", b.String(), crc32.ChecksumIEEE([]byte(b.String())))
}

func decodeMarks(text string) (map[string]int64, bool) {
	body := strings.TrimSuffix(text, "\n")
	i := strings.LastIndexByte(body, '\n') + 1
	body = text[:i]
	if !strings.HasPrefix(body, marksWord+"\n") || text[i:] != fmt.Sprintf("%08x\n", crc32.ChecksumIEEE([]byte(body))) {
		return nil, false
	}
	out := map[string]int64{}
	for _, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n")[1:] {
		base, n, _ := strings.Cut(line, " ")
		size, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return nil, false
		}
		out[base] = size
	}
	return out, true
}

// readMarks gives the marks that the last process left; none where there is no file.
func readMarks(fs vfs.FS, dir string) (map[string]int64, error) {
	f, err := fs.Open(fs.PathJoin(dir, MarksFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	all, ok := decodeMarks(string(text))
	if !ok {
		return nil, &DamagedError{dir, MarksFile, "does not match its checksum"}
	}
	return all, nil
}

// writeWhole writes by rename, so that a crash leaves all of the file or none.
func writeWhole(fs vfs.FS, dir, base, text string) error {
	name := fs.PathJoin(dir, base)
	f, err := fs.Create(name+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(name+".new", name); err != nil {
		return err
	}
	return syncDir(fs, dir)
}
