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

// maxLoginRecords bounds the failed logins that are recorded in one second: nobody
// who is not proven may fill the store. What goes over it is counted in the next.
const maxLoginRecords = 10

// failedLogins counts the records of this second and what was left out.
type failedLogins struct {
	mu            sync.Mutex
	second        int64
	written, left int
}

// admit says whether one may be recorded now, and how many were left out before it.
func (f *failedLogins) admit(now time.Time) (left int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := now.Unix(); s != f.second {
		f.second, f.written = s, 0
	}
	if f.written == maxLoginRecords {
		f.left++
		return 0, false
	}
	f.written++
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
