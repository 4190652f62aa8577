package app

import (
	"context"
	"sync"
	"time"

	"stile/internal/audit"
	"stile/internal/console"
	"stile/internal/identity"
	"stile/jsonval"
)

// Bounds of the failed logins, and of the refused deliveries on callback URLs, that
// are recorded: nobody who is not proven may fill the store. After a burst there is
// one in each interval; what goes over is counted in the next.
const (
	maxRefusals   = 10
	everyRefusals = 10 * time.Second
)

// refusals spreads records over time and counts what was left out.
type refusals struct {
	mu sync.Mutex
	// free is when all of a burst may be recorded again.
	free time.Time
	left int
}

// admit says whether one may be recorded now, and how many were left out before it.
func (f *refusals) admit(now time.Time) (left int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.free.Before(now) {
		f.free = now
	}
	if f.free.Sub(now) > (maxRefusals-1)*everyRefusals {
		f.left++
		return 0, false
	}
	f.free = f.free.Add(everyRefusals)
	left, f.left = f.left, 0
	return left, true
}

// loginRefused records a credential that was not good; reason is ours, and quotes
// nothing that was sent.
func (a *auditor) loginRefused(ctx context.Context, via, reason string) {
	if a == nil {
		return
	}
	left, ok := a.logins.admit(time.Now())
	if !ok {
		return
	}
	var o jsonval.Object
	o.AddString("reason", reason)
	if left > 0 {
		o.AddInt("notRecordedBefore", int64(left))
	}
	a.note(ctx, audit.Entry{Actor: identity.Caller{}.String(), Via: via, Action: "stile:Login", Resource: "control",
		Decision: audit.Denied, Verdict: o.Value()})
}

// loggedIn records a session that was made; without the record there is none.
func (a *auditor) loggedIn(ctx context.Context, c identity.Caller) error {
	if a == nil {
		return nil
	}
	var o jsonval.Object
	o.AddString("provider", c.Provider)
	return a.append(ctx, audit.Entry{Actor: c.String(), Via: "page", Action: "stile:Login", Resource: "control",
		Decision: audit.Allowed, Verdict: o.Value()})
}

// auditedSecrets records who asked for the secrets anew.
type auditedSecrets struct {
	console.Secrets
	audit *auditor
}

// Refresh asks the sources, then records it.
func (s auditedSecrets) Refresh(ctx context.Context) error {
	if err := s.Secrets.Refresh(ctx); err != nil {
		return err
	}
	return s.audit.record(ctx, "api", audit.Entry{Action: "stile:Configure", Resource: "secrets"})
}
