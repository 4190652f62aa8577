package engine

import (
	"math"
	"time"

	"stile/internal/engine/record"
	"stile/internal/sfn"
	"stile/jsonval"
)

// alike is what live Task visits have in common that fare alike: see kin.
type alike struct {
	phase   record.Phase
	trouble sfn.Trouble
	late    bool
	state   string
}

// thread is a visit as health sees it; false for one that is over.
func (h *Host) thread(l *live, w *work) (sfn.Thread, bool) {
	t := sfn.Thread{State: w.State, Entered: time.UnixMilli(w.Entered), Trouble: w.Trouble}
	switch {
	case w.Phase == record.Dispatched, w.Phase == record.Submitted && !w.Token:
		t.Phase = sfn.ThreadSent
	case w.Phase == record.Submitted:
		t.Phase, t.Until = sfn.ThreadHasToken, time.UnixMilli(w.Expires)
	case w.Phase == record.Idle && w.until != 0:
		t.Phase, t.Until = sfn.ThreadBacksOff, time.UnixMilli(w.until)
	default:
		return t, false
	}
	if h.limits != nil {
		t.Limit = h.limits(l.fixed.MachineARN, w.State)
	}
	return t, true
}

// remark counts a visit anew after it changed, and gives when it will have taken
// too long; 0 where it has already, or never will.
func (h *Host) remark(l *live, command uint64, now int64) (deadline int64) {
	w := l.work[command]
	if w == nil || command == 0 {
		return 0
	}
	l.uncount(command, w)
	t, alive := h.thread(l, w)
	if !alive {
		return 0
	}
	k := alike{phase: w.Phase, trouble: w.Trouble, state: w.State}
	if at := t.Deadline(); !at.IsZero() {
		if k.late = at.UnixMilli() <= now; !k.late {
			deadline = at.UnixMilli()
		}
	}
	l.kin.Count(k, command)
	w.kin, w.counted = k, true
	return deadline
}

// uncount takes a visit out of its group.
func (l *live) uncount(command uint64, w *work) {
	if !w.counted {
		return
	}
	w.counted = false
	l.kin.Uncount(w.kin, command, func(yield func(uint64) bool) {
		for c, other := range l.work {
			if other.counted && other.kin == w.kin && !yield(c) {
				return
			}
		}
	})
}

// remark counts a visit anew and remembers the nearest time at which it must be
// looked at.
func (t *turn) remark(command uint64) {
	if at := t.h.remark(t.live, command, t.now()); at != 0 && (t.deadline == 0 || at < t.deadline) {
		t.deadline = at
	}
}

func (t *turn) now() int64 { return max(t.h.now(), t.live.state.Last) }

// backsOff says that another attempt of the visit follows at a time.
func (t *turn) backsOff(command, timer uint64, at int64) {
	l := t.live
	w := l.work[command]
	if w == nil {
		return
	}
	l.backs(timer, command)
	w.until = at
	t.remark(command)
}

func (l *live) backs(timer, command uint64) {
	if l.backoff == nil {
		l.backoff = map[uint64]uint64{}
	}
	l.backoff[timer] = command
}

// backedOff says that a back-off's timer is no longer out.
func (t *turn) backedOff(timer uint64) {
	l := t.live
	command, known := l.backoff[timer]
	if !known {
		return
	}
	delete(l.backoff, timer)
	if w := l.work[command]; w != nil {
		w.until = 0
		t.remark(command)
	}
}

// judge brings the health of the turn's execution up to date: it runs once in a
// turn, before the visibility record is written.
func (t *turn) judge() {
	l := t.live
	before := l.state.Health.Shown()
	if !l.running() {
		t.endHealth(before)
		return
	}
	if _, more := l.work[0]; more && l.state.Quarantine == "" && before.Status != "" {
		t.arm() // in the middle of a slice what the execution does shows at its end
		return
	}
	facts, samples := t.facts(before)
	after, decides := sfn.JudgeThread(facts)
	r := &l.state.Health
	r.Put(after)
	r.Command, r.Send = 0, 0
	if decides >= 0 && decides < len(samples) {
		if w := l.work[samples[decides]]; w != nil && w.Refused != 0 && after.Status != sfn.Waiting {
			r.Command, r.Send = samples[decides], w.Refused
		}
	}
	if after.Changed(before) && (before.Status != "" || after.Status != sfn.Healthy) {
		t.tellHealth(before, after)
	}
	t.arm()
}

// facts are one thread of each group, in the order of their commands, with the
// waits behind them, of which interp keeps the count alone.
func (t *turn) facts(before sfn.Health) (f sfn.HealthFacts, samples []uint64) {
	l := t.live
	f = sfn.HealthFacts{Now: time.UnixMilli(t.now()), State: l.state.State, Quarantined: l.state.Quarantine != "", Before: before}
	samples = l.kin.Samples()
	for _, c := range samples {
		th, _ := t.h.thread(l, l.work[c])
		f.Threads = append(f.Threads, th)
	}
	switch {
	case l.x != nil && l.x.Waits() > 0:
		f.Threads = append(f.Threads, sfn.Thread{State: l.state.State, Phase: sfn.ThreadWaits, Until: l.nextTimer()})
	case l.state.Waiting == "retry" && len(l.backoff) == 0: // a Parallel or Map backs off as a whole
		f.Threads = append(f.Threads, sfn.Thread{State: l.state.State, Phase: sfn.ThreadBacksOff, Entered: f.Now,
			Trouble: sfn.TroubleRetry, Until: l.nextTimer()})
	}
	return f, samples
}

// manyTimers is where looking for the next one costs more than it tells.
const manyTimers = 64

// nextTimer is when the first of the execution's timers is due; zero where there
// is none, or too many.
func (l *live) nextTimer() time.Time {
	if len(l.timers) == 0 || len(l.timers) > manyTimers {
		return time.Time{}
	}
	first := int64(math.MaxInt64)
	for _, at := range l.timers {
		first = min(first, at)
	}
	return time.UnixMilli(first)
}

// endHealth is for an execution that has ended: who was told of trouble is told
// that it is over.
func (t *turn) endHealth(before sfn.Health) {
	if before.Status != "" && before.Status != sfn.Healthy && before.Status != sfn.Waiting {
		t.tellHealth(before, sfn.Health{Status: healthEnded, Since: time.UnixMilli(t.now())})
	}
	t.live.state.Health = record.Health{}
}

// healthEnded stands in a notice for the health of an execution that has none any more.
const healthEnded sfn.HealthStatus = "ended"

// arm sets the health timer to the nearest deadline that the turn has seen, where
// it is not set to an earlier time. It is the only one of its execution, and it is
// left alone when a Task ends in time: at its time it looks around.
func (t *turn) arm() {
	r := &t.live.state.Health
	if t.deadline == 0 || r.Check != 0 && r.Check <= t.deadline {
		return
	}
	t.disarm()
	r.Check = t.deadline
	t.set(record.SpaceTimer, record.TimerKey(r.Check, t.live.id, record.HealthTimer), nil)
	t.timers = append(t.timers, timerChange{timerID{t.live.id, record.HealthTimer}, r.Check, true})
}

func (t *turn) disarm() {
	r := &t.live.state.Health
	if r.Check == 0 {
		return
	}
	t.remove(record.SpaceTimer, record.TimerKey(r.Check, t.live.id, record.HealthTimer))
	t.timers = append(t.timers, timerChange{timerID{t.live.id, record.HealthTimer}, r.Check, false})
	r.Check = 0
}

// shortestLook is the least time between two looks at an execution's health.
const shortestLook = 1000

// healthDue looks at an execution whose health timer came due. There is no event
// of interp's in it: journal and history stay as they are.
func (s *shard) healthDue(l *live, due int64) {
	t := s.turn(l)
	t.disarm()
	now := t.now()
	for _, c := range sortedKeys(l.work) {
		t.remark(c)
	}
	if t.deadline != 0 {
		t.deadline = max(t.deadline, now+shortestLook)
	}
	t.changed = true
	before := l.state.Health.Shown()
	s.end(t)
	if l.state.Health.Shown().Changed(before) {
		s.h.log.Debug("health changed with time", "execution", l.arn(), "health", l.state.Health.Shown().Status, "due", due)
	}
}

// verdicts fills in the verdicts of what DescribeExecution and ListExecutions show.
func (h *Host) verdicts(shown []sfn.Execution, states []record.Health, ids []record.ID) error {
	var keys [][]byte
	var at []int
	for i := range states {
		if states[i].Command != 0 {
			keys, at = append(keys, ids[i].Key(states[i].Command, uint64(states[i].Send))), append(at, i)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	got, err := h.store.GetMany(record.SpaceCall, keys)
	if err != nil {
		return err
	}
	for n, i := range at {
		if got[n] == nil {
			continue
		}
		c, err := record.DecodeCall(got[n])
		if err != nil {
			return err
		}
		shown[i].Health.Verdict = sfn.DenialOf(c.Call)
	}
	return nil
}

// lastDenial is what a health notice says about the verdict: its place and reason,
// and nothing that tells of the caller.
func lastDenial(v jsonval.Value) jsonval.Value {
	if !v.Exists() {
		return jsonval.NullValue
	}
	var o jsonval.Object
	for _, name := range []string{"policy", "action", "resource", "role", "scope", "file", "line", "revision", "status", "reason"} {
		if m := v.Get(name); m.Exists() {
			o.Add(name, m)
		}
	}
	return o.Value()
}
