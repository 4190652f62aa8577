package jsonata

import "strconv"

func (g *generator) number(d int) string {
	n := func() string { return g.expr(number, d) }
	switch g.r.IntN(16) {
	case 0, 1, 2:
		return "(" + n() + g.pick(" + ", " - ", " * ", " / ", " % ") + n() + ")"
	case 3:
		return "$" + g.pick("sum", "max", "min", "average") + "(" + g.numbers(d) + ")"
	case 4:
		return "$count(" + g.expr(list, d) + ")"
	case 5:
		return "$length(" + g.expr(text, d) + ")"
	case 6:
		return "$number(" + g.pick(g.expr(text, d), g.expr(anything, d), `"0x1F"`, `"12.5e2"`, `"-0"`, `""`, `" 3 "`) + ")"
	case 7:
		return "$" + g.pick("floor", "ceil", "abs", "sqrt", "round") + "(" + n() + ")"
	case 8:
		return "$round(" + n() + ", " + g.pick("0", "1", "2", "-1", "-2", "5") + ")"
	case 9:
		return "$power(" + n() + ", " + g.pick("2", "0.5", "-1", "3", "0") + ")"
	case 10:
		return "$reduce(" + g.numbers(d) + ", " + g.lambda(number, d, number, number) + g.pick("", ", "+n()) + ")"
	case 11:
		return "$parseInteger(" + g.pick(`"12"`, `"MCMXC"`, `"twenty-one"`, `"1,234"`, `"0042"`, `"b"`, `"1st"`) + ", " + g.pick(`"0"`, `"I"`, `"w"`, `"#,##0"`, `"0000"`, `"a"`, `"0;o"`) + ")"
	case 12:
		return "$toMillis(" + g.pick(`"2017-10-30T16:25:32.935Z"`, `"2018-02-01"`, `"2018"`, `"2018-02-30"`, `"2017-10-30T16:25:32+0100"`, g.expr(text, 0)) + g.pick("", "", `, "[Y]-[M]-[D]"`, `, "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001]Z"`) + ")"
	case 13:
		return "-" + n()
	case 14:
		return g.lambda(number, d, number) + "(" + n() + ")"
	}
	return "(" + n() + " ~> " + g.pick("$abs", "$floor", "$string ~> $length", g.lambda(number, d, number)) + ")"
}

// numbers writes an array that mostly holds numbers.
func (g *generator) numbers(d int) string {
	switch g.r.IntN(5) {
	case 0:
		return "[" + g.expr(number, d) + ", " + g.expr(number, d) + ", " + g.expr(number, d) + "]"
	case 1:
		return "[" + strconv.Itoa(g.r.IntN(5)-2) + ".." + g.pick("3", "4", "7", "-3", g.expr(number, 0)) + "]"
	case 2:
		if p := g.path(number, d); p != "" {
			return p
		}
	case 3:
		return g.expr(list, d)
	}
	return g.pick("[1, 2, 3]", "[5, -1, 2.5]", "[]", "[0]", "4")
}

func (g *generator) text(d int) string {
	s := func() string { return g.expr(text, d) }
	switch g.r.IntN(24) {
	case 0, 1, 2:
		return "(" + s() + " & " + g.expr(anything, d) + ")"
	case 3:
		return "$string(" + g.expr(anything, d) + g.pick("", "", "", ", true") + ")"
	case 4:
		return "$substring(" + s() + ", " + g.expr(number, 0) + g.pick("", ", 2", ", "+g.expr(number, 0)) + ")"
	case 5:
		return "$substring" + g.pick("Before", "After") + "(" + s() + ", " + g.pick(`"a"`, `"-"`, `","`, `" "`, `""`, `"😀"`, s()) + ")"
	case 6:
		return "$" + g.pick("uppercase", "lowercase", "trim") + "(" + s() + ")"
	case 7:
		return "$pad(" + s() + ", " + g.pick("5", "-8", "0", "12", "2.7", "-3") + g.pick("", `, "#"`, `, "ab"`, `, ""`, `, "é😀"`) + ")"
	case 8:
		return "$join(" + g.pick(`["a", "b", "c"]`, g.expr(list, d), g.path(text, d)+"[]") + g.pick("", `, ", "`, ", "+s()) + ")"
	case 9:
		return "$replace(" + s() + ", " + g.pick(`"a"`, `" "`, `""`, `"o"`, s()) + ", " + g.pick(`"b"`, `"$"`, `"$0$1"`, s()) + g.pick("", ", 1", ", 0", ", -1", ", 2.5") + ")"
	case 10:
		return "$replace(" + s() + ", " + g.regex() + ", " + g.pick(`"[$0]"`, `"$1-$2"`, `"$$"`, `"$"`, `"x"`, `"$10"`, "function($m){$uppercase($m.match)}", "function($m){$string($m.start)}", "function($m){$m.groups[0]}") + g.pick("", ", 1", ", 2") + ")"
	case 11:
		return "$formatNumber(" + g.expr(number, d) + ", " + g.picture() + g.pick("", "", `, {"decimal-separator": ",", "grouping-separator": "."}`, `, {"zero-digit": "\u0660"}`, `, {"percent": "pc", "minus-sign": "~"}`) + ")"
	case 12:
		return "$formatBase(" + g.expr(number, d) + ", " + g.pick("2", "16", "36", "10", "1", "37", "8.4") + ")"
	case 13:
		return "$formatInteger(" + g.expr(number, d) + ", " + g.pick(`"0"`, `"000"`, `"#,##0"`, `"I"`, `"i"`, `"a"`, `"A"`, `"w"`, `"W"`, `"Ww"`, `"0;o"`, `"w;o"`, `"٠٠"`, `"#"`, `"#,#"`, `"α"`, `"1,000,0"`) + ")"
	case 14:
		return "$fromMillis(" + g.pick("0", "1509380732935", "-86400001", "951782400000", "253402300799999", g.expr(number, 0)) + g.pick("", ", "+g.dates(), ", "+g.dates()+`, "`+g.pick("+0000", "-0530", "+1", "0100", "+1400", "-12:30")+`"`) + ")"
	case 15:
		return "$base64" + g.pick("encode", "decode") + "(" + g.pick(`"abc"`, `"aGVsbG8="`, `"Zm9v"`, `"x y"`, s()) + ")"
	case 16:
		return "$" + g.pick("encodeUrl", "encodeUrlComponent", "decodeUrl", "decodeUrlComponent") + "(" + g.pick(`"a b/é?x=1#"`, `"%20%C3%A9"`, `"%E9"`, `"100%"`, s()) + ")"
	case 17:
		return "$type(" + g.expr(anything, d) + ")"
	case 18:
		return "$reduce(" + g.pick(`["a", "b", "c"]`, g.expr(list, d)) + ", function($p, $q){$p & \"-\" & $q})"
	case 19:
		return "(" + s() + " ~> " + g.pick("$uppercase", "$trim", `$substringBefore(" ")`, `$replace("a", "e")`, "$trim ~> $lowercase", `$pad(?, 6, ".")`) + ")"
	case 20:
		return g.lambda(text, d, text) + "(" + s() + ")"
	case 21:
		return "$substring(?, " + g.pick("0", "1", "-2") + ", 2)(" + s() + ")"
	case 22:
		return "$error(" + s() + ")"
	}
	return g.pick("function($x)<s:s>{$uppercase($x)}", "function($x)<s-:s>{$x}", "function($x, $y)<sn?:s>{$x & $y}", "function($x)<a<s>:s>{$join($x)}", "function($x)<(sn):s>{$string($x)}") + "(" + g.expr(anything, d) + ")"
}

func (g *generator) regex() string {
	return g.pick(`/a/`, `/[a-c]+/`, `/(\w)(\d)?/`, `/\s+/`, `/^./`, `/o/i`, `/(a)|(b)/`, `/\d+(\.\d+)?/`, `/[^a-z]/i`, `/.$/m`, `/(?:x|y)z*/`, `/\bq/i`, `/x*/`, `/(l+)o/`, `/\u00e9/`, `/(?=b)/`, `/e(?!l)/`, `/(.)\1/`, `/[\s,]/`)
}

func (g *generator) picture() string {
	return g.pick(`"0"`, `"#"`, `"0.00"`, `"#,##0.00"`, `"0%"`, `"0.0‰"`, `"00.###e0"`, `"#0.0;(#0.0)"`, `"$#,##0"`, `"#.#"`, `"0,0,0"`, `".00"`, `"#0.0e00"`, `"x"`, `"0.0.0"`, `"#,"`, `"0#"`, `"abc0def"`, `"0;0;0"`, `"%0%"`, `"###,#00.0##,#"`, `"٠,٠"`, `""`)
}

func (g *generator) dates() string {
	return g.pick(`"[Y]"`, `"[Y0001]-[M01]-[D01]"`, `"[H01]:[m01]:[s01].[f001]"`, `"[D1o] [MNn] [Y]"`, `"[FNn], [D] [MNn,*-3]"`, `"[h]:[m] [P]"`, `"[W] [w] [X] [x] [d] [F1]"`, `"[Yi,4] [Dw] [MI]"`, `"[Z] [z] [Z01:01] [z0]"`, `"[[x]] [Y,2-2]"`, `"[E] [C]"`, `"[DWwo] of [MN]"`, `"[Y"`, `"[YN]"`, `"[q]"`, `"[Z00000]"`, `"[f1] [f,2-2]"`, `"[ Y ] [ M , 2 ]"`)
}

func (g *generator) boolean(d int) string {
	switch g.r.IntN(11) {
	case 0, 1:
		return "(" + g.expr(number, d) + g.pick(" < ", " <= ", " > ", " >= ") + g.expr(number, d) + ")"
	case 2:
		return "(" + g.expr(text, d) + g.pick(" < ", " >= ", " > ") + g.expr(text, d) + ")"
	case 3, 4:
		return "(" + g.expr(anything, d) + g.pick(" = ", " != ") + g.expr(anything, d) + ")"
	case 5:
		return "(" + g.expr(boolean, d) + g.pick(" and ", " or ") + g.expr(anything, d) + ")"
	case 6:
		return "(" + g.expr(anything, d) + " in " + g.expr(list, d) + ")"
	case 7:
		return "$contains(" + g.expr(text, d) + ", " + g.pick(g.regex(), `"a"`, `""`, g.expr(text, 0)) + ")"
	case 8:
		return "$" + g.pick("boolean", "not", "exists") + "(" + g.expr(anything, d) + ")"
	case 9:
		return "$exists(" + g.path(anything, d) + ")"
	}
	return "$assert(" + g.expr(boolean, d) + g.pick("", `, "no"`) + ")"
}

func (g *generator) list(d int) string {
	a := func() string { return g.expr(list, d) }
	switch g.r.IntN(22) {
	case 0, 1:
		return "[" + g.expr(anything, d) + ", " + g.expr(anything, d) + "]"
	case 2:
		return "[" + g.pick("1", "0", "-2", g.expr(number, 0)) + ".." + g.pick("3", "5", "0", g.expr(number, 0)) + "]"
	case 3:
		return "$map(" + a() + ", " + g.pick(g.lambda(anything, d, anything), g.lambda(anything, d, anything, number), g.lambda(anything, d, anything, number, list), "$string", "$type", "$uppercase", "$number") + ")"
	case 4:
		return "$filter(" + a() + ", " + g.pick(g.lambda(boolean, d, anything), g.lambda(boolean, d, anything, number), "$boolean", "$exists") + ")"
	case 5:
		return "$sort(" + a() + g.pick("", "", ", function($l, $r){$l > $r}", ", function($l, $r){$string($l) < $string($r)}", ", function($l, $r){$l.price > $r.price}") + ")"
	case 6:
		return "$" + g.pick("reverse", "distinct", "keys", "spread") + "(" + g.pick(a(), g.expr(anything, d)) + ")"
	case 7:
		return "$append(" + a() + ", " + g.expr(anything, d) + ")"
	case 8:
		return "$zip(" + a() + ", " + a() + g.pick("", ", "+a()) + ")"
	case 9:
		return "$split(" + g.expr(text, d) + ", " + g.pick(`","`, `" "`, `""`, g.regex()) + g.pick("", ", 2", ", 0", ", -1", ", 1.5") + ")"
	case 10:
		return "$match(" + g.expr(text, d) + ", " + g.regex() + g.pick("", ", 1", ", 0") + ")" + g.pick("", ".match", ".groups", ".index")
	case 11:
		return "$each(" + g.expr(object, d) + ", " + g.pick("function($v, $k){$k}", "function($v, $k){$v}", "function($v, $k){{$k: $v}}", "function($v){$string($v)}") + ")"
	case 12:
		return a() + "[" + g.pick("0", "-1", "1", "$ > 1", "true", "[0, 1]", "$exists($)", g.expr(anything, d)) + "]"
	case 13:
		return a() + "^(" + g.pick("$", ">$", "$string($)", "k", ">k, v") + ")"
	case 14:
		return a() + "." + g.pick("$", "($)", "[$]", `{"x": $}`, "$string($)", "("+g.expr(anything, d)+")", "k", "*")
	case 15:
		return g.pick("$", "$$") + g.pick(".*", ".**", ".*.*", ".**.id", ".**[0]", ".**.name", ".*[]", ".**.v")
	case 16:
		return "[" + g.path(anything, d) + "]"
	case 17:
		return "(" + a() + " ~> " + g.pick("$reverse", "$map(function($x){$x})", "$filter(function($x){$x != 1})", "$distinct ~> $count", "$sort") + ")"
	case 18:
		return "[" + a() + "#$i.{\"i\": $i, \"v\": $}]"
	case 19:
		return "$single(" + a() + g.pick("", ", function($x){$x = 1}", ", function($x, $i){$i = 0}") + ")"
	case 20:
		return "[[" + g.expr(anything, d) + "], [" + a() + "]]" + g.pick("", "[0]", ".$", "[][0]")
	}
	return "$lookup(" + g.expr(anything, d) + ", " + g.pick(`"a"`, `"id"`, `"k"`, `"name"`) + ")"
}

func (g *generator) object(d int) string {
	switch g.r.IntN(9) {
	case 0, 1, 2:
		return "{" + g.pairs(d) + "}"
	case 3:
		return "$merge(" + g.pick(g.expr(list, d), "["+g.expr(object, d)+", "+g.expr(object, d)+"]") + ")"
	case 4:
		return "$sift(" + g.expr(object, d) + ", " + g.pick("function($v, $k){$k > \"a\"}", "function($v){$exists($v)}", "function($v, $k, $o){$count($keys($o)) > 1}", g.lambda(boolean, d, anything)) + ")"
	case 5:
		return "(" + g.expr(object, d) + " ~> |" + g.pick("$", "**", "*", "a", "lines", "missing") + "|" + g.pick(`{"new": 1}`, `{"a": $}`, "{}", g.expr(object, 0)) + g.pick("", `, "a"`, `, ["a", "b"]`, ", 1") + "|)"
	case 6:
		return g.expr(list, d) + "{" + g.pick("$string($)", "$type($)", `"all"`) + ": " + g.pick("$", "$count($)", "$sum($)", "[$]") + "}"
	case 7:
		return "$" + g.pick("spread", "merge", "clone") + "(" + g.expr(object, d) + ")"
	}
	return "$reduce(" + g.expr(list, d) + ", function($p, $q){$merge([$p, {$string($q): $q}])}, {})"
}

func (g *generator) function(d int) string {
	switch g.r.IntN(5) {
	case 0:
		return g.lambda(anything, d, anything)
	case 1:
		return "$substring(?, 1)"
	case 2:
		return "($uppercase ~> $length)"
	case 3:
		return g.regex()
	}
	return g.pick("$sum", "$map", "$string", "$now", "$keys", "$join", "$nothing")
}
