package machines

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"stile/internal/sfn"
)

func milliTime(ms int64) time.Time { return time.UnixMilli(ms) }

// publish makes a version of the machine's revision, unless there is one already;
// VersionARN names it. It reports whether the machine changed by it.
func (m *Machine) publish(description string, now int64) (made bool, err error) {
	i := slices.IndexFunc(m.versions, func(v *version) bool { return v.revision == m.Revision })
	if i >= 0 {
		m.VersionARN = sfn.VersionARN(m.ARN, m.versions[i].number)
		return false, nil
	}
	if len(m.versions) >= sfn.MaxVersions {
		return false, sfn.QuotaExceeded("versions", sfn.MaxVersions)
	}
	m.lastVersion++
	v := &version{number: m.lastVersion, revision: m.Revision, created: now, role: m.RoleARN, description: description}
	m.versions = append(slices.Clip(m.versions), v)
	m.VersionARN = sfn.VersionARN(m.ARN, v.number)
	return true, nil
}

// version finds a version by its number; nil for none.
func (m *Machine) version(n uint64) *version {
	i, ok := slices.BinarySearchFunc(m.versions, n, func(v *version, n uint64) int {
		switch {
		case v.number < n:
			return -1
		case v.number > n:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return m.versions[i]
}

// named finds what an ARN names: a machine, and a version of it where the ARN names
// one or an alias, of which it is the version that gets most of the starts.
func (r *Registry) named(arn string) (*Machine, *version, error) {
	of, qualifier := sfn.Unqualified(arn)
	m, err := r.get(of)
	if err != nil {
		return nil, nil, refusedAs(err, arn)
	}
	if qualifier == "" {
		return m, nil, nil
	}
	n, _ := sfn.VersionNumber(qualifier)
	if a := m.alias(qualifier); a != nil {
		n = a.routes[0].version
		if len(a.routes) > 1 && a.routes[1].weight > a.routes[0].weight {
			n = a.routes[1].version
		}
	}
	if v := m.version(n); v != nil {
		return m, v, nil
	}
	return nil, nil, sfn.StateMachineDoesNotExist(arn)
}

// Known refuses the ARN of a machine, version or alias that is not there.
func (r *Registry) Known(arn string) error {
	_, _, err := r.named(arn)
	return err
}

// Starting finds what an ARN starts: the machine as it stands, or as a version has
// it; an alias chooses one of its versions. The start is told which they are.
func (r *Registry) Starting(in *sfn.Start) (*Machine, error) {
	of, qualifier := sfn.Unqualified(in.StateMachineARN)
	m, err := r.Active(of)
	if err != nil {
		return nil, refusedAs(err, in.StateMachineARN)
	}
	if qualifier == "" {
		return m, nil
	}
	n, _ := sfn.VersionNumber(qualifier)
	if a := m.alias(qualifier); a != nil {
		in.AliasARN = in.StateMachineARN
		n = a.choose(r.cfg.Seed())
	}
	v := m.version(n)
	if v == nil {
		return nil, sfn.StateMachineDoesNotExist(in.StateMachineARN)
	}
	in.StateMachineARN, in.VersionARN = of, sfn.VersionARN(of, v.number)
	m = m.with()
	m.Revision, m.RoleARN = v.revision, v.role
	return m, nil
}

// refusedAs is a refusal of a machine that was looked for by a qualified ARN.
func refusedAs(err error, arn string) error {
	if refused, ok := err.(*sfn.Error); ok && refused.Code == "StateMachineDoesNotExist" {
		return sfn.StateMachineDoesNotExist(arn)
	}
	return err
}

// describeVersion is a version as DescribeStateMachine gives it.
func (r *Registry) describeVersion(m *Machine, v *version) (sfn.StateMachine, error) {
	full, err := r.definitions.revision(m.ARN, v.revision)
	if err != nil {
		return sfn.StateMachine{}, err
	}
	out := full.StateMachine
	out.ARN = sfn.VersionARN(m.ARN, v.number)
	out.VersionARN, out.Description = out.ARN, v.description
	out.Variables = r.variables(m.ARN, v.revision)
	out.Created, out.Updated, out.Status, out.Tags = milliTime(v.created), milliTime(v.created), m.Status, nil
	return out, nil
}

// PublishStateMachineVersion makes a version of the revision that stands. A revision
// is published once: a later call gives the version that there is.
func (acts Actions) PublishStateMachineVersion(_ context.Context, in sfn.NewVersion) (sfn.Version, error) {
	var out sfn.Version
	err := acts.r.change(in.StateMachineARN, func(old *Machine) (*Machine, bool, error) {
		if err := changeable(old, in.StateMachineARN); err != nil {
			return nil, false, err
		}
		stands := old.RevisionID
		if stands == "" {
			stands = sfn.InitialRevision
		}
		if in.RevisionID != "" && in.RevisionID != stands {
			return nil, false, sfn.OtherRevision(in.RevisionID, stands)
		}
		m := old.with()
		made, err := m.publish(in.Description, acts.r.cfg.Now())
		if err != nil {
			return nil, false, err
		}
		i := slices.IndexFunc(m.versions, func(v *version) bool { return v.revision == m.Revision })
		out = m.listed(m.versions[i])
		if !made {
			return nil, false, nil
		}
		return m, false, nil
	})
	return out, err
}

// changeable refuses a change of a machine that is not there, or being deleted.
func changeable(m *Machine, arn string) error {
	switch {
	case m == nil || m.Status == statusDeleted:
		return sfn.StateMachineDoesNotExist(arn)
	case m.Status == statusDeleting:
		return sfn.StateMachineDeleting(arn)
	}
	return nil
}

// ListStateMachineVersions gives a page of a state machine's versions, newest first,
// and the token of the next page ("" at the end); of one that is not there none.
func (acts Actions) ListStateMachineVersions(_ context.Context, arn string, p sfn.Page) ([]sfn.Version, string, error) {
	scope := "versions " + arn
	from, err := acts.r.cfg.Pages.OpenPage(scope, p.Token)
	if err != nil {
		return nil, "", err
	}
	m, err := acts.r.get(arn)
	if err != nil {
		return nil, "", nil
	}
	below := ^uint64(0)
	if len(from) == 8 {
		below = binary.BigEndian.Uint64(from)
	}
	var out []sfn.Version
	for i := len(m.versions) - 1; i >= 0; i-- {
		v := m.versions[i]
		if v.number >= below {
			continue
		}
		if len(out) == sfn.PageSize(p.Max) {
			return out, acts.r.cfg.Pages.SealPage(scope, binary.BigEndian.AppendUint64(nil, m.versions[i+1].number)), nil
		}
		out = append(out, m.listed(v))
	}
	return out, "", nil
}

// DeleteStateMachineVersion deletes a version that no alias refers to; its executions
// go on. Deleting one that is not there is no error. Its number is not used again.
func (acts Actions) DeleteStateMachineVersion(_ context.Context, arn string) error {
	of, qualifier := sfn.Unqualified(arn)
	n, _ := sfn.VersionNumber(qualifier)
	return acts.r.change(of, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.version(n) == nil {
			return nil, false, nil
		}
		if names := old.referring(n); len(names) > 0 {
			return nil, false, sfn.VersionInUse(names)
		}
		m := old.with()
		m.versions = slices.DeleteFunc(slices.Clone(m.versions), func(v *version) bool { return v.number == n })
		return m, false, nil
	})
}

// referring gives the names of the aliases that route to a version.
func (m *Machine) referring(n uint64) (names []string) {
	for _, a := range m.aliases {
		if slices.ContainsFunc(a.routes, func(r route) bool { return r.version == n }) {
			names = append(names, a.name)
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
