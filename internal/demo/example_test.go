package demo

import (
	"slices"
	"testing"

	"stile/internal/config"
)

func TestTheExampleNamesItsBackends(t *testing.T) {
	cfg, faults := config.Load("../../examples/orders/stile.yaml")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var got, want []string
	for _, s := range cfg.Samples {
		got = append(got, s.Name)
	}
	for _, s := range Samples() {
		want = append(want, s.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("stile.yaml lists %v, the table has %v", got, want)
	}
}
