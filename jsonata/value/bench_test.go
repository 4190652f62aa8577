package value

import (
	"strings"
	"testing"
)

func BenchmarkFindMember(b *testing.B) {
	text := []byte(`{"id":"7f3c","a":{"name":"orders","b":[` + strings.Repeat(`{"c":1,"d":"item number","price":12.5,"tags":["x","y"],"note":"some text here"},`, 12) + `null]},"tail":true}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if fromText(text).Get("a").IsUndefined() {
			b.Fatal("not found")
		}
	}
}
