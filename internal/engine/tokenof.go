package engine

import (
	"context"
	"sync"

	"stile/internal/engine/codec"
	"stile/internal/engine/recent"
	"stile/internal/engine/record"
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
	id := record.IDOf(tok.ExecutionARN)
	if of.State = h.tokenStates.get(callID{id, tok.Command}); of.State != "" {
		return of, true
	}
	key := id.Key(tok.Command)
	if got, err := h.store.GetMany(record.SpaceWork, [][]byte{key}); err == nil && got[0] != nil {
		if w, err := record.DecodeWork(got[0]); err == nil && w.State != "" {
			of.State = w.State
			return of, true
		}
	}
	// A store that cannot be read names no state: whoever may do only what names it
	// is refused.
	_ = h.store.Iterate(record.SpaceCall, kv.Range{Lower: key, Upper: id.Key(tok.Command + 1)}, func(_, v []byte) bool {
		d := codec.Open(v)
		if state := d.Str(); d.Err == nil {
			of.State = state
		}
		return false
	})
	return of, true
}

// knownTokens is how many states of tokens are remembered.
const knownTokens = 1 << 14

// tokenStates remembers the states of the tokens that were made last: a command's
// state never changes.
type tokenStates struct {
	mu     sync.Mutex
	states recent.Cache[callID, string]
}

func newTokenStates() *tokenStates {
	return &tokenStates{states: recent.New[callID](knownTokens, func(string) bool { return true })}
}

// get gives a command's state, "" where it is not known.
func (s *tokenStates) get(c callID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states.Get(c)
}

func (s *tokenStates) put(c callID, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.states.Get(c) == "" {
		s.states.Add(c, state)
		s.states.Trim()
	}
}
