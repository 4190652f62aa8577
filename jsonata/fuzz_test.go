package jsonata

import (
	"testing"

	"stile/internal/recorded"
	"stile/jsonval"
)

// corpus gives the suite's cases, none where they are not at hand.
func corpus(t testing.TB) []suiteCase {
	if _, ok := recorded.Find(t, "conformance", "jsonata"); !ok {
		return nil
	}
	cases, _ := suite(t)
	return cases
}

// FuzzEval holds that no expression and no input panics or runs past its budget,
// and that the same evaluation gives the same result again.
func FuzzEval(f *testing.F) {
	for _, seed := range []string{
		`a.b[c=1].d`, `$map([1..5], function($x){$x*2})`, `a@$x.b#$i.{"x": $x, "i": $i, "up": %.id}`,
		`b^(>c, d){d: $sum(c)}`, `$ ~> |a.b|{"c": 2}, "d"|`, `($f := function($n){$n < 1 ? 0 : $f($n-1)}; $f(1000))`,
		`$replace("abab", /(a)(b)?/, "$2$1")`, `$string($) & **.c`, `[1..900000]`, `$reduce([1..9], function($a,$b){[$a,$a]})`,
		`(a.b.c)[[0,-1]]`, `$substring(?, 0, 2)("hello")`, `$trim ~> $uppercase`, `{"a":1}{$string(a): $}`,
	} {
		f.Add(seed, `{"id":1,"a":{"b":[{"c":1,"d":"x"},{"c":2,"d":[1,[2]]}]},"b":[{"c":3,"d":"y"}]}`)
	}
	for i, sc := range corpus(f) {
		if i%7 == 0 && len(sc.expr) < 500 && len(sc.input.Raw()) < 4000 {
			f.Add(sc.expr, sc.input.Text())
		}
	}
	f.Fuzz(func(t *testing.T, src, data string) {
		input, err := jsonval.ParseString(data)
		if err != nil {
			input = jsonval.NullValue
		}
		x, err := Compile(src)
		if err != nil {
			return
		}
		run := func() (string, string) {
			env := testEnv()
			env.Limits = Limits{Work: 20_000, Depth: 100, Bytes: 1 << 20}
			v, err := x.Eval(input, env)
			if err != nil {
				return "", codeOf(err) + err.Error()
			}
			return v.Text(), ""
		}
		v1, e1 := run()
		v2, e2 := run()
		if v1 != v2 || e1 != e2 {
			t.Fatalf("%q gives %q %q, then %q %q", src, v1, e1, v2, e2)
		}
	})
}
