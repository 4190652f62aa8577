package sfn

import (
	"cmp"
	"slices"
	"time"

	"stile/jsonval"
)

// DefaultLimit is how long a Task state may take where its options name no limit.
const DefaultLimit = 5 * time.Minute

// Reasons of a Health.
const (
	ReasonTask       = "task"
	ReasonTimer      = "timer"
	ReasonToken      = "token"
	ReasonRetry      = "retry"
	ReasonLimit      = "limit"
	ReasonPolicy     = "policy"
	ReasonPermission = "permission"
	ReasonSecret     = "secret"
	ReasonBackend    = "backend"
	ReasonIncomplete = "incomplete"
	ReasonQuarantine = "quarantine"
)

// Trouble is what ended the last attempt of a Task; NoTrouble where it was not
// tried before. The numbers are part of the engine's records.
type Trouble uint8

// The troubles.
const (
	NoTrouble         Trouble = iota
	TroubleRetry              // an error of no other kind: a timeout, a broken connection, a token's failure
	TroubleBackend            // a backend answered with an error
	TroublePolicy             // a policy of our gateway denied
	TroubleLimit              // a limit or quota of our gateway refused
	TroublePermission         // the role may not
	TroubleSecret             // a secret has no value
)

var troubleReasons = [...]string{"", ReasonRetry, ReasonBackend, ReasonPolicy, ReasonLimit, ReasonPermission, ReasonSecret}

// limits are the policies whose denial ends by itself.
var limits = []string{"rate-limit", "rate-limit-by-key", "quota", "quota-by-key", "limit-concurrency"}

// secretUnavailable is the gateway's reason for what it cannot run without a secret.
const secretUnavailable = "SecretUnavailable"

// TroubleOf says what kind of failure an attempt's result is, by its error's name
// and its record in the side journal.
func TroubleOf(errorName string, call jsonval.Value) Trouble {
	word := func(v jsonval.Value) string { s, _ := v.Str(); return s }
	verdict := call.Get("verdict")
	switch policy := word(verdict.Get("policy")); {
	case present(call.Get("permission")), errorName == "States.Permissions":
		return TroublePermission
	case word(verdict.Get("reason")) == secretUnavailable || policy == "secret":
		return TroubleSecret
	case slices.Contains(limits, policy):
		return TroubleLimit
	case present(verdict):
		return TroublePolicy
	}
	if status, ok := call.Get("status").Int(); ok && status > 0 {
		return TroubleBackend
	}
	return TroubleRetry
}

// DenialOf gives the denying verdict of a side-journal record: the pipeline's, else
// the missing permission's; absent where neither denied.
func DenialOf(call jsonval.Value) jsonval.Value {
	for _, name := range [2]string{"verdict", "permission"} {
		if v := call.Get(name); present(v) {
			return v
		}
	}
	return jsonval.Value{}
}

func present(v jsonval.Value) bool { return v.Exists() && !v.IsNull() }

// ThreadPhase is what a thread of an execution does.
type ThreadPhase uint8

// The phases: an attempt is out, the back-off before the next one runs, the task's
// token is with somebody, a Wait state waits.
const (
	ThreadSent ThreadPhase = iota + 1
	ThreadBacksOff
	ThreadHasToken
	ThreadWaits
)

// Thread is one live state: of the top level, a branch or an iteration.
type Thread struct {
	State string
	Phase ThreadPhase
	// Entered is when the first attempt of this visit was scheduled.
	Entered time.Time
	// Until is the end of the back-off or the wait, or the token's expiry.
	Until time.Time
	// Limit is the state's own, 0 where its options name none.
	Limit time.Duration
	// Trouble is what ended the attempt before.
	Trouble Trouble
	// Verdict is the denial of that attempt; may be absent.
	Verdict jsonval.Value
}

// Deadline is when the state has not been left for too long: its own limit, else
// DefaultLimit. A Wait has none, a token without a limit of its own its expiry.
func (t Thread) Deadline() time.Time {
	switch {
	case t.Phase == ThreadWaits:
		return time.Time{}
	case t.Phase == ThreadHasToken && t.Limit == 0:
		return t.Until
	}
	return t.Entered.Add(cmp.Or(t.Limit, DefaultLimit))
}

// HealthFacts is all that decides the health of an open execution.
type HealthFacts struct {
	Now time.Time
	// State is the top level's current state.
	State string
	// Quarantined says that the execution was taken out of service.
	Quarantined bool
	// Threads are the live states; of those that fare alike one is enough.
	Threads []Thread
	// Before is the health until now; the zero Health at the start.
	Before Health
}

// Judge says how an open execution fares. The worst thread decides; among equals
// the one that decided before, else the first by state and reason. Since is kept
// while nothing changes.
func Judge(f HealthFacts) Health {
	h, _ := JudgeThread(f)
	return h
}

// JudgeThread is Judge, and gives the index of the thread that decided, -1 where none
// did.
func JudgeThread(f HealthFacts) (worst Health, decides int) {
	worst, decides = Health{Status: Healthy, State: f.State}, -1
	if f.Quarantined {
		worst.Status, worst.Reason = NeedsAction, ReasonQuarantine
	} else {
		for i, t := range f.Threads {
			if h := t.judge(f.Now); i == 0 || worse(h, worst, f.Before) {
				worst, decides = h, i
			}
		}
	}
	worst.Since = f.Now
	if f.Before.Status == worst.Status && !worst.Changed(f.Before) {
		worst.Since = f.Before.Since
	}
	return worst, decides
}

// Changed says whether a change from before is told: another status, or another
// state or reason of one that is not healthy.
func (h Health) Changed(before Health) bool {
	return h.Status != before.Status || h.Status != Healthy && (h.State != before.State || h.Reason != before.Reason)
}

var order = []HealthStatus{Healthy, Waiting, Retrying, Throttled, Stuck, NeedsAction}

// Known says whether s is one of the statuses.
func (s HealthStatus) Known() bool { return slices.Contains(order, s) }

func worse(a, b, before Health) bool {
	if n := cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status)); n != 0 {
		return n > 0
	}
	if stays, other := same(a, before), same(b, before); stays != other {
		return stays
	}
	return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason)) < 0
}

func same(a, b Health) bool {
	return a.Status == b.Status && a.State == b.State && a.Reason == b.Reason
}

func (t Thread) judge(now time.Time) Health {
	h := Health{State: t.State}
	deadline := t.Deadline()
	late := !deadline.IsZero() && !now.Before(deadline)
	switch {
	case t.Phase == ThreadWaits:
		h.Status, h.Reason, h.Until = Waiting, ReasonTimer, t.Until
		return h
	case t.Phase == ThreadHasToken && late:
		h.Status, h.Reason = NeedsAction, ReasonToken
		return h
	case t.Phase == ThreadHasToken:
		h.Status, h.Reason, h.Until = Waiting, ReasonToken, t.Until
		return h
	}
	if t.Phase == ThreadBacksOff {
		h.Until = t.Until
	}
	h.Verdict = t.Verdict
	switch {
	case t.Trouble == TroublePermission || t.Trouble == TroubleSecret:
		h.Status, h.Reason = NeedsAction, troubleReasons[t.Trouble]
	case late:
		h.Status, h.Reason = Stuck, ReasonIncomplete
	case t.Trouble == TroubleLimit:
		h.Status, h.Reason = Throttled, ReasonLimit
	case t.Trouble != NoTrouble && int(t.Trouble) < len(troubleReasons):
		h.Status, h.Reason = Retrying, troubleReasons[t.Trouble]
	default:
		h.Status, h.Reason = Healthy, ReasonTask
	}
	return h
}
