package recent

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstModel: what was used last is kept, and over the bound what is not idle.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(0, 5).Draw(t, "most")
		busy := map[int]bool{}
		c := New[int](most, func(v *int) bool { return !busy[*v] })
		var model []int // least recently used first
		use := func(k int) bool {
			i := slices.Index(model, k)
			if i >= 0 {
				model = append(slices.Delete(model, i, i+1), k)
			}
			return i >= 0
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			k := rapid.IntRange(0, 9).Draw(t, "key")
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				got := c.Get(k)
				if known := use(k); known != (got != nil) || known && *got != k {
					t.Fatalf("%d: %v, known %t", k, got, known)
				}
				if got == nil {
					c.Add(k, &k)
					model = append(model, k)
				}
			case 1:
				c.Remove(k)
				model = slices.DeleteFunc(model, func(m int) bool { return m == k })
			case 2:
				busy[k] = !busy[k]
			default:
				c.Trim()
				for i := 0; i < len(model) && len(model) > most; {
					if busy[model[i]] {
						i++
					} else {
						model = slices.Delete(model, i, i+1)
					}
				}
			}
			var order []int
			for n := c.last; n != nil; n = n.prev {
				order = append(order, n.key)
			}
			if !slices.Equal(order, model) || c.Len() != len(model) {
				t.Fatalf("%v of %d, want %v", order, c.Len(), model)
			}
		}
	})
}
