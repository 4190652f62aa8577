package cachecodec

import (
	"encoding/binary"
	"math"
	"math/big"

	"stile/policy/exchange"
	"stile/policy/expr/clr"
)

// reader takes apart; bad says that the bytes are none of ours.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) tag() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.b)
	r.take(uint64(max(size, 0)))
	r.bad = r.bad || size <= 0
	return n
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	r.take(uint64(max(size, 0)))
	r.bad = r.bad || size <= 0
	return n
}

func (r *reader) text() string { return string(r.take(r.number())) }

func (r *reader) between(low, high int64) int64 {
	n := r.signed()
	r.bad = r.bad || n < low || n > high
	return n
}

func (r *reader) value(depth int) any {
	switch tag := r.tag(); tag {
	case tagNull:
		return nil
	case tagFalse, tagTrue:
		return tag == tagTrue
	case tagString:
		return r.text()
	case tagBytes:
		return append([]byte{}, r.take(r.number())...)
	case tagDecimal:
		scale := r.between(0, 28)
		n, ok := new(big.Int).SetString(r.text(), 36)
		if !ok || new(big.Int).Abs(n).Cmp(clr.MaxCoefficient) > 0 {
			r.bad = true
			return nil
		}
		return clr.Decimal{N: n, Scale: int(scale)}
	case tagDateTime:
		ticks := r.between(0, clr.MaxTicks)
		return clr.DateTime{Ticks: ticks, Kind: uint8(r.between(0, clr.KindLocal))}
	case tagDateTimeOffset:
		ticks := r.between(0, clr.MaxTicks)
		return clr.DateTimeOffset{Ticks: ticks, Offset: int(r.between(-14*60, 14*60))}
	case tagTimeSpan:
		return clr.TimeSpan(r.signed())
	case tagGUID:
		var g clr.GUID
		copy(g[:], r.take(16))
		return g
	case tagJSON:
		t, ok := parseToken(r.text())
		if r.bad = r.bad || !ok; r.bad {
			return nil
		}
		return t
	case tagArray, tagList:
		return r.items(tag, depth)
	case tagResponse:
		res := r.response()
		return &exchange.Response{StatusCode: res.Status, Reason: res.Reason, Header: res.Header, Body: exchange.Bytes(res.Body)}
	default:
		return r.primitive(tag)
	}
}

func (r *reader) primitive(tag byte) any {
	switch tag {
	case tagChar:
		return clr.Char(r.between(0, math.MaxUint16))
	case tagInt8:
		return int8(r.between(math.MinInt8, math.MaxInt8))
	case tagInt16:
		return int16(r.between(math.MinInt16, math.MaxInt16))
	case tagInt32:
		return int32(r.between(math.MinInt32, math.MaxInt32))
	case tagInt64:
		return r.signed()
	case tagUint8:
		return uint8(r.between(0, math.MaxUint8))
	case tagUint16:
		return uint16(r.between(0, math.MaxUint16))
	case tagUint32:
		return uint32(r.between(0, math.MaxUint32))
	case tagUint64:
		return r.number()
	case tagFloat32:
		if b := r.take(4); b != nil {
			return math.Float32frombits(binary.LittleEndian.Uint32(b))
		}
	case tagFloat64:
		if b := r.take(8); b != nil {
			return math.Float64frombits(binary.LittleEndian.Uint64(b))
		}
	}
	r.bad = true
	return nil
}

func (r *reader) items(tag byte, depth int) any {
	at, n := r.number(), r.number()
	if r.bad || at >= uint64(len(elements)) || n > uint64(len(r.b)) || depth >= maxDepth { // an item has a byte at least
		r.bad = true
		return nil
	}
	items := make([]any, 0, n)
	for range n {
		items = append(items, r.value(depth+1))
		if r.bad {
			return nil
		}
	}
	if tag == tagArray {
		return &clr.Array{Elem: elements[at], Items: items}
	}
	return &clr.List{Elem: elements[at], Items: items}
}
