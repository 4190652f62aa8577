package syntax

import (
	"testing"

	"stile/internal/recorded"
)

var shapes = []struct{ src, want string }{
	{`1`, `1`},
	{`-1.5e2`, `-150`},
	{`--1`, `1`},
	{`-(1)`, `(neg (; 1))`},
	{`- a`, `(neg (. a))`},
	{`"\u0041\n\"\/" & 'it"s'`, `(& "A\n\"/" "it\"s")`},
	{`"\ud83d\ude00" & "\ud83d" & "\ude00\ud83d"`, `(& (& "😀" "\xed\xa0\xbd") "\xed\xb8\x80\xed\xa0\xbd")`},
	{`null = true`, `(= null true)`},
	{`foo.bar`, `(. foo bar)`},
	{`a.b.c`, `(. a b c)`},
	{"`a b`.'c'.\"d\"[0]", `(. a b c d{!0})`},
	{`and.or.in and or or in`, `(or (and (. and or in) (. or)) (. in))`},
	{`*.**`, `(. * **)`},
	{`$`, `$`},
	{`$$.a`, `(. $$ a)`},
	{`1 + 2 * 3 - 4 / 5 % 6`, `(- (+ 1 (* 2 3)) (% (/ 4 5) 6))`},
	{`a = 1 and b != 2 or c in [1]`, `(or (and (= (. a) 1) (!= (. b) 2)) (in (. c) ([] 1)))`},
	{`a < b & c`, `(< (. a) (& (. b) (. c)))`},
	{`a.b[0]`, `(. a b{!0})`},
	{`(a.b)[0][1]`, `(; (. a b)){?0 ?1}`},
	{`$x[1].y[2]`, `(. $x{?1} y{!2})`},
	{`a[b=1][0].c`, `(. a{!(= (. b) 1) !0} c)`},
	{`a[].b`, `(. a{k} b)s{k}`},
	{`a.b[][0]`, `(. a b{k !0})s`},
	{`a.b[0][]`, `(. a b{k !0})s`},
	{`$x[]`, `$x{k}`},
	{`(a)[]`, `(; (. a)){k}`},
	{`[a].b`, `(. ([] (. a)){c} b)`},
	{`a.[b].[c]`, `(. a ([] (. b)){c} ([] (. c)){c})`},
	{`([a]; 1)`, `(; ([] (. a)) 1)`},
	{`[1..3, 5]`, `([] (.. 1 3) 5)`},
	{`[]`, `([])`},
	{`{}`, `({})`},
	{`{"a": b, c: 1}`, `({} "a":(. b) (. c):1)`},
	{`a{b: $sum(c)}.d`, `(. a d){group (. b):(call $sum (. c))}`},
	{`$x{b: c}`, `$x{group (. b):(. c)}`},
	{`a^(b)`, `(. a (^ (. b)))`},
	{`$x^(>b, <c, d).e`, `(. $x (^ >(. b) (. c) (. d)) e)`},
	{`a ? b`, `(if (. a) (. b) -)`},
	{`a ? b : c ? d : e`, `(if (. a) (. b) (if (. c) (. d) (. e)))`},
	{`a ?: b ?? c`, `(?: (. a) (?? (. b) (. c)))`},
	{`$a := $b := 1`, `(:= $a (:= $b 1))`},
	{`(a; b;)`, `(; (. a) (. b))`},
	{`()`, `(;)`},
	{`$f(a, b)`, `(call $f (. a) (. b))`},
	{`$f(?, 1)`, `(part $f ? 1)`},
	{`f()()`, `(call (call (. f)))`},
	{`a.$f().b`, `(. a (call $f) b)`},
	{`a ~> $f ~> $g(1)`, `(~> (~> (. a) $f) (call $g 1))`},
	{`$x[] ~> $f`, `(~> $x{k} $f){k}`},
	{`function($a, $b)<nn:n>{$a + $b}`, `(fn [a b] <nn:n> (+ $a $b))`},
	{`λ($a)< a <s> - (ns) ? f<n:n> :s>{ $a }`, `(fn [a] <a<s>-(ns)?f<n:n>:s> $a)`},
	{`function(){$f()}`, `(fn [] (tail $f))`},
	{`function(){a ? $f() : (1; $g(); b.$h())}`, `(fn [] (if (. a) (tail $f) (; 1 (call $g) (. b (call $h)))))`},
	{`function(){(1; a ? $f()[0] : $g())}`, `(fn [] (; 1 (if (. a) (call $f){?0} (tail $g))))`},
	{`function(){a ?: $f()}`, `(fn [] (?: (. a) (tail $f)))`},
	{`function(){$f() + 1}`, `(fn [] (+ (call $f) 1))`},
	{`|a.b|{"c": 1}|`, `(| (. a b) ({} "c":1) -)`},
	{`|$|{}, ["a", "b"]|`, `(| $ ({}) ([] "a" "b"))`},
	{`$f(a, /x[/]\/y/im)`, `(call $f (. a) /x[/]\/y/im)`},
	{`a / b / c`, `(/ (/ (. a) (. b)) (. c))`},
	{`a /* b */ . /* c */ d`, `(. a d)`},
	{`a@$v.b`, `(. a{t @v} b)`},
	{`a@$v[b=$v.c]#$i[$i<2]`, `(. a{t @v !(= (. b) (. $v c)) !#i !(< $i 2)})`},
	{`a#$i`, `(. a{t #i})`},
	{`$x#$i.y`, `(. $x{t #i} y)`},
	{`$x[0]#$i`, `(. $x{t !0 !#i})`},
	{`a@$v[].b`, `(. a{k t @v} b)s{k}`},
	{`a.b.%`, `(. a b{t ^0} %0)`},
	{`a.b.%.c`, `(. a b{t ^0} %0 c)`},
	{`a.b.c.%.%.d`, `(. a b{t ^1} c{t ^0} %0 %1 d)`},
	{`a.b[%.c=1]`, `(. a b{t ^0 !(= (. %0 c) 1)})`},
	{`a.b.c[%.%.d=1]`, `(. a b{t ^1} c{t ^0 !(= (. %0 %1 d) 1)})`},
	{`a.b.(c + %.d)`, `(. a b{t ^0} (; (+ (. c) (. %0 d))))`},
	{`a.b.{"x": %.y, "z": %.w}`, `(. a b{t ^0} ({} "x":(. %0 y) "z":(. %0 w)))`},
	{`a.b.$f(%)`, `(. a b{t ^0} (call $f %0))`},
	{`a.b^(%.c)`, `(. a b{t ^0} (^ (. %0 c)))`},
	{`a.(b).%`, `(. a (; (. b{t ^0}){t}){t} %0)`},
	{`a.(b.c).%.%`, `(. a (; (. b{t ^1} c{t ^0}){t}){t} %0 %1)`},
	{`a@$v.b@$w.c.%`, `(. a{t @v} b{t @w} c{t ^0} %0)`},
	{`a.b.(c ?: %.d)`, `(. a b{t ^0} (; (?: (. c) (. %0 d))))`},
	{`a.b.[%.c, 1]`, `(. a b{t ^0} ([] (. %0 c) 1){c})`},
	{`a.b.(-%.c)`, `(. a b{t ^0} (; (neg (. %0 c))))`},
	{`a.b.($x := %.c; $x)`, `(. a b{t ^0} (; (:= $x (. %0 c)) $x))`},
}

func TestShapes(t *testing.T) {
	for _, c := range shapes {
		n, err := Parse(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		if got := sketch(n); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.src, got, c.want)
		}
	}
}

func TestPositions(t *testing.T) {
	n, err := Parse("  \"é😀\" + foo.bar /* x */ ~> $fn(1)")
	if err != nil {
		t.Fatal(err)
	}
	apply := n.(*Apply)
	sum := apply.Left.(*Binary)
	path := sum.Right.(*Path)
	for _, c := range []struct {
		name         string
		n            Node
		at, position int
	}{
		{"~>", apply, 29, 28},
		{"+", sum, 11, 9},
		{"string", sum.Left, 2, 7},
		{"path", path, 13, 0},
		{"foo", path.Steps[0], 13, 13},
		{"bar", path.Steps[1], 17, 17},
		{"call", apply.Right, 35, 33},
		{"$fn", apply.Right.(*Call).Procedure, 32, 32},
		{"1", apply.Right.(*Call).Args[0], 36, 34},
	} {
		if b := c.n.Base(); b.At != c.at || b.Position != c.position {
			t.Errorf("%s: at %d, position %d, want %d and %d", c.name, b.At, b.Position, c.at, c.position)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range shapes {
		f.Add(c.src)
	}
	for _, c := range faults {
		f.Add(c.src)
	}
	if _, ok := recorded.Find(f, "conformance", "jsonata"); ok {
		for _, c := range suite(f) {
			f.Add(*c.Expr)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		n, err := Parse(src)
		if err == nil {
			first := sketch(n)
			if again, _ := Parse(src); sketch(again) != first {
				t.Fatalf("%q gives two trees", src)
			}
			return
		}
		if e, ok := err.(*Error); !ok || e.Message == "" || e.At < 0 || e.At > len(src) {
			t.Fatalf("%q: bad error %#v", src, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, src string }{
		{"path", `$states.input.a.b[c=1].d`},
		{"order", `Account.Order.Product^(>Price){ProductID: {"name": $distinct(Name), "total": $sum(Price * Quantity)}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c.src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
