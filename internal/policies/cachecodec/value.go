package cachecodec

import (
	"encoding/binary"
	"math"

	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// The tag before a value of an expression.
const (
	tagNull = iota
	tagFalse
	tagTrue
	tagString
	tagInt8
	tagInt16
	tagInt32
	tagInt64
	tagUint8
	tagUint16
	tagUint32
	tagUint64
	tagFloat32
	tagFloat64
	tagDecimal
	tagChar
	tagDateTime
	tagDateTimeOffset
	tagTimeSpan
	tagGUID
	tagBytes
	tagJSON
	tagArray
	tagList
	tagResponse
)

// maxDepth is how deep arrays and lists may stand in each other.
const maxDepth = 32

// elements are the types that an array's or a list's items may have, by their number.
// Numbers are stored: new types go to the end.
var elements = []*clr.Type{clr.TypeObject, clr.TypeString, clr.TypeBool, clr.TypeChar, clr.TypeSByte, clr.TypeByte, clr.TypeShort, clr.TypeUShort,
	clr.TypeInt, clr.TypeUInt, clr.TypeLong, clr.TypeULong, clr.TypeFloat, clr.TypeDouble, clr.TypeDecimal, clr.TypeGuid, clr.TypeDateTime,
	clr.TypeDateTimeOffset, clr.TypeTimeSpan}

// writer appends; lacking says that a value has no form in bytes.
type writer struct {
	b       []byte
	lacking bool
}

func (w *writer) tag(t byte)            { w.b = append(w.b, t) }
func (w *writer) signed(n int64)        { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) number(n uint64)       { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) text(s string)         { w.number(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) bytes(s []byte)        { w.number(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) whole(t byte, n int64) { w.tag(t); w.signed(n) }

func (w *writer) value(v any, depth int) {
	switch v := clr.Normal(v).(type) {
	case nil:
		w.tag(tagNull)
	case bool:
		w.tag(tagFalse)
		if v {
			w.b[len(w.b)-1] = tagTrue
		}
	case string:
		w.tag(tagString)
		w.text(v)
	case []byte:
		w.tag(tagBytes)
		w.bytes(v)
	case clr.Char:
		w.whole(tagChar, int64(v))
	case clr.Decimal:
		w.whole(tagDecimal, int64(v.Scale))
		w.text(v.Coefficient().Text(36))
	case clr.DateTime:
		w.whole(tagDateTime, v.Ticks)
		w.signed(int64(v.Kind))
	case clr.DateTimeOffset:
		w.whole(tagDateTimeOffset, v.Ticks)
		w.signed(int64(v.Offset))
	case clr.TimeSpan:
		w.whole(tagTimeSpan, int64(v))
	case clr.GUID:
		w.tag(tagGUID)
		w.b = append(w.b, v[:]...)
	case library.Token:
		w.token(v)
	case *clr.Array:
		w.items(tagArray, v.Elem, v.Items, depth)
	case *clr.List:
		w.items(tagList, v.Elem, v.Items, depth)
	case *exchange.Response:
		body, err := v.Body.Bytes()
		w.lacking = w.lacking || err != nil
		w.tag(tagResponse)
		w.response(&Response{v.StatusCode, v.Reason, v.Header, body})
	default:
		w.primitive(v)
	}
}

func (w *writer) primitive(v any) {
	switch v := v.(type) {
	case int8:
		w.whole(tagInt8, int64(v))
	case int16:
		w.whole(tagInt16, int64(v))
	case int32:
		w.whole(tagInt32, int64(v))
	case int64:
		w.whole(tagInt64, v)
	case uint8:
		w.whole(tagUint8, int64(v))
	case uint16:
		w.whole(tagUint16, int64(v))
	case uint32:
		w.whole(tagUint32, int64(v))
	case uint64:
		w.tag(tagUint64)
		w.number(v)
	case float32:
		w.tag(tagFloat32)
		w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(v))
	case float64:
		w.tag(tagFloat64)
		w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v))
	default:
		w.lacking = true
	}
}

func (w *writer) items(tag byte, elem *clr.Type, items []any, depth int) {
	at := -1
	for i, t := range elements {
		if elem != nil && clr.Same(t, elem) {
			at = i
		}
	}
	if at < 0 || depth >= maxDepth {
		w.lacking = true
		return
	}
	w.tag(tag)
	w.number(uint64(at))
	w.number(uint64(len(items)))
	for _, it := range items {
		if w.value(it, depth+1); w.lacking {
			return
		}
	}
}

// token writes a JSON token as its text, where that text says all of it: a Guid inside
// one would come back as a string.
func (w *writer) token(t library.Token) {
	text := library.CompactJSON(t)
	back, ok := parseToken(text)
	if w.lacking = w.lacking || !ok || !same(t, back); w.lacking {
		return
	}
	w.tag(tagJSON)
	w.text(text)
}

// parseToken reads JSON as JToken.Parse does, within the budget of an expression.
func parseToken(text string) (t library.Token, ok bool) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *clr.Thrown, clr.Exhausted:
			t, ok = nil, false
		default:
			panic(p)
		}
	}()
	t = library.ParseToken(clr.NewMachine(nil), text)
	return t, t != nil
}

// same reports whether two tokens whose texts are equal have the same types all through.
func same(a, b library.Token) bool {
	if library.TokenKind(a) != library.TokenKind(b) {
		return false
	}
	if v, ok := a.(*library.JValue); ok {
		o, ok := b.(*library.JValue)
		return ok && sameType(v.Value, o.Value)
	}
	x, y := childrenOf(a), childrenOf(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !same(x[i], y[i]) {
			return false
		}
	}
	return true
}

// sameType leaves the values to the texts, but for dates, whose text may be another's.
func sameType(a, b any) bool {
	if d, ok := a.(clr.DateTime); ok {
		return d == b
	}
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	t, u := clr.TypeOf(a), clr.TypeOf(b)
	return t != nil && u != nil && clr.Same(t, u)
}

func childrenOf(t library.Token) (out []library.Token) {
	each, ok := t.(interface {
		Each(m *clr.Machine, yield func(clr.Value) bool)
	})
	if !ok {
		return nil
	}
	each.Each(clr.NewMachine(&clr.Env{Steps: math.MaxInt}), func(v clr.Value) bool {
		if child, ok := v.(library.Token); ok {
			out = append(out, child)
		}
		return true
	})
	return out
}
