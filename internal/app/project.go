package app

import (
	"context"
	"errors"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/files"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/mock"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/jsonval"
	"stile/policy/exchange"
)

type jsonValue = jsonval.Value

// project is what the running parts read of the project's files: never changed,
// replaced as a whole.
type project struct {
	*files.Project
	roles  map[string]*identity.Role
	access *identity.Access
	mocks  *mock.File // nil where the project has none, and in serve
}

// loaded is a project that has no fault, compiled and ready to take.
type loaded struct {
	project  *project
	snapshot *gateway.Snapshot
	warnings diag.List
}

// load reads and compiles the project's folder. Its error is a diag.List with
// every fault, or what the disk said.
func (s *server) load() (*loaded, error) {
	if s.folder == nil {
		s.folder = files.NewCache(s.opts.Dirs[0])
	}
	p, faults := s.folder.Load()
	if p == nil {
		return nil, faults.Sort()
	}
	if s.mode == modeServe {
		faults = append(faults, p.Config.DevKeys()...)
	}
	addBuiltIn(p.APIM, s.opts.Issuer)
	s.secrets.prepare(p)
	next := &project{Project: p, roles: p.Roles, access: identity.NewAccess(p.Roles, p.Assignments)}
	options := gateway.CompileOptions{Revision: newRevision(), Secrets: s.secrets.value, Authorize: s.authorizeIn(next)}
	if s.gateway != nil {
		options.Previous = s.gateway.Snapshot()
	}
	snapshot, more := gateway.Compile(p.APIM, s.policyTable(), options)
	faults = append(faults, more...)
	machines, found := parseMachines(p.StateMachines)
	faults = append(faults, found...)
	faults = append(faults, refFaults(p.Config)...)
	faults = append(faults, s.neededFaults(p)...)
	faults = append(faults, sampleFaults(p.Config)...)
	faults = append(faults, bucketFaults(s.opts.Dirs[0], p.Config)...)
	faults = append(faults, approvalFaults(p, machines)...)
	faults = append(append(append(faults, egressFaults(p)...), functionFaults(p)...), jointFaults(p, machines, snapshot, s.opts.ServerOptions)...)
	faults = append(faults, namedValueFaults(p, machines)...)
	if s.mode == modeDev {
		var found diag.List
		next.mocks, found = readMocks(s.opts.Dirs[0], s.opts.Mock, p, machines)
		faults = append(faults, found...)
	}
	if faults = faults.Sort(); faults.HasErrors() {
		return nil, faults
	}
	return &loaded{project: next, snapshot: snapshot, warnings: faults}, nil
}

// authorizeIn decides by one project's roles: a call runs on one configuration of
// roles and documents, whatever is taken meanwhile. The parts that it uses are
// there once anything calls.
func (s *server) authorizeIn(p *project) func(*exchange.Exchange) *exchange.PermissionDenied {
	return func(ex *exchange.Exchange) *exchange.PermissionDenied {
		return s.seeing.authorize(func(ex *exchange.Exchange) *exchange.PermissionDenied { return s.roles.authorizeIn(p, ex) })(ex)
	}
}

// addBuiltIn adds the named value that tells policies our issuer.
func addBuiltIn(svc *apim.Service, issuer string) {
	svc.NamedValues = append(svc.NamedValues, &apim.NamedValue{ID: "stile-issuer", DisplayName: "stile-issuer", BuiltIn: true, Value: strings.TrimRight(issuer, "/")})
}

// take makes a loaded project the current one: connections and what else is read of
// it at once, the gateway with its roles from its next request on, state machines
// for executions that start afterwards.
func (s *server) take(ctx context.Context, l *loaded) error {
	for _, d := range l.warnings {
		if d.Severity == diag.Note {
			s.log.Info(d.String())
			continue
		}
		s.log.Warn(d.String())
	}
	before := s.digest()
	s.current.Store(l.project)
	s.events.Set(hubs(l.snapshot, s.log))
	s.gateway.Swap(l.snapshot)
	s.breakers.Forget(func(id string) bool { return !l.snapshot.HasBackend(id) })
	s.secrets.keep(l.snapshot.Secrets())
	ctx = sfn.Owed(ctx) // a server with little room starts with its project
	if err := s.takeActivities(ctx, l.project.Config.Activities); err != nil {
		return err
	}
	if err := s.takeMachines(ctx, l.project.StateMachines); err != nil {
		return err
	}
	return s.audit.taken(l.project.Config.Name, before, l.project.Digest, l.snapshot.Revision())
}

// watch takes the project up again whenever a file of it changes, until ctx ends.
// A project with faults is told of and not taken.
func (s *server) watch(ctx context.Context, w *files.Watcher) {
	w.Except(s.isData)
	err := w.Watch(ctx, func(paths []string) {
		s.secrets.taking.Lock()
		defer s.secrets.taking.Unlock()
		s.folder.Changed(paths)
		l, err := s.load()
		var faults diag.List
		switch {
		case errors.As(err, &faults):
			s.audit.notTaken(s.current.Load().Config.Name, s.digest(), faults)
			for _, d := range faults {
				if d.Severity != diag.Error {
					s.log.Warn(d.String())
					continue
				}
				s.log.Error("not taken: the project has a fault", "fault", d.String(), "help", d.Hint)
			}
		case err != nil:
			s.log.Error("not taken: the project cannot be read", "error", err)
		default:
			if err := s.take(ctx, l); err != nil {
				s.log.Error("the project was taken in part", "error", err)
				return
			}
			s.log.Info("the project was taken up again", "revision", l.snapshot.Revision())
		}
	})
	if err != nil {
		s.log.Error("files are no longer watched: restart to take changes", "error", err)
	}
}

// target says where a host or URL origin of a definition goes.
func (s *server) target(name string) (task.Target, bool) {
	return targetOf(s.current.Load().Project, name)
}

func targetOf(p *files.Project, name string) (task.Target, bool) {
	e, ok := p.Config.Resolve(name)
	if !ok || !e.GatewaySelf && e.HTTP == "" {
		return task.Target{}, false
	}
	return task.Target{Gateway: e.GatewaySelf, URL: e.HTTP}, true
}

// samplesOf are the sample backends that run beside a project: in dev alone.
func samplesOf(l *loaded, m mode) []config.Sample {
	if m == modeServe {
		return nil
	}
	return l.project.Config.Samples
}
