package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"stile/internal/files"
	"stile/internal/sfn"
	"stile/jsonval"
)

// takeMachines brings the engine's state machines up to the project's. One that
// has no file any more stays: executions of it may go on, and a file may be
// missing for the moment between an editor's remove and rename.
func (s *server) takeMachines(ctx context.Context, list []files.StateMachine) error {
	known := map[string]bool{}
	for _, m := range list {
		known[m.Name] = true
		err := s.takeMachine(ctx, m)
		var refused *sfn.Error
		if errors.As(err, &refused) && refused.Code == "StateMachineDeleting" {
			s.log.Warn("state machine "+m.Name+" is being deleted: its file is taken at the next change or start, once its executions have ended",
				"file", m.File)
			continue
		}
		if err != nil {
			return fmt.Errorf("state machine %s (%s): %w", m.Name, m.File, err)
		}
	}
	return s.tellFileless(ctx, known)
}

func (s *server) takeMachine(ctx context.Context, m files.StateMachine) error {
	arn := sfn.StateMachineARN(s.opts.Region, s.opts.Account, m.Name)
	role := "arn:aws:iam::" + s.opts.Account + ":role/" + m.Role
	now, err := s.host.DescribeStateMachine(ctx, arn)
	var refused *sfn.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "StateMachineDoesNotExist":
		_, err = s.host.CreateStateMachine(ctx, sfn.NewStateMachine{Name: m.Name, RoleARN: role, Type: m.Type,
			Definition: m.Definition, File: m.File, Logging: s.logging(m.Logging)})
		return err
	case err != nil:
		return err
	case now.Status != "ACTIVE":
		return sfn.StateMachineDeleting(arn)
	case now.Type != cmp.Or(m.Type, sfn.Standard):
		return fmt.Errorf("its type is %s and cannot become %s: delete the state machine first, or give the file another name", now.Type, m.Type)
	}
	logging := s.logging(m.Logging)
	if !logging.Exists() && now.Logging.Get("level").Exists() {
		logging = s.logging(files.Logging{Level: "OFF"}) // the file says what is
	}
	if now.Definition == m.Definition && now.RoleARN == role && (!logging.Exists() || jsonval.Equal(logging, now.Logging)) {
		return nil
	}
	_, err = s.host.UpdateStateMachine(ctx, arn, sfn.StateMachineUpdate{Definition: &m.Definition, RoleARN: &role, Logging: logging, File: m.File})
	return err
}

// logging is what a file says of the log as a logging configuration; absent where it
// says nothing.
func (s *server) logging(l files.Logging) jsonval.Value {
	if l.Level == "" {
		return jsonval.Value{}
	}
	var o, to, group jsonval.Object
	if l.Level != "OFF" {
		group.AddString("logGroupArn", sfn.LogGroupARN(s.opts.Region, s.opts.Account, l.Group))
		o.Add("destinations", jsonval.OfItems(to.Add("cloudWatchLogsLogGroup", group.Value()).Value()))
	}
	return o.Add("includeExecutionData", jsonval.OfBool(l.Data)).AddString("level", l.Level).Value()
}

// tellFileless warns of state machines that came from a file which is gone.
func (s *server) tellFileless(ctx context.Context, known map[string]bool) error {
	page := sfn.Page{Max: 1000}
	for {
		list, next, err := s.host.ListStateMachines(ctx, page)
		if err != nil {
			return err
		}
		for _, m := range list {
			if m.File != "" && !known[m.Name] {
				s.log.Warn("state machine "+m.Name+" has no file any more and stays as it is: delete it, or put the file back", "file", m.File)
			}
		}
		if next == "" {
			return nil
		}
		page.Token = next
	}
}
