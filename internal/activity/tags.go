package activity

import (
	"context"
	"slices"

	"stile/internal/sfn"
)

// TagResource adds tags to an activity; one of a key that it has takes the other's
// place.
func (r *registry) TagResource(_ context.Context, arn string, tags []sfn.Tag) error {
	return r.retag(arn, func(has []sfn.Tag) []sfn.Tag {
		for _, t := range tags {
			if i := slices.IndexFunc(has, func(h sfn.Tag) bool { return h.Key == t.Key }); i >= 0 {
				has[i] = t
			} else {
				has = append(has, t)
			}
		}
		return has
	})
}

// UntagResource takes tags from an activity; those that it does not have are passed
// over.
func (r *registry) UntagResource(_ context.Context, arn string, keys []string) error {
	return r.retag(arn, func(has []sfn.Tag) []sfn.Tag {
		return slices.DeleteFunc(has, func(t sfn.Tag) bool { return slices.Contains(keys, t.Key) })
	})
}

// retag changes an activity's tags; f may change what it gets.
func (r *registry) retag(arn string, f func([]sfn.Tag) []sfn.Tag) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	a, ok := r.get(arn)
	if !ok {
		return sfn.NoTaggedResource(arn)
	}
	tags := f(slices.Clone(a.Tags))
	switch {
	case len(tags) > sfn.MaxTags:
		return sfn.TooManyTags()
	case slices.Equal(tags, a.Tags):
		return nil
	}
	a.Tags = tags
	return r.put(a)
}

// ListTagsForResource gives an activity's tags.
func (r *registry) ListTagsForResource(_ context.Context, arn string) ([]sfn.Tag, error) {
	a, ok := r.get(arn)
	if !ok {
		return nil, sfn.NoTaggedResource(arn)
	}
	return a.Tags, nil
}
