package engine

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	rules "stile/asl/history"
	"stile/asl/interp"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// simModel is what a simulation knows of its executions from the groups that the host
// commits: each row is looked at once, when it is written. What is durable is what
// clients and workers may have been shown.
type simModel struct {
	mu      sync.Mutex
	execs   map[record.ID]*simExec
	order   []*simExec // as they were born
	pending [][]simDurable
	faults  []string
	records int // journal records that were applied, lost ones too
	timers  map[simTimerID]simArmed
	fired   int
	late    int64 // the greatest lateness of a timer, ms
	since   int64 // engine time from which lateness counts: when the host was ready
	life    int
	mono    func() int64
}

type simTimerID struct {
	id    record.ID
	timer uint64
}

// simArmed is when a timer was armed, on both clocks.
type simArmed struct {
	due, time, mono int64
	life            int
}

// simEnd is the event that ended an attempt, and the number of its journal record.
type simEnd struct {
	interp.Event
	seq int
}

// simAttempt names an attempt of a Task visit.
type simAttempt struct {
	command uint64
	attempt uint32
}

// simExec is one execution as its rows tell.
type simExec struct {
	id       record.ID
	arn      string
	digest   string   // of the input
	rows     [][]byte // of history, visible
	journal  [][]byte
	checker  rules.Checker
	shown    []simShown // events
	status   string
	statuses []string // durable ones, in their order
	ended    map[simAttempt]simEnd
	last     int64 // time of the last event
	starts   int64 // time of ExecutionStarted
	redriven []int64

	durable simDurable
	work    map[uint64]record.Work // durable due work
	brief   map[uint64]record.Work // work that one group both asked for and ended
	// what workers were given
	keys  map[uint64][]simKey
	sends map[uint64]uint32
}

type simShown struct {
	id, time int64
	typ      string
}

type simKey struct {
	attempt uint32
	key     string
}

// simDurable is how far an execution is with a group.
type simDurable struct {
	e                     *simExec
	rows, journal, events int
	status                string
	work                  []simWork
}

type simWork struct {
	command uint64
	value   []byte
}

func newSimModel(mono func() int64) *simModel {
	return &simModel{execs: map[record.ID]*simExec{}, timers: map[simTimerID]simArmed{}, mono: mono}
}

func (m *simModel) fault(format string, args ...any) {
	if len(m.faults) < 20 {
		m.faults = append(m.faults, fmt.Sprintf(format, args...))
	}
}

func (m *simModel) exec(id record.ID) *simExec {
	e := m.execs[id]
	if e == nil {
		e = &simExec{id: id, ended: map[simAttempt]simEnd{}, work: map[uint64]record.Work{}, brief: map[uint64]record.Work{}, keys: map[uint64][]simKey{}, sends: map[uint64]uint32{}}
		m.execs[id] = e
		m.order = append(m.order, e)
	}
	return e
}

// commit looks at a group on its way to the store.
func (m *simModel) commit(g kv.Group) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var group []simDurable
	touched := func(id record.ID) *simDurable {
		e := m.exec(id)
		for i := range group {
			if group[i].e == e {
				return &group[i]
			}
		}
		group = append(group, simDurable{e: e})
		return &group[len(group)-1]
	}
	for _, w := range g.Writes {
		for i := range w.Ops {
			op := &w.Ops[i]
			switch op.Space {
			case record.SpaceJournal, record.SpaceHistory, record.SpaceExecution:
				d := touched(record.ID(op.Key[:16]))
				m.row(d.e, op)
			case record.SpaceWork:
				d := touched(record.ID(op.Key[:16]))
				d.work = append(d.work, simWork{record.Part(op.Key, 0), op.Value})
			case record.SpaceTimer:
				m.timer(op)
			}
		}
	}
	for i := range group {
		d := &group[i]
		d.rows, d.journal, d.events, d.status = len(d.e.rows), len(d.e.journal), len(d.e.shown), d.e.status
	}
	m.pending = append(m.pending, group)
}

// row is a new row of an execution.
func (m *simModel) row(e *simExec, op *kv.Op) {
	if op.Kind != kv.Set {
		m.fault("%s: a row of space %x is deleted", e.arn, op.Space)
		return
	}
	switch op.Space {
	case record.SpaceExecution:
		if record.Part(op.Key, 0) == record.FixedPart { // again only where a crash lost the first
			if f, err := record.DecodeFixed(op.Value); err == nil {
				e.arn, e.digest = f.ARN, f.InputDigest
			}
		}
	case record.SpaceJournal:
		m.records++
		m.journal(e, record.Part(op.Key, 0), op.Value, true)
	case record.SpaceHistory:
		m.history(e, record.Part(op.Key, 0), op.Value)
	}
}

func (m *simModel) journal(e *simExec, seq uint64, row []byte, now bool) {
	if int(seq) != len(e.journal)+1 {
		m.fault("%s: journal record %d comes after %d", e.arn, seq, len(e.journal))
	}
	e.journal = append(e.journal, row)
	ev, err := interp.DecodeEvent(row)
	if err != nil {
		m.fault("%s: journal record %d: %v", e.arn, seq, err)
		return
	}
	e.last = ev.Time
	switch ev.Kind {
	case interp.EventTaskSucceeded, interp.EventTaskFailed:
		at := simAttempt{ev.Command, ev.Attempt}
		if _, twice := e.ended[at]; twice {
			m.fault("%s: attempt %d of command %d ends twice", e.arn, ev.Attempt, ev.Command)
		}
		e.ended[at] = simEnd{ev, len(e.journal)}
	case interp.EventTimer:
		if now {
			m.fire(e, ev)
		}
	}
}

// fire checks a timer's time.
func (m *simModel) fire(e *simExec, ev interp.Event) {
	a, armed := m.timers[simTimerID{e.id, ev.Timer}]
	if !armed {
		m.fault("%s: timer %d fires and is not armed", e.arn, ev.Timer)
		return
	}
	m.fired++
	if ev.Time < a.due {
		m.fault("%s: timer %d fires %d ms early", e.arn, ev.Timer, a.due-ev.Time)
	}
	// Half a second may have passed between the turn that armed it and its group.
	if passed := m.mono() - a.mono; a.life == m.life && passed+500 < a.due-a.time {
		m.fault("%s: timer %d of %d ms fires after %d", e.arn, ev.Timer, a.due-a.time, passed)
	}
	late := ev.Time - max(a.due, m.since, a.time)
	if m.late = max(m.late, late); late > 1000 {
		m.fault("%s: timer %d fires %d ms late", e.arn, ev.Timer, late)
	}
}

// timer arms or disarms. A group deletes the row of a timer that fired behind its event.
func (m *simModel) timer(op *kv.Op) {
	due, id, timer := record.OpenTimerKey(op.Key)
	if timer == record.HealthTimer {
		return
	}
	if op.Kind == kv.Set {
		e := m.exec(id)
		m.timers[simTimerID{id, timer}] = simArmed{due: due, time: e.last, mono: m.mono(), life: m.life}
	}
}

func (m *simModel) history(e *simExec, first uint64, row []byte) {
	events, err := record.DecodeHistory(row)
	if err != nil {
		m.fault("%s: history row %d: %v", e.arn, first, err)
		return
	}
	if int(first) != len(e.shown)+1 {
		m.fault("%s: a history row begins with %d after %d events", e.arn, first, len(e.shown))
	}
	e.rows = append(e.rows, row)
	for i := range events {
		ev := &events[i]
		if wrong := e.checker.Add(ev); wrong != "" {
			m.fault("%s: %s", e.arn, wrong)
		}
		e.shown = append(e.shown, simShown{ev.ID, ev.Time, ev.Type})
		switch ev.Type {
		case "ExecutionStarted":
			e.status, e.starts = sfn.Running, ev.Time
		case "ExecutionRedriven":
			e.status = sfn.Running
			e.redriven = append(e.redriven, ev.Time)
		case "ExecutionSucceeded":
			e.status = sfn.Succeeded
		case "ExecutionFailed":
			e.status = sfn.Failed
		case "ExecutionAborted":
			e.status = sfn.Aborted
		case "ExecutionTimedOut":
			e.status = sfn.TimedOut
		}
	}
}

// synced says that the oldest group is durable.
func (m *simModel) synced() {
	m.mu.Lock()
	defer m.mu.Unlock()
	group := m.pending[0]
	m.pending = m.pending[1:]
	for i := range group {
		d := &group[i]
		e := d.e
		e.synced(d.work)
		d.work = nil
		e.durable = *d
		if n := len(e.statuses); n == 0 || e.statuses[n-1] != d.status {
			e.statuses = append(e.statuses, d.status)
		}
	}
}

// synced takes the due work of a durable group. An answer to an earlier send may end
// what the same group sends again: that send is durable, and already without a row.
func (e *simExec) synced(work []simWork) {
	clear(e.brief)
	here := map[uint64]record.Work{}
	for _, w := range work {
		if w.value == nil {
			if r, both := here[w.command]; both {
				e.brief[w.command] = r
			}
			delete(e.work, w.command)
		} else if r, err := record.DecodeWork(w.value); err == nil {
			e.work[w.command], here[w.command] = r, r
		}
	}
}

// survived compares what a crash left with what was durable, and goes on from it.
func (m *simModel) survived(store kv.Store) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = nil
	clear(m.timers)
	left := map[record.ID][2][][]byte{}
	for n, space := range [2]kv.Space{record.SpaceHistory, record.SpaceJournal} {
		if err := store.Iterate(space, kv.Range{}, func(k, v []byte) bool {
			id := record.ID(k[:16])
			rows := left[id]
			rows[n] = append(rows[n], v)
			left[id] = rows
			return true
		}); err != nil {
			return err
		}
	}
	for _, e := range m.order {
		rows := left[e.id]
		delete(left, e.id)
		m.restore(e, rows[0], rows[1])
	}
	for id := range left {
		m.fault("execution %x came out of nowhere", id)
	}
	if err := store.Iterate(record.SpaceWork, kv.Range{}, func(k, v []byte) bool {
		if r, err := record.DecodeWork(v); err == nil {
			m.exec(record.ID(k[:16])).work[record.Part(k, 0)] = r
		}
		return true
	}); err != nil {
		return err
	}
	return store.Iterate(record.SpaceTimer, kv.Range{}, func(k, _ []byte) bool {
		due, id, timer := record.OpenTimerKey(k)
		if timer != record.HealthTimer {
			m.timers[simTimerID{id, timer}] = simArmed{due: due}
		}
		return true
	})
}

func (m *simModel) restore(e *simExec, rows, journal [][]byte) {
	for n, pair := range [2]struct {
		old, left [][]byte
		durable   int
	}{{e.rows, rows, e.durable.rows}, {e.journal, journal, e.durable.journal}} {
		what := [2]string{"history", "journal"}[n]
		if len(pair.left) < pair.durable {
			m.fault("%s: the %s had %d durable rows, %d are left", e.arn, what, pair.durable, len(pair.left))
		}
		for i := range min(len(pair.old), len(pair.left)) {
			if !bytes.Equal(pair.old[i], pair.left[i]) {
				m.fault("%s: row %d of the %s is another one after a crash", e.arn, i+1, what)
				break
			}
		}
	}
	clear(e.work)
	clear(e.brief)
	if len(rows) != len(e.rows) || len(journal) != len(e.journal) {
		e.checker, e.rows, e.journal, e.shown, e.status, e.redriven = rules.Checker{}, nil, nil, nil, "", nil
		clear(e.ended)
		for i := range journal {
			m.journal(e, uint64(i+1), journal[i], false)
		}
		for i := range rows {
			m.history(e, uint64(len(e.shown)+1), rows[i])
		}
	}
	e.durable = simDurable{e: e, rows: len(e.rows), journal: len(e.journal), events: len(e.shown), status: e.status}
	if n := len(e.statuses); len(e.rows) > 0 && (n == 0 || e.statuses[n-1] != e.status) {
		e.statuses = append(e.statuses, e.status)
	}
}

// dispatched checks a call that a worker was given: it is durable, it was not sent
// before, and its Idempotency-Key keeps the rules.
func (m *simModel) dispatched(c *sfn.TaskCall) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.exec(record.IDOf(c.ExecutionARN))
	w, due := e.work[c.Command]
	if !due {
		w, due = e.brief[c.Command]
	}
	if over := e.durable.status != sfn.Running && e.durable.status != ""; !due && !over ||
		due && (w.Attempt < c.Attempt || w.Attempt == c.Attempt && w.Send < c.Send) {
		m.fault("%s: attempt %d of command %d is sent (%d) before it is durable", c.ExecutionARN, c.Attempt, c.Command, c.Send)
	}
	if last := e.sends[c.Command]; c.Send <= last {
		m.fault("%s: command %d is sent as %d after %d", c.ExecutionARN, c.Command, c.Send, last)
	}
	e.sends[c.Command] = c.Send
	e.keys[c.Command] = append(e.keys[c.Command], simKey{c.Attempt, c.IdempotencyKey})
}

// checkKeys holds the Idempotency-Keys of all calls against the rules: one for all
// sends and unseen answers of a visit, a new one after a definite answer, and no two
// visits share one.
func (m *simModel) checkKeys() (calls int) {
	owner := map[string]string{}
	for _, e := range m.order {
		for command, keys := range e.keys {
			at := fmt.Sprintf("%s command %d", e.arn, command)
			slices.SortStableFunc(keys, func(a, b simKey) int { return cmp.Compare(a.attempt, b.attempt) })
			calls += len(keys)
			for i, k := range keys {
				if other, taken := owner[k.key]; taken && other != at {
					m.fault("%s has the idempotency key of %s", at, other)
				}
				owner[k.key] = at
				if i == 0 {
					continue
				}
				before, answered := keys[i-1], false
				for a := before.attempt; a < k.attempt; a++ {
					ev, ended := e.ended[simAttempt{command, a}]
					answered = answered || ended && (ev.Definite || ev.Kind == interp.EventTaskSucceeded)
				}
				if answered == (k.key == before.key) {
					m.fault("%s: attempts %d and %d, a definite answer between them: %v, the same key: %v", at, before.attempt, k.attempt, answered, k.key == before.key)
				}
			}
		}
	}
	return calls
}

// hash is of all that is kept.
func (m *simModel) hash() uint64 {
	h := fnv.New64a()
	var n [8]byte
	for _, e := range m.order {
		h.Write([]byte(e.arn))
		for _, rows := range [2][][]byte{e.rows, e.journal} {
			binary.BigEndian.PutUint64(n[:], uint64(len(rows)))
			h.Write(n[:])
			for _, r := range rows {
				h.Write(r)
			}
		}
	}
	return h.Sum64()
}
