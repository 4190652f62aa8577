package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/jsonval"
)

// machines holds all state machines without their definitions. Changes are made
// one at a time; nobody sees a change before it is durable.
type machines struct {
	h     *Host
	shown sync.Map // ARN → *machine

	mu    sync.Mutex
	ahead map[string]*machine // DELETED ones too

	deleting sync.Map // ARN → *atomic.Int64, executions left to end
}

func (ms *machines) open() error {
	ms.ahead = map[string]*machine{}
	var bad error
	err := ms.h.store.Iterate(spaceMachine, kv.Range{}, func(_, v []byte) bool {
		var m *machine
		if m, bad = decodeMachine(v); bad != nil {
			return false
		}
		ms.ahead[m.ARN] = m
		if m.Status != statusDeleted {
			ms.shown.Store(m.ARN, m)
		}
		return true
	})
	return firstError(err, bad, ms.openPublished())
}

func (ms *machines) get(arn string) (*machine, error) {
	if m, ok := ms.shown.Load(arn); ok {
		return m.(*machine), nil
	}
	return nil, sfn.StateMachineDoesNotExist(arn)
}

// active is get for those who start something.
func (ms *machines) active(arn string) (*machine, error) {
	m, err := ms.get(arn)
	if err == nil && m.Status == statusDeleting {
		return nil, sfn.StateMachineDeleting(arn)
	}
	return m, err
}

// change makes one change, and waits until it is durable before the next one is
// looked at. f gets the machine as the last change left it (nil for none) and
// gives the new one, or nil for nothing to do; revision says that a revision row
// is to be written.
func (ms *machines) change(arn string, f func(old *machine) (m *machine, revision bool, err error)) error {
	if err := ms.h.Failed(); err != nil {
		return err
	}
	ms.mu.Lock()
	defer ms.mu.Unlock()
	m, revision, err := f(ms.ahead[arn])
	if m == nil || err != nil {
		return err
	}
	t := ms.h.shardOf(idOf(arn)).turn(nil)
	t.set(spaceMachine, []byte(arn), m.encode(false))
	t.putPublished(ms.ahead[arn], m)
	if revision {
		t.set(spaceRevision, revisionKey(arn, m.revision), m.encode(true))
	}
	done := make(chan error, 1)
	t.replies = append(t.replies, func(failed error) { done <- failed })
	ms.h.committer.submit(t)
	if err := <-done; err != nil {
		return err
	}
	shown := m.with()
	shown.Definition = ""
	ms.ahead[arn] = shown
	if m.Status == statusDeleted {
		ms.shown.Delete(arn)
	} else {
		ms.shown.Store(arn, shown)
	}
	return nil
}

// CreateStateMachine makes a state machine. A second call with the same name,
// definition, type, configurations and publication gives the first one; a different
// one is StateMachineAlreadyExists. Role and tags are not compared.
func (h *Host) CreateStateMachine(ctx context.Context, in sfn.NewStateMachine) (sfn.StateMachine, error) {
	if in.Type == "" {
		in.Type = sfn.Standard
	}
	p, err := h.definitions.compile(in.Definition)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	if err := checkType(in.Type, p.asl); err != nil {
		return sfn.StateMachine{}, err
	}
	if err := h.checkRole(ctx, in.RoleARN); err != nil {
		return sfn.StateMachine{}, err
	}
	arn := sfn.StateMachineARN(h.region, h.account, in.Name)
	var out sfn.StateMachine
	err = h.machines.change(arn, func(old *machine) (*machine, bool, error) {
		m := &machine{revision: 1}
		if old != nil {
			m.lastVersion = old.lastVersion
		}
		switch {
		case old == nil:
		case old.Status == statusDeleting:
			return nil, false, sfn.StateMachineDeleting(arn)
		case old.Status == statusDeleted:
			m.revision = old.revision + 1
		default:
			same, err := h.machines.same(old, in)
			if err == nil && !same {
				err = sfn.StateMachineAlreadyExists(arn)
			}
			out = old.StateMachine
			if old.born > 0 {
				out.VersionARN = sfn.VersionARN(arn, old.born)
			}
			return nil, false, err
		}
		now := time.UnixMilli(h.now())
		m.StateMachine = sfn.StateMachine{
			ARN: arn, Name: in.Name, RoleARN: in.RoleARN, Type: in.Type, Definition: in.Definition, Created: now, Updated: now,
			Status: statusActive, Tags: in.Tags, Logging: in.Logging, Tracing: in.Tracing, Encryption: in.Encryption, File: in.File,
		}
		if in.Publish {
			m.publish(in.VersionDescription, now.UnixMilli())
			m.born, m.bornText = m.lastVersion, in.VersionDescription
		}
		h.definitions.keep(revisionID{arn, m.revision}, p)
		out = m.StateMachine
		return m, true, nil
	})
	out.Definition = in.Definition
	return out, err
}

// same compares what AWS compares, over the revision that stands now.
func (ms *machines) same(old *machine, in sfn.NewStateMachine) (bool, error) {
	if in.Publish != (old.born > 0) || in.VersionDescription != old.bornText || in.Publish && old.version(old.born) == nil {
		return false, nil
	}
	full, err := ms.h.definitions.revision(old.ARN, old.revision)
	if err != nil {
		return false, err
	}
	return full.Definition == in.Definition && full.Type == in.Type && equal(full.Logging, in.Logging) &&
		equal(full.Tracing, in.Tracing) && equal(full.Encryption, in.Encryption), nil
}

// equal compares two configurations; an absent one equals an absent one only.
func equal(a, b jsonval.Value) bool {
	if !a.Exists() || !b.Exists() {
		return a.Exists() == b.Exists()
	}
	return jsonval.Equal(a, b)
}

// UpdateStateMachine changes a state machine. A changed definition, role or
// configuration makes a new revision; executions that run, and versions, keep theirs.
func (h *Host) UpdateStateMachine(ctx context.Context, arn string, u sfn.StateMachineUpdate) (sfn.StateMachine, error) {
	var p *program
	var err error
	if u.Definition != nil {
		if p, err = h.definitions.compile(*u.Definition); err != nil {
			return sfn.StateMachine{}, err
		}
	}
	if u.RoleARN != nil {
		if err := h.checkRole(ctx, *u.RoleARN); err != nil {
			return sfn.StateMachine{}, err
		}
	}
	var out sfn.StateMachine
	err = h.machines.change(arn, func(old *machine) (*machine, bool, error) {
		switch {
		case old == nil || old.Status == statusDeleted:
			return nil, false, sfn.StateMachineDoesNotExist(arn)
		case old.Status == statusDeleting:
			return nil, false, sfn.StateMachineDeleting(arn)
		}
		full, err := h.definitions.revision(arn, old.revision)
		if err != nil {
			return nil, false, err
		}
		m := old.with()
		m.Definition = full.Definition
		now := time.UnixMilli(h.now())
		if p != nil {
			if err := checkType(m.Type, p.asl); err != nil {
				return nil, false, err
			}
		}
		changed := amend(m, u)
		if changed {
			m.Updated = now
			m.revision++
			m.RevisionID = h.uuid()
		}
		published := false
		if u.Publish {
			if published, err = m.publish(u.VersionDescription, now.UnixMilli()); err != nil {
				return nil, false, err
			}
		}
		out = m.StateMachine
		out.Updated = now
		if !changed && !published {
			return nil, false, nil
		}
		if changed && p != nil {
			h.definitions.keep(revisionID{arn, m.revision}, p)
		}
		return m, changed, nil
	})
	return out, err
}

// amend applies an update; false where it changes nothing.
func amend(m *machine, u sfn.StateMachineUpdate) (changed bool) {
	text := func(at *string, v *string) {
		if v != nil && *at != *v {
			*at, changed = *v, true
		}
	}
	config := func(at *jsonval.Value, v jsonval.Value) {
		if v.Exists() && !equal(*at, v) {
			*at, changed = v, true
		}
	}
	text(&m.Definition, u.Definition)
	text(&m.RoleARN, u.RoleARN)
	config(&m.Logging, u.Logging)
	config(&m.Tracing, u.Tracing)
	config(&m.Encryption, u.Encryption)
	if u.File != "" {
		text(&m.File, &u.File)
	}
	return changed
}

func (h *Host) checkRole(ctx context.Context, role string) error {
	if h.roles == nil {
		return nil
	}
	return h.roles.CheckRole(ctx, role)
}

// DescribeStateMachine gives a state machine as it stands, or a version of it; of an
// alias the version that gets most of its starts.
func (h *Host) DescribeStateMachine(_ context.Context, arn string) (sfn.StateMachine, error) {
	m, v, err := h.machines.named(arn)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	if v != nil {
		return h.describeVersion(m, v)
	}
	full, err := h.definitions.revision(m.ARN, m.revision)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	out := m.StateMachine
	out.Definition, out.Variables = full.Definition, h.variables(m.ARN, m.revision)
	return out, nil
}

// ListStateMachines gives a page of state machines by name, without definitions,
// and the token of the next page ("" at the end).
func (h *Host) ListStateMachines(_ context.Context, p sfn.Page) ([]sfn.StateMachine, string, error) {
	from, err := h.openPage("machines", p.Token)
	if err != nil {
		return nil, "", err
	}
	var all []*machine
	h.machines.shown.Range(func(_, m any) bool {
		all = append(all, m.(*machine))
		return true
	})
	slices.SortFunc(all, func(a, b *machine) int { return strings.Compare(a.Name, b.Name) })
	var out []sfn.StateMachine
	for _, m := range all {
		if from != nil && m.Name <= string(from) {
			continue
		}
		if len(out) == pageSize(p.Max) {
			return out, h.sealPage("machines", []byte(out[len(out)-1].Name)), nil
		}
		out = append(out, m.StateMachine)
	}
	return out, "", nil
}
