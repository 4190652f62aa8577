package policies

import (
	"bytes"
	"sync"

	"stile/diag"
	"stile/policy/exchange"
	"stile/policy/expr"
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
	"stile/policy/expr/library/xlinq"
)

// copyOf copies a value of an expression; ok is false for what belongs to one
// exchange (its request, a lazy sequence, a delegate) or has state of its own.
func copyOf(v any) (out any, ok bool) {
	switch v := clr.Normal(v).(type) {
	case nil, bool, string, int, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64,
		clr.Decimal, clr.Char, clr.DateTime, clr.DateTimeOffset, clr.TimeSpan, clr.GUID, clr.Enum, *expr.Jwt:
		return v, true
	case []byte:
		return bytes.Clone(v), true
	case []string:
		return append([]string{}, v...), true
	case library.Token:
		return deepClone(v)
	case *clr.Array:
		items, ok := copyItems(v.Items)
		return &clr.Array{Elem: v.Elem, Items: items}, ok
	case *clr.List:
		items, ok := copyItems(v.Items)
		return &clr.List{Elem: v.Elem, Items: items}, ok
	case *exchange.Response:
		body, err := v.Body.Bytes()
		return &exchange.Response{StatusCode: v.StatusCode, Reason: v.Reason, Header: v.Header.Clone(), Body: exchange.Bytes(bytes.Clone(body))}, err == nil
	}
	return xlinq.Copy(v)
}

func copyItems(items []any) ([]any, bool) {
	out := make([]any, len(items))
	for i, it := range items {
		var ok bool
		if out[i], ok = copyOf(it); !ok {
			return nil, false
		}
	}
	return out, true
}

// cloner is the expression that copies a JSON token.
var cloner = sync.OnceValues(func() (*expr.Program, error) {
	const text = `((JToken)context.Variables["token"]).DeepClone()`
	p, list := expr.Compile(diag.NewSource("", text), 0, text, false)
	if list.HasErrors() {
		return nil, list
	}
	return p, nil
})

func deepClone(t library.Token) (any, bool) {
	p, err := cloner()
	if err != nil {
		panic(err) // the text is a constant
	}
	v, err := p.Run(&expr.Env{Exchange: &exchange.Exchange{Variables: map[string]any{"token": t}}})
	return v, err == nil
}

// perItem is what an item costs beside its text.
const perItem = 16

// sizeOf is about how many bytes a value takes in a cache. What .NET writes as the name
// of its type is counted by what is in it.
func sizeOf(v any) int {
	switch v := clr.Normal(v).(type) {
	case []byte:
		return len(v)
	case []string:
		n := 0
		for _, s := range v {
			n += len(s) + perItem
		}
		return n
	case *clr.Array:
		return sizeOfItems(v.Items)
	case *clr.List:
		return sizeOfItems(v.Items)
	case *exchange.Response:
		n := max(int(v.Body.Length()), 0)
		v.Header.Each(func(name, value string) { n += len(name) + len(value) + perItem })
		return n
	}
	return len(expr.ToText(v))
}

func sizeOfItems(items []any) int {
	n := 0
	for _, it := range items {
		n += sizeOf(it) + perItem
	}
	return n
}
