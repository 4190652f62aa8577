package config

import (
	"strconv"
	"strings"
	"time"

	"stile/internal/config/doctree"
)

// Retention is the key retention: ages after which what is over is deleted; 0 is never.
type Retention struct {
	// Executions counts from an execution's end, History is for its events alone and is
	// not longer; Audit counts from a record's time, Traces from a trace's begin.
	Executions, History, Audit, Traces time.Duration
}

const (
	day = 24 * time.Hour
	// defaultExecutions is how long AWS keeps executions that have ended.
	defaultExecutions = 90 * day
	shortestRetention = time.Minute
	longestRetention  = 36500 * day
)

func (r *reader) retention(n *doctree.Node) {
	c := &r.cfg.Retention
	r.Map(n, "retention",
		doctree.Field{Name: "executions", Read: r.age("executions", &c.Executions)},
		doctree.Field{Name: "history", Read: r.age("history", &c.History)},
		doctree.Field{Name: "audit", Read: r.age("audit", &c.Audit)},
		doctree.Field{Name: "traces", Read: r.age("traces", &c.Traces)})
	if h := n.Get("history"); h != nil && c.Executions > 0 && c.History > c.Executions {
		r.Fault(h, doctree.CodeValue, "retention.history is longer than retention.executions", "a history goes with its execution at the latest: shorten it, or leave it out")
	}
}

// age reads an age, or never (also 0).
func (r *reader) age(what string, to *time.Duration) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Text == "never" || n.Text == "0" {
			*to = 0
			return
		}
		d, ok := ParseAge(n.Text)
		if !ok || d < shortestRetention || d > longestRetention {
			r.Fault(n, doctree.CodeValue, "retention."+what+" must be an age from 1m to 36500d, or never", "write for example 90d or 12h")
			return
		}
		*to = d
	}
}

// ParseAge reads a duration as Go writes it, or whole days: 90d.
func ParseAge(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
