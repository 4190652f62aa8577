package interp

import "stile/jsonval"

// inlineMax is the size in bytes up to which a payload is held where it is used.
const inlineMax = 256

// wrap makes a payload of v. A text over inlineMax becomes a blob: the one it is
// already, where v is the whole text of a payload that this Apply has touched,
// else a new one.
//
// Sameness is that of the text's memory, never of its content: no hashing, no
// comparing of 256 KiB. That is sound only because a new blob gets a copy of its
// text. Were the text shared with the larger value it was cut from, the same
// expression would give "the same memory" in an execution that lives since its
// start and "other memory" in one that was restored and read the two blobs
// separately; their blob numbers would differ, and with them frames and history.
func (x *Execution) wrap(v jsonval.Value) Payload {
	raw := v.Raw()
	if len(raw) <= inlineMax {
		if cap(raw)-len(raw) > 4*inlineMax { // cut from a large text: do not keep that alive
			v = v.Clone()
		}
		x.bytes += len(raw)
		return Payload{Value: v}
	}
	if id, ok := x.seen[&raw[0]]; ok {
		return Payload{Blob: id, Value: v}
	}
	x.bytes += len(raw)
	x.nextBlob++
	p := Payload{Blob: x.nextBlob, Value: v.Clone()}
	x.seen[&p.Value.Raw()[0]] = p.Blob
	x.out.Blobs = append(x.out.Blobs, Blob{ID: p.Blob, Value: p.Value})
	return p
}

// value gives p's value, reading its blob where it is not in memory, and
// remembers which blob it is.
func (x *Execution) value(p *Payload) jsonval.Value {
	if p.Blob == 0 {
		return p.Value
	}
	if !p.Value.Exists() {
		p.Value = x.load(p.Blob)
	}
	if raw := p.Value.Raw(); len(raw) > 0 {
		x.seen[&raw[0]] = p.Blob
	}
	return p.Value
}

func (x *Execution) load(id uint64) jsonval.Value {
	if x.env.LoadBlob == nil {
		x.broken("blob %d is not in memory and Env has no LoadBlob", id)
	}
	v, err := x.env.LoadBlob(id)
	if err != nil {
		x.broken("blob %d: %v", id, err)
	}
	if !v.Exists() {
		x.broken("blob %d is empty", id)
	}
	return v
}

// eventOutput is the event's Output, read back from its blob in a replay.
func (x *Execution) eventOutput(v jsonval.Value, blob uint64) jsonval.Value {
	switch {
	case v.Exists():
		return v
	case blob != 0:
		return x.load(blob)
	}
	return jsonval.NullValue
}

// fits reports whether v is within the payload limit, in bytes of UTF-8.
func (x *Execution) fits(v jsonval.Value) bool { return len(v.Raw()) <= x.env.MaxPayload }
