package exchange

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fields(h *Header) (out []string) {
	h.Each(func(name, value string) { out = append(out, name+"="+value) })
	return out
}

// TestHeadersKeepTheirOrder: setting puts a field at the first one's place, and what
// was copied before keeps what it had.
func TestHeadersKeepTheirOrder(t *testing.T) {
	var h Header
	h.Grow(8)
	h.Set("A", "1")
	h.Set("B", "2", "3")
	h.Add("a", "4")
	before, clone := h, h.Clone()
	h.Set("A", "5")
	h.Del("b")
	h.Del("none")
	h.Set("C")
	h.Set("D", "6")
	if diff := cmp.Diff([]string{"A=5", "D=6"}, fields(&h)); diff != "" {
		t.Error(diff)
	}
	for name, old := range map[string]*Header{"copy": &before, "clone": &clone} {
		if diff := cmp.Diff([]string{"A=1", "B=2", "B=3", "a=4"}, fields(old)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		var h Header
		h.Grow(4)
		h.Set("A", "1")
		h.SetLazy("B", nil)
		h.Del("C")
	}); n > 2 { // one for the fields, one of the race detector's
		t.Errorf("three fields cost %v allocations", n)
	}
}
