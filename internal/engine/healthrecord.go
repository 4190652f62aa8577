package engine

import (
	"slices"
	"time"

	"stile/internal/sfn"
)

// healthFormat is the format byte of records that hold health; those of
// recordFormat are from before.
const healthFormat = 2

// healthRecord is an open execution's health in its visibility record.
type healthRecord struct {
	status, reason byte // indexes of the tables below
	state          string
	since, until   int64 // Unix ms; until 0: unknown
	// command and send name the side-journal record whose verdict decides; 0: none.
	command uint64
	send    uint32
	// check is when the health timer is due; 0: it is not out.
	check int64
}

// What the numbers of healthRecord mean; the tables only grow.
var (
	healthStatuses = []sfn.HealthStatus{"", sfn.Healthy, sfn.Waiting, sfn.Retrying, sfn.Throttled, sfn.Stuck, sfn.NeedsAction}
	healthReasons  = []string{"", sfn.ReasonTask, sfn.ReasonTimer, sfn.ReasonToken, sfn.ReasonRetry, sfn.ReasonLimit, sfn.ReasonPolicy,
		sfn.ReasonPermission, sfn.ReasonSecret, sfn.ReasonBackend, sfn.ReasonIncomplete, sfn.ReasonQuarantine}
)

func (r *healthRecord) encode(e *enc, root string) {
	e.Byte(r.status)
	e.Byte(r.reason)
	if r.state == root {
		e.Byte(0)
	} else {
		e.Byte(1)
		e.Str(r.state)
	}
	e.Int(r.since)
	e.Int(r.until)
	e.Uint(r.command)
	e.Uint(uint64(r.send))
	e.Int(r.check)
}

func (r *healthRecord) decode(d *dec, root string) {
	r.status, r.reason, r.state = d.Byte(), d.Byte(), root
	if d.Byte() != 0 {
		r.state = d.Str()
	}
	r.since, r.until, r.command, r.send, r.check = d.Int(), d.Int(), d.Uint(), uint32(d.Uint()), d.Int()
	if int(r.status) >= len(healthStatuses) || int(r.reason) >= len(healthReasons) {
		d.Fail()
	}
}

// guess fills in the health of a record from before there was any.
func (r *healthRecord) guess(st *stateRecord) {
	h := sfn.Health{Status: sfn.Healthy, State: st.state, Since: time.UnixMilli(st.last)}
	switch {
	case st.quarantine != "":
		h.Status, h.Reason = sfn.NeedsAction, sfn.ReasonQuarantine
	case st.waiting == "timer":
		h.Status, h.Reason = sfn.Waiting, sfn.ReasonTimer
	case st.waiting == "token":
		h.Status, h.Reason = sfn.Waiting, sfn.ReasonToken
	case st.waiting == "retry":
		h.Status, h.Reason = sfn.Retrying, sfn.ReasonRetry
	case st.waiting == "task":
		h.Reason = sfn.ReasonTask
	}
	r.put(h)
}

// put takes a health over; its verdict is kept by reference alone.
func (r *healthRecord) put(h sfn.Health) {
	r.status = byte(max(0, slices.Index(healthStatuses, h.Status)))
	r.reason = byte(max(0, slices.Index(healthReasons, h.Reason)))
	r.state, r.since, r.until = h.State, h.Since.UnixMilli(), 0
	if !h.Until.IsZero() {
		r.until = h.Until.UnixMilli()
	}
}

// health gives the health without its verdict; zero where there is none.
func (r *healthRecord) health() sfn.Health {
	if r.status == 0 {
		return sfn.Health{}
	}
	h := sfn.Health{Status: healthStatuses[r.status], Reason: healthReasons[r.reason], State: r.state, Since: time.UnixMilli(r.since)}
	if r.until != 0 {
		h.Until = time.UnixMilli(r.until)
	}
	return h
}
