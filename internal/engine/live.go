package engine

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/engine/redrive"
	"stile/internal/sfn"
	"stile/jsonval"
)

// live is an execution in memory. It belongs to its shard's worker.
type live struct {
	id    execID
	fixed fixedRecord
	state stateRecord
	// x is nil where the execution has ended or is in quarantine.
	x *interp.Execution
	// work holds the due work by command; timers the time of each open timer.
	work   map[uint64]*work
	timers map[uint64]int64
	// kin groups the live visits by how they fare; backoff names the visit of each
	// timer that is a back-off.
	kin     map[kin]*kinGroup
	backoff map[uint64]uint64
	// delivered holds token records that the store may not show yet, by their key.
	delivered map[string]tokenRecord
	// urls holds callback records in the same way.
	urls map[string]urlRecord

	// redriven are the client tokens of its redrives; nil where they were not read.
	redriven redrive.Tokens

	// unread is why the store could not be read while x was at work: what x holds is
	// not to be trusted, and the execution is loaded anew.
	unread error

	// unsettled counts turns that were handed to the committer and are not durable.
	unsettled atomic.Int32

	prev, next *live // of the cache
}

// work is one workRecord with what the worker holds beside it.
type work struct {
	workRecord
	// command is how to do it again; set where the record was read back.
	command *interp.Command
	// early are completions by token that came before the request was accepted.
	early []func()
	// until is the end of the back-off that runs; 0: none does.
	until int64
	// kin is the group that the visit is counted in.
	kin     kin
	counted bool
}

func (l *live) arn() string { return l.fixed.arn }

func (l *live) running() bool { return l.state.status == running }

// remember keeps a token record until the store shows it.
func (l *live) remember(key string, r tokenRecord) {
	if l.delivered == nil || l.unsettled.Load() <= 1 { // this turn alone is under way
		l.delivered = map[string]tokenRecord{}
	}
	l.delivered[key] = r
}

// quarantined gives the refusal that every call on such an execution gets.
func (l *live) quarantined() error {
	if l.state.quarantine == "" {
		return nil
	}
	return &sfn.Error{Code: "InternalFailure", Message: "Execution is in quarantine: '" + l.arn() + "': " + l.state.quarantine}
}

// lookup finds an execution in memory or in the store; nil, nil where there is none.
func (s *shard) lookup(id execID) (*live, error) {
	if l := s.cache.get(id); l != nil {
		switch {
		case l.unread == nil:
			return l, nil
		case l.unsettled.Load() > 0: // the store may not show its last turn yet
			return nil, l.unread
		}
		s.cache.remove(l)
	}
	l, found, err := s.h.load(id)
	if err != nil || l == nil {
		return nil, err
	}
	s.cache.add(l)
	if found != nil {
		t := s.turn(l)
		found(t)
		s.end(t)
	}
	return l, nil
}

// load reads an execution's records and restores it where it runs. found is what
// there is to write about it: it goes into quarantine where a record is absent or
// damaged or frames do not restore, and comes out again where only such a finding
// held it and it loads now, by another binary or from mended records. err says that
// the store could not be read, which tells nothing of the execution, or that too
// little of the execution is left to write anything about it.
func (h *Host) load(id execID) (l *live, found func(*turn), err error) {
	fixed, state, err := h.records(id)
	if err != nil || fixed == nil {
		return nil, nil, err
	}
	l = &live{id: id, fixed: *fixed, state: *state, work: map[uint64]*work{}, timers: map[uint64]int64{}}
	held := l.state.quarantine != ""
	if !l.running() || held && !l.state.found {
		return l, nil, nil
	}
	var broken *unfitError
	switch err = h.revive(l); {
	case err == nil && held:
		return l, (*turn).lift, nil
	case err == nil:
		return l, nil, nil
	case l.unread != nil:
		return nil, nil, l.unread
	case !errors.As(err, &broken) && !errors.Is(err, errRecord):
		return nil, nil, err
	}
	*l = live{id: id, fixed: *fixed, state: *state, work: map[uint64]*work{}, timers: map[uint64]int64{}}
	if held {
		return l, nil, nil
	}
	unfit := err.Error()
	return l, func(t *turn) {
		t.live.state.found, t.live.state.before = true, t.live.state.waiting
		t.quarantine(unfit, "found", "when it was loaded")
	}, nil
}

// unfitError is why a stored execution cannot be gone on with.
type unfitError struct{ why string }

// Error is one line.
func (e *unfitError) Error() string { return e.why }

// revive restores a running execution with its due work.
func (h *Host) revive(l *live) error {
	frames, err := h.frames(l.id)
	if err != nil {
		return err
	}
	program, err := h.program(&l.fixed)
	if err != nil {
		return err
	}
	if l.x, err = h.restore(program, l, frames); err != nil {
		return err
	}
	return h.loadWork(l)
}

// loadWork reads the due work and joins it with what interp says is out.
func (h *Host) loadWork(l *live) error {
	var bad error
	err := h.store.Iterate(spaceWork, l.id.all(), func(k, v []byte) bool {
		var r workRecord
		if r, bad = decodeWork(v); bad == nil {
			l.work[part(k, 0)] = &work{workRecord: r}
		}
		return bad == nil
	})
	if err = firstError(err, bad); err != nil {
		return err
	}
	out, err := h.outstanding(l)
	if err != nil {
		return err
	}
	for _, c := range out {
		switch c.Kind {
		case interp.StartTimer:
			l.timers[c.Timer] = c.At
			if w := l.work[c.ID]; c.ID != 0 && w != nil {
				w.until = c.At
				l.backs(c.Timer, c.ID)
			}
		case interp.ScheduleTask:
			if w := l.work[c.ID]; w != nil {
				w.command = &c
			}
		}
	}
	for _, c := range sortedKeys(l.work) {
		h.remark(l, c, h.now())
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// records reads both parts of an execution's record; nil, nil, nil for none.
func (h *Host) records(id execID) (*fixedRecord, *stateRecord, error) {
	got, err := h.store.GetMany(spaceExecution, [][]byte{id.key(fixedPart), id.key(statePart)})
	if err != nil || got[0] == nil {
		return nil, nil, err
	}
	return decodeBoth(got[0], got[1])
}

func decodeBoth(fixed, state []byte) (*fixedRecord, *stateRecord, error) {
	f, err := decodeFixed(fixed)
	if err != nil {
		return nil, nil, err
	}
	st, err := decodeState(state)
	return &f, &st, err
}

func (h *Host) frames(id execID) ([]interp.FrameChange, error) {
	var out []interp.FrameChange
	err := h.store.Iterate(spaceFrame, id.all(), func(k, v []byte) bool {
		out = append(out, interp.FrameChange{Key: uint32(part(k, 0)), Data: bytes.Clone(v)})
		return true
	})
	return out, err
}

// env is what interp reaches of this execution.
func (h *Host) env(l *live) interp.Env {
	return interp.Env{Token: h.keys.Seal, CheckParameters: h.checkParameters,
		LoadBlob: func(n uint64) (jsonval.Value, error) {
			v, err := h.blob(l.id, n)
			var broken *unfitError
			if err != nil && !errors.As(err, &broken) {
				l.unread = err
			}
			return v, err
		}}
}

func (h *Host) blob(id execID, n uint64) (jsonval.Value, error) {
	got, err := h.store.GetMany(spaceBlob, [][]byte{id.key(n)})
	if err != nil {
		return jsonval.Value{}, err
	}
	if len(got[0]) < 1 || got[0][0] != recordFormat {
		return jsonval.Value{}, &unfitError{fmt.Sprintf("engine: blob %d is absent or damaged", n)}
	}
	v, err := jsonval.Parse(got[0][1:])
	if err != nil {
		return v, &unfitError{fmt.Sprintf("engine: blob %d is damaged", n)}
	}
	return v, nil
}

// outstanding asks the execution what is out; it reads payloads back for that, and
// one that cannot be read is an error here rather than the end of the process.
func (h *Host) outstanding(l *live) (list []interp.Command, err error) {
	defer func() {
		if r := recover(); r != nil {
			list, err = nil, &unfitError{fmt.Sprint(r)}
		}
	}()
	return l.x.Outstanding(), nil
}

// restore is interp.Restore with its panics as errors.
func (h *Host) restore(p *asl.Program, l *live, frames []interp.FrameChange) (x *interp.Execution, err error) {
	defer func() {
		if r := recover(); r != nil {
			x, err = nil, &unfitError{fmt.Sprint(r)}
		}
	}()
	if x, err = interp.Restore(p, h.env(l), frames); err != nil {
		err = &unfitError{err.Error()}
	}
	return x, err
}

// index gives the key of the execution's row in the listing of all, and those in the
// listings of its state machine and of the version and alias that its start named.
func (l *live) index() (byStart []byte, byMachine [][]byte) {
	for _, arn := range l.fixed.listedUnder() {
		byMachine = append(byMachine, newestFirst(machinePrefix(arn), l.fixed.start, l.id))
	}
	return newestFirst(nil, l.fixed.start, l.id), byMachine
}

// putState writes the visibility record; once in a turn, at its end.
func (t *turn) putState() {
	t.set(spaceExecution, t.live.id.key(statePart), t.live.state.encode())
}

// putIndex writes the rows of the listings; at the start and at the end.
func (t *turn) putIndex() {
	l := t.live
	if c := l.fixed.mapChild(); c != nil {
		t.putChild(c)
		return
	}
	byStart, byMachine := l.index()
	r := indexRecord{l.state.status, l.state.stop}.encode()
	for _, key := range byMachine {
		t.set(spaceByMachine, key, r)
	}
	t.set(spaceByStart, byStart, r)
}
