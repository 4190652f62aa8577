package app

import (
	"context"
	"errors"
	"fmt"

	"stile/internal/files"
	"stile/internal/sfn"
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
			Definition: m.Definition, File: m.File})
		return err
	case err != nil:
		return err
	case now.Status != "ACTIVE":
		return sfn.StateMachineDeleting(arn)
	case now.Definition == m.Definition && now.RoleARN == role:
		return nil
	}
	_, err = s.host.UpdateStateMachine(ctx, arn, sfn.StateMachineUpdate{Definition: &m.Definition, RoleARN: &role, File: m.File})
	return err
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
