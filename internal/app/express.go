package app

import (
	"context"
	"time"

	"stile/internal/engine"
	"stile/internal/express"
	"stile/internal/sfn"
)

// expressDrain is how long EXPRESS executions may go on after a stop: they begin anew
// where they are cut.
const expressDrain = 3 * time.Second

// openHosts opens the engine and, over the same store, the host of EXPRESS executions.
func (s *server) openHosts(p *project, check func(resource string, parameters jsonValue) string) (err error) {
	store, others := s.seeing.meter(s.data.log), s.observe()
	told := func(n sfn.Notice) {
		others(n)
		s.execLog.Notice(n)
	}
	s.host, err = engine.Open(engine.Config{
		Store: store, Account: s.opts.Account, Region: s.opts.Region, Roles: s.roles, Observe: told, Log: s.log,
		CheckParameters: check, ActivityExists: s.activities.Exists,
		MaxPayload: p.Config.Engine.MaxPayload, MaxHistory: p.Config.Engine.MaxHistory,
		Fields: s.fields, Retention: s.retention, Limits: s.limit, Objects: s.buckets(), TestCases: s.testCases(), Outbox: s.outbox(p), Fatal: s.opts.fatal, Admit: s.admit,
	})
	if err != nil {
		return err
	}
	s.openExecutionLog(p)
	s.express, err = express.Open(express.Config{Machines: s.host, Store: store, Space: spaceExpress, Account: s.opts.Account, Region: s.opts.Region,
		CheckParameters: check, Observe: told, Log: s.log, MaxPayload: p.Config.Engine.MaxPayload, Fatal: s.opts.fatal, Admit: s.admit})
	s.audit.express, s.audit.isExpress = s.express, func(arn string) bool { return s.host.Type(arn) == sfn.Express }
	return err
}

// stopExpress ends the host of EXPRESS executions, while ctx lasts.
func (s *server) stopExpress(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, expressDrain)
	defer cancel()
	s.express.Close(ctx)
	if n := s.express.Open(); n > 0 {
		s.log.Warn("EXPRESS executions were cut: those that nobody waited for start over at the next start", "executions", n)
	}
}

// startSync is workflow.Config.Sync.
func (s *server) startSync(ctx context.Context, in sfn.Start) (x sfn.SyncExecution, is bool, err error) {
	if s.host.Type(in.StateMachineARN) != sfn.Express {
		return x, false, nil
	}
	x, err = s.express.StartSyncExecution(ctx, in)
	return x, true, err
}

// startBy starts an execution where its state machine's type belongs.
func startBy(ctx context.Context, standard *engine.Host, quick *express.Host, in sfn.Start) (sfn.Started, error) {
	if quick != nil && standard.Type(in.StateMachineARN) == sfn.Express {
		return quick.StartExecution(ctx, in)
	}
	return standard.StartExecution(ctx, in)
}

// jointExecutions are both hosts for states that start executions.
type jointExecutions struct {
	nestedExecutions
	express *express.Host
}
