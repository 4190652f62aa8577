package expr

import "testing"

// BenchmarkRun shows what an evaluation costs in the story's commonest expressions.
func BenchmarkRun(b *testing.B) {
	for name, expr := range map[string]string{
		"condition": `@(context.Request.Method == "POST" && context.Request.Headers.ContainsKey("X-A"))`,
		"header":    `@(context.Request.Headers.GetValueOrDefault("X-A", "none"))`,
		"variable":  `@("Bearer " + (string)context.Variables["text"])`,
		"jobject":   `@(new JObject { ["sku"] = "x", ["n"] = 1 }.ToString())`,
	} {
		b.Run(name, func(b *testing.B) {
			text := expr[2 : len(expr)-1]
			p, _ := Compile(nil, 0, text, false)
			env := scriptEnv(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Run(env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
