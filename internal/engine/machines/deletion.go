package machines

import (
	"context"
	"sync/atomic"
)

// DeleteStateMachine deletes a state machine. While executions of it run it is
// DELETING; they go on, and the last one's end removes it. Deleting one that is
// not there is no error.
func (acts Actions) DeleteStateMachine(_ context.Context, arn string) error {
	err := acts.r.change(arn, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.Status != statusActive {
			return nil, false, nil
		}
		m := old.with()
		m.Status = statusDeleting
		return m, false, nil
	})
	if err != nil {
		return err
	}
	return acts.r.remove(arn)
}

// remove takes a DELETING machine away if nothing of it runs any more. The count
// of those that are left stands before the index is read, so that an end that is
// missed by the one is seen by the other; one seen by both only makes it look again.
func (r *Registry) remove(arn string) error {
	for {
		m, err := r.get(arn)
		if err != nil || m.Status != statusDeleting {
			return nil
		}
		left := new(atomic.Int64)
		r.deleting.Store(arn, left)
		runs, err := r.cfg.Running(arn)
		if err != nil {
			return err
		}
		if runs == 0 {
			break
		}
		if left.Add(int64(runs)) > 0 {
			return nil
		}
	}
	r.deleting.Delete(arn)
	return r.change(arn, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.Status != statusDeleting {
			return nil, false, nil
		}
		gone := &Machine{Revision: old.Revision, lastVersion: old.lastVersion}
		gone.ARN, gone.Name, gone.Status = arn, old.Name, statusDeleted
		return gone, false, nil
	})
}

// Ended is called at the end of an execution, on the committer. Of a machine that
// is being deleted it counts those that are left, and looks again at zero.
func (r *Registry) Ended(arn string) {
	left, ok := r.deleting.Load(arn)
	if !ok || left.(*atomic.Int64).Add(-1) != 0 {
		return
	}
	r.cfg.Background(func() {
		if err := r.remove(arn); err != nil {
			r.cfg.Log.Warn("a deleted state machine cannot be removed yet", "stateMachine", arn, "error", err)
		}
	})
}

// FinishDeletions looks at machines that were DELETING when the host stopped.
func (r *Registry) FinishDeletions() {
	r.shown.Range(func(_, v any) bool {
		if m := v.(*Machine); m.Status == statusDeleting {
			r.cfg.Background(func() {
				if err := r.remove(m.ARN); err != nil {
					r.cfg.Log.Warn("a deleted state machine cannot be removed yet", "stateMachine", m.ARN, "error", err)
				}
			})
		}
		return true
	})
}
