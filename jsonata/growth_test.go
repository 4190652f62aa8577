package jsonata

import (
	"runtime"
	"strconv"
	"testing"

	"stile/jsonval"
)

// Nothing may cost more per item where there are more items.
func TestBytesPerItemDoNotGrow(t *testing.T) {
	for _, src := range []string{
		`$map(items, function($x, $i){$x.v + $i})`,
		`$filter(items, function($x){$x.v > 2})`,
		`$reduce(items.v, function($a, $b){$a + $b})`,
		`$sort(items, function($a, $b){$a.v > $b.v})`,
		`items^(>v, k).k`,
		`items[v > 2].k`,
		`items[v = 2].k`,
		`items{k: v}`,
		`items{"all": $sum(v)}`,
		`$merge(items.{k: v})`,
		`items.{"k": k, "v": v}`,
		`items@$i.{"k": $i.k}`,
		`items#$i.{"k": k, "i": $i}`,
		`items.kids.%.k`,
		`$join(items.k, ",")`,
		`$string(items)`,
		`$distinct(items.k)`,
		`$reverse(items.v)`,
		`$zip(items.v, items.k)`,
		`$append(items, items)`,
		`$split(text, ",")`,
		`$split(text, /,/)`,
		`$match(text, /x\d+/).match`,
		`$replace(text, /x(\d)/, "$1")`,
		`$replace(text, "x", "yy")`,
		`$each($merge(items.{k: v}), function($v, $k){$k})`,
		`$sift($merge(items.{k: v}), function($v){$v > 1})`,
		`$keys($merge(items.{k: v}))`,
		`**.v`,
		`[1..$count(items)].($ * 2)`,
		`$partition(items, 10)`,
		`$parse($string(items)).v`,
		`$ ~> |items|{"w": v}, "v"|`,
		`($f := function($n, $s){$n = 0 ? $s : $f($n - 1, $s + 1)}; $f($count(items), 0))`,
	} {
		x, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		perItem := func(n int) float64 {
			input := manyItems(n)
			env := testEnv()
			env.Limits = Limits{Work: 1 << 30, Bytes: 1 << 30}
			best := ^uint64(0)
			for range 3 {
				best = min(best, allocated(t, x, input, env))
			}
			return float64(best) / float64(n)
		}
		few, some, many := perItem(100), perItem(1000), perItem(10_000)
		t.Logf("%s: %.0f, %.0f, %.0f bytes per item", src, few, some, many)
		// sorting takes a little more per item, tables grow in jumps
		if limit := 2*max(few, some) + 64; many > limit {
			t.Errorf("%s allocates %.0f, %.0f, %.0f bytes per item of 10², 10³, 10⁴", src, few, some, many)
		}
	}
}

func manyItems(n int) jsonval.Value {
	var items jsonval.Array
	var text []byte
	for i := range n {
		id := strconv.Itoa(i)
		items.Add(jsonval.MustParse(`{"k":"key` + id + `","v":` + strconv.Itoa(i*7919%n) + `,"kids":[{"a":1}]}`))
		text = append(text, "x"+id+","...)
	}
	var o jsonval.Object
	return o.Add("items", items.Value()).AddString("text", string(text)).Value()
}

// allocated counts the bytes that one evaluation asks for.
func allocated(t *testing.T, x *Expr, input jsonval.Value, env *Env) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := x.Eval(input, env)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	return after.TotalAlloc - before.TotalAlloc
}

// The work that is counted grows with the items, no faster.
func TestMatchesAreCountedOnce(t *testing.T) {
	for _, src := range []string{
		`$count($match(text, /x/))`,
		`$length($replace(text, /x/, function($m){""})) - $length(text) + 20000`,
		`$count($split(text, /x/)) - 1`,
	} {
		x, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		env := testEnv()
		env.Limits = Limits{Work: 2_000_000}
		if v, err := x.Eval(manyItems(10_000), env); err != nil || v.Text() != "10000" {
			t.Errorf("%s: %s, %v", src, v.Text(), err)
		}
	}
}
