package express

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"stile/internal/sfn"
)

// BenchmarkUnitSyncExpress is one Pass from start to answer, without wire and spans.
func BenchmarkUnitSyncExpress(b *testing.B) {
	r := newRig(b, book{}, func(c *Config) {
		c.Observe = func(sfn.Notice) {}
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
		p, err := book{"pass": pass}.program("pass")
		if err != nil {
			b.Fatal(err)
		}
		c.Machines = compiled{sfn.StateMachine{ARN: arnOf("pass"), Name: "pass", RoleARN: "r", Type: sfn.Express}, p}
	}).begin(b)
	in := start("pass", `{"order":"`+strings.Repeat("x", 180)+`"}`)
	b.ReportAllocs()
	for b.Loop() {
		if x, err := r.StartSyncExecution(b.Context(), in); err != nil || x.Status != sfn.Succeeded {
			b.Fatal(err)
		}
	}
}
