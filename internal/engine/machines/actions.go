package machines

import (
	"context"
	"slices"
	"strings"
	"time"

	"stile/asl"
	"stile/internal/sfn"
	"stile/jsonval"
)

// Actions are AWS's actions on state machines, as the engine's Host has them.
type Actions struct{ r *Registry }

// Actions gives the registry's.
func (r *Registry) Actions() Actions { return Actions{r} }

// CreateStateMachine makes a state machine. A second call with the same name,
// definition, type, configurations and publication gives the first one; a different
// one is StateMachineAlreadyExists. Role and tags are not compared.
func (acts Actions) CreateStateMachine(ctx context.Context, in sfn.NewStateMachine) (sfn.StateMachine, error) {
	if in.Type == "" {
		in.Type = sfn.Standard
	}
	p, err := acts.r.definitions.compile(in.Definition)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	if err := checkType(in.Type, p); err != nil {
		return sfn.StateMachine{}, err
	}
	if err := acts.r.checkRole(ctx, in.RoleARN); err != nil {
		return sfn.StateMachine{}, err
	}
	arn := sfn.StateMachineARN(acts.r.cfg.Region, acts.r.cfg.Account, in.Name)
	var out sfn.StateMachine
	err = acts.r.change(arn, func(old *Machine) (*Machine, bool, error) {
		m := &Machine{Revision: 1}
		if old != nil {
			m.lastVersion = old.lastVersion
		}
		switch {
		case old == nil:
		case old.Status == statusDeleting:
			return nil, false, sfn.StateMachineDeleting(arn)
		case old.Status == statusDeleted:
			m.Revision = old.Revision + 1
		default:
			same, err := acts.r.same(old, in)
			if err == nil && !same {
				err = sfn.StateMachineAlreadyExists(arn)
			}
			out = old.StateMachine
			if old.born > 0 {
				out.VersionARN = sfn.VersionARN(arn, old.born)
			}
			return nil, false, err
		}
		now := time.UnixMilli(acts.r.cfg.Now())
		m.StateMachine = sfn.StateMachine{
			ARN: arn, Name: in.Name, RoleARN: in.RoleARN, Type: in.Type, Definition: in.Definition, Created: now, Updated: now,
			Status: statusActive, Tags: in.Tags, Logging: in.Logging, Tracing: in.Tracing, Encryption: in.Encryption, File: in.File,
		}
		if in.Publish {
			m.publish(in.VersionDescription, now.UnixMilli())
			m.born, m.bornText = m.lastVersion, in.VersionDescription
		}
		acts.r.definitions.keep(revisionID{arn, m.Revision}, p)
		out = m.StateMachine
		return m, true, nil
	})
	out.Definition = in.Definition
	return out, err
}

// same compares what AWS compares, over the revision that stands now.
func (r *Registry) same(old *Machine, in sfn.NewStateMachine) (bool, error) {
	if in.Publish != (old.born > 0) || in.VersionDescription != old.bornText || in.Publish && old.version(old.born) == nil {
		return false, nil
	}
	full, err := r.definitions.revision(old.ARN, old.Revision)
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
func (acts Actions) UpdateStateMachine(ctx context.Context, arn string, u sfn.StateMachineUpdate) (sfn.StateMachine, error) {
	var p *asl.Program
	var err error
	if u.Definition != nil {
		if p, err = acts.r.definitions.compile(*u.Definition); err != nil {
			return sfn.StateMachine{}, err
		}
	}
	if u.RoleARN != nil {
		if err := acts.r.checkRole(ctx, *u.RoleARN); err != nil {
			return sfn.StateMachine{}, err
		}
	}
	var out sfn.StateMachine
	err = acts.r.change(arn, func(old *Machine) (*Machine, bool, error) {
		switch {
		case old == nil || old.Status == statusDeleted:
			return nil, false, sfn.StateMachineDoesNotExist(arn)
		case old.Status == statusDeleting:
			return nil, false, sfn.StateMachineDeleting(arn)
		}
		full, err := acts.r.definitions.revision(arn, old.Revision)
		if err != nil {
			return nil, false, err
		}
		m := old.with()
		m.Definition = full.Definition
		now := time.UnixMilli(acts.r.cfg.Now())
		if p != nil {
			if err := checkType(m.Type, p); err != nil {
				return nil, false, err
			}
		}
		changed := amend(m, u)
		if changed {
			m.Updated = now
			m.Revision++
			m.RevisionID = acts.r.cfg.UUID()
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
			acts.r.definitions.keep(revisionID{arn, m.Revision}, p)
		}
		return m, changed, nil
	})
	return out, err
}

// amend applies an update; false where it changes nothing.
func amend(m *Machine, u sfn.StateMachineUpdate) (changed bool) {
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

func (r *Registry) checkRole(ctx context.Context, role string) error {
	if r.cfg.CheckRole == nil {
		return nil
	}
	return r.cfg.CheckRole(ctx, role)
}

// DescribeStateMachine gives a state machine as it stands, or a version of it; of an
// alias the version that gets most of its starts.
func (acts Actions) DescribeStateMachine(_ context.Context, arn string) (sfn.StateMachine, error) {
	m, v, err := acts.r.named(arn)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	if v != nil {
		return acts.r.describeVersion(m, v)
	}
	full, err := acts.r.definitions.revision(m.ARN, m.Revision)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	out := m.StateMachine
	out.Definition, out.Variables = full.Definition, acts.r.variables(m.ARN, m.Revision)
	return out, nil
}

// ListStateMachines gives a page of state machines by name, without definitions,
// and the token of the next page ("" at the end).
func (acts Actions) ListStateMachines(_ context.Context, p sfn.Page) ([]sfn.StateMachine, string, error) {
	from, err := acts.r.cfg.Pages.OpenPage("machines", p.Token)
	if err != nil {
		return nil, "", err
	}
	var all []*Machine
	acts.r.shown.Range(func(_, m any) bool {
		all = append(all, m.(*Machine))
		return true
	})
	slices.SortFunc(all, func(a, b *Machine) int { return strings.Compare(a.Name, b.Name) })
	var out []sfn.StateMachine
	for _, m := range all {
		if from != nil && m.Name <= string(from) {
			continue
		}
		if len(out) == sfn.PageSize(p.Max) {
			return out, acts.r.cfg.Pages.SealPage("machines", []byte(out[len(out)-1].Name)), nil
		}
		out = append(out, m.StateMachine)
	}
	return out, "", nil
}

// checkType refuses a definition that its state machine's type does not let be.
func checkType(kind string, p *asl.Program) error {
	if kind == sfn.Express {
		if faults := asl.ExpressFaults(p); len(faults) > 0 {
			return sfn.InvalidDefinition(asl.WireMessage(faults))
		}
	}
	return nil
}

// Type gives the type of a state machine by its ARN, that of a version or an alias
// too; empty where there is none.
func (acts Actions) Type(arn string) string {
	of, _ := sfn.Unqualified(arn)
	if m, err := acts.r.get(of); err == nil {
		return m.Type
	}
	return ""
}

// Revision gives the compiled definition of a revision that a start was given once.
func (acts Actions) Revision(machineARN string, revision uint64) (*asl.Program, error) {
	return acts.r.Program(machineARN, revision)
}

// Logging gives the logging configuration of a state machine as it stands; absent
// where there is none.
func (acts Actions) Logging(machineARN string) jsonval.Value {
	m, err := acts.r.get(machineARN)
	if err != nil {
		return jsonval.Value{}
	}
	return m.StateMachine.Logging
}
