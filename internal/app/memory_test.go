package app

import "testing"

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 300, 1 << 20: 300, 32 << 20: 300, 64 << 20: 300, 128 << 20: 200, 200 << 20: 100, 300 << 20: 30, 512 << 20: 25, 1 << 30: 25} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d MiB: %d %%, want %d", live>>20, got, want)
		}
	}
}
