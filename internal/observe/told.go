package observe

import (
	"slices"

	"stile/internal/telemetry"
)

// maxTold bounds one generation of Told.
const maxTold = 50_000

// Told remembers the spans of executions that were exported, since the observer
// tells some again: a history is read anew where an execution was forgotten.
//
// Invariants: a span is new once; what is no longer remembered is looked up by
// known, the trace store's Has. Two generations, of which the older is dropped when
// the younger is full, keep what was told last without a list in order of age.
type Told struct {
	young, old map[toldKey]bool
	// dropped is the latest end of a span that is no longer remembered, in Unix ns.
	dropped, youngest, oldest int64
	// Known says whether the trace store has a span; it is set before the first use.
	Known func(traceID, spanID string) (bool, error)
}

// A redriven execution ends again under its span id.
type toldKey struct {
	span string
	end  int64
}

// Fresh gives the spans that are told for the first time, spans itself where all are; call it before they are
// recorded in the store.
func (t *Told) Fresh(spans []telemetry.Span) []telemetry.Span {
	out, all := spans, true // mostly they all are
	for i := range spans {
		sp := &spans[i]
		key := toldKey{sp.SpanID, sp.End.UnixNano()}
		switch {
		case t.young[key] || t.old[key] || key.end <= t.dropped && t.isKept(sp):
			if all {
				out, all = slices.Clone(spans[:i]), false
			}
			continue
		case !all:
			out = append(out, *sp)
		}
		t.remember(key)
	}
	return out
}

// isKept asks the store; where that fails, once too little is told rather than
// twice: the store itself says that it is broken.
func (t *Told) isKept(sp *telemetry.Span) bool {
	has, err := t.Known(sp.TraceID, sp.SpanID)
	return has || err != nil
}

func (t *Told) remember(key toldKey) {
	if t.young == nil || len(t.young) >= maxTold {
		t.dropped = max(t.dropped, t.oldest)
		t.old, t.oldest = t.young, t.youngest
		t.young, t.youngest = make(map[toldKey]bool), 0
	}
	t.young[key] = true
	t.youngest = max(t.youngest, key.end)
}
