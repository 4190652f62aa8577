package app

import (
	"context"
	"fmt"
	"time"

	"stile/internal/activity"
	"stile/internal/audit"
	"stile/internal/config"
	"stile/internal/sfn"
	"stile/internal/why"
)

func (s *server) openActivities() (err error) {
	s.activities, err = activity.Open(activity.Config{Store: namedStore{spaceActivities, s.data.config}, Region: s.opts.Region, Account: s.opts.Account,
		Now: time.Now, Host: func() activity.Host { return s.host }})
	return err
}

// takeActivities makes the activities that stile.yaml declares. One that it declares no
// more stays: workers and executions may be under way.
func (s *server) takeActivities(ctx context.Context, list []config.Activity) error {
	for _, a := range list {
		if _, err := s.activities.CreateActivity(ctx, sfn.NewActivity{Name: a.Name}); err != nil {
			return fmt.Errorf("activity %s: %w", a.Name, err)
		}
	}
	return nil
}

// workers tells of an activity what holds its Tasks.
func (s *server) workers(arn string) why.Workers {
	return why.Workers{Exists: s.activities.Exists(arn), Waiting: s.activities.Workers(arn)}
}

// auditedActivities are the activities for who changes them over AWS's API. That a
// worker took a task stands in the execution's history.
type auditedActivities struct {
	*activity.Activities
	audit *auditor
	admit func() error
}

func (a auditedActivities) record(ctx context.Context, action, arn string, err error) error {
	if err != nil {
		return err
	}
	return a.audit.record(ctx, "aws", audit.Entry{Action: action, Resource: arn})
}

func (a auditedActivities) CreateActivity(ctx context.Context, in sfn.NewActivity) (sfn.Activity, error) {
	if err := a.admit(); err != nil {
		return sfn.Activity{}, err
	}
	made, err := a.Activities.CreateActivity(ctx, in)
	return made, a.record(ctx, "states:CreateActivity", made.ARN, err)
}

func (a auditedActivities) DeleteActivity(ctx context.Context, arn string) error {
	return a.record(ctx, "states:DeleteActivity", arn, a.Activities.DeleteActivity(ctx, arn))
}

func (a auditedActivities) TagResource(ctx context.Context, arn string, tags []sfn.Tag) error {
	return a.record(ctx, "states:TagResource", arn, a.Activities.TagResource(ctx, arn, tags))
}

func (a auditedActivities) UntagResource(ctx context.Context, arn string, keys []string) error {
	return a.record(ctx, "states:UntagResource", arn, a.Activities.UntagResource(ctx, arn, keys))
}
