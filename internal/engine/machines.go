package engine

import (
	"context"

	"stile/asl"
	"stile/internal/engine/keyring"
	"stile/internal/engine/machines"
	"stile/internal/engine/record"
	"stile/internal/kv"
	"stile/internal/sfn"
)

// machineActions are AWS's actions on state machines and what else others ask of the
// registry: a Host's own methods.
type machineActions = machines.Actions

// openMachines reads the registry of state machines, which writes through the host.
func (h *Host) openMachines(cfg Config, keys *keyring.Keyring) (err error) {
	c := machines.Config{
		Store: cfg.Store, Account: cfg.Account, Region: cfg.Region, Definitions: cfg.Definitions, Pages: keys, Log: cfg.Log,
		Now: h.now, Seed: cfg.Seed, UUID: h.uuid,
		Failed: h.Failed, Commit: h.commitMachine, Wait: h.waitMachine, Running: h.runs, Background: func(f func()) { h.background(f) },
	}
	if cfg.Roles != nil {
		c.CheckRole = cfg.Roles.CheckRole
	}
	if h.machines, err = machines.Open(c); err == nil {
		h.machineActions = h.machines.Actions()
	}
	return err
}

// commitMachine is a turn of its own.
func (h *Host) commitMachine(arn string, ops []kv.Op) <-chan error {
	t := h.shardOf(record.IDOf(arn)).turn(nil)
	t.ops = ops
	for _, op := range ops {
		t.bytes += len(op.Key) + len(op.Value)
	}
	done := make(chan error, 1)
	t.replies = append(t.replies, func(failed error) { done <- failed })
	go h.committer.submit(t) // it waits where the backlog is full
	return done
}

// runs counts the running executions of a machine.
func (h *Host) runs(arn string) (n int, err error) {
	prefix := record.Prefix(arn)
	var bad error
	err = h.store.Iterate(record.SpaceByMachine, kv.Range{Lower: prefix, Upper: record.After(prefix)}, func(_, v []byte) bool {
		var r record.Index
		if r, bad = record.DecodeIndex(v); r.Status == record.Running {
			n++
		}
		return bad == nil
	})
	return n, firstError(err, bad)
}

// DescribeStateMachineForExecution gives the state machine as the execution took it.
func (h *Host) DescribeStateMachineForExecution(_ context.Context, arn string) (sfn.StateMachine, error) {
	fixed, _, err := h.records(record.IDOf(arn))
	if err == nil && fixed == nil {
		err = sfn.ExecutionDoesNotExist(arn)
	}
	if err != nil {
		return sfn.StateMachine{}, err
	}
	m, err := h.machines.AsOf(fixed.MachineARN, fixed.Revision)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	if c := fixed.MapChild(); c != nil {
		if err := h.asChild(&m, fixed, c); err != nil {
			return sfn.StateMachine{}, err
		}
	}
	return m, h.committer.barrier()
}

// Starting gives what a start is to run, for who runs it elsewhere: the state machine
// with the role of the version that is meant, its revision and its program. What the
// start names is resolved in it, as is its test case.
func (h *Host) Starting(in *sfn.Start) (sfn.StateMachine, uint64, *asl.Program, error) {
	m, err := h.machines.Starting(in)
	if err != nil {
		return sfn.StateMachine{}, 0, nil, err
	}
	p, err := h.machines.Program(m.ARN, m.Revision)
	if err != nil {
		return sfn.StateMachine{}, 0, nil, err
	}
	in.Mocks, err = h.mocks(m.Name, in.TestCase)
	return m.StateMachine, m.Revision, p, err
}

// qualifierOf is what stands behind a state machine's name in an ARN.
func qualifierOf(arn string) string {
	_, qualifier := sfn.Unqualified(arn)
	return qualifier
}
