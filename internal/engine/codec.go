package engine

import "stile/internal/engine/codec"

// Records are codec's; these are its words in this package.
type (
	enc = codec.Enc
	dec = codec.Dec
)

// recordFormat is the first byte of every record but those that got a later format.
const recordFormat = codec.Format

var errRecord = codec.ErrRecord

func record(size int) *enc { return codec.New(size) }

func open(b []byte) *dec { return codec.Open(b) }

func openUpTo(b []byte, newest byte) (*dec, byte) { return codec.OpenUpTo(b, newest) }
