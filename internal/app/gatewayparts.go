package app

import (
	"time"

	"stile/internal/cache"
	"stile/internal/callback"
	"stile/internal/gateway"
	"stile/internal/identity"
	"stile/internal/workflow"
	"stile/policy/exchange"
)

// joinGateway joins the gateway's parts. Workflows and callbacks are backends of it.
func (s *server) joinGateway(calls *callback.Callbacks) {
	facade := workflow.New(workflow.Config{Host: s.host, Sync: s.startSync, Account: s.opts.Account, Region: s.opts.Region, NewName: newGUID})
	mux := s.upstream(map[string]exchange.Caller{"workflows": s.audit.workflows(facade, s.opts.Region, s.opts.Account), "callbacks": s.audit.deliveries(calls)})
	s.gateway = gateway.New(gateway.Config{
		Backend: mux, Counters: s.counters(), Tokens: gateway.NewTokens(identity.NewVerifier(s.issuer, identity.HTTPGet(s.opts.providers), time.Now)),
		Cache: cache.NewMemory(0, 0), External: s.externalCache(), Identity: s.managedIdentity(), Telemetry: s.measures(), Events: s.openEvents(), Authorizations: s.authorizations(), Refused: s.secrets.refused,
		Authorize: s.seeing.authorize(s.roles.authorize), Observe: s.observeExchange, Record: s.gateTraces.record, Now: time.Now, NewGUID: newGUID, Rand: randomUint64, Log: s.log,
	})
}
