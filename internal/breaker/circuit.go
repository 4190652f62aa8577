package breaker

import (
	"slices"
	"time"

	"stile/policy/exchange"
)

// Open is a circuit that is open: by which rule, and until when.
type Open struct {
	Rule  string
	Until time.Time
}

// Circuit is the breaker of one backend. The zero Circuit is closed and ready. Its
// methods are not safe for concurrent use; see Memory.
type Circuit struct {
	open  Open
	trips uint64
	rules []counted
}

// Ticket is a call that was let in.
type Ticket struct{ trips uint64 }

// counted is a rule with what it has counted.
type counted struct {
	rule exchange.BreakerRule
	// times are the last failures, oldest first from head on, of a rule by count.
	times []time.Time
	head  int
	// slots count calls and failures of a rule by percentage.
	slots [slots]slot
}

// slots is how many parts the interval of a rule by percentage has: what is counted
// is forgotten part by part.
const slots = 64

type slot struct {
	number        int64
	calls, failed int
}

// Enter lets a call in, or gives what holds the circuit open.
func (c *Circuit) Enter(rules []exchange.BreakerRule, now time.Time) (t Ticket, open Open, ok bool) {
	c.keep(rules)
	if now.Before(c.open.Until) {
		return Ticket{}, c.open, false
	}
	if c.open.Rule != "" {
		c.open = Open{}
	}
	return Ticket{c.trips}, Open{}, true
}

// keep holds the counters against the rules as they stand: a rule that is another
// now begins anew, and a circuit that it held open closes.
func (c *Circuit) keep(rules []exchange.BreakerRule) {
	if slices.EqualFunc(c.rules, rules, func(a counted, b exchange.BreakerRule) bool { return same(&a.rule, &b) }) {
		return
	}
	next := make([]counted, len(rules))
	held := false
	for i := range rules {
		next[i].rule = rules[i]
		for k := range c.rules {
			if same(&c.rules[k].rule, &rules[i]) {
				next[i] = c.rules[k]
				held = held || rules[i].Name == c.open.Rule
			}
		}
	}
	c.rules = next
	if !held && c.open.Rule != "" {
		c.open = Open{}
		c.trips++
	}
}

func same(a, b *exchange.BreakerRule) bool {
	return a.Name == b.Name && a.Count == b.Count && a.Percentage == b.Percentage && a.Interval == b.Interval && a.Trip == b.Trip &&
		a.AcceptRetryAfter == b.AcceptRetryAfter && slices.Equal(a.Statuses, b.Statuses) && slices.Equal(a.Reasons, b.Reasons)
}

// Done tells how a call went that Enter let in. The first rule that it trips opens
// the circuit; tripped is that.
func (c *Circuit) Done(t Ticket, o Outcome, now time.Time) (tripped Open, yes bool) {
	if t.trips != c.trips {
		return Open{}, false
	}
	for i := range c.rules {
		r := &c.rules[i]
		if !r.count(failed(&r.rule, o), now) {
			continue
		}
		last := r.rule.Trip
		if r.rule.AcceptRetryAfter && o.RetryAfter > 0 {
			last = o.RetryAfter
		}
		c.open = Open{Rule: r.rule.Name, Until: now.Add(last)}
		c.trips++
		for k := range c.rules {
			c.rules[k] = counted{rule: c.rules[k].rule}
		}
		return c.open, true
	}
	return Open{}, false
}

// count counts a call and reports whether it trips the rule.
func (r *counted) count(failed bool, now time.Time) bool {
	if r.rule.Percentage > 0 {
		return r.share(failed, now)
	}
	if !failed {
		return false
	}
	if len(r.times) < r.rule.Count {
		r.times = append(r.times, now)
	} else {
		r.times[r.head] = now
		r.head = (r.head + 1) % len(r.times)
	}
	return len(r.times) == r.rule.Count && now.Sub(r.times[r.head]) < r.rule.Interval
}

// share counts in the slot of now, and judges the last slots together.
func (r *counted) share(failed bool, now time.Time) bool {
	width := max(int64(r.rule.Interval)/slots, 1)
	number := now.UnixNano() / width
	s := &r.slots[number%slots]
	if s.number != number {
		*s = slot{number: number}
	}
	s.calls++
	if !failed {
		return false
	}
	s.failed++
	calls, failures := 0, 0
	for i := range r.slots {
		if s := &r.slots[i]; s.number > number-slots && s.number <= number {
			calls, failures = calls+s.calls, failures+s.failed
		}
	}
	return failures*100 >= r.rule.Percentage*calls
}
