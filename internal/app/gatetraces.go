package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"stile/internal/audit"
	"stile/internal/console"
	"stile/internal/gatetrace"
	"stile/internal/gateway"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/internal/telemetry"
	"stile/jsonval"
	"stile/policy/exchange"
)

// gateTraceKV is the space of the traces of requests.
type gateTraceKV struct{ store kv.Store }

func (t gateTraceKV) Write(sets []telemetry.Pair, deletes [][]byte) error {
	ops := make([]kv.Op, 0, len(sets)+len(deletes))
	for _, p := range sets {
		ops = append(ops, kv.Op{Kind: kv.Set, Space: spaceGateTraces, Key: p.Key, Value: p.Value})
	}
	for _, k := range deletes {
		ops = append(ops, kv.Op{Kind: kv.Delete, Space: spaceGateTraces, Key: k})
	}
	if err := commit(t.store, ops); !late(err) {
		return err
	}
	return nil // it is written when the disk takes writes again
}

func (t gateTraceKV) Scan(lower, upper []byte, reverse bool, f func(k, v []byte) bool) error {
	return t.store.Iterate(spaceGateTraces, kv.Range{Lower: lower, Upper: upper, Reverse: reverse}, f)
}

// gateTraces joins the store of traces of requests, the debug tokens that ask for
// them, and the gateway that makes them.
type gateTraces struct {
	*gatetrace.Store
	tokens  *gatetrace.Tokens
	gateway func() *gateway.Gateway
	audit   *auditor
	// all says that every exchange is recorded.
	all     bool
	crowded func() bool
}

// openGateTraces opens the store. In dev every exchange is recorded, unless stile.yaml
// keeps no traces; in serve those with a debug token.
func (s *server) openGateTraces() error {
	store, err := gatetrace.Open(gateTraceKV{s.data.traces}, gatetrace.Limits{}, s.secrets.mask)
	if err != nil {
		return s.data.damagedTraces(fmt.Errorf("traces of requests cannot be read: %w", err))
	}
	s.gateTraces = &gateTraces{Store: store, tokens: gatetrace.NewTokens(time.Now), gateway: func() *gateway.Gateway { return s.gateway }, audit: s.audit,
		all: s.mode == modeDev && s.seeing.traces, crowded: s.seeing.crowded}
	s.seeing.metrics.Read("stile.gateway.traces.dropped", "{trace}", "Traces of requests that were not kept.", telemetry.KindCounter,
		func() float64 { return float64(store.Dropped()) })
	return nil
}

// record is gateway.Config.Record.
func (t *gateTraces) record(ex *exchange.Exchange, token string) gateway.Debugging {
	if token != "" {
		switch t.tokens.Open(token, apiOf(ex)) {
		case nil:
			return gateway.DebugTrace
		case gatetrace.ErrWrongAPI:
			return gateway.DebugWrongAPI
		}
		return gateway.DebugExpired
	}
	if t.all {
		return gateway.DebugRecord
	}
	return gateway.DebugNothing
}

func apiOf(ex *exchange.Exchange) string {
	if ex.API == nil {
		return ""
	}
	return plainAPI(ex.API.ID)
}

// plainAPI is an API's id without a revision.
func plainAPI(id string) string {
	id, _, _ = strings.Cut(id, ";")
	return id
}

// keep keeps the trace of an exchange that has ended.
func (t *gateTraces) keep(ex *exchange.Exchange, end time.Time) {
	if t != nil && ex.Recording != nil && !t.crowded() {
		t.Record(gatetrace.Take(ex, end))
	}
}

// close keeps what waits.
func (t *gateTraces) close() error {
	if t == nil {
		return nil
	}
	return t.Close()
}

// expire forgets what began before a time.
func (t *gateTraces) expire(before time.Time) {
	if t == nil {
		return
	}
	if err := t.Expire(before); err != nil {
		t.audit.log.Warn("old traces of requests were not forgotten", "error", err)
	}
}

// seen tells of a finished exchange, and keeps its trace.
func (s *server) seen(ex *exchange.Exchange, end time.Time) {
	s.seeing.exchange(ex, end)
	s.gateTraces.keep(ex, end)
}

// Operations is console.Gate.
func (t *gateTraces) Operations() (out []console.GateOperation) {
	snap := t.gateway().Snapshot()
	if snap == nil {
		return nil
	}
	for _, a := range snap.Service().APIs {
		if !a.IsCurrentRevision {
			continue
		}
		path := "/" + strings.Trim(a.Path, "/")
		if a.VersionScheme == "Segment" && a.Version != "" {
			path = strings.TrimSuffix(path, "/") + "/" + a.Version
		}
		for _, o := range a.Operations {
			out = append(out, console.GateOperation{API: a.ID, Operation: o.ID, Method: o.Method,
				Path: strings.TrimSuffix(path, "/") + "/" + strings.TrimPrefix(o.URLTemplate, "/"), KeyHeader: a.KeyHeader})
		}
	}
	return out
}

// Locate is console.Gate.
func (t *gateTraces) Locate(method, path string) (api, operation string, ok bool) {
	snap := t.gateway().Snapshot()
	if snap == nil {
		return "", "", false
	}
	path, _, _ = strings.Cut(path, "?")
	return snap.Locate(method, path)
}

// DebugToken is console.Gate: who asked is recorded before the token is given.
func (t *gateTraces) DebugToken(ctx context.Context, api string, life time.Duration) (string, time.Time, error) {
	api = plainAPI(api)
	known := false
	for _, o := range t.Operations() {
		known = known || plainAPI(o.API) == api
	}
	if !known {
		return "", time.Time{}, &sfn.Error{Code: "NotFound", Message: "there is no API " + api}
	}
	token, expires := t.tokens.Make(api, life)
	var o jsonval.Object
	err := t.audit.record(ctx, "api", audit.Entry{Action: "apim:Trace", Resource: "api/" + api,
		Verdict: o.AddString("operation", "debug token").AddString("expires", expires.Format(time.RFC3339)).Value()})
	if err != nil {
		return "", time.Time{}, err
	}
	return token, expires, nil
}
