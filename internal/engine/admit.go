package engine

import (
	"context"
	"sync"
	"time"

	"stile/internal/engine/record"
	"stile/internal/sfn"
)

// admission is why no new work is taken, nil while it is: what was taken before goes
// on, and so does what belongs to it (sfn.Owed).
func (h *Host) admission(ctx context.Context) error {
	if h.admit == nil || sfn.IsOwed(ctx) {
		return nil
	}
	return h.admit()
}

// taken says whether an execution has this ARN: who asks for it again gets the same
// answer, whatever the room.
func (s *shard) taken(arn string) bool {
	l, err := s.lookup(record.IDOf(arn))
	return err == nil && l != nil
}

// CreateStateMachine makes a state machine; see machines.Actions.
func (h *Host) CreateStateMachine(ctx context.Context, in sfn.NewStateMachine) (sfn.StateMachine, error) {
	if err := h.admission(ctx); err != nil {
		return sfn.StateMachine{}, err
	}
	return h.machineActions.CreateStateMachine(ctx, in)
}

// UpdateStateMachine changes a state machine; see machines.Actions.
func (h *Host) UpdateStateMachine(ctx context.Context, arn string, u sfn.StateMachineUpdate) (sfn.StateMachine, error) {
	if err := h.admission(ctx); err != nil {
		return sfn.StateMachine{}, err
	}
	return h.machineActions.UpdateStateMachine(ctx, arn, u)
}

// patience is how long a call waits for the disk. Longer than any sync of a disk that
// works, and short enough that the call and its record in the audit stay below 5 s.
const patience = 2500 * time.Millisecond

// errUnknown is for who waited: the group is still on its way to the disk.
var errUnknown = &sfn.Error{Code: "ServiceUnavailable", Message: "The disk of the data folder takes no writes at the moment. " +
	"Whether the request takes effect is not known: ask again, with the same name or token it takes effect once."}

// errStuck is for who came while the disk takes no writes.
var errStuck = &sfn.Error{Code: "ServiceUnavailable", Message: "The disk of the data folder takes no writes at the moment. " +
	"The request was not taken: ask again later."}

// stall knows whether the disk keeps the committer waiting.
//
// What waits for a group that does not become durable is told so after patience, and
// who comes meanwhile at once; the group stays where it is, and when it is durable
// everything goes on, the effects of what was told "not known" included.
type stall struct {
	mu     sync.Mutex
	begun  chan struct{} // closed where a stall begins, a new one where it ends
	stands bool
}

// now gives what is closed where a stall begins, and whether there is one.
func (s *stall) now() (begun <-chan struct{}, stands bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun == nil {
		s.begun = make(chan struct{})
	}
	return s.begun, s.stands
}

func (s *stall) set(stands bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stands == stands {
		return
	}
	if s.stands = stands; !stands {
		s.begun = make(chan struct{})
		return
	}
	if s.begun == nil {
		s.begun = make(chan struct{})
	}
	close(s.begun)
}

// await waits for a group that was committed just now. How long its turns waited for
// that says nothing of the disk.
func (m *committer) await(synced <-chan error) error {
	select {
	case err := <-synced:
		m.stall.set(false)
		return err
	default:
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case err := <-synced:
		m.stall.set(false)
		return err
	case <-late.C:
	}
	m.stall.set(true)
	m.mu.Lock()
	m.settled.Broadcast()
	m.mu.Unlock()
	err := <-synced
	m.stall.set(false)
	return err
}

// waitMachine waits for a change of a state machine as long as the disk lets it hope.
func (h *Host) waitMachine(done <-chan error) error {
	begun, _ := h.committer.stall.now()
	select {
	case err := <-done:
		return err
	case <-begun:
	}
	select { // it may have come just now
	case err := <-done:
		return err
	default:
		return errUnknown
	}
}

// Stalled reports whether the disk takes no writes: what is asked now is refused.
func (h *Host) Stalled() bool {
	_, stands := h.committer.stall.now()
	return stands
}
