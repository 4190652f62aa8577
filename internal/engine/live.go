package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"stile/asl"
	"stile/asl/interp"
	"stile/internal/engine/codec"
	"stile/internal/engine/kin"
	"stile/internal/engine/record"
	"stile/internal/engine/redrive"
	"stile/internal/engine/visibility"
	"stile/internal/sfn"
	"stile/jsonval"
)

// live is an execution in memory. It belongs to its shard's worker.
type live struct {
	id    record.ID
	fixed record.Fixed
	state record.State
	// x is nil where the execution has ended or is in quarantine.
	x *interp.Execution
	// work holds the due work by command; timers the time of each open timer.
	work   map[uint64]*work
	timers map[uint64]int64
	// kin groups the live visits by how they fare; backoff names the visit of each
	// timer that is a back-off.
	kin     kin.Groups[alike]
	backoff map[uint64]uint64
	// delivered holds token records that the store may not show yet, by their key.
	delivered map[string]record.Token
	// urls holds callback records in the same way.
	urls map[string]record.URL

	// redriven are the client tokens of its redrives; nil where they were not read.
	redriven redrive.Tokens

	// fields are what it is indexed by; fresh says that its record has not all of them.
	fields visibility.Hashes
	fresh  bool
	// trouble is the code of the row that it has among those that do not fare well.
	trouble byte
	// leaving says that its deletion goes on, gone that the turn which deletes it is made.
	leaving, gone bool

	// called is the last command that may have callback records: of one that began in
	// this process the last that got one, of others there is none.
	called uint64

	// unread is why the store could not be read while x was at work: what x holds is
	// not to be trusted, and the execution is loaded anew.
	unread error

	// unsettled counts turns that were handed to the committer and are not durable.
	unsettled atomic.Int32
}

// work is one record.Work with what the worker holds beside it.
type work struct {
	record.Work
	// command is how to do it again; set where the record was read back.
	command *interp.Command
	// early are completions by token that came before the request was accepted.
	early []func()
	// until is the end of the back-off that runs; 0: none does.
	until int64
	// kin is the group that the visit is counted in.
	kin     alike
	counted bool
}

func (l *live) arn() string { return l.fixed.ARN }

func (l *live) running() bool { return l.state.Status == record.Running }

// remember keeps a token record until the store shows it.
func (l *live) remember(key string, r record.Token) {
	if l.delivered == nil || l.unsettled.Load() <= 1 { // this turn alone is under way
		l.delivered = map[string]record.Token{}
	}
	l.delivered[key] = r
}

// quarantined gives the refusal that every call on such an execution gets.
func (l *live) quarantined() error {
	if l.state.Quarantine == "" {
		return nil
	}
	return &sfn.Error{Code: "InternalFailure", Message: "Execution is in quarantine: '" + l.arn() + "': " + l.state.Quarantine}
}

// lookup finds an execution in memory or in the store; nil, nil where there is none.
func (s *shard) lookup(id record.ID) (*live, error) {
	if l := s.cache.Get(id); l != nil {
		switch {
		case l.gone:
			if l.unsettled.Load() > 0 { // the store may still show it
				return nil, nil
			}
		case l.unread == nil:
			return l, nil
		case l.unsettled.Load() > 0: // the store may not show its last turn yet
			return nil, l.unread
		}
		s.cache.Remove(id)
	}
	l, found, err := s.h.load(id)
	if err != nil || l == nil {
		return nil, err
	}
	s.cache.Add(id, l)
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
func (h *Host) load(id record.ID) (l *live, found func(*turn), err error) {
	if h.known.Absent(id) { // most starts end here
		return nil, nil, nil
	}
	// What is not there costs one look.
	first, err := h.store.GetMany(record.SpaceExecution, [][]byte{id.Key(record.FixedPart)})
	if err != nil || first[0] == nil {
		return nil, nil, err
	}
	got, err := h.store.GetMany(record.SpaceExecution, [][]byte{id.Key(record.StatePart), id.Key(record.IndexedPart)})
	if err != nil {
		return nil, nil, err
	}
	fixed, state, err := record.DecodeBoth(first[0], got[0])
	if err != nil {
		return nil, nil, err
	}
	l = &live{id: id, fixed: *fixed, state: *state, work: map[uint64]*work{}, timers: map[uint64]int64{}, called: math.MaxUint64}
	if err := h.loadRows(l, got[1]); err != nil {
		return nil, nil, err
	}
	held := l.state.Quarantine != ""
	if !l.running() || held && !l.state.Found {
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
	case !errors.As(err, &broken) && !errors.Is(err, codec.ErrRecord):
		return nil, nil, err
	}
	*l = live{id: id, fixed: *fixed, state: *state, work: map[uint64]*work{}, timers: map[uint64]int64{}, called: math.MaxUint64, fields: l.fields, trouble: l.trouble}
	if held {
		return l, nil, nil
	}
	unfit := err.Error()
	return l, func(t *turn) {
		t.live.state.Found, t.live.state.Before = true, t.live.state.Waiting
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
	err := h.store.Iterate(record.SpaceWork, l.id.All(), func(k, v []byte) bool {
		var r record.Work
		if r, bad = record.DecodeWork(v); bad == nil {
			l.work[record.Part(k, 0)] = &work{Work: r}
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
func (h *Host) records(id record.ID) (*record.Fixed, *record.State, error) {
	got, err := h.store.GetMany(record.SpaceExecution, [][]byte{id.Key(record.FixedPart), id.Key(record.StatePart)})
	if err != nil {
		return nil, nil, err
	}
	return h.both(id, got[0], got[1])
}

// both decodes the parts of an execution's record; nil, nil, nil where there is none.
func (h *Host) both(id record.ID, fixed, state []byte) (*record.Fixed, *record.State, error) {
	if fixed != nil && state == nil { // it may have been deleted between the two reads
		again, err := h.store.GetMany(record.SpaceExecution, [][]byte{id.Key(record.FixedPart)})
		if err != nil {
			return nil, nil, err
		}
		fixed = again[0]
	}
	if fixed == nil {
		return nil, nil, nil
	}
	return record.DecodeBoth(fixed, state)
}

// loadRows reads which rows an execution has that its other records do not tell of.
func (h *Host) loadRows(l *live, indexed []byte) (err error) {
	if l.fields, err = visibility.DecodeHashes(indexed); err != nil {
		return err
	}
	l.trouble = l.troubled()
	if l.running() {
		return nil
	}
	got, err := h.store.GetMany(record.SpaceErasing, [][]byte{l.id[:]})
	l.leaving = err == nil && got[0] != nil
	return err
}

func (h *Host) frames(id record.ID) ([]interp.FrameChange, error) {
	var out []interp.FrameChange
	err := h.store.Iterate(record.SpaceFrame, id.All(), func(k, v []byte) bool {
		out = append(out, interp.FrameChange{Key: uint32(record.Part(k, 0)), Data: bytes.Clone(v)})
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

func (h *Host) blob(id record.ID, n uint64) (jsonval.Value, error) {
	got, err := h.store.GetMany(record.SpaceBlob, [][]byte{id.Key(n)})
	if err != nil {
		return jsonval.Value{}, err
	}
	if len(got[0]) < 1 || got[0][0] != codec.Format {
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

// putState writes the visibility record; once in a turn, at its end.
func (t *turn) putState() {
	t.putTrouble()
	t.set(record.SpaceExecution, t.live.id.Key(record.StatePart), t.live.state.Encode())
}
