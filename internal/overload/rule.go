package overload

import (
	"math"
	"time"
)

// Times of the rule.
const (
	// slack is by how much requests may take longer than a quarter over what they take at
	// the least limit: with it a fast disk's groups fill, and a pause of the disk is no sign.
	slack = 25 * time.Millisecond
	// stale is how old what was measured may be while the limit binds; then it is
	// measured again.
	stale = 30 * time.Second
	// settled is how many windows at the least limit are needed to measure there, and
	// patient how many are tried before one counts in which more were under way.
	settled = 2
	patient = 40
)

// Window is what was seen since the last step of the rule.
type Window struct {
	// Now is the time since the gate was made.
	Now time.Duration
	// Typical is the median of how long measured requests were under way; zero: too few
	// came.
	Typical time.Duration
	// Bound says that a request found no place; Over that clearly more were under way
	// than at the least limit.
	Bound, Over bool
}

// Rule is the adaptive limit: it grows by its root while it binds and requests take
// little longer than at the least limit, and falls in proportion where they do (the
// gradient of Netflix's concurrency-limits, with Envoy's way to measure the base). It
// reads no clock.
type Rule struct {
	least, most, limit int

	base    time.Duration // what requests take at the least limit; 0: not measured
	based   time.Duration // when that was measured
	probing int           // steps at the least limit that are left, in a row
	tried   int           // of them, those that were not in a row
}

// NewRule makes a rule whose limit stays from least to most; it begins at twice
// the least.
func NewRule(least, most int) *Rule {
	least = max(least, 1)
	most = max(most, least)
	return &Rule{least: least, most: most, limit: min(2*least, most)}
}

// Limit is how many requests may be under way.
func (r *Rule) Limit() int {
	if r.probing > 0 {
		return r.least
	}
	return r.limit
}

// Step takes a window and gives the limit for the next one.
func (r *Rule) Step(w Window) int {
	binds := w.Bound && w.Typical > 0
	switch {
	case r.probing > 0:
		r.probe(w)
	case binds && w.Over && (r.base == 0 || w.Now-r.based > stale):
		r.probing, r.tried = settled, 0
	default:
		if !w.Over {
			r.measure(w, false)
		}
		if binds {
			r.adapt(w.Typical)
		}
	}
	return r.Limit()
}

// probe waits until what came in before has left, and as long again: of the first
// window without them, some that end in it began in their company.
func (r *Rule) probe(w Window) {
	if r.probing--; w.Over && r.tried < patient {
		r.probing = settled
		r.tried++
		return
	}
	if r.probing == 0 {
		r.measure(w, true)
	}
}

// measure takes a window at the least limit or below. Away from overload one that is
// slower counts little: it may be a pause of the disk.
func (r *Rule) measure(w Window, exact bool) {
	switch {
	case w.Typical <= 0:
		return
	case exact || r.base == 0 || w.Typical < r.base:
		r.base = w.Typical
	default:
		r.base += (w.Typical - r.base) / 8
	}
	r.based = w.Now
}

func (r *Rule) adapt(typical time.Duration) {
	target := r.base + r.base/4 + slack
	if typical > target {
		r.limit = max(r.least, int(float64(r.limit)*max(0.5, min(0.95, float64(target)/float64(typical)))))
		return
	}
	r.limit = min(r.most, r.limit+max(1, int(math.Sqrt(float64(r.limit)))))
}
