// Package ratelimit counts: calls in sliding windows (Window, Memory), units in
// fixed windows (Meter, Groups), and what is under way now (Slots). Each rule is a
// pure type, and has a source of counters in memory.
//
// It knows no policies and no exchanges: a caller names a key, a limit and a
// window, and brings the time. internal/policies makes a Source the policies'
// counters; the composition root owns the one Memory of a node.
//
// Invariants: in any window of the asked length at most limit calls are allowed,
// however many callers ask at once; time that goes backwards never frees a call;
// the memory of a key and the number of keys are bounded.
package ratelimit

import "time"

// Result is the answer to one question.
type Result struct {
	Allowed bool
	// Remaining is how many calls the window still has room for.
	Remaining int64
	// RetryAfter is how long until the calls asked for would fit; 0 where they were allowed.
	RetryAfter time.Duration
}

// maxEntries bounds the memory of one window. Limits up to this many calls are
// exact to the nanosecond; beyond, neighbouring calls are remembered as one at the
// later time, which frees them later, never earlier.
const maxEntries = 1024

// Window is the sliding-window rule for one key: a log of the calls that count.
// It is not safe for use by several goroutines. The zero Window is empty.
//
// The obvious ways are cheaper and wrong: a fixed window lets twice the limit
// through around its edge, a bucket that leaks lets a burst follow a full window.
type Window struct {
	log   []entry // oldest first, from head on
	head  int
	total int64 // calls in the log
	// longest is the longest window asked for while the log was not empty: what a
	// shorter one no longer counts is kept for it.
	longest time.Duration
}

type entry struct {
	at    int64 // nanoseconds since 1970
	calls int64
}

// Take asks for n calls within limit calls per window at a time. Calls that are
// not allowed are not counted. With n of 0 nothing is counted, and the answer says
// whether one call would be allowed.
func (w *Window) Take(n, limit int64, window time.Duration, now time.Time) Result {
	at := now.UnixNano()
	if len(w.log) > w.head {
		at = max(at, w.log[len(w.log)-1].at)
	}
	w.expire(at - int64(max(w.longest, window)))
	w.longest = max(w.longest, window)
	live, counted := w.live(at, window)
	need := max(n, 1)
	if need > limit-counted { // not the other way round: a sum may overflow
		res := Result{Remaining: max(limit-counted, 0), RetryAfter: window}
		if need <= limit {
			res.RetryAfter = wait(live, counted+need-limit, at, window)
		}
		return res
	}
	if n > 0 {
		w.add(at, n)
	} else {
		n = 0
	}
	return Result{Allowed: true, Remaining: limit - counted - n}
}

// live gives the part of the log that a window counts, and its calls.
func (w *Window) live(at int64, window time.Duration) (live []entry, calls int64) {
	live, calls = w.log[w.head:], w.total
	if window == w.longest {
		return live, calls
	}
	for len(live) > 0 && live[0].at <= at-int64(window) {
		calls -= live[0].calls
		live = live[1:]
	}
	return live, calls
}

// expire forgets calls at or before a time: a window is half open, so a call at
// the very end of one does not count in it.
func (w *Window) expire(before int64) {
	for w.head < len(w.log) && w.log[w.head].at <= before {
		w.total -= w.log[w.head].calls
		w.head++
	}
	if w.head == len(w.log) {
		w.log, w.head, w.longest = w.log[:0], 0, 0
	}
}

// wait tells how long until so many of the live calls are forgotten.
func wait(live []entry, excess, at int64, window time.Duration) time.Duration {
	for _, e := range live {
		if excess -= e.calls; excess <= 0 {
			return time.Duration(e.at - at + int64(window))
		}
	}
	return window
}

func (w *Window) add(at, n int64) {
	w.total += n
	if last := len(w.log) - 1; last >= w.head && w.log[last].at == at {
		w.log[last].calls += n
		return
	}
	if len(w.log)-w.head >= maxEntries {
		w.merge()
	}
	if w.head > 0 && len(w.log) == cap(w.log) {
		w.log = w.log[:copy(w.log, w.log[w.head:])]
		w.head = 0
	}
	w.log = append(w.log, entry{at, n})
}

// merge joins each pair of neighbours at the later one's time.
func (w *Window) merge() {
	out := w.log[:0]
	live := w.log[w.head:]
	for i := 0; i < len(live); i += 2 {
		e := live[i]
		if i+1 < len(live) {
			e = entry{live[i+1].at, e.calls + live[i+1].calls}
		}
		out = append(out, e)
	}
	w.log, w.head = out, 0
}

// Idle reports whether no call counts any more at a time, so that the window can
// be forgotten.
func (w *Window) Idle(now time.Time) bool {
	return len(w.log) == w.head || w.log[len(w.log)-1].at <= now.UnixNano()-int64(w.longest)
}
