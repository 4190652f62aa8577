package gateway

import (
	"errors"
	"io"
	"sync"
)

// framed writes a stream of WebSocket frames (RFC 6455 section 5.2) and knows where
// one ends. Of a frame it reads the length alone.
type framed struct {
	mu      sync.Mutex
	to      io.Writer
	head    [14]byte
	have    int    // bytes of a head that came
	payload uint64 // bytes of a payload that are to come
	ending  bool
	over    bool
}

var errGoneAway = errors.New("the gateway has ended the connection")

// closing is a close frame of a server: 1001, going away.
var closing = []byte{0x88, 2, 0x03, 0xe9}

// Write writes bytes of frames. Once the end was asked for it writes what ends the
// frame under way, and fails.
func (f *framed) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return 0, errGoneAway
	}
	n := f.follow(p)
	if _, err := f.to.Write(p[:n]); err != nil || !f.ending || f.within() {
		return n, err
	}
	f.finish()
	return n, errGoneAway
}

// within reports whether a frame is under way.
func (f *framed) within() bool { return f.have > 0 || f.payload > 0 }

// follow reads what passes and gives how much of it may: all, or, where the end was
// asked for, what the frame under way needs.
func (f *framed) follow(p []byte) (n int) {
	for n < len(p) && (!f.ending || f.within()) {
		if f.payload > 0 {
			k := min(f.payload, uint64(len(p)-n))
			f.payload -= k
			n += int(k)
			continue
		}
		f.head[f.have] = p[n]
		f.have++
		n++
		if size, whole := f.length(); whole {
			f.payload, f.have = size, 0
		}
	}
	return n
}

// length reads the head; whole is false while bytes of it are to come.
func (f *framed) length() (size uint64, whole bool) {
	if f.have < 2 {
		return 0, false
	}
	extended := 0
	switch size = uint64(f.head[1] & 0x7f); size {
	case 126:
		extended = 2
	case 127:
		extended = 8
	}
	need := 2 + extended
	if f.head[1]&0x80 != 0 { // a mask
		need += 4
	}
	if f.have < need {
		return 0, false
	}
	if extended > 0 {
		size = 0
		for _, b := range f.head[2 : 2+extended] {
			size = size<<8 | uint64(b)
		}
	}
	return size, true
}

// end asks for the end, and gives whether it is there: no frame is under way. Else who
// writes the rest of the frame meets it.
func (f *framed) end() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ending = true
	if !f.over && !f.within() {
		f.finish()
	}
	return f.over
}

func (f *framed) finish() {
	f.over = true
	_, _ = f.to.Write(closing) // the client may be gone
}
