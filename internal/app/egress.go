package app

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"stile/diag"
	"stile/internal/backend"
	"stile/internal/config"
	"stile/internal/contract"
	"stile/internal/files"
	"stile/internal/observe"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/policy/exchange"
)

// outside is the caller past the gateway. Of addresses that data made none may be
// inside, also where the gateway has a backend there: egress of stile.yaml decides.
func (s *server) outside() exchange.Caller { return s.observed(pastTheGateway()) }

func pastTheGateway() exchange.Caller {
	cfg := backend.Config{Now: time.Now, Span: observe.NewSpanID}
	return backend.NewMux(cfg, backend.NewClient(cfg), nil)
}

// exit is task.Config.Egress.
func (s *server) exit(host, role string) (task.Exit, bool) {
	e, ok := s.current.Load().Config.EgressTo(host, role)
	return task.Exit{Entry: e.Host, Reason: e.Reason, Private: e.Private}, ok
}

// ungoverned is task.Config.Ungoverned: the call is written down with the entry
// that lets it out.
func (s *server) ungoverned(ctx context.Context, call sfn.TaskCall, host, _ string, _ *exchange.Exchange) error {
	cfg, place := s.current.Load().Config, ""
	role, _ := sfn.RoleName(call.RoleARN)
	if e, ok := cfg.EgressTo(host, role); ok {
		place = filepath.ToSlash(cfg.File) + ":" + strconv.Itoa(e.Line)
	}
	return s.audit.ungoverned(ctx, call, "host/"+host, place)
}

// egressOf is what contract holds the definitions against.
func egressOf(p *files.Project) (out []contract.Egress) {
	for _, e := range p.Config.Egress {
		out = append(out, exitOf(p, e))
	}
	return out
}

// exitsOf is contract.Project.Exit.
func exitsOf(p *files.Project) func(host, role string) (contract.Egress, bool) {
	return func(host, role string) (contract.Egress, bool) {
		e, ok := p.Config.EgressTo(host, role)
		return exitOf(p, e), ok
	}
}

func exitOf(p *files.Project, e config.Egress) contract.Egress {
	return contract.Egress{Host: e.Host, Roles: e.Roles, Reason: e.Reason, File: filepath.ToSlash(p.Config.File), Line: e.Line, Column: e.Column}
}

// egressFaults tells of egress entries for roles that are not there. A role that a
// state machine names counts, also while it has no file: dev allows it.
func egressFaults(p *files.Project) (out diag.List) {
	var names []string
	for name := range p.Roles {
		names = append(names, name)
	}
	for _, m := range p.StateMachines {
		names = append(names, m.Role)
	}
	slices.Sort(names)
	for _, e := range p.Config.Egress {
		for _, role := range e.Roles {
			if role == "" || slices.Contains(names, role) { // an empty name is told of by config
				continue
			}
			hint := "add roles/" + role + ".json, or name a role that is there"
			if near, ok := diag.Nearest(role, names); ok {
				hint = "did you mean " + near + "?"
			}
			out = append(out, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Error, File: filepath.ToSlash(p.Config.File), Line: e.Line, Column: e.Column,
				Message: "the project has no role " + role + ", which egress lets call " + e.Host, Hint: hint})
		}
	}
	return out
}
