package engine

import (
	"stile/internal/engine/record"
	"stile/internal/kv"
)

// recalledRows is how many rows one job of recall reads: others wait no longer.
const recalledRows = 4096

// recall fills the set of known executions, in jobs of a worker. What begins meanwhile
// is added by its start. Until it is through, every start asks the store, as it does
// where reading fails.
func (h *Host) recall(from []byte) {
	h.shards[0].do(func() {
		rows, next := 0, []byte(nil)
		err := h.store.Iterate(record.SpaceExecution, kv.Range{Lower: from}, func(k, _ []byte) bool {
			if rows++; rows > recalledRows {
				next = append(next, k...)
				return false
			}
			if record.Part(k, 0) == record.FixedPart {
				h.known.Add(record.ID(k[:16]))
			}
			return true
		})
		switch {
		case err != nil:
		case next != nil:
			h.recall(next)
		default:
			h.known.Ready()
		}
	})
}
