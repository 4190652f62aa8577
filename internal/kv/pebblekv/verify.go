package pebblekv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// verify reads the logs and the manifest of a folder before Pebble does, finds what
// Pebble would take for their end, and gives the marks to go on with (marks says why).
func verify(fs vfs.FS, dir string) (*marks, error) {
	all, err := readMarks(fs, dir)
	if err != nil {
		return nil, err
	}
	m := &marks{fs: fs, dir: dir, counts: map[string]*count{}, before: maps.Clone(all), saved: all}
	log := fs.PathJoin(dir, "log")
	names, err := fs.List(log)
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	d, err := pebble.Peek(log, fs)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	slices.Sort(names)
	for _, base := range names {
		// A manifest that is not the current one may have been begun when the power went.
		if !marked(base) || strings.HasPrefix(base, "MANIFEST-") && base != fs.PathBase(d.ManifestFilename) {
			continue
		}
		if err := verifyFile(fs, dir, base, all[base]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func verifyFile(fs vfs.FS, dir, base string, mark int64) error {
	c, err := readChunks(fs, fs.PathJoin(dir, "log"), base)
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	end := c.end()
	if end < mark {
		return &DamagedError{dir, "log/" + base, fmt.Sprintf("cannot be read at byte %d, and was written up to %d", end, mark)}
	}
	if later := c.after(end); later > 0 {
		return &DamagedError{dir, "log/" + base, fmt.Sprintf("cannot be read at byte %d, and goes on at %d", end, later)}
	}
	return nil
}

func readChunks(fs vfs.FS, log, base string) (chunks, error) {
	b, err := readAll(fs, fs.PathJoin(log, base))
	number, _ := strconv.ParseUint(strings.TrimSuffix(base, ".log"), 10, 32) // 0 for a manifest
	return chunks{b: b, number: uint32(number), manifest: strings.HasPrefix(base, "MANIFEST-")}, err
}

func readAll(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

// The record format of Pebble's logs and manifests (pebble/record, package doc):
// blocks of 32 KiB hold chunks; each has a checksum over its type and all that
// follows, a length, a type, in logs the log's number, and in newer logs how much of
// the file was synced when the chunk was written.
const (
	chunkBlock     = 32 << 10
	headManifest   = 7
	headRecyclable = 11
	headSync       = 19
)

// chunks is a file of that format.
type chunks struct {
	b        []byte
	number   uint32 // of a log
	manifest bool
}

// chunk is one that is whole.
type chunk struct {
	next   int64 // where it ends
	first  bool  // a record begins with it
	synced int64 // how much of the file was synced when it was written, 0: not said
}

// at gives the chunk at an offset.
func (c *chunks) at(o int64) (k chunk, ok bool) {
	end := min(int64(len(c.b)), (o/chunkBlock+1)*chunkBlock)
	if o+headManifest > end {
		return k, false
	}
	kind := c.b[o+6]
	head := int64(headManifest)
	switch {
	case kind == 0 || kind > 12 || c.manifest != (kind <= 4):
		return k, false
	case kind > 8:
		head = headSync
	case kind > 4:
		head = headRecyclable
	}
	k.next = o + head + int64(binary.LittleEndian.Uint16(c.b[o+4:]))
	if o+head > end || k.next > end {
		return k, false
	}
	if !c.manifest && binary.LittleEndian.Uint32(c.b[o+7:]) != c.number {
		return k, false
	}
	if head == headSync {
		k.synced = int64(binary.LittleEndian.Uint64(c.b[o+11:]))
	}
	k.first = kind%4 == 1 || kind%4 == 2
	return k, binary.LittleEndian.Uint32(c.b[o:]) == checksum(c.b[o+6:k.next])
}

// end is the offset up to which the file is whole.
func (c *chunks) end() int64 {
	o := int64(0)
	for o < int64(len(c.b)) {
		if k, ok := c.at(o); ok {
			o = k.next
			continue
		}
		rest := c.b[o:min(int64(len(c.b)), (o/chunkBlock+1)*chunkBlock)]
		switch {
		case len(rest) < headSync && (o+int64(len(rest)))%chunkBlock == 0 && zero(rest):
			o += int64(len(rest)) // no chunk fits here
		case c.trailer(rest):
			return o + headRecyclable
		default:
			return o
		}
	}
	return o
}

// trailer says whether the log was closed here: nothing but the next log's number.
func (c *chunks) trailer(b []byte) bool {
	return !c.manifest && len(b) >= headRecyclable && zero(b[:6]) && b[6] == 5 && binary.LittleEndian.Uint32(b[7:]) == c.number+1
}

// after looks behind the end for a chunk that could only be written when what is
// damaged had been synced; 0: there is none. A manifest is synced record by record.
func (c *chunks) after(end int64) int64 {
	for o := end + 1; o+headManifest <= int64(len(c.b)); o++ {
		if k, ok := c.at(o); ok && (k.synced > end || c.manifest && k.first && k.next > o+headManifest) {
			return o
		}
	}
	return 0
}

func zero(b []byte) bool { return !slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is LevelDB's: CRC-32C, turned and shifted.
func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
