package record

import (
	"encoding/binary"
	"slices"
	"time"

	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// Index is a row of the two listings.
type Index struct {
	Status Status
	Stop   int64
}

// Encode is the row's value.
func (r Index) Encode() []byte {
	e := codec.New(12)
	e.Byte(byte(r.Status))
	e.Int(r.Stop)
	return e.B
}

// DecodeIndex reads a row's value.
func DecodeIndex(b []byte) (r Index, err error) {
	d := codec.Open(b)
	r.Status, r.Stop = Status(d.Byte()), d.Int()
	return r, d.Err
}

// Token is how a delivery ended an attempt.
type Token struct {
	Delivery, Digest string
	At               int64
}

// Encode is the record's bytes.
func (r Token) Encode() []byte {
	e := codec.New(96)
	e.Str(r.Delivery)
	e.Str(r.Digest)
	e.Int(r.At)
	return e.B
}

// DecodeToken reads the record.
func DecodeToken(b []byte) (r Token, err error) {
	d := codec.Open(b)
	r.Delivery, r.Digest, r.At = d.Str(), d.Str(), d.Int()
	return r, d.Err
}

// EncodeCall is a call of the side journal, but its command and send, which are its key.
func EncodeCall(c sfn.CallRecord) []byte {
	e := codec.New(64 + len(c.Call.Raw()))
	e.Str(c.State)
	e.Uint(uint64(c.Attempt))
	e.Int(c.Time.UnixMilli())
	e.JSON(c.Call)
	return e.B
}

// DecodeCall reads what EncodeCall made.
func DecodeCall(b []byte) (c sfn.CallRecord, err error) {
	d := codec.Open(slices.Clone(b))
	c.State, c.Attempt = d.Str(), uint32(d.Uint())
	c.Time, c.Call = time.UnixMilli(d.Int()), d.JSON()
	return c, d.Err
}

// EncodeHistory packs events into a row.
func EncodeHistory(events []interp.HistoryEvent) []byte {
	return AppendHistory(append(make([]byte, 0, 96*len(events)), codec.Format), events)
}

// AppendHistory adds events to a row that EncodeHistory made.
func AppendHistory(row []byte, events []interp.HistoryEvent) []byte {
	const room = binary.MaxVarintLen32
	for i := range events {
		at := len(row) // each event has its length before it, which is known behind it
		row = interp.AppendHistory(append(row, make([]byte, room)...), &events[i])
		n := len(row) - at - room
		head := len(binary.AppendUvarint(row[:at], uint64(n)))
		row = row[:head+copy(row[head:], row[at+room:])]
	}
	return row
}

// DecodeHistory reads what EncodeHistory made.
func DecodeHistory(b []byte) ([]interp.HistoryEvent, error) {
	d := codec.Open(slices.Clone(b))
	var out []interp.HistoryEvent
	for d.Err == nil && len(d.B) > 0 {
		e, err := interp.DecodeHistoryEvent(d.Bytes())
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, d.Err
}
