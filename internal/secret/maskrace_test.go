package secret

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNobodySeesTheTableFromBefore: while one goroutine builds the table anew, another
// that has registered a value does not mask by the old one.
func TestNobodySeesTheTableFromBefore(t *testing.T) {
	const value = "a-value-that-is-new"
	asked := 0
	var m *Masker
	m = NewMasker(func() time.Time { // called in the middle of a build
		asked++
		if table := m.table.Load(); !m.dirty.Load() && (table == nil || strings.Contains(string(table.mask([]byte(value))), value)) {
			t.Error("a table without the value counts as new")
		}
		return time.Unix(1_000_000, 0)
	})
	m.Keep("one", NewValue(value))
	if got := m.MaskString(value); got != masked || asked == 0 {
		t.Errorf("%q, asked %d times", got, asked)
	}
}

// TestEachMasksItsOwn: who registers a value masks it from then on, whatever others
// register and mask beside.
func TestEachMasksItsOwn(t *testing.T) {
	m := NewMasker(nil)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 50 {
				value := fmt.Sprintf("value-%d-%d-of-this-test", g, i)
				m.Seen(NewValue(value))
				if got := m.MaskString("a " + value); got != "a "+masked {
					t.Errorf("%q is not masked", got)
				}
			}
		})
	}
	all.Wait()
}
