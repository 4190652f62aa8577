package secret

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a Masker.
const (
	// MinMasked is how long a value must be, in bytes, to be masked: a shorter one
	// would be found in every text.
	MinMasked = 6
	// MaskedFor is how long a value is masked after it was replaced or seen last: it
	// may stand in answers and logs that are on their way.
	MaskedFor = 24 * time.Hour
	// maxSeen bounds the values that have no owner; the oldest goes first.
	maxSeen = 4096
	// maxHeads bounds the beginnings of tokens: one for each signing key.
	maxHeads = 64
	// maskRounds bounds how often a text is searched again because a mask may have
	// made a value of what stood around it.
	maskRounds = 4
)

// Masker is the set of secret values that this process has resolved, and replaces
// them by *** in whatever is to be kept or shown. It finds a value as it is, in
// base64 (at any offset, both alphabets), and inside text that is escaped for
// URLs, JSON or HTML, also one inside another.
//
// A text without a value is given back as it is. With no value registered, a call
// costs one atomic load. It is safe for concurrent use; nil masks nothing.
type Masker struct {
	now func() time.Time

	mu    sync.Mutex
	owned map[string]string    // the current value of each owner
	seen  map[string]time.Time // values without an owner: until when
	heads map[string]bool      // beginnings of tokens of our own

	table atomic.Pointer[maskTable] // nil: nothing is registered
	dirty atomic.Bool
}

// NewMasker makes an empty Masker; a nil now is the clock.
func NewMasker(now func() time.Time) *Masker {
	if now == nil {
		now = time.Now
	}
	return &Masker{now: now, owned: map[string]string{}, seen: map[string]time.Time{}, heads: map[string]bool{}}
}

// Keep says that v is the owner's value from now on. It is masked as long as it is
// that, and MaskedFor after another has taken its place.
func (m *Masker) Keep(owner string, v Value) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old, had := m.owned[owner]
	text := v.Reveal()
	if had && old == text {
		return
	}
	if had {
		m.retire(old)
	}
	delete(m.owned, owner)
	if len(text) >= MinMasked {
		m.owned[owner] = text
	}
	m.dirty.Store(true)
}

// Drop says that the owner has no value any more; the last one is masked for
// MaskedFor.
func (m *Masker) Drop(owner string) { m.Keep(owner, Value{}) }

// Seen masks v for MaskedFor from now on: a token that was fetched, say.
func (m *Masker) Seen(v Value) {
	if m == nil || len(v.Reveal()) < MinMasked {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.seen[v.Reveal()]
	m.retire(v.Reveal())
	if !known {
		m.dirty.Store(true)
	}
}

// KeepHead masks every token that begins with head, to the end of the text that a
// JWT may have, in base64 too: what is signed with one key begins alike, so that tokens need not
// be registered one by one. It holds as long as the Masker.
func (m *Masker) KeepHead(head string) {
	if m == nil || len(head) < MinMasked {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.heads[head] && len(m.heads) < maxHeads {
		m.heads[head] = true
		m.dirty.Store(true)
	}
}

// retire keeps a text for MaskedFor. The lock is held.
func (m *Masker) retire(text string) {
	if len(text) < MinMasked {
		return
	}
	if _, known := m.seen[text]; !known && len(m.seen) >= maxSeen {
		var oldest string
		for t, until := range m.seen {
			if oldest == "" || until.Before(m.seen[oldest]) {
				oldest = t
			}
		}
		delete(m.seen, oldest)
	}
	m.seen[text] = m.now().Add(MaskedFor)
}

// current gives the table of what is registered now, nil where nothing is. dirty is
// read before the table, and taken away after the new one stands: who registered a
// value must never get the table from before, while another builds the next.
func (m *Masker) current() *maskTable {
	if t, ok := m.built(); ok {
		return t
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, ok := m.built(); ok { // by another, while this one waited
		return t
	}
	now, all, until := m.now(), map[string]bool{}, time.Time{}
	for _, text := range m.owned {
		all[text] = true
	}
	for text, end := range m.seen {
		if !now.Before(end) {
			delete(m.seen, text)
			continue
		}
		all[text] = true
		if until.IsZero() || end.Before(until) {
			until = end
		}
	}
	var t *maskTable
	if len(all)+len(m.heads) > 0 {
		t = newMaskTable(all, m.heads)
		t.until = until
	}
	m.table.Store(t)
	m.dirty.Store(false)
	return t
}

// built gives the table where it is that of what is registered now.
func (m *Masker) built() (*maskTable, bool) {
	if m.dirty.Load() {
		return nil, false
	}
	t := m.table.Load()
	return t, t == nil || t.until.IsZero() || m.now().Before(t.until)
}

// Mask gives text with every registered value replaced by ***; text itself where
// there is none.
func (m *Masker) Mask(text []byte) []byte {
	if m == nil {
		return text
	}
	t := m.current()
	if t == nil {
		return text
	}
	return t.mask(text)
}

// MaskString is Mask for a string.
func (m *Masker) MaskString(text string) string {
	if m == nil {
		return text
	}
	t := m.current()
	if t == nil {
		return text
	}
	if t.clean(text) {
		return text
	}
	in := []byte(text)
	if out := t.mask(in); !bytes.Equal(out, in) {
		return string(out)
	}
	return text
}

// Idle reports that nothing is registered, so that a caller may spare itself
// taking its text apart.
func (m *Masker) Idle() bool { return m == nil || m.current() == nil }

// span of a text: from is in, to is not. There is one for each byte of a text that
// is unescaped, so it is small.
type span struct{ from, to int32 }

// mask replaces until nothing is found. What still holds a value after maskRounds
// is replaced as a whole.
func (t *maskTable) mask(text []byte) []byte {
	for range maskRounds {
		found := t.find(text, nil, 0, nil)
		if len(found) == 0 {
			return text
		}
		text = replace(text, found)
	}
	if len(t.find(text, nil, 0, nil)) == 0 {
		return text
	}
	return []byte(masked)
}

// replace writes *** over each span; spans that touch or overlap become one.
func replace(text []byte, found []span) []byte {
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out, at := make([]byte, 0, len(text)), int32(0)
	for i := 0; i < len(found); {
		s := found[i]
		for i++; i < len(found) && found[i].from <= s.to; i++ {
			s.to = max(s.to, found[i].to)
		}
		out = append(append(out, text[at:s.from]...), masked...)
		at = s.to
	}
	return append(out, text[at:]...)
}
