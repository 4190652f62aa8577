package machines

import (
	"context"
	"slices"

	"stile/internal/sfn"
)

// TagResource adds tags to a state machine; one of a key that it has takes the other's
// place.
func (acts Actions) TagResource(_ context.Context, arn string, tags []sfn.Tag) error {
	return acts.r.change(arn, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.Status == statusDeleted {
			return nil, false, sfn.NoTaggedResource(arn)
		}
		m := old.with()
		m.Tags = slices.Clone(old.Tags)
		for _, t := range tags {
			i := slices.IndexFunc(m.Tags, func(has sfn.Tag) bool { return has.Key == t.Key })
			if i < 0 {
				m.Tags = append(m.Tags, t)
			} else {
				m.Tags[i] = t
			}
		}
		if len(m.Tags) > sfn.MaxTags {
			return nil, false, sfn.TooManyTags()
		}
		if slices.Equal(m.Tags, old.Tags) {
			return nil, false, nil
		}
		return m, false, nil
	})
}

// UntagResource takes tags from a state machine; those that it does not have are
// passed over.
func (acts Actions) UntagResource(_ context.Context, arn string, keys []string) error {
	return acts.r.change(arn, func(old *Machine) (*Machine, bool, error) {
		if old == nil || old.Status == statusDeleted {
			return nil, false, sfn.NoTaggedResource(arn)
		}
		m := old.with()
		m.Tags = slices.DeleteFunc(slices.Clone(old.Tags), func(t sfn.Tag) bool { return slices.Contains(keys, t.Key) })
		if len(m.Tags) == len(old.Tags) {
			return nil, false, nil
		}
		return m, false, nil
	})
}

// ListTagsForResource gives a state machine's tags.
func (acts Actions) ListTagsForResource(_ context.Context, arn string) ([]sfn.Tag, error) {
	m, ok := acts.r.shown.Load(arn)
	if !ok {
		return nil, sfn.NoTaggedResource(arn)
	}
	return m.(*Machine).Tags, nil
}
