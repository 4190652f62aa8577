package policies

import (
	"bytes"
	"sync"

	"stile/diag"
	"stile/policy/exchange"
	"stile/policy/expr"
	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// cachedValue is a value in the cache. Nothing changes it: what goes in and what
// comes out is a copy, so that exchanges never share an object.
type cachedValue struct{ value any }

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
	return nil, false
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
