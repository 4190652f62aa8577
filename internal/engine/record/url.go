package record

import (
	"cmp"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// URL is what is kept of an attempt's callback URL.
type URL struct {
	Serial  uint32 // of the token that the URL has now
	Revoked bool
	Expires int64  // of that token; 0: as the attempt's own
	Seen    uint64 // deliveries and what operators did, in all
	State   string
}

// Encode is the record's bytes.
func (r URL) Encode() []byte {
	e := codec.New(48)
	e.Uint(uint64(r.Serial))
	e.Uint(map[bool]uint64{true: 1}[r.Revoked])
	e.Int(r.Expires)
	e.Uint(r.Seen)
	e.Str(r.State)
	return e.B
}

// DecodeURL reads the record.
func DecodeURL(b []byte) (r URL, err error) {
	d := codec.Open(b)
	r.Serial, r.Revoked, r.Expires, r.Seen, r.State = uint32(d.Uint()), d.Uint() == 1, d.Int(), d.Uint(), d.Str()
	return r, d.Err
}

// Dead says that a URL's token is not the attempt's any more.
func (r URL) Dead(serial uint32) bool { return r.Revoked || serial != r.Serial }

// Until is when the URL ends, in Unix ms; own is the attempt's own expiry.
func (r URL) Until(own int64) int64 { return cmp.Or(r.Expires, own) }

// EncodeDelivery is one delivery, but its command and attempt, which are in its key.
func EncodeDelivery(r sfn.DeliveryRecord) []byte {
	e := codec.New(192)
	e.Int(r.Time.UnixMilli())
	e.Uint(uint64(r.Status))
	for _, s := range deliveryTexts(&r) {
		e.Str(*s)
	}
	return e.B
}

// DecodeDelivery reads what EncodeDelivery made.
func DecodeDelivery(b []byte) (r sfn.DeliveryRecord, err error) {
	d := codec.Open(b)
	r.Time, r.Status = time.UnixMilli(d.Int()), int(d.Uint())
	for _, s := range deliveryTexts(&r) {
		*s = d.Str()
	}
	return r, d.Err
}

func deliveryTexts(r *sfn.DeliveryRecord) []*string {
	return []*string{&r.Kind, &r.Answer, &r.Via, &r.Client, &r.Subject, &r.ID, &r.Digest, &r.Policy, &r.At, &r.Reason}
}

// Bounded cuts texts that a sender chose.
func Bounded(r sfn.DeliveryRecord) sfn.DeliveryRecord {
	const most = 256
	for _, s := range deliveryTexts(&r) {
		if len(*s) > most {
			*s = (*s)[:most]
		}
	}
	return r
}
