package picture

import (
	"testing"

	"stile/jsonata/value"
)

// FuzzPictures: no picture does worse than an error or the end of its budget.
func FuzzPictures(f *testing.F) {
	for _, p := range []string{"#,##0.00;(#)", "00.0e0", "[Y0001,2-4]-[MNn,3] [D1o][[ [Z01:01t]", "##,##0;o", "Ww;o", "0,0.0,0,0", "[H][m][s].[f]"} {
		f.Add(-1234.5, p, "12 March 2018")
	}
	f.Fuzz(func(t *testing.T, v float64, picture, text string) {
		for _, try := range []func(m Meter){
			func(m Meter) { FormatNumber(v, picture, DefaultOptions(), m) },
			func(m Meter) {
				o := DefaultOptions()
				o["decimal-separator"], o["grouping-separator"], o["zero-digit"] = text, picture, text
				FormatNumber(v, picture, o, m)
			},
			func(m Meter) { FormatInteger(v, picture, m) },
			func(m Meter) { ParseInteger(text, picture, m) },
			func(m Meter) { FormatMillis(v, picture, text, m) },
			func(m Meter) { ParseMillis(text, picture, 1500000000123, m) },
			func(m Meter) { ParseISO(text) },
			func(m Meter) { Round(v, float64(len(text))) },
		} {
			inBudget(try)
		}
	})
}

// inBudget runs try in a small budget, at whose end it may panic with *value.Error.
func inBudget(try func(m Meter)) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*value.Error); !ok {
				panic(r)
			}
		}
	}()
	try(&purse{100_000, 1 << 20})
}

// purse is a budget of steps and bytes.
type purse struct{ steps, bytes int }

func (s *purse) Spend(n int) {
	if s.steps -= n; s.steps < 0 {
		panic(value.TooLong())
	}
}

func (s *purse) Produce(n int) {
	if s.bytes -= n; s.bytes < 0 {
		panic(value.TooLarge())
	}
}
