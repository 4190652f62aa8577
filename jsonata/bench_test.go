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
	benchmarkWith(b, src, input, testEnv())
}

func benchmarkWith(b *testing.B, src string, input jsonval.Value, env *Env) {
	x, err := Compile(src)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Eval(input, env); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnitExpression is what a state pays for an expression over 1 KiB: a path
// with a filter, an object of five paths below $states, one member of $states.
func BenchmarkUnitExpression(b *testing.B) {
	input := kibibyte()
	var states jsonval.Object
	states.Add("input", input)
	env := testEnv()
	env.Bindings["states"] = states.Value()
	b.Run("path", func(b *testing.B) { benchmark(b, "a.b[c=1].d", input) })
	b.Run("object", func(b *testing.B) {
		benchmarkWith(b, `{"id": $states.input.id, "name": $states.input.a.name, "first": $states.input.a.b[0].d,
			"prices": $states.input.a.b.price, "tail": $states.input.tail}`, jsonval.Value{}, env)
	})
	b.Run("member", func(b *testing.B) { benchmarkWith(b, `$states.input.id`, jsonval.Value{}, env) })
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
