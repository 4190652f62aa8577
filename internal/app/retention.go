package app

import (
	"context"
	"time"

	"stile/internal/engine/visibility"
	"stile/internal/sfn"
)

// retention is engine.Config.Retention, of the project that stands.
func (s *server) retention() visibility.Retention {
	p := s.current.Load()
	if p == nil {
		return visibility.Retention{}
	}
	r := p.Config.Retention
	return visibility.Retention{Executions: r.Executions, History: r.History}
}

// fields is engine.Config.Fields, of the project that stands.
func (s *server) fields(stateMachineARN string) (out visibility.Fields) {
	p := s.current.Load()
	a, ok := sfn.ParseARN(stateMachineARN)
	if p == nil || !ok {
		return nil
	}
	for i := range p.StateMachines {
		if m := &p.StateMachines[i]; m.Name == a.Name {
			for _, f := range m.Index {
				out = append(out, visibility.Field{Name: f.Name, Output: f.Output, Path: f.Path})
			}
			break
		}
	}
	return out
}

// retainEvery is how often traces and the audit are looked through.
const retainEvery = time.Hour

// retain drops traces and records of the audit that are past their age, until ctx ends.
func (s *server) retain(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		s.retainOnce(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *server) retainOnce(now time.Time) {
	r := s.current.Load().Config.Retention
	if r.Traces > 0 && s.traces != nil {
		s.traces.Forget(now.Add(-r.Traces))
		s.gateTraces.expire(now.Add(-r.Traces))
	}
	if r.Audit <= 0 {
		return
	}
	dropped, err := s.audit.book.Drop(now.Add(-r.Audit))
	if err != nil {
		s.log.Error("records of the audit that are past their retention cannot be dropped now", "error", err)
		return
	}
	if dropped > 0 {
		s.log.Info("records of the audit were dropped by retention", "records", dropped, "first", s.audit.book.First())
	}
}
