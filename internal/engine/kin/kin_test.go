package kin

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestGroups: each group has one sample, a visit of its own, and the samples are in
// order.
func TestGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Groups[bool] // of late visits and others
		of := map[uint64]bool{}
		members := func(k bool) (out []uint64) {
			for c, other := range of {
				if other == k {
					out = append(out, c)
				}
			}
			return out
		}
		for range rapid.IntRange(1, 40).Draw(t, "changes") {
			c := rapid.Uint64Range(1, 8).Draw(t, "command")
			k, counted := of[c]
			if counted {
				was := g.Samples()
				delete(of, c)
				g.Uncount(k, c, slices.Values(members(k)))
				if left := members(k); slices.Contains(was, c) && len(left) > 0 && !slices.Contains(g.Samples(), slices.Min(left)) {
					t.Fatalf("%d does not stand in for %d: %v", slices.Min(left), c, g.Samples())
				}
			} else {
				of[c] = rapid.Bool().Draw(t, "late")
				g.Count(of[c], c)
				if !slices.Contains(g.Samples(), c) {
					t.Fatalf("%d is no sample: %v", c, g.Samples())
				}
			}
			seen := map[bool]bool{}
			for _, c := range g.Samples() {
				if _, counted := of[c]; !counted || seen[of[c]] {
					t.Fatalf("%v of %v", g.Samples(), of)
				}
				seen[of[c]] = true
			}
			if len(seen) != min(1, len(members(false)))+min(1, len(members(true))) || !slices.IsSorted(g.Samples()) {
				t.Fatalf("%v of %v", g.Samples(), of)
			}
		}
	})
}
