package telemetry

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// What slowness is about.
const (
	SlowOperation = "operation" // api/operation
	SlowState     = "state"     // state machine/state
)

// Times of the detector: it looks every SlowEvery at the last minute and, behind
// it, at what is left of the last hour.
const (
	SlowEvery  = 5 * time.Second
	slowWindow = time.Minute
	slowPast   = time.Hour
	// slowSamples is how many there must be behind the last minute to compare with.
	slowSamples = 100
	slowFactor  = 3
	maxSlowKeys = 512
)

// Default floors: below them nothing is slow, whatever it was before.
const (
	DefaultSlowOperation = time.Second
	DefaultSlowState     = time.Minute
)

// AttrStateType and AttrStateWait are attributes of a state's span: its type, and
// what it waited for, where that was somebody else's to end.
const (
	AttrStateType = "stile.state.type"
	AttrStateWait = "stile.state.wait"
)

// SlowKey names an operation or a state.
type SlowKey struct {
	Kind string // SlowOperation or SlowState
	Name string // api/operation, or state machine/state
}

// SlowCondition is slowness that was raised.
type SlowCondition struct {
	SlowKey
	Since time.Time
	// P95 is over the last minute, when it was looked at last; Usual over the hour
	// before it was raised, 0 where there was too little to tell.
	P95, Usual, Floor time.Duration
}

// SlowChange is a condition that was raised or cleared.
type SlowChange struct {
	SlowCondition
	Raised bool
	At     time.Time
}

// Slow finds operations and states that are slower than they were; it is a Sink.
//
// Task: say of each key, every SlowEvery, whether the 95th percentile of the last
// minute is above the floor and above slowFactor times that of the trailing hour.
// Invariants: the same samples and times of looking give the same changes; a
// condition is raised once and cleared once; the hour takes no sample of a time in
// which its key was slow, so that slowness does not become what is usual; memory is
// bounded by maxSlowKeys, of which the one not seen for longest makes room.
// Percentiles come from buckets a seventh apart: the last minute's is rounded down
// and the hour's up, so that rounding alone raises nothing.
type Slow struct {
	floors map[string]time.Duration
	keys   sync.Map // SlowKey → *slowKey

	mu    sync.Mutex // guards count, and that no two keys are made at once
	count int
}

type slowKey struct {
	mu        sync.Mutex
	seen      time.Time
	near      []slowSlot // of SlowEvery each, ascending
	past      []slowSlot // of a minute each, ascending
	condition *SlowCondition
}

// slowSlot counts durations by bucket.
type slowSlot struct {
	start  time.Time
	counts []slowCount
}

type slowCount struct {
	bucket uint8
	n      uint32
}

// NewSlow makes a detector; a floor of 0 is the default.
func NewSlow(operation, state time.Duration) *Slow {
	return &Slow{floors: map[string]time.Duration{
		SlowOperation: cmp.Or(operation, DefaultSlowOperation), SlowState: cmp.Or(state, DefaultSlowState)}}
}

// Exchange takes an exchange that found its operation.
func (s *Slow) Exchange(x *Exchange) {
	if x.API != "" && x.Operation != "" {
		took := time.Duration(x.Durations.Total)
		s.Observe(SlowKey{SlowOperation, x.API + "/" + x.Operation}, x.Time.Add(took), took)
	}
}

// Spans takes visits of Task states. Those that waited for a token are left out, as
// are states that wait or contain others: how long they take is not theirs.
func (s *Slow) Spans(spans []Span) {
	for i := range spans {
		sp := &spans[i]
		if sp.Kind == KindState && sp.Attributes.Get(AttrStateType) == "Task" && sp.Attributes.Get(AttrStateWait) == "" {
			s.Observe(SlowKey{SlowState, orNone(sp.Attributes.Get(AttrStateMachine)) + "/" + sp.Name}, sp.End, sp.End.Sub(sp.Start))
		}
	}
}

// Visit takes a visit of a Task that waited for nobody but the Task.
func (s *Slow) Visit(v *Visit) {
	if v.Type == "Task" && !v.Handed && v.Took >= 0 {
		s.Observe(SlowKey{SlowState, v.Machine + "/" + v.State}, v.End, v.Took)
	}
}

// Log takes nothing.
func (s *Slow) Log(Record) {}

// Event takes nothing.
func (s *Slow) Event(Event) {}

// Observe takes one sample that ended at a time.
func (s *Slow) Observe(key SlowKey, at time.Time, took time.Duration) {
	k := s.key(key, at)
	k.mu.Lock()
	defer k.mu.Unlock()
	if at.After(k.seen) {
		k.seen = at
	}
	k.near = addSample(k.near, at.Truncate(SlowEvery), bucketOf(took), 1)
}

func (s *Slow) key(key SlowKey, at time.Time) *slowKey {
	if k, ok := s.keys.Load(key); ok {
		return k.(*slowKey)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.keys.Load(key); ok {
		return k.(*slowKey)
	}
	if s.count >= maxSlowKeys {
		s.evict()
	}
	k := &slowKey{seen: at}
	s.keys.Store(key, k)
	s.count++
	return k
}

// evict makes room: the key that was not seen for longest, one that is not slow if
// there is any.
func (s *Slow) evict() {
	var oldest SlowKey
	var seen time.Time
	var slow bool
	found := false
	s.keys.Range(func(key, v any) bool {
		k := v.(*slowKey)
		k.mu.Lock()
		defer k.mu.Unlock()
		is := k.condition != nil
		if !found || slow && !is || slow == is && k.seen.Before(seen) {
			oldest, seen, slow, found = key.(SlowKey), k.seen, is, true
		}
		return true
	})
	s.keys.Delete(oldest)
	s.count--
}

// Look decides at a time, and gives what changed, by kind and name.
func (s *Slow) Look(now time.Time) (changes []SlowChange) {
	s.keys.Range(func(key, v any) bool {
		if c, changed := v.(*slowKey).look(key.(SlowKey), now, s.floors[key.(SlowKey).Kind]); changed {
			changes = append(changes, c)
		}
		return true
	})
	slices.SortFunc(changes, func(a, b SlowChange) int { return compareKeys(a.SlowKey, b.SlowKey) })
	return changes
}

// Raised lists the conditions that hold, by kind and name.
func (s *Slow) Raised() (out []SlowCondition) {
	s.keys.Range(func(_, v any) bool {
		k := v.(*slowKey)
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.condition != nil {
			out = append(out, *k.condition)
		}
		return true
	})
	slices.SortFunc(out, func(a, b SlowCondition) int { return compareKeys(a.SlowKey, b.SlowKey) })
	return out
}

func compareKeys(a, b SlowKey) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func (k *slowKey) look(key SlowKey, now time.Time, floor time.Duration) (c SlowChange, changed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.age(now)
	low, _, _ := percentile(k.near)
	if k.condition != nil {
		k.condition.P95 = low
		if low > floor && low > slowFactor*k.condition.Usual {
			return c, false
		}
		c = SlowChange{SlowCondition: *k.condition, At: now}
		k.condition = nil
		return c, true
	}
	_, usual, n := percentile(k.past)
	if n < slowSamples {
		usual = 0
	}
	if low <= floor || low <= slowFactor*usual {
		return c, false
	}
	k.condition = &SlowCondition{SlowKey: key, Since: now, P95: low, Usual: usual, Floor: floor}
	return SlowChange{SlowCondition: *k.condition, Raised: true, At: now}, true
}

// age moves what is older than the last minute into the hour, and forgets what is
// older than that.
func (k *slowKey) age(now time.Time) {
	for len(k.near) > 0 && !k.near[0].start.After(now.Add(-slowWindow)) {
		if k.condition == nil {
			for _, c := range k.near[0].counts {
				k.past = addSample(k.past, k.near[0].start.Truncate(time.Minute), c.bucket, c.n)
			}
		}
		k.near = slices.Delete(k.near, 0, 1)
	}
	for len(k.past) > 0 && !k.past[0].start.After(now.Add(-slowPast)) {
		k.past = slices.Delete(k.past, 0, 1)
	}
}

func addSample(slots []slowSlot, start time.Time, bucket uint8, n uint32) []slowSlot {
	at, found := slices.BinarySearchFunc(slots, start, func(s slowSlot, t time.Time) int { return s.start.Compare(t) })
	if !found {
		slots = slices.Insert(slots, at, slowSlot{start: start})
	}
	slot := &slots[at]
	i, found := slices.BinarySearchFunc(slot.counts, bucket, func(c slowCount, b uint8) int { return cmp.Compare(c.bucket, b) })
	if !found {
		slot.counts = slices.Insert(slot.counts, i, slowCount{bucket: bucket})
	}
	slot.counts[i].n += n
	return slots
}

// percentile gives the bounds of the bucket that holds the 95th percentile, and how
// many samples there are.
func percentile(slots []slowSlot) (low, high time.Duration, n uint64) {
	var sums [256]uint64
	for _, s := range slots {
		for _, c := range s.counts {
			sums[c.bucket] += uint64(c.n)
			n += uint64(c.n)
		}
	}
	if n == 0 {
		return 0, 0, 0
	}
	rank := (n*95 + 99) / 100
	var seen uint64
	for b, c := range sums {
		if seen += c; seen >= rank {
			return lowerBound(b), lowerBound(b + 1), n
		}
	}
	return 0, 0, n
}

// slowBounds are the lower bounds of the buckets: 0, a millisecond, and from there
// each a seventh more than the one before, up to some days.
var slowBounds = func() (b [170]time.Duration) {
	at := time.Millisecond
	for i := 1; i < len(b); i++ {
		b[i] = at
		at += at / 7
	}
	return b
}()

func lowerBound(bucket int) time.Duration { return slowBounds[min(bucket, len(slowBounds)-1)] }

// bucketOf finds the bucket whose lower bound is below took, or equal to it.
func bucketOf(took time.Duration) uint8 {
	i, found := slices.BinarySearch(slowBounds[:], max(0, took))
	if !found {
		i--
	}
	return uint8(i)
}
