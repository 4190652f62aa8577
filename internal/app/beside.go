package app

import (
	"time"

	"stile/internal/backend"
	"stile/internal/observe"
	"stile/internal/telemetry"
	"stile/policy/exchange"
)

// upstream makes what calls backends: those of this process by their names, others
// over the network.
func (s *server) upstream(local map[string]exchange.Caller) *backend.Mux {
	c := backend.Config{Now: time.Now, Span: observe.NewSpanID, Breakers: &s.breakers,
		Trusted: func(origin string) bool { return s.gateway.Snapshot().KnownOrigin(origin) }}
	s.measureCalls()
	return backend.NewMux(c, backend.NewClient(c), local)
}

// measureCalls tells of what the gateway runs beside its exchanges, and of the
// circuits that are open.
func (s *server) measureCalls() {
	m := s.seeing.metrics
	m.Read("stile.gateway.beside", "{call}", "What runs beside the gateway's exchanges now: one-way requests, values made anew.", telemetry.KindGauge,
		func() float64 { return float64(s.gateway.Beside().Under) })
	m.Read("stile.gateway.beside.started", "{call}", "What was started beside the gateway's exchanges.", telemetry.KindCounter,
		func() float64 { return float64(s.gateway.Beside().Started) })
	m.Read("stile.gateway.beside.dropped", "{call}", "What was not, because too much was under way.", telemetry.KindCounter,
		func() float64 { return float64(s.gateway.Beside().Dropped) })
	m.Read("stile.gateway.circuits.open", "{circuit}", "Circuits of backends that are open.", telemetry.KindGauge,
		func() float64 { return float64(len(s.breakers.Holding(time.Now()))) })
}
