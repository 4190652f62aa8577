package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stile/policy/exchange"
)

// BenchmarkManyFields is the costliest head that the server takes: half of it fields,
// half of it names in Connection.
func BenchmarkManyFields(b *testing.B) {
	r := &http.Request{Host: "x", Header: http.Header{"Connection": {strings.Repeat("x,", 16_000) + "Named"}, "Named": {"gone"}}}
	for i := range 3600 {
		r.Header.Set(fmt.Sprintf("X%d", i), "v")
	}
	for b.Loop() {
		ex := &exchange.Exchange{}
		if header(ex, r, ""); ex.Request.Header.Has("Named") || ex.Request.Header.Len() != 3601 {
			b.Fatal(ex.Request.Header.Len())
		}
	}
}
