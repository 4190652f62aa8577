package app

import (
	"context"
	"log/slog"
	"time"

	"stile/internal/eventhub"
	"stile/internal/gateway"
	"stile/internal/telemetry"
)

// openEvents makes what log-to-eventhub sends with. It is open for as long as
// anything else is seen.
func (s *server) openEvents() *eventhub.Hubs {
	identity := s.managedIdentity()
	s.events = eventhub.New(eventhub.Config{Token: identity.Token, Now: time.Now, Log: s.log})
	s.seeing.metrics.Read("stile.eventhub.dropped", "{message}", "Messages of log-to-eventhub that were lost.", telemetry.KindCounter,
		func() float64 { return float64(s.events.Dropped()) })
	s.seeing.close = append(s.seeing.close, func(ctx context.Context) { s.events.Close(ctx) })
	return s.events
}

// hubs are a snapshot's loggers as they can be sent to; one that cannot be is told of
// and left out, so that policies that name it fail.
func hubs(snapshot *gateway.Snapshot, log *slog.Logger) (out []eventhub.Logger) {
	for _, l := range snapshot.Loggers() {
		made := eventhub.Logger{ClientID: l.ClientID}
		var err error
		switch text := l.Connection.Reveal(); {
		case l.Lacking != "":
			log.Warn("a logger has no connection string", "logger", l.ID, "why", l.Lacking)
			continue
		case text != "":
			made, err = eventhub.ParseConnection(text)
		default:
			made.Endpoint, err = eventhub.Endpoint(l.Endpoint)
		}
		if err != nil {
			log.Warn("a logger cannot be used", "logger", l.ID, "error", err)
			continue
		}
		made.ID, made.Hub = l.ID, l.Hub
		out = append(out, made)
	}
	return out
}
