package engine

import (
	"context"
	"sync/atomic"

	"stile/internal/kv"
	"stile/internal/sfn"
)

// DeleteStateMachine deletes a state machine. While executions of it run it is
// DELETING; they go on, and the last one's end removes it. Deleting one that is
// not there is no error.
func (h *Host) DeleteStateMachine(_ context.Context, arn string) error {
	err := h.machines.change(arn, func(old *machine) (*machine, bool, error) {
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
	return h.machines.remove(arn)
}

// remove takes a DELETING machine away if nothing of it runs any more. The count
// of those that are left stands before the index is read, so that an end that is
// missed by the one is seen by the other; one seen by both only makes it look again.
func (ms *machines) remove(arn string) error {
	for {
		m, err := ms.get(arn)
		if err != nil || m.Status != statusDeleting {
			return nil
		}
		left := new(atomic.Int64)
		ms.deleting.Store(arn, left)
		runs, err := ms.h.runs(arn)
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
	ms.deleting.Delete(arn)
	return ms.change(arn, func(old *machine) (*machine, bool, error) {
		if old == nil || old.Status != statusDeleting {
			return nil, false, nil
		}
		gone := &machine{revision: old.revision, lastVersion: old.lastVersion}
		gone.ARN, gone.Name, gone.Status = arn, old.Name, statusDeleted
		return gone, false, nil
	})
}

// ended is called at the end of an execution, on the committer. Of a machine that
// is being deleted it counts those that are left, and looks again at zero.
func (ms *machines) ended(arn string) {
	left, ok := ms.deleting.Load(arn)
	if !ok || left.(*atomic.Int64).Add(-1) != 0 {
		return
	}
	ms.h.background(func() {
		if err := ms.remove(arn); err != nil {
			ms.h.log.Warn("a deleted state machine cannot be removed yet", "stateMachine", arn, "error", err)
		}
	})
}

// runs counts the running executions of a machine.
func (h *Host) runs(arn string) (n int, err error) {
	prefix := machinePrefix(arn)
	var bad error
	err = h.store.Iterate(spaceByMachine, kv.Range{Lower: prefix, Upper: after(prefix)}, func(_, v []byte) bool {
		var r indexRecord
		if r, bad = decodeIndex(v); r.status == running {
			n++
		}
		return bad == nil
	})
	return n, firstError(err, bad)
}

// finishDeletions looks at machines that were DELETING when the host stopped.
func (ms *machines) finishDeletions() {
	ms.shown.Range(func(_, v any) bool {
		if m := v.(*machine); m.Status == statusDeleting {
			ms.h.background(func() {
				if err := ms.remove(m.ARN); err != nil {
					ms.h.log.Warn("a deleted state machine cannot be removed yet", "stateMachine", m.ARN, "error", err)
				}
			})
		}
		return true
	})
}

// DescribeStateMachineForExecution gives the state machine as the execution took it.
func (h *Host) DescribeStateMachineForExecution(_ context.Context, arn string) (sfn.StateMachine, error) {
	fixed, _, err := h.records(idOf(arn))
	if err == nil && fixed == nil {
		err = sfn.ExecutionDoesNotExist(arn)
	}
	if err != nil {
		return sfn.StateMachine{}, err
	}
	m, err := h.definitions.revision(fixed.machineARN, fixed.revision)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	m.Variables = h.variables(fixed.machineARN, fixed.revision)
	if c := fixed.mapChild(); c != nil {
		if err := h.asChild(&m.StateMachine, fixed, c); err != nil {
			return sfn.StateMachine{}, err
		}
	}
	return m.StateMachine, h.committer.barrier()
}
