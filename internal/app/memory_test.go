package app

import "testing"

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 300, 1 << 20: 300, 64 << 20: 300, 96 << 20: 200, 192 << 20: 100, 1 << 30: 100, 128 << 20: 150} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d MiB: %d %%, want %d", live>>20, got, want)
		}
	}
}
