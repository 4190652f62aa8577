package sfnapi

import (
	"strconv"
	"time"

	"stile/jsonval"
)

// timestamp is AWS's wire form of a time: seconds of the epoch with three
// decimals for the milliseconds.
func timestamp(t time.Time) jsonval.Value { return epochMillis(t.UnixMilli()) }

func epochMillis(ms int64) jsonval.Value {
	b := make([]byte, 0, 20)
	if ms < 0 {
		b, ms = append(b, '-'), -ms
	}
	b = append(strconv.AppendInt(b, ms/1000, 10), '.')
	ms %= 1000
	b = append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	v, err := jsonval.Parse(b)
	if err != nil {
		panic("sfnapi: a time is no number: " + err.Error())
	}
	return v
}

func addText(o *jsonval.Object, name, s string) {
	if s != "" {
		o.AddString(name, s)
	}
}

func addPointer(o *jsonval.Object, name string, s *string) {
	if s != nil {
		o.AddString(name, *s)
	}
}

func addNumber(o *jsonval.Object, name string, n *int64) {
	if n != nil {
		o.AddInt(name, *n)
	}
}

// listing is the answer of a List action: the items and the next page's token.
func listing(name string, items jsonval.Array, next string) jsonval.Value {
	var o jsonval.Object
	o.Add(name, items.Value())
	addText(&o, "nextToken", next)
	return o.Value()
}
