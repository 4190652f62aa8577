package machines

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"stile/internal/sfn"
)

// alias finds an alias by its name; nil for none.
func (m *Machine) alias(name string) *alias {
	i := slices.IndexFunc(m.aliases, func(a *alias) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return m.aliases[i]
}

// choose gives the version that a start by the alias gets, for one random number.
func (a *alias) choose(random uint64) uint64 {
	n := int(random % 100)
	for _, r := range a.routes {
		if n -= r.weight; n < 0 {
			return r.version
		}
	}
	return 0
}

func (m *Machine) sortAliases() { slices.SortFunc(m.aliases, compareAliases) }

func compareAliases(a, b *alias) int {
	return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.name, b.name))
}

// put gives the machine's aliases with one of them new or changed.
func (m *Machine) put(a *alias) {
	m.aliases = slices.DeleteFunc(slices.Clone(m.aliases), func(b *alias) bool { return b.name == a.name })
	m.aliases = append(m.aliases, a)
	m.sortAliases()
}

// routing reads routes as the numbers of the machine's versions.
func (m *Machine) routing(routes []sfn.Route) ([]route, error) {
	var out []route
	for _, r := range routes {
		_, qualifier := sfn.Unqualified(r.VersionARN)
		n, _ := sfn.VersionNumber(qualifier)
		if m.version(n) == nil {
			return nil, sfn.AliasDoesNotExist()
		}
		out = append(out, route{n, r.Weight})
	}
	return out, nil
}

// CreateStateMachineAlias makes an alias of the state machine whose versions it routes
// to. A second call with the same name, description and routes gives the first one; a
// different one is ConflictException.
func (acts Actions) CreateStateMachineAlias(_ context.Context, in sfn.NewAlias) (sfn.Alias, error) {
	arn, err := sfn.CheckRouting(in.Routing)
	if err != nil {
		return sfn.Alias{}, err
	}
	var out sfn.Alias
	err = acts.r.change(arn, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.Status == statusDeleted {
			return nil, false, sfn.AliasDoesNotExist()
		}
		if err := changeable(old, arn); err != nil {
			return nil, false, err
		}
		routes, err := old.routing(in.Routing)
		if err != nil {
			return nil, false, err
		}
		if there := old.alias(in.Name); there != nil {
			if there.description != in.Description || !slices.Equal(there.routes, routes) {
				return nil, false, sfn.AliasExists()
			}
			out = old.describedAlias(there)
			return nil, false, nil
		}
		if len(old.aliases) >= sfn.MaxAliases {
			return nil, false, sfn.QuotaExceeded("aliases", sfn.MaxAliases)
		}
		m := old.with()
		a := &alias{name: in.Name, description: in.Description, routes: routes, created: acts.r.cfg.Now(), updated: acts.r.cfg.Now()}
		m.put(a)
		out = m.describedAlias(a)
		return m, false, nil
	})
	return out, err
}

// DescribeStateMachineAlias gives an alias.
func (acts Actions) DescribeStateMachineAlias(_ context.Context, arn string) (sfn.Alias, error) {
	of, name := sfn.Unqualified(arn)
	m, err := acts.r.get(of)
	if err != nil {
		return sfn.Alias{}, sfn.AliasDoesNotExist()
	}
	a := m.alias(name)
	if a == nil {
		return sfn.Alias{}, sfn.AliasDoesNotExist()
	}
	return m.describedAlias(a), nil
}

// UpdateStateMachineAlias changes an alias; starts after it use the new routes.
func (acts Actions) UpdateStateMachineAlias(_ context.Context, arn string, u sfn.AliasUpdate) (sfn.Alias, error) {
	of, name := sfn.Unqualified(arn)
	if u.Routing != nil {
		switch to, err := sfn.CheckRouting(u.Routing); {
		case err != nil:
			return sfn.Alias{}, err
		case to != of:
			return sfn.Alias{}, sfn.AliasDoesNotExist()
		}
	}
	var out sfn.Alias
	err := acts.r.change(of, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.alias(name) == nil {
			return nil, false, sfn.AliasDoesNotExist()
		}
		if err := changeable(old, of); err != nil {
			return nil, false, err
		}
		a := *old.alias(name)
		if u.Description != nil {
			a.description = *u.Description
		}
		if u.Routing != nil {
			var err error
			if a.routes, err = old.routing(u.Routing); err != nil {
				return nil, false, err
			}
		}
		a.updated = acts.r.cfg.Now()
		m := old.with()
		m.put(&a)
		out = m.describedAlias(&a)
		return m, false, nil
	})
	return out, err
}

// DeleteStateMachineAlias deletes an alias; its versions and executions stay. Deleting
// one that is not there is no error while its state machine is.
func (acts Actions) DeleteStateMachineAlias(_ context.Context, arn string) error {
	of, name := sfn.Unqualified(arn)
	return acts.r.change(of, func(old *Machine) (*Machine, bool, error) {
		switch {
		case old == nil || old.Status == statusDeleted:
			return nil, false, sfn.AliasDoesNotExist()
		case old.alias(name) == nil:
			return nil, false, nil
		}
		m := old.with()
		m.aliases = slices.DeleteFunc(slices.Clone(m.aliases), func(a *alias) bool { return a.name == name })
		return m, false, nil
	})
}

// ListStateMachineAliases gives a page of the aliases of a state machine, or of those
// that route to a version, in the order of their creation, and the token of the next
// page ("" at the end).
func (acts Actions) ListStateMachineAliases(_ context.Context, arn string, p sfn.Page) ([]sfn.Alias, string, error) {
	scope := "aliases " + arn
	from, err := acts.r.cfg.Pages.OpenPage(scope, p.Token)
	if err != nil {
		return nil, "", err
	}
	of, qualifier := sfn.Unqualified(arn)
	m, err := acts.r.get(of)
	if err != nil {
		return nil, "", refusedAs(err, arn)
	}
	n, _ := sfn.VersionNumber(qualifier)
	if qualifier != "" && m.version(n) == nil {
		return nil, "", sfn.AliasDoesNotExist()
	}
	past := &alias{created: -1}
	if len(from) >= 8 {
		past = &alias{created: int64(binary.BigEndian.Uint64(from)), name: string(from[8:])}
	}
	var out []sfn.Alias
	var last *alias
	for _, a := range m.aliases {
		if compareAliases(a, past) <= 0 || n != 0 && !slices.ContainsFunc(a.routes, func(r route) bool { return r.version == n }) {
			continue
		}
		if len(out) == sfn.PageSize(p.Max) {
			return out, acts.r.cfg.Pages.SealPage(scope, append(binary.BigEndian.AppendUint64(nil, uint64(last.created)), last.name...)), nil
		}
		out, last = append(out, m.describedAlias(a)), a
	}
	return out, "", nil
}
