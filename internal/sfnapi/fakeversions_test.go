package sfnapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"stile/internal/sfn"
)

// published is what the fake keeps of versions and aliases, newest version first.
type published struct {
	versions []sfn.Version
	aliases  []sfn.Alias
}

func (f *fake) PublishStateMachineVersion(_ context.Context, in sfn.NewVersion) (sfn.Version, error) {
	if _, err := f.machine(in.StateMachineARN); err != nil {
		return sfn.Version{}, err
	}
	if in.RevisionID != "" && in.RevisionID != sfn.InitialRevision {
		return sfn.Version{}, sfn.OtherRevision(in.RevisionID, sfn.InitialRevision)
	}
	v := sfn.Version{ARN: sfn.VersionARN(in.StateMachineARN, uint64(len(f.versions)+1)), Created: f.now}
	f.versions = append([]sfn.Version{v}, f.versions...)
	return v, nil
}

func (f *fake) ListStateMachineVersions(_ context.Context, _ string, p sfn.Page) ([]sfn.Version, string, error) {
	return page(f.versions, p)
}

func (f *fake) DeleteStateMachineVersion(_ context.Context, arn string) error {
	for _, a := range f.aliases {
		if a.Routing[0].VersionARN == arn {
			return sfn.VersionInUse([]string{a.Name})
		}
	}
	f.versions = slices.DeleteFunc(f.versions, func(v sfn.Version) bool { return v.ARN == arn })
	return nil
}

func (f *fake) CreateStateMachineAlias(_ context.Context, in sfn.NewAlias) (sfn.Alias, error) {
	machine, err := sfn.CheckRouting(in.Routing)
	if err != nil {
		return sfn.Alias{}, err
	}
	a := sfn.Alias{ARN: machine + ":" + in.Name, Name: in.Name, Description: in.Description, Routing: in.Routing, Created: f.now, Updated: f.now}
	if slices.ContainsFunc(f.aliases, func(b sfn.Alias) bool { return b.Name == a.Name }) {
		return sfn.Alias{}, sfn.AliasExists()
	}
	f.aliases = append(f.aliases, a)
	return a, nil
}

func (f *fake) alias(arn string) (*sfn.Alias, error) {
	i := slices.IndexFunc(f.aliases, func(a sfn.Alias) bool { return a.ARN == arn })
	if i < 0 {
		return nil, sfn.AliasDoesNotExist()
	}
	return &f.aliases[i], nil
}

func (f *fake) DescribeStateMachineAlias(_ context.Context, arn string) (sfn.Alias, error) {
	a, err := f.alias(arn)
	if err != nil {
		return sfn.Alias{}, err
	}
	return *a, nil
}

func (f *fake) UpdateStateMachineAlias(_ context.Context, arn string, u sfn.AliasUpdate) (sfn.Alias, error) {
	a, err := f.alias(arn)
	if err != nil {
		return sfn.Alias{}, err
	}
	if u.Description != nil {
		a.Description = *u.Description
	}
	if u.Routing != nil {
		a.Routing = u.Routing
	}
	a.Updated = f.now.Add(time.Second)
	return *a, nil
}

func (f *fake) DeleteStateMachineAlias(_ context.Context, arn string) error {
	f.aliases = slices.DeleteFunc(f.aliases, func(a sfn.Alias) bool { return a.ARN == arn })
	return nil
}

func (f *fake) ListStateMachineAliases(_ context.Context, arn string, p sfn.Page) ([]sfn.Alias, string, error) {
	return page(slices.DeleteFunc(slices.Clone(f.aliases), func(a sfn.Alias) bool { return !strings.HasPrefix(a.ARN, arn) }), p)
}

func (f *fake) TagResource(_ context.Context, arn string, tags []sfn.Tag) error {
	i, err := f.machine(arn)
	if err != nil {
		return sfn.NoTaggedResource(arn)
	}
	f.machines[i].Tags = append(f.machines[i].Tags, tags...)
	return nil
}

func (f *fake) UntagResource(_ context.Context, arn string, keys []string) error {
	i, err := f.machine(arn)
	if err != nil {
		return sfn.NoTaggedResource(arn)
	}
	f.machines[i].Tags = slices.DeleteFunc(f.machines[i].Tags, func(t sfn.Tag) bool { return slices.Contains(keys, t.Key) })
	return nil
}

func (f *fake) ListTagsForResource(_ context.Context, arn string) ([]sfn.Tag, error) {
	i, err := f.machine(arn)
	if err != nil {
		return nil, sfn.NoTaggedResource(arn)
	}
	return f.machines[i].Tags, nil
}
