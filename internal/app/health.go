package app

import (
	"context"
	"time"

	"stile/internal/sfn"
	"stile/internal/telemetry"
)

// limit is how long a state may take by the options that its state machine has now;
// 0 where they do not say.
func (s *server) limit(stateMachineARN, state string) time.Duration {
	p := s.current.Load()
	if p == nil {
		return 0
	}
	arn, _ := sfn.ParseARN(stateMachineARN)
	for i := range p.StateMachines {
		if p.StateMachines[i].Name != arn.Name {
			continue
		}
		if o := p.StateMachines[i].State(state); o != nil {
			return o.Limit
		}
	}
	return 0
}

// openSlow makes the detector a sink of what is seen; serve has it look.
func (s *server) openSlow(p *project) {
	floors := p.Config.Telemetry.Slow
	s.slow = telemetry.NewSlow(floors.Operation, floors.State)
	s.seeing.watch(s.slow)
	s.seeing.metrics.Read("stile.slow", "{condition}", "Operations and states that are slow now.", telemetry.KindGauge,
		func() float64 { return float64(len(s.slow.Raised())) })
}

// watchSlow looks for slowness until ctx ends, and tells of each change once.
func (s *server) watchSlow(ctx context.Context) {
	tick := time.NewTicker(telemetry.SlowEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, c := range s.slow.Look(now) {
				s.tellSlow(ctx, c)
			}
		}
	}
}

func (s *server) tellSlow(ctx context.Context, c telemetry.SlowChange) {
	if c.Raised {
		s.log.Warn("slow", c.Kind, c.Name, "p95", c.P95.String(), "usual", c.Usual.String(), "floor", c.Floor.String())
	} else {
		s.log.Info("no longer slow", c.Kind, c.Name, "since", c.Since)
	}
	if err := s.host.Tell(ctx, slowEvent(c)); err != nil && ctx.Err() == nil {
		s.log.Warn("a notice of slowness is lost", c.Kind, c.Name, "error", err)
	}
}
