package visibility

import (
	"context"
	"time"
)

// Retention says how long what ended executions leave is kept after their end; 0 is
// for ever. History is not longer than Executions, where both are set.
type Retention struct{ Executions, History time.Duration }

// Keeper has the executions that a Sweeper deletes. Its methods come back when what
// they did is durable.
type Keeper interface {
	// Ended gives up to most rows of the index by end behind a key (nil: from the
	// oldest on), oldest first, whose stop is before the time (Unix ms).
	Ended(behind []byte, before int64, most int) ([]End, error)
	// Delete deletes executions with all that belongs to them, Trim their history. One
	// that cannot be deleted yet is left alone: it comes again.
	Delete(ctx context.Context, rows []End) error
	Trim(ctx context.Context, rows []End) error
}

// How a sweep goes: so many executions in a step, a pause behind each so that other
// work comes first, and how long it waits at most before it looks again.
const (
	StepRows  = 64
	StepPause = 5 * time.Millisecond
	Longest   = time.Hour
	shortest  = time.Second
)

// Sweeper applies a Retention. It is not safe for concurrent use.
//
// It deletes from the oldest end on, StepRows at a time. Where histories go sooner
// than executions, it goes on behind the last one that it trimmed: the rows between
// the two ages are not read again and again.
type Sweeper struct {
	keeper Keeper
	// deleted and trimmed are the keys of the last rows of this sweep and of all.
	deleted, trimmed []byte
	was              Retention
}

// NewSweeper makes one that has seen nothing.
func NewSweeper(k Keeper) *Sweeper { return &Sweeper{keeper: k} }

// Anew forgets how far histories were trimmed: older rows have come.
func (s *Sweeper) Anew() { s.trimmed = nil }

// Step does one step at the time now and says how long to wait for the next.
func (s *Sweeper) Step(ctx context.Context, r Retention, now time.Time) (time.Duration, error) {
	if r != s.was {
		s.was, s.trimmed = r, nil
	}
	if r.Executions > 0 {
		rows, err := s.keeper.Ended(s.deleted, now.Add(-r.Executions).UnixMilli(), StepRows)
		if err != nil {
			return shortest, err
		}
		if len(rows) > 0 {
			s.deleted = rows[len(rows)-1].Key() // one that is left alone holds up no other
			return StepPause, s.keeper.Delete(ctx, rows)
		}
	}
	s.deleted = nil
	if r.History > 0 {
		rows, err := s.keeper.Ended(s.trimmed, now.Add(-r.History).UnixMilli(), StepRows)
		if err != nil {
			return shortest, err
		}
		if len(rows) > 0 {
			last := rows[len(rows)-1].Key()
			if err := s.keeper.Trim(ctx, untrimmed(rows)); err != nil {
				return shortest, err
			}
			s.trimmed = last
			return StepPause, nil
		}
	}
	return s.wait(r, now)
}

func untrimmed(rows []End) (out []End) {
	for _, e := range rows {
		if !e.Trimmed {
			out = append(out, e)
		}
	}
	return out
}

// wait is how long nothing comes due.
func (s *Sweeper) wait(r Retention, now time.Time) (time.Duration, error) {
	wait := Longest
	for _, c := range []struct {
		age    time.Duration
		behind []byte
	}{{r.Executions, nil}, {r.History, s.trimmed}} {
		if c.age <= 0 {
			continue
		}
		next, err := s.keeper.Ended(c.behind, 1<<62, 1)
		if err != nil {
			return shortest, err
		}
		if len(next) > 0 {
			due := time.UnixMilli(next[0].Stop).Add(c.age).Sub(now) + time.Millisecond
			wait = min(wait, max(due, shortest))
		}
	}
	return wait, nil
}
