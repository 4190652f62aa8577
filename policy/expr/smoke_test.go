package expr

import (
	"os"
	"strings"
	"testing"
	"time"

	"stile/diag"
	"stile/policy/exchange"
)

func TestSmoke(t *testing.T) {
	b, _ := os.ReadFile("/tmp/smoke.txt")
	for _, line := range strings.Split(string(b), "\n") {
		if line == "" {
			continue
		}
		ex := fixture()
		text, block := line[2:len(line)-1], strings.HasPrefix(line, "@{")
		p, l := Compile(diag.NewSource("f", text), 0, text, block)
		if p == nil {
			t.Logf("%s\n   -> %v", line, l.Error())
			continue
		}
		v, err := p.Run(&Env{Exchange: ex, Now: func() time.Time { return time.Date(2024, 5, 6, 7, 8, 9, 123456700, time.UTC) }, NewGUID: func() string { return "00112233-4455-6677-8899-aabbccddeeff" }, Rand: func() uint64 { return 42 }})
		ty := "null"
		if x := typeOf(v); x != nil {
			ty = x.String()
		}
		t.Logf("%s\n   => %s %q %v", line, ty, ToText(v), err)
	}
}

func fixture() *exchange.Exchange {
	ex := &exchange.Exchange{ID: "11112222-3333-4444-5555-666677778888", Variables: map[string]any{"s": "text", "n": int32(5)}}
	ex.Request.Method = "POST"
	ex.Request.Header.Add("X-A", "1")
	ex.Request.Header.Add("x-a", "2")
	ex.Request.Header.Add("Content-Type", "application/json")
	u, _ := exchange.ParseURL("https://api.example.com/orders/7?x=1&y=b%20c&x=2")
	ex.Request.URL, ex.Request.OriginalURL = u, u
	ex.Request.Body = exchange.Text(`{"sku":"sku-1","quantity":2,"amount":120.5,"tags":["a","b"],"when":"2024-01-02T03:04:05Z","nil":null}`)
	return ex
}
