package liquid

import (
	"strings"
	"testing"

	"stile/policy/exchange"
)

// TestManyParameters: what a template sees of a query grows with the query, not with its
// square.
func TestManyParameters(t *testing.T) {
	const many = 16_000
	query := exchange.ParseQuery(strings.Repeat("a&", many) + "b=1&B=2")
	if n := testing.AllocsPerRun(1, func() { paramsOf(query) }); n > 10*many {
		t.Errorf("%v allocations for %d parameters", n, many)
	}
	out := paramsOf(query)
	if v, _ := out.Get("a"); len(v.(List)) != many {
		t.Errorf("%d values", len(v.(List)))
	}
	var h exchange.Header
	for _, v := range []string{"1", "2"} {
		h.Add("X", v)
		h.Add("x", v)
	}
	if v, _ := headersOf(&h).Get("X"); len(v.(List)) != 4 {
		t.Errorf("%v", v)
	}
}
