package app

import "stile/internal/telemetry"

// maxTold bounds one generation of toldSpans.
const maxTold = 50_000

// toldSpans remembers the spans of executions that were exported, since the observer
// tells some again: a history is read anew where an execution was forgotten.
//
// Invariants: a span is new once; what is no longer remembered is looked up by
// known, the trace store's Has. Two generations, of which the older is dropped when
// the younger is full, keep what was told last without a list in order of age.
type toldSpans struct {
	young, old map[toldKey]bool
	// dropped is the latest end of a span that is no longer remembered, in Unix ns.
	dropped, youngest, oldest int64
	known                     func(traceID, spanID string) (bool, error)
}

// A redriven execution ends again under its span id.
type toldKey struct {
	span string
	end  int64
}

// fresh gives the spans that are told for the first time; call it before they are
// recorded in the store.
func (t *toldSpans) fresh(spans []telemetry.Span) (out []telemetry.Span) {
	for _, sp := range spans {
		key := toldKey{sp.SpanID, sp.End.UnixNano()}
		if t.young[key] || t.old[key] {
			continue
		}
		if key.end <= t.dropped && t.isKept(sp) {
			continue
		}
		t.remember(key)
		out = append(out, sp)
	}
	return out
}

// isKept asks the store; where that fails, once too little is told rather than
// twice: the store itself says that it is broken.
func (t *toldSpans) isKept(sp telemetry.Span) bool {
	has, err := t.known(sp.TraceID, sp.SpanID)
	return has || err != nil
}

func (t *toldSpans) remember(key toldKey) {
	if t.young == nil || len(t.young) >= maxTold {
		t.dropped = max(t.dropped, t.oldest)
		t.old, t.oldest = t.young, t.youngest
		t.young, t.youngest = make(map[toldKey]bool), 0
	}
	t.young[key] = true
	t.youngest = max(t.youngest, key.end)
}
