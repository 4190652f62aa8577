package ratelimit

import (
	"math"
	"time"
)

// Bound is one bound of a fixed-window quota: N of at most Limit units in each
// window.
type Bound struct {
	// Key names the counter inside its group.
	Key      string
	N, Limit int64
	// Start is when some window begins: windows of length Period lie end to end from
	// there, in both directions.
	Start time.Time
	// Period is in whole seconds; what is below a second counts as a second. 0 is one
	// window for ever.
	Period time.Duration
}

// FixedResult is the answer to one question about several bounds.
type FixedResult struct {
	Allowed bool
	// Refused is the index of the first bound without room, where not allowed.
	Refused int
	// RetryAfter is how long until that bound's window ends; 0: it never does.
	RetryAfter time.Duration
	// Used is what the window of each bound has counted now; nil where not allowed.
	Used []int64
}

// Meter is the fixed-window rule for one counter. It is not safe for use by
// several goroutines. The zero Meter has counted nothing.
type Meter struct {
	used int64
	// end is when the window under way ends.
	end moment
	// counting says that the meter was used at all.
	counting bool
}

// moment is a time in seconds since 1970 with nanoseconds: unlike a duration, it
// reaches from year 1 to any year.
type moment struct{ seconds, nanos int64 }

// forever is the end of a window without end.
var forever = moment{seconds: math.MaxInt64}

func (m moment) before(o moment) bool {
	return m.seconds < o.seconds || m.seconds == o.seconds && m.nanos < o.nanos
}

func momentOf(t time.Time) moment { return moment{t.Unix(), int64(t.Nanosecond())} }

// until is the time from one moment to a later one.
func (m moment) until(end moment) time.Duration {
	if end == forever {
		return 0
	}
	return time.Duration(end.seconds-m.seconds)*time.Second + time.Duration(end.nanos-m.nanos)
}

// windowEnd gives the end of the window of start and period that holds now.
func windowEnd(now, start moment, period time.Duration) moment {
	if period <= 0 {
		return forever
	}
	length := int64((period + time.Second - 1) / time.Second)
	since := now.seconds - start.seconds
	if now.nanos < start.nanos {
		since--
	}
	n := since / length
	if since%length < 0 {
		n--
	}
	return moment{start.seconds + (n+1)*length, start.nanos}
}

// turn begins a new window once the one under way is over. A clock that goes
// backwards stays in the window under way.
func (m *Meter) turn(now moment, b *Bound) {
	if !m.counting || !now.before(m.end) {
		*m = Meter{end: windowEnd(now, momentOf(b.Start), b.Period), counting: true}
	}
}

// Room reports whether N units, at least one, fit into the window of now, and how
// long the window lasts; 0: for ever.
func (m *Meter) Room(b *Bound, now time.Time) (ok bool, rest time.Duration) {
	at := momentOf(now)
	m.turn(at, b)
	need := max(b.N, 1)
	return need <= b.Limit && m.used <= b.Limit-need, at.until(m.end)
}

// Add counts N units in the window of now, whether they fit or not.
func (m *Meter) Add(b *Bound, now time.Time) {
	m.turn(momentOf(now), b)
	if n := max(b.N, 0); m.used > math.MaxInt64-n {
		m.used = math.MaxInt64
	} else {
		m.used += n
	}
}

// Used is how many units the window under way has counted.
func (m *Meter) Used() int64 { return m.used }

// Idle reports whether the meter can be forgotten: its window is over, or it has
// counted nothing.
func (m *Meter) Idle(now time.Time) bool {
	return m.used == 0 || !momentOf(now).before(m.end)
}
