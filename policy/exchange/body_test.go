package exchange

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestBytesReadsToTheEnd: whatever length a stream said, and however it comes.
func TestBytesReadsToTheEnd(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 513, 5000} {
		text := strings.Repeat("x", size)
		for _, length := range []int64{-1, 0, 7, int64(size), int64(size) + 9, MaxBuffered + 1} {
			for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "bytewise": iotest.OneByteReader(strings.NewReader(text)),
				"with its end": iotest.DataErrReader(strings.NewReader(text))} {
				b := Stream(io.NopCloser(r), length)
				got, err := b.Bytes()
				again, _ := b.Bytes()
				if err != nil || string(got) != text || string(again) != text || b.Length() != int64(size) {
					t.Errorf("%d bytes, %d said, %s: %d bytes, %v", size, length, name, len(got), err)
				}
			}
		}
	}
	broken := Stream(io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))), 8)
	if got, err := broken.Bytes(); !errors.Is(err, io.ErrUnexpectedEOF) || got != nil {
		t.Errorf("a cut body: %q, %v", got, err)
	}
	if _, err := Stream(io.NopCloser(bytes.NewReader(make([]byte, MaxBuffered+1))), -1).Bytes(); !errors.Is(err, ErrBodyTooLarge) {
		t.Errorf("a body that is too large: %v", err)
	}
	if got, err := Stream(io.NopCloser(bytes.NewReader(make([]byte, MaxBuffered))), MaxBuffered).Bytes(); err != nil || len(got) != MaxBuffered {
		t.Errorf("the largest body: %d bytes, %v", len(got), err)
	}
}
