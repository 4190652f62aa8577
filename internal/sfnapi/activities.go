package sfnapi

import (
	"context"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Activities is what the actions on activities need of a host. GetActivityTask gives
// the zero ActivityTask where there was none for as long as a poll lasts.
type Activities interface {
	CreateActivity(ctx context.Context, in sfn.NewActivity) (sfn.Activity, error)
	DescribeActivity(ctx context.Context, arn string) (sfn.Activity, error)
	ListActivities(ctx context.Context, p sfn.Page) ([]sfn.Activity, string, error)
	DeleteActivity(ctx context.Context, arn string) error
	GetActivityTask(ctx context.Context, arn, worker string) (sfn.ActivityTask, error)
	Tags
}

func createActivity(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	a := sfn.NewActivity{Name: r.required("name", nameShape)}
	tags, _, tagsErr := readTags(r.input)
	encryption, encryptionErr := readEncryption(r.input)
	if err := firstOf(r.check(), checkName(a.Name), encryptionErr, tagsErr); err != nil {
		return jsonval.Value{}, err
	}
	if err := s.onActivity(ctx, "states:CreateActivity", sfn.ActivityARN(s.region, s.account, a.Name)); err != nil {
		return jsonval.Value{}, err
	}
	a.Tags, a.Encryption = tags, encryption
	made, err := s.activities.CreateActivity(ctx, a)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	return o.AddString("activityArn", made.ARN).Add("creationDate", timestamp(made.Created)).Value(), nil
}

func describeActivity(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn, err := s.activityOf(ctx, r, "states:DescribeActivity")
	if err != nil {
		return jsonval.Value{}, err
	}
	a, err := s.activities.DescribeActivity(ctx, arn)
	if err != nil {
		return jsonval.Value{}, err
	}
	o := activityItem(a)
	return o.Add("encryptionConfiguration", or(a.Encryption, ownedKey())).Value(), nil
}

// activityItem writes what both Describe and List show.
func activityItem(a sfn.Activity) *jsonval.Object {
	var o jsonval.Object
	return o.AddString("activityArn", a.ARN).AddString("name", a.Name).Add("creationDate", timestamp(a.Created))
}

func listActivities(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	page := r.page(pageToken)
	if err := r.check(); err != nil {
		return jsonval.Value{}, err
	}
	const action = "states:ListActivities"
	found, next, err := visible(s, ctx, action, sfn.ActivityARN(s.region, s.account, "*"), page, s.activities.ListActivities,
		func(a sfn.Activity) []string { return sfn.ActivityResources(a.ARN) })
	if err != nil {
		return jsonval.Value{}, err
	}
	var list jsonval.Array
	for _, a := range found {
		list.Add(activityItem(a).Value())
	}
	return listing("activities", list, next), nil
}

func deleteActivity(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	arn, err := s.activityOf(ctx, r, "states:DeleteActivity")
	if err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.EmptyObject, s.activities.DeleteActivity(ctx, arn)
}

// getActivityTask waits for as long as its host does: both members are null then.
func getActivityTask(s *server, ctx context.Context, r *request) (jsonval.Value, error) {
	worker := ""
	arn, err := s.activityOf(ctx, r, "states:GetActivityTask", func() { worker = r.optional("workerName", nameShape) })
	if err != nil {
		return jsonval.Value{}, err
	}
	task, err := s.activities.GetActivityTask(ctx, arn, worker)
	if err != nil {
		return jsonval.Value{}, err
	}
	var o jsonval.Object
	if task.TaskToken == "" {
		return o.Add("taskToken", jsonval.NullValue).Add("input", jsonval.NullValue).Value(), nil
	}
	o.Grow(64 + len(task.TaskToken) + quoted(task.Input))
	return o.AddString("taskToken", task.TaskToken).AddString("input", task.Input.Text()).Value(), nil
}

// activityOf reads activityArn, then whatever stands behind it, and asks the action's
// permission.
func (s *server) activityOf(ctx context.Context, r *request, action string, rest ...func()) (arn string, err error) {
	arn = r.required("activityArn", arnShape)
	for _, read := range rest {
		read()
	}
	if err := firstOf(r.check(), checkARN(arn, "activity")); err != nil {
		return "", err
	}
	return arn, s.onActivity(ctx, action, arn)
}

func (s *server) onActivity(ctx context.Context, action, arn string) error {
	return s.permit(ctx, action, sfn.ActivityResources(arn))
}

// tagged refuses an action on the tags of a resource, else says who keeps them.
func (s *server) tagged(ctx context.Context, action, arn string) (Tags, error) {
	if sfn.IsActivity(arn) && s.activities != nil {
		return s.activities, s.onActivity(ctx, action, arn)
	}
	return s.tags, s.onMachine(ctx, action, arn)
}
