package engine

import (
	"context"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// TokenOf says which state of which execution a task token stands for, without
// looking whether it still waits. The state of an attempt that is over is found by
// the calls that the execution remembers, and empty where it made none. ok is
// false for what is no token of ours.
func (h *Host) TokenOf(_ context.Context, text string) (of sfn.TokenOf, ok bool) {
	tok, ok := sfn.OpenTask(text, h.keys.Key)
	if !ok {
		return sfn.TokenOf{}, false
	}
	of.ExecutionARN = tok.ExecutionARN
	id := idOf(tok.ExecutionARN)
	key := id.key(tok.Command)
	if got, err := h.store.GetMany(spaceWork, [][]byte{key}); err == nil && got[0] != nil {
		if w, err := decodeWork(got[0]); err == nil && w.state != "" {
			of.State = w.state
			return of, true
		}
	}
	// A store that cannot be read names no state: whoever may do only what names it
	// is refused.
	_ = h.store.Iterate(spaceCall, kv.Range{Lower: key, Upper: id.key(tok.Command + 1)}, func(_, v []byte) bool {
		d := open(v)
		if state := d.Str(); d.Err == nil {
			of.State = state
		}
		return false
	})
	return of, true
}
