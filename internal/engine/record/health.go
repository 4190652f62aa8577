package record

import (
	"slices"
	"time"

	"stile/internal/engine/codec"
	"stile/internal/sfn"
)

// healthFormat is the format byte of records that hold health; those of
// codec.Format are from before.
const healthFormat = 2

// Health is an open execution's health in its visibility record.
type Health struct {
	Status, Reason byte // indexes of the tables below
	State          string
	Since, Until   int64 // Unix ms; Until 0: unknown
	// Command and send name the side-journal record whose verdict decides; 0: none.
	Command uint64
	Send    uint32
	// Check is when the health timer is due; 0: it is not out.
	Check int64
}

// What the numbers of Health mean; the tables only grow.
var (
	healthStatuses = []sfn.HealthStatus{"", sfn.Healthy, sfn.Waiting, sfn.Retrying, sfn.Throttled, sfn.Stuck, sfn.NeedsAction}
	healthReasons  = []string{"", sfn.ReasonTask, sfn.ReasonTimer, sfn.ReasonToken, sfn.ReasonRetry, sfn.ReasonLimit, sfn.ReasonPolicy,
		sfn.ReasonPermission, sfn.ReasonSecret, sfn.ReasonBackend, sfn.ReasonIncomplete, sfn.ReasonQuarantine}
)

func (r *Health) encode(e *codec.Enc, root string) {
	e.Byte(r.Status)
	e.Byte(r.Reason)
	if r.State == root {
		e.Byte(0)
	} else {
		e.Byte(1)
		e.Str(r.State)
	}
	e.Int(r.Since)
	e.Int(r.Until)
	e.Uint(r.Command)
	e.Uint(uint64(r.Send))
	e.Int(r.Check)
}

func (r *Health) decode(d *codec.Dec, root string) {
	r.Status, r.Reason, r.State = d.Byte(), d.Byte(), root
	if d.Byte() != 0 {
		r.State = d.Str()
	}
	r.Since, r.Until, r.Command, r.Send, r.Check = d.Int(), d.Int(), d.Uint(), uint32(d.Uint()), d.Int()
	if int(r.Status) >= len(healthStatuses) || int(r.Reason) >= len(healthReasons) {
		d.Fail()
	}
}

// guess fills in the health of a record from before there was any.
func (r *Health) guess(st *State) {
	h := sfn.Health{Status: sfn.Healthy, State: st.State, Since: time.UnixMilli(st.Last)}
	switch {
	case st.Quarantine != "":
		h.Status, h.Reason = sfn.NeedsAction, sfn.ReasonQuarantine
	case st.Waiting == "timer":
		h.Status, h.Reason = sfn.Waiting, sfn.ReasonTimer
	case st.Waiting == "token":
		h.Status, h.Reason = sfn.Waiting, sfn.ReasonToken
	case st.Waiting == "retry":
		h.Status, h.Reason = sfn.Retrying, sfn.ReasonRetry
	case st.Waiting == "task":
		h.Reason = sfn.ReasonTask
	}
	r.Put(h)
}

// Put takes a health over; its verdict is kept by reference alone.
func (r *Health) Put(h sfn.Health) {
	r.Status = byte(max(0, slices.Index(healthStatuses, h.Status)))
	r.Reason = byte(max(0, slices.Index(healthReasons, h.Reason)))
	r.State, r.Since, r.Until = h.State, h.Since.UnixMilli(), 0
	if !h.Until.IsZero() {
		r.Until = h.Until.UnixMilli()
	}
}

// Shown gives the health without its verdict; zero where there is none.
func (r *Health) Shown() sfn.Health {
	if r.Status == 0 {
		return sfn.Health{}
	}
	h := sfn.Health{Status: healthStatuses[r.Status], Reason: healthReasons[r.Reason], State: r.State, Since: time.UnixMilli(r.Since)}
	if r.Until != 0 {
		h.Until = time.UnixMilli(r.Until)
	}
	return h
}
