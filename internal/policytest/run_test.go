package policytest_test

import (
	"testing"
)

// TestCases runs every case of the fixture: what a project's policies reach is there,
// and is fixed.
func TestCases(t *testing.T) {
	h := project(t)
	r := run(t, h, gathered(t, h))
	if got := told(r); got != "" || r.Failed > 0 || r.Passed < 14 {
		t.Errorf("%d passed, %d failed:\n%s", r.Passed, r.Failed, got)
	}
}

// TestTwoRunsAreEqual: byte for byte, by whatever goroutine and in whatever order.
func TestTwoRunsAreEqual(t *testing.T) {
	h := project(t)
	all := gathered(t, h)
	var many = all
	for range 20 {
		many = append(many, all...)
	}
	first := asJSON(t, run(t, h, many))
	for range 3 {
		if again := asJSON(t, run(t, project(t), many)); again != first {
			t.Fatal("two runs differ")
		}
	}
	a, b := run(t, h, all), run(t, h, shuffled(all))
	for i := range a.Cases {
		if x, y := a.Cases[i], b.Cases[len(all)-1-i]; x.Name != y.Name || x.Passed != y.Passed {
			t.Errorf("%s went another way behind other cases", x.Name)
		}
	}
}

func BenchmarkCases(b *testing.B) {
	h := project(b)
	all := gathered(b, h)
	run(b, h, all)
	b.ResetTimer()
	for range b.N {
		run(b, h, all)
	}
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "cases/s")
}
