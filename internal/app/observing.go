package app

import (
	"context"
	"time"

	"stile/internal/observe"
	"stile/policy/exchange"
)

// observeExchange is told of every exchange when it has ended.
func (s *server) observeExchange(ex *exchange.Exchange, end time.Time) {
	s.seen(ex, end)
	s.audit.refusedDelivery(ex)
	s.endedCallback(ex)
}

// observed is a caller past the gateway, which tells of its exchanges as the
// gateway does.
func (s *server) observed(next exchange.Caller) exchange.Caller {
	return exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
		ex.Trace.SpanID = observe.NewSpanID()
		err := next.Do(ctx, ex)
		s.observeExchange(ex, time.Now())
		return err
	})
}
