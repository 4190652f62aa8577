package jsonata

import (
	"strings"
	"testing"

	"stile/jsonval"
)

// limitOf evaluates under the default limits and gives the budget that ended it.
func limitOf(t *testing.T, src string, limits Limits) string {
	t.Helper()
	x, err := Compile(src)
	if err != nil {
		t.Fatalf("%.60q: %v", src, err)
	}
	env := testEnv()
	env.Limits = limits
	if _, err = x.Eval(jsonval.NullValue, env); err == nil {
		return "none"
	}
	fault, ok := err.(*Error)
	if !ok {
		t.Fatalf("%.60q: %v is no *Error", src, err)
	}
	return fault.Limit
}

func TestBudgets(t *testing.T) {
	sum := "1" + strings.Repeat("+1", 199)
	for _, c := range []struct {
		src    string
		limits Limits
		want   string
	}{
		{`$count([1..1000])`, Limits{}, "none"},
		{`[1..900000]`, Limits{}, "bytes"},
		{sum, Limits{Depth: 199}, "depth"},
		{sum, Limits{Depth: 200}, "none"},
		{`($f := function($n){$f($n) + 1}; $f(1))`, Limits{}, "depth"},
		{`($f := function($n){$f($n + 1)}; $f(1))`, Limits{}, "work"},
		{`($f := function($n){$n = 0 ? "done" : $f($n - 1)}; $f(5000))`, Limits{}, "none"},
		{`$map([1..3000], function($x){$map([1..3000], function($y){$x*$y})})`, Limits{}, "bytes"},
		{`$reduce([1..60], function($a, $b){{"l": $a, "r": $a}}, 1)`, Limits{}, "bytes"},
		{`$string($reduce([1..60], function($a, $b){{"l": $a, "r": $a}}, 1))`, Limits{}, "work"},
		{`$reduce([1..600], function($a, $b){{"l": $a}}, 1)`, Limits{}, "depth"},
		{`{"a": 1} ~> |$|{"self": $}|`, Limits{}, "depth"},
		{`$reduce([1..40], function($a, $b){$a & $a}, "x")`, Limits{}, "bytes"},
		{`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" ~> $contains(/(a+)+b/)`, Limits{}, "work"},
	} {
		if got := limitOf(t, c.src, c.limits); got != c.want {
			t.Errorf("%.80q is ended by %s, want %s", c.src, got, c.want)
		}
	}
}

func TestOrderAndNumbersAreJavaScripts(t *testing.T) {
	for _, c := range []struct{ src, input, want string }{
		{`$`, `{"b": 1.0, "2": 1e2, "1": 1E-7, "b": 3}`, `{"1":1e-7,"2":100,"b":3}`},
		{`a`, `{"a": 1, "\u0061": 2}`, `2`},
		{`{"x": missing, "y": [missing, null]}`, `{}`, `{"y":[null]}`},
		{`$string(0.1 + 0.2) & (0.1 + 0.2 = 0.3)`, `{}`, `"0.3false"`},
		{`0.1 + 0.2`, `{}`, `0.30000000000000004`},
		{`["\uE000", "\uD83D\uDE00"]^($)`, `{}`, `["😀","` + "\ue000" + `"]`},
		{`$`, `[[1], {"a": []}]`, `[[1],{"a":[]}]`},
		{`a.b[c=1].d`, `{"a":{"b":[{"c":1,"d":"x"},{"c":2},{"c":1,"d":["y"]}]}}`, `["x","y"]`},
		{`a.b[c=1].d`, `{"a":{"b":[{"c":[1],"d":"x"},{"c":1}]}}`, ``},
	} {
		x, err := Compile(c.src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Eval(jsonval.MustParse(c.input), testEnv())
		if err != nil || got.Text() != c.want {
			t.Errorf("%s on %s gives %s, %v; want %s", c.src, c.input, got.Text(), err, c.want)
		}
	}
}
