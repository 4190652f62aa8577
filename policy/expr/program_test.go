package expr

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"stile/diag"
	"stile/policy/exchange"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func compiled(t *testing.T, wrapped string) *Program {
	t.Helper()
	text, block := wrapped[2:len(wrapped)-1], strings.HasPrefix(wrapped, "@{")
	p, list := Compile(diag.NewSource("policy.xml", text), 0, text, block)
	if p == nil {
		t.Fatalf("%s: %v", wrapped, list)
	}
	return p
}

func TestDiagnosticsHavePlacesInTheDocument(t *testing.T) {
	doc := "<a>\n  <when condition=\"@(context.Request.Heders.Foo() == 1 && contxt == 2)\" />\n</a>"
	base := strings.Index(doc, "context")
	text := doc[base:strings.Index(doc, ")\" />")]
	p, list := Compile(diag.NewSource("api.xml", doc), base, text, false)
	if p != nil {
		t.Fatal("compiled")
	}
	want := []string{
		"api.xml:2:38: IRequest has no member Heders [STL-E005]",
		"api.xml:2:59: the name contxt does not exist [STL-E003]",
	}
	var got []string
	for _, d := range list {
		got = append(got, d.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if list[0].Hint != "did you mean Headers?" || list[1].Hint != "did you mean context?" {
		t.Errorf("hints %q and %q", list[0].Hint, list[1].Hint)
	}
}

func TestFaultsHavePlacesInTheDocument(t *testing.T) {
	doc := "line one\n\n@{ var x = 1;\n return int.Parse(\"a\"); }"
	base := strings.Index(doc, "@{") + 2
	p, list := Compile(diag.NewSource("api.xml", doc), base, doc[base:len(doc)-1], true)
	if p == nil {
		t.Fatal(list)
	}
	_, err := p.Run(scriptEnv(t))
	var f *Fault
	if !errors.As(err, &f) || f.Line != 4 || f.Column != 13 || f.Offset != strings.Index(doc, "Parse") {
		t.Errorf("fault %+v", f)
	}
}

func TestBudgets(t *testing.T) {
	const long = `@{ var s = new string('a', 60000); `
	for _, c := range []struct{ name, expr, want string }{
		{"loop", `@{ while (true) { } }`, "100 steps"},
		{"empty for", `@{ for (;;) ; }`, "100 steps"},
		{"lazy sequence", `@(Enumerable.Range(0, 2000000000).Where(x => x < 0).Count())`, "100 steps"},
		{"recursion", `@{ int F(int n) { return F(n); } return F(1); }`, "100 steps"},
		{"regex", `@(Regex.IsMatch("aaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "(a|a)*c"))`, "100 steps"},
		{"catch does not see it", `@{ try { while (true) { } } catch { return 1; } finally { } }`, "100 steps"},
		{"text", `@("x".PadLeft(2000000000).Length)`, "memory"},
		{"repeat", `@(new string('x', 1000000000))`, "memory"},
		{"array", `@(new int[1000000000].Length)`, "memory"},
		{"concat", `@{ var s = "xxxxxxxxxxxxxxxx"; for (int i = 0; i < 40; i++) s = s + s; return s; }`, "memory"},
		{"format", `@(string.Format("{0,900000}", 1))`, "memory"},
		{"json", `@{ var a = new JArray(); for (int i = 0; i < 40; i++) { a.Add(a); } return a; }`, "memory"},
		{"reading a long text", long + `for (int i = 0; i < 20; i++) { int x; if (int.TryParse(s, out x)) return 1; } return 0; }`, "500 steps"},
		{"trimming a long text", long + `for (int i = 0; i < 20; i++) { if (s.Trim() == "") return 1; } return 0; }`, "500 steps"},
		{"hashing a long key", long + `var h = new HMACSHA256(Encoding.ASCII.GetBytes(s)); for (int i = 0; i < 20; i++) h.ComputeHash(new byte[1]); return 0; }`, "500 steps"},
		{"long number", `@(JObject.Parse("{\"a\":" + new string('7', 3000000) + "}").Count)`, "too large to parse"},
		{"long real", `@{ var n = JObject.Parse("{\"a\":" + new string('7', 3000000) + ".5}").Count; while (true) { } }`, "100000 steps"},
		{"replace", `@("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".Replace("a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb").PadLeft(100000))`, "memory"},
	} {
		env := scriptEnv(t)
		env.Steps, env.Memory = 100, 1<<30
		switch c.want {
		case "memory":
			env.Steps, env.Memory = 100_000, 64<<10
		case "too large to parse", "100000 steps":
			env.Steps = 100_000
		case "500 steps":
			env.Steps = 500
		}
		v, err := compiled(t, c.expr).Run(env)
		var f *Fault
		if !errors.As(err, &f) || !strings.Contains(f.Message, c.want) {
			t.Errorf("%s: got %v, %v; want a fault about %s", c.name, v, err, c.want)
		}
	}
}

func TestConversionsForPolicies(t *testing.T) {
	run := func(expr string) Value {
		v, err := compiled(t, expr).Run(scriptEnv(t))
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		return v
	}
	for expr, want := range map[string]string{
		`@(true)`: "True", `@(null)`: "", `@(1.50m)`: "1.50", `@(JObject.Parse("{\"a\":1}"))`: "{\n  \"a\": 1\n}", `@(new[] {1})`: "System.Int32[]",
	} {
		if got := ToText(run(expr)); got != want {
			t.Errorf("ToText %s: got %q, want %q", expr, got, want)
		}
	}
	for expr, want := range map[string]string{
		`@(1 == 1)`: "true <nil>", `@("False")`: "false <nil>", `@(JToken.Parse("true"))`: "true <nil>",
		`@(1)`: `false the expression's value is no boolean: "1"`, `@(null)`: "false the expression's value is no boolean: null",
	} {
		b, err := ToBool(run(expr))
		if got := fmt.Sprint(b, " ", err); got != want {
			t.Errorf("ToBool %s: got %q, want %q", expr, got, want)
		}
	}
	for expr, want := range map[string]string{
		`@(5)`: "5 <nil>", `@("12")`: "12 <nil>", `@(7.0)`: "7 <nil>", `@(7L)`: "7 <nil>", `@(JToken.Parse("3"))`: "3 <nil>",
		`@(7.5)`: `0 the expression's value is no whole number: "7.5"`, `@(true)`: `0 the expression's value is no whole number: "True"`,
	} {
		n, err := ToInt(run(expr))
		if got := fmt.Sprint(n, " ", err); got != want {
			t.Errorf("ToInt %s: got %q, want %q", expr, got, want)
		}
	}
	for expr, want := range map[string]string{
		`@("x")`: "x|", `@(new JArray(1))`: "[\n  1\n]|application/json", `@(Encoding.UTF8.GetBytes("b"))`: "b|application/octet-stream", `@(null)`: "|",
	} {
		body, kind := ToBody(run(expr))
		if got := string(body) + "|" + kind; got != want {
			t.Errorf("ToBody %s: got %q, want %q", expr, got, want)
		}
	}
}

func TestBodyIsConsumedUnlessPreserved(t *testing.T) {
	env := scriptEnv(t)
	if _, err := compiled(t, `@(context.Request.Body.As<string>(preserveContent: true))`).Run(env); err != nil || env.Exchange.Request.Body.Consumed() {
		t.Fatalf("preserved body: %v, consumed %v", err, env.Exchange.Request.Body.Consumed())
	}
	if _, err := compiled(t, `@(context.Request.Body.As<string>())`).Run(env); err != nil || !env.Exchange.Request.Body.Consumed() {
		t.Fatalf("body: %v, consumed %v", err, env.Exchange.Request.Body.Consumed())
	}
}

func TestVariablesKeepTheirValues(t *testing.T) {
	env := scriptEnv(t)
	for _, step := range []struct{ name, expr string }{
		{"order", `@(context.Request.Body.As<JObject>(preserveContent: true))`},
		{"quantity", `@((int)((JObject)context.Variables["order"])["quantity"])`},
		{"tags", `@(((JObject)context.Variables["order"])["tags"].ToObject<List<string>>())`},
	} {
		v, err := compiled(t, step.expr).Run(env)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		env.Exchange.Variables[step.name] = v
	}
	v, err := compiled(t, `@($"{(int)context.Variables["quantity"] + 1}{((List<string>)context.Variables["tags"])[1]}")`).Run(env)
	if err != nil || v != "3b" {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestProgramIsSafeForManyGoroutines(t *testing.T) {
	p := compiled(t, `@{ var l = new List<int>(); foreach (var c in context.Request.Method) { l.Add(c); } Func<int, int> f = x => x + l.Count; return l.Sum(x => f(x)); }`)
	want, err := p.Run(&Env{Exchange: &exchange.Exchange{Request: exchange.Request{Method: "POST"}}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if got, err := p.Run(&Env{Exchange: &exchange.Exchange{Request: exchange.Request{Method: "POST"}}}); got != want || err != nil {
					t.Errorf("got %v, %v; want %v", got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestIntegersWrap compares int and long arithmetic with Go's, which wraps the same way.
func TestIntegersWrap(t *testing.T) {
	p := compiled(t, `@{ var a = (int)context.Variables["a"]; var b = (int)context.Variables["b"];
		return (a + b) + "," + (a - b) + "," + (a * b) + "," + (a & b) + "," + (a ^ b) + "," + (a << b) + "," + (a >> b) + "," + ((long)a * b) + "," + (a < b); }`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int32().Draw(t, "a"), rapid.Int32().Draw(t, "b")
		ex := &exchange.Exchange{Variables: map[string]any{"a": a, "b": b}}
		got, err := p.Run(&Env{Exchange: ex})
		less := "False"
		if a < b {
			less = "True"
		}
		want := fmt.Sprintf("%d,%d,%d,%d,%d,%d,%d,%d,%s", a+b, a-b, a*b, a&b, a^b, a<<(uint32(b)&31), a>>(uint32(b)&31), int64(a)*int64(b), less)
		if err != nil || got != want {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
	})
}

// TestJSONRoundTrip: what Newtonsoft writes compactly it reads back to the same.
func TestJSONRoundTrip(t *testing.T) {
	p := compiled(t, `@{ var s = (string)context.Variables["s"]; var o = new JObject { ["k"] = s, [s] = new JArray(s) };
		return JToken.DeepEquals(o, JObject.Parse(o.ToString())) && (string)JObject.Parse(JsonConvert.SerializeObject(o))["k"] == s; }`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		got, err := p.Run(&Env{Exchange: &exchange.Exchange{Variables: map[string]any{"s": s}}})
		if s == "k" {
			return
		}
		if err != nil || got != true {
			t.Fatalf("%q: got %v, %v", s, got, err)
		}
	})
}

// FuzzCompile: no text makes the compiler or a run panic or go on for ever.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		`context.Request.Headers.GetValueOrDefault("a","b")`, `$"{1,2:F2}" + @"x" + 'c'`, `new JObject { ["a"] = new[] {1}.Select(x => x * 2).ToArray() }`,
		`var x = 1; foreach (var i in "ab") { x += i; } return x;`, `try { return int.Parse("a"); } catch (Exception e) when (e.Message != null) { throw; }`,
		`(List<Dictionary<string,int>>)null`, `a ? b : c ?? d?.e[f]`, `switch (1) { case 1: return 2; default: return 3; }`,
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, block bool) {
		p, list := Compile(diag.NewSource("f", text), 0, text, block)
		if (p == nil) != list.HasErrors() {
			t.Fatalf("program %v with %v", p, list)
		}
		if p == nil {
			return
		}
		env := &Env{Exchange: &exchange.Exchange{Variables: map[string]any{"a": "b"}}, Steps: 2000, Memory: 1 << 20}
		if _, err := p.Run(env); err != nil && strings.Contains(err.Error(), "internal error") {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
