package record

import (
	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// Work is due work of an execution: the current attempt of a Task visit
// (by its command id), or under command 0 a slice to be continued. Recovery reads
// nothing else to know what to do again.
type Work struct {
	Phase   Phase
	Attempt uint32
	Send    uint32
	Epoch   uint64 // of the host that sent it last
	Token   bool
	Since   int64 // when the attempt was scheduled
	Expires int64 // of its token
	State   string
	Entered int64 // when the visit's first attempt was scheduled
	Trouble sfn.Trouble
	Refused uint32 // the send whose side-journal record holds the last denial; 0: none
}

// Phase says how far an attempt is. The numbers are stored.
type Phase byte

// How far an attempt is.
const (
	Dispatched Phase = iota + 1 // the request is out: send it again after a restart
	Submitted                   // accepted; the token ends it
	Idle                        // no attempt is out; the sends so far are remembered
	Continue                    // command 0: a slice ended early
)

// Encode is the record's bytes.
func (w Work) Encode() []byte {
	e := codec.New(32)
	e.B[0] = healthFormat
	e.Byte(byte(w.Phase))
	e.Uint(uint64(w.Attempt))
	e.Uint(uint64(w.Send))
	e.Uint(w.Epoch)
	e.Uint(map[bool]uint64{true: 1}[w.Token])
	e.Int(w.Since)
	e.Int(w.Expires)
	e.Str(w.State)
	e.Int(w.Since - w.Entered)
	e.Byte(byte(w.Trouble))
	e.Uint(uint64(w.Refused))
	return e.B
}

// DecodeWork reads the record, also one of an older release.
func DecodeWork(b []byte) (w Work, err error) {
	d, format := codec.OpenUpTo(b, healthFormat)
	w.Phase = Phase(d.Byte())
	w.Attempt, w.Send, w.Epoch, w.Token = uint32(d.Uint()), uint32(d.Uint()), d.Uint(), d.Uint() == 1
	w.Since, w.Expires, w.State = d.Int(), d.Int(), d.Str()
	w.Entered = w.Since
	if format == healthFormat {
		w.Entered -= d.Int()
		w.Trouble, w.Refused = sfn.Trouble(d.Byte()), uint32(d.Uint())
	}
	return w, d.Err
}

// Waits says that the attempt's token is open.
func (w Work) Waits() bool {
	return w.Token && (w.Phase == Dispatched || w.Phase == Submitted)
}
