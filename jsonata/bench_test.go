package jsonata

import (
	"strconv"
	"strings"
	"testing"

	"stile/jsonval"
)

// kibibyte is an object of about 1 KiB with a.b[…].d in it.
func kibibyte() jsonval.Value {
	var b strings.Builder
	b.WriteString(`{"id":"7f3c","a":{"name":"orders","b":[`)
	for i := range 12 {
		if i > 0 {
			b.WriteByte(',')
		}
		n := strconv.Itoa(i)
		b.WriteString(`{"c":` + n + `,"d":"item number ` + n + `","price":12.5,"tags":["x","y"],"note":"some text here"}`)
	}
	b.WriteString(`]},"tail":true}`)
	return jsonval.MustParse(b.String())
}

func benchmark(b *testing.B, src string, input jsonval.Value) {
	x, err := Compile(src)
	if err != nil {
		b.Fatal(err)
	}
	env := testEnv()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Eval(input, env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPath(b *testing.B) { benchmark(b, "a.b[c=1].d", kibibyte()) }

func BenchmarkObject(b *testing.B) {
	benchmark(b, `{"id": id, "names": a.b.d, "total": a.b[0].price * 2}`, kibibyte())
}

func BenchmarkRecursion(b *testing.B) {
	benchmark(b, `($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s + $n) }; $f(100, 0))`, jsonval.NullValue)
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(`{"id": id, "names": a.b.d, "total": a.b[0].price * 2}`); err != nil {
			b.Fatal(err)
		}
	}
}
