package jsonata

import (
	"fmt"
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`$states.input.a`, `0:m:input.a`},
		{`$states`, `0:states`}, {`$states[0].input`, `0:m:input`},
		{`  $states."input".b[$x > 1].c.*`, `2:m:input.b.c 20:x`},
		{`$states.(result)`, `0:states`},
		{`($states.result).a`, `1:m:result`},
		{`$states[0].input`, `0:m:input`},
		{`$sum($x) + $count($y)`, `0:f!:sum 5:x 11:f!:count 18:y`},
		{`$ & $$.a & $x`, `0:c:$ 4:r:$$.a 11:x`},
		{`($x := 1; $x + $y)`, `15:y`},
		{`($x := $x + 1; $x)`, `7:x`},
		{`($x; $x := 1)`, `1:x`},
		{`(($x := 1); $x)`, `12:x`},
		{`($f := function($n){$n = 0 ? $g($m) : $f($n - 1)}; $g := function($a){$a}; $f(2))`, `32:m`},
		{`function($a){($b := $a; $b + $c)}`, `29:c`},
		{`$map($items, function($v, $i){$v + $i + $v2})`, `0:f!:map 5:items 40:v2`},
		{`a@$x.b#$i[$i = 1].{"x": $x, "y": $y}`, `0:c:a 33:y`},
		{`a#$i.b & $i`, `0:c:a 9:i`},
		{`{"é": $states.input, "k": $x}{$k: $v}`, `7:m:input 27:x 31:k 35:v`},
		{`|$a|{"b": $b}, $c|`, `1:a 10:b 15:c`},
		{`$a ~> $f(?, $b) ~> $trim`, `0:a 6:f:f 12:b 19:f!:trim`},
		{`$a ? $b : $c`, `0:a 5:b 10:c`},
		{`x^(>$k, $states.context.Execution)`, `0:c:x 4:k 8:m:context.Execution`},
	} {
		x, err := Compile(c.src)
		if err != nil {
			t.Fatalf("%s: %v", c.src, err)
		}
		var got []string
		for _, r := range x.References() {
			kind := [...]string{"", "f", "m", "c", "r"}[r.Kind]
			if r.BuiltIn {
				kind += "!"
			}
			if kind != "" {
				kind += ":"
			}
			got = append(got, fmt.Sprintf("%d:%s%s", r.At, kind, strings.Join(append([]string{r.Name}, r.Path...), ".")))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s reads %s, want %s", c.src, strings.Join(got, " "), c.want)
		}
	}
}

func TestVariablesStandOnce(t *testing.T) {
	x, err := Compile(`$b + $a + $b + $states.input.b`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(x.Variables(), " "); got != "b a states" {
		t.Errorf("reads %s", got)
	}
}
