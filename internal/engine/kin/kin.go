// Package kin groups an execution's live Task visits by how they fare, so that a Map
// of many items is judged by few: what decides about one of a group decides about all.
// It is pure, and the engine alone uses it.
package kin

import (
	"math"
	"slices"
)

// Groups count the visits of an execution, by their commands; K is how they fare. The
// zero value is none.
type Groups[K comparable] struct{ of map[K]*group }

// group counts one kin; sample is the one that was touched last.
type group struct {
	count  int
	sample uint64
}

// Count puts a visit into its group, as the sample of it. It is in none before.
func (g *Groups[K]) Count(k K, command uint64) {
	if g.of == nil {
		g.of = map[K]*group{}
	}
	of := g.of[k]
	if of == nil {
		of = &group{}
		g.of[k] = of
	}
	of.count++
	of.sample = command
}

// Uncount takes a visit out of its group. Where it was the sample, the lowest of the
// others stands in for it: others gives their commands, and is not called elsewhere.
func (g *Groups[K]) Uncount(k K, command uint64, others func(yield func(uint64) bool)) {
	of := g.of[k]
	if of.count--; of.count == 0 {
		delete(g.of, k)
		return
	}
	if of.sample != command {
		return
	}
	of.sample = math.MaxUint64
	for c := range others {
		of.sample = min(of.sample, c)
	}
}

// Samples are the commands of one visit of each group, in order.
func (g *Groups[K]) Samples() (out []uint64) {
	for _, of := range g.of {
		out = append(out, of.sample)
	}
	slices.Sort(out)
	return out
}
