package sfnapi

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Tags is what the actions on tags need of a host.
type Tags interface {
	TagResource(ctx context.Context, arn string, tags []sfn.Tag) error
	UntagResource(ctx context.Context, arn string, keys []string) error
	ListTagsForResource(ctx context.Context, arn string) ([]sfn.Tag, error)
}

var tagKey = text{required: true, min: 1, max: 128}

// readTags reads a list of tags; of two with one key the last one counts. given is
// false where there is no list.
func readTags(in *input) (tags []sfn.Tag, given bool, err error) {
	items, given := in.list("tags")
	for _, item := range items {
		t := sfn.Tag{Key: item.required("key", tagKey), Value: item.optional("value", text{max: 256})}
		if i := slices.IndexFunc(tags, func(u sfn.Tag) bool { return u.Key == t.Key }); i >= 0 {
			tags[i] = t
			continue
		}
		tags = append(tags, t)
	}
	for _, t := range tags {
		err = firstOf(err, checkTag(t))
	}
	if len(tags) > sfn.MaxTags {
		err = firstOf(err, sfn.TooManyTags())
	}
	return tags, given, err
}

// checkTag refuses what AWS forbids in tags: keys of its own, and characters.
func checkTag(t sfn.Tag) error {
	if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
		return &sfn.Error{Code: "ValidationException", Message: "Tag keys that begin with aws: are reserved: '" + t.Key + "'"}
	}
	for _, s := range []string{t.Key, t.Value} {
		for _, r := range s {
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSpace(r) && !strings.ContainsRune("_.:/=+-@", r) {
				return &sfn.Error{Code: "ValidationException",
					Message: "Tags may only contain unicode letters, digits, white space, or these symbols: _ . : / = + - @: '" + s + "'"}
			}
		}
	}
	return nil
}

func tagResource(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("resourceArn", arnShape)
	tags, given, fault := readTags(r.input)
	if !given {
		r.missing("tags")
	}
	if err := firstOf(r.check(), checkTagged(arn), fault); err != nil {
		return jsonval.Value{}, err
	}
	keeper, err := s.tagged(ctx, "states:TagResource", arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, keeper.TagResource(ctx, arn, tags)
}

func untagResource(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("resourceArn", arnShape)
	keys, given := r.texts("tagKeys", tagKey)
	if !given {
		r.missing("tagKeys")
	}
	if err := firstOf(r.check(), checkTagged(arn)); err != nil {
		return jsonval.Value{}, err
	}
	keeper, err := s.tagged(ctx, "states:UntagResource", arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, keeper.UntagResource(ctx, arn, keys)
}

func listTagsForResource(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn := r.required("resourceArn", arnShape)
	if err := firstOf(r.check(), checkTagged(arn)); err != nil {
		return jsonval.Value{}, err
	}
	keeper, err := s.tagged(ctx, "states:ListTagsForResource", arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	tags, err := keeper.ListTagsForResource(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, t := range tags {
		var o jsonval.Object
		list.Add(o.AddString("key", t.Key).AddString("value", t.Value).Value())
	}
	return listing("tags", list, ""), nil
}

// checkTagged refuses the ARN of what never has tags; a version's and an alias' name
// no resource of their own.
func checkTagged(arn string) error {
	if a, ok := sfn.ParseARN(arn); ok && a.Kind == "activity" {
		return nil
	}
	return checkARN(arn, "stateMachine")
}
