package app

import (
	"cmp"
	"context"
	"log/slog"
	"strconv"
	"time"

	"stile/internal/audit"
	"stile/internal/express"
	"stile/internal/identity"
	"stile/internal/kv"
	"stile/internal/sfn"
	"stile/internal/sigv4"
	"stile/jsonval"
)

// auditKV is the record's own space of the configuration's store.
type auditKV struct{ store kv.Store }

func (a auditKV) Write(pairs []audit.Pair) error {
	ops := make([]kv.Op, len(pairs))
	for i, p := range pairs {
		ops[i] = kv.Op{Kind: kv.Set, Space: spaceAudit, Key: p.Key, Value: p.Value}
	}
	return commit(a.store, ops)
}

func (a auditKV) Cut(set audit.Pair, lower, upper []byte) error {
	return commit(a.store, []kv.Op{{Kind: kv.DeleteRange, Space: spaceAudit, Key: lower, End: upper},
		{Kind: kv.Set, Space: spaceAudit, Key: set.Key, Value: set.Value}})
}

func (a auditKV) Scan(lower []byte, reverse bool, f func(k, v []byte) bool) error {
	return a.store.Iterate(spaceAudit, kv.Range{Lower: lower, Reverse: reverse}, f)
}

// auditor writes down what is done. Who acted is in the context; a mutation is
// recorded when it was made and before it is answered, so that its answer is an
// error where the record cannot be written.
type auditor struct {
	book *audit.Log
	keys func() func(id string) []byte // of task tokens
	log  *slog.Logger
	// express runs EXPRESS executions, isExpress tells their state machines; both are set
	// once it is open.
	express   *express.Host
	isExpress func(stateMachineARN string) bool

	logins, callbacks refusals
}

// actor is who the context says is calling, and by which way.
func actor(ctx context.Context, via string) (who, way string) {
	c := identity.CallerFrom(ctx)
	if c.Kind == "" {
		if signer, ok := sigv4.FromContext(ctx); ok {
			return cmp.Or(signer.Principal, identity.KindKey+":"+signer.KeyID), "aws"
		}
	}
	return c.String(), cmp.Or(c.Via, via)
}

// record appends an entry whose actor the context knows.
func (a *auditor) record(ctx context.Context, via string, e audit.Entry) error {
	e.Actor, e.Via = actor(ctx, via)
	e.Decision = cmp.Or(e.Decision, audit.Allowed)
	return a.append(ctx, e)
}

func (a *auditor) append(ctx context.Context, e audit.Entry) error {
	_, err := a.book.Append(ctx, e)
	return err
}

// note appends what changes nothing, such as a refusal: the caller gets its answer
// also where the record cannot be written, and the log tells.
func (a *auditor) note(ctx context.Context, e audit.Entry) {
	if err := a.append(ctx, e); err != nil {
		a.log.Error("not recorded", "action", e.Action, "resource", e.Resource, "decision", e.Decision, "error", err)
	}
}

// denied records a refusal of the control listener.
func (a *auditor) denied(ctx context.Context, action, resource string, d identity.Decision) {
	e := audit.Entry{Action: action, Resource: resource, Decision: audit.Denied, Role: placeOf(d.File, d.Line)}
	e.Actor, e.Via = actor(ctx, "api")
	a.note(ctx, e)
}

// ungoverned records a state's call past the gateway, before it is sent.
func (a *auditor) ungoverned(ctx context.Context, call sfn.TaskCall, target, place string) error {
	return a.append(ctx, audit.Entry{Actor: "state:" + call.ExecutionName + "/" + call.State, Via: "engine", Action: "stile:CallOutside",
		Resource: target, Decision: audit.Ungoverned, Role: place, Trace: call.TraceID})
}

func placeOf(file string, line int) string {
	if file == "" {
		return ""
	}
	return file + ":" + strconv.Itoa(line)
}

// openAudit opens the record, before anything can change.
func (s *server) openAudit() error {
	book, err := audit.Open(auditKV{s.data.config}, time.Now)
	s.audit = &auditor{book: book, log: s.log, keys: func() func(string) []byte { return s.host.TokenKeys() }}
	return err
}

// token wraps the minting of role tokens.
func (a *auditor) token(mint func(role string) (string, time.Time, error)) func(context.Context, string) (string, time.Time, error) {
	return func(ctx context.Context, role string) (string, time.Time, error) {
		token, expires, err := mint(role)
		if err == nil {
			var o jsonval.Object
			err = a.record(ctx, "api", audit.Entry{Action: "stile:Configure", Resource: "role/" + role, Verdict: o.AddString("operation", "token").Value()})
		}
		if err != nil {
			return "", time.Time{}, err
		}
		return token, expires, nil
	}
}
