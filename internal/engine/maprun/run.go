// Package maprun is the core of a Map Run: which children may start, how they are
// counted, when more failed than is tolerated, and what their results look like.
//
// It is pure: the engine alone calls it, and holds the store, the clock and the
// goroutines. Children are numbered from 0 in the order of their items.
package maprun

import "stile/asl"

// Outcome is what is known of a child, and how a Map Run ends. The numbers are the
// engine's, which stores them.
type Outcome byte

// Absent is a child whose number was given before a crash and whose start was not
// durable; Open one that runs.
const (
	Absent Outcome = iota
	Open
	Succeeded
	Failed
	TimedOut
	Aborted
)

// Tally counts children and the items that they were given.
type Tally struct{ Children, Items int64 }

func (c *Tally) add(items int64) {
	c.Children++
	c.Items += items
}

// Tallies count by outcome.
type Tallies [Aborted + 1]Tally

// Bounds are what UpdateMapRun changes.
type Bounds struct {
	Concurrency int64 // 0: MaxOpen
	Failures    int64
	Percentage  float64
	// Counted and Rated say that Failures and Percentage were given.
	Counted, Rated bool
}

// Progress is what must be kept durably of a run that goes on: all children below
// Low have ended and are counted in Below. After a crash the others are counted
// again from their own records, so that n children cost O(n) in all.
type Progress struct {
	Low    int64
	Below  Tallies
	Bounds Bounds
	// Fed says that the dataset has no more items than those of the children below Next.
	Fed  bool
	Next int64
	// Known is how many items there are, where that is known beforehand; else 0.
	Known int64
	// Stopping says that no child starts any more and the open ones are stopped:
	// because the run Failed with an error and its cause, or its parent Stopped it and
	// nobody waits for the outcome.
	Stopping, Stopped bool
	Failed, Cause     string
}

// Run counts the children of one Map Run and decides what is to be done.
//
// Invariants: a child is counted once, however often its end is told; open, ended
// and absent children are all that are below Next; an absent child is the next to
// start; nothing starts once Stopping is set.
type Run struct {
	Progress
	Ended  Tallies // of all that have ended
	Open   Tally   // of those that run
	Absent int64   // children below Next that have not started
	Read   int64   // items of the children below Next that have started

	window []slot // of the children from Low on
}

// slot is a child in the window.
type slot struct {
	outcome Outcome
	items   int32
}

// MaxOpen is how many children of a Map Run run at once at most, maxWindow how far
// the newest child may be ahead of the oldest that is open.
const (
	MaxOpen   = 1000
	maxWindow = 1 << 18
)

// Resume goes on from what was kept; Recount and Missing tell what is known of the
// children from Low on.
func Resume(p Progress) *Run {
	r := &Run{Progress: p, Ended: p.Below}
	r.Next = p.Low
	for _, n := range p.Below {
		r.Read += n.Items
	}
	return r
}

// Recount takes over what a child's record says. Records come in the order of their
// numbers, and those that have none are absent.
func (r *Run) Recount(index, items int64, outcome Outcome) {
	r.Missing(index)
	stopping := r.Stopping
	r.Stopping = false
	if r.Start(index, items) && outcome != Open {
		r.count(index, outcome)
	}
	r.Stopping = stopping
}

// Missing says that there are children up to next, and no records of more of them.
func (r *Run) Missing(next int64) {
	for r.Next < next {
		r.window = append(r.window, slot{})
		r.Next++
		r.Absent++
	}
}

// most is how many children may be open.
func (r *Run) most() int64 {
	if c := r.Bounds.Concurrency; c > 0 && c < MaxOpen {
		return c
	}
	return MaxOpen
}

// Room is how many more children may start now.
func (r *Run) Room() int64 {
	if r.Stopping || r.Fed && r.Absent == 0 {
		return 0
	}
	return max(0, min(r.most()-r.Open.Children, maxWindow-int64(len(r.window))+r.Absent))
}

// Start counts a child in: the next one, or one that is absent. It reports false
// for any other.
func (r *Run) Start(index, items int64) bool {
	i := index - r.Low
	switch {
	case r.Stopping:
		return false
	case index == r.Next:
		r.window = append(r.window, slot{})
		r.Next++
	case i >= 0 && i < int64(len(r.window)) && r.window[i].outcome == Absent:
		r.Absent--
	default:
		return false
	}
	r.window[i] = slot{Open, int32(items)}
	r.Open.add(items)
	r.Read += items
	return true
}

// End counts a child's outcome; false where it is not open.
func (r *Run) End(index int64, outcome Outcome) bool {
	if !r.count(index, outcome) {
		return false
	}
	r.Judge()
	return true
}

func (r *Run) count(index int64, outcome Outcome) bool {
	i := index - r.Low
	if i < 0 || i >= int64(len(r.window)) || r.window[i].outcome != Open || outcome <= Open || outcome > Aborted {
		return false
	}
	s := &r.window[i]
	s.outcome = outcome
	r.Open.Children--
	r.Open.Items -= int64(s.items)
	r.Ended[outcome].add(int64(s.items))
	n := 0
	for n < len(r.window) && r.window[n].outcome > Open {
		r.Below[r.window[n].outcome].add(int64(r.window[n].items))
		n++
	}
	r.Low += int64(n)
	r.window = r.window[n:]
	return true
}

// Exhausted says that the dataset has no more items than those of the children so far.
func (r *Run) Exhausted() {
	r.Fed = true
	r.Judge()
}

// Fail stops the run with an error; the first one stands.
func (r *Run) Fail(name, cause string) {
	if r.Failed == "" {
		r.Failed, r.Cause = name, cause
	}
	r.Stopping = true
}

// Stop is the parent's: nobody waits for the run any more.
func (r *Run) Stop() { r.Stopping, r.Stopped = true, true }

// Update changes the bounds of a run that goes on.
func (r *Run) Update(b Bounds) {
	r.Bounds = b
	r.Judge()
}

// The error of a run in which more failed than is tolerated.
const (
	ErrThreshold   = asl.ErrExceedToleratedFailureThreshold
	causeThreshold = "The specified tolerated failure threshold was exceeded"
)

// Judge stops a run in which more failed than is tolerated.
func (r *Run) Judge() {
	if !r.Stopping && r.exceeded() {
		r.Fail(ErrThreshold, causeThreshold)
	}
}

// exceeded reports whether more failed than is tolerated. A percentage is of the
// whole dataset, so that it decides as soon as that is known.
func (r *Run) exceeded() bool {
	failed := r.Failures().Items
	switch b := r.Bounds; {
	case failed == 0:
		return false
	case !b.Counted && !b.Rated, b.Counted && failed > b.Failures:
		return true
	case !b.Rated:
		return false
	case r.Fed || r.Known > 0:
		return float64(failed)*100 > b.Percentage*float64(r.Total())
	}
	return false
}

// Failures are the children that ended otherwise than well.
func (r *Run) Failures() (out Tally) {
	for _, t := range r.Ended[Failed:] {
		out.Children, out.Items = out.Children+t.Children, out.Items+t.Items
	}
	return out
}

// Total is how many items there are, as far as that is known.
func (r *Run) Total() int64 {
	if r.Fed && r.Absent == 0 {
		return r.Read
	}
	return max(r.Read, r.Known)
}

// Over reports that no child is open and none will start: what is left is to give
// the outcome.
func (r *Run) Over() bool {
	return r.Open.Children == 0 && (r.Stopping || r.Fed && r.Absent == 0)
}

// Outcome is how a run that is over ends.
func (r *Run) Outcome() Outcome {
	switch {
	case r.Stopped:
		return Aborted
	case r.Failed != "":
		return Failed
	}
	return Succeeded
}

// Each calls f with the number of each child from Low on that is Open, or Absent.
func (r *Run) Each(outcome Outcome, f func(index int64)) {
	for i := range r.window {
		if r.window[i].outcome == outcome {
			f(r.Low + int64(i))
		}
	}
}

// First gives the first child that is to start, and how many items there are before
// its own.
func (r *Run) First() (index, items int64) {
	for _, n := range r.Below {
		items += n.Items
	}
	index = r.Low
	for _, s := range r.window {
		if s.outcome == Absent {
			break
		}
		index, items = index+1, items+int64(s.items)
	}
	return index, items
}
