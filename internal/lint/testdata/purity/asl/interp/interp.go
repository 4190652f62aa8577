// Package interp breaks every rule of purity once, and keeps some.
package interp

import (
	"maps"
	"math/rand/v2"
	"slices"
	clock "time"
)

type table map[string]int

var now = clock.Now

func clocks(t clock.Time) (clock.Time, clock.Duration, clock.Time) {
	return t.Local(), clock.Since(t), t.In(clock.UTC)
}

func random() int {
	mine := rand.New(rand.NewPCG(1, 2))
	return mine.IntN(3) + rand.IntN(3)
}

func start(f func()) { go f() }

func sum(m table) (n int) {
	for _, v := range m {
		n += v
	}
	for k := range maps.Keys(m) {
		n += len(k)
	}
	return n
}

func sortedKeys(m table) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return append(keys, slices.Sorted(maps.Keys(m))...)
}
