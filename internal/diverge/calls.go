package diverge

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/policy/exchange"
)

// said is what the gateway said to one call, without times.
type said struct {
	target, verdict, backend, status string
	decisions                        []string
}

// place gives each visit the calls of its attempts. A call record names state and
// command, and not the visit: commands of a state are counted in the order in which
// its visits were first scheduled. Where their numbers do not fit, as where some
// attempts were never sent, calls are compared by their state alone (loose).
func (t *tale) place(calls []sfn.CallRecord) {
	// Of an attempt that was sent again after a crash the last word counts.
	type key struct {
		command uint64
		attempt uint32
	}
	byState := map[string]map[key]sfn.CallRecord{}
	for _, r := range calls {
		if byState[r.State] == nil {
			byState[r.State] = map[key]sfn.CallRecord{}
		}
		k := key{r.Command, r.Attempt}
		if old, is := byState[r.State][k]; !is || old.Send <= r.Send {
			byState[r.State][k] = r
		}
	}
	t.loose = map[string][]said{}
	for _, state := range slices.Sorted(maps.Keys(byState)) {
		commands := map[uint64][]sfn.CallRecord{}
		for _, r := range byState[state] {
			commands[r.Command] = append(commands[r.Command], r)
		}
		order := slices.Sorted(maps.Keys(commands))
		lives := t.lives[state]
		for i, n := range order {
			slices.SortFunc(commands[n], func(a, b sfn.CallRecord) int { return int(a.Attempt) - int(b.Attempt) })
			for _, r := range commands[n] {
				if len(lives) == len(order) {
					lives[i].calls = append(lives[i].calls, saidOf(r))
				} else {
					t.loose[state] = append(t.loose[state], saidOf(r))
				}
			}
		}
	}
}

func saidOf(r sfn.CallRecord) said {
	var rec struct {
		Target struct {
			API, Operation, URL string
		} `json:"target"`
		Status     int                        `json:"status"`
		Decisions  []exchange.Decision        `json:"decisions"`
		Verdict    *exchange.Verdict          `json:"verdict"`
		Permission *exchange.PermissionDenied `json:"permission"`
		Calls      []exchange.Call            `json:"calls"`
	}
	if json.Unmarshal(r.Call.Raw(), &rec) != nil {
		return said{}
	}
	s := said{target: rec.Target.URL, verdict: "allowed"}
	if rec.Target.Operation != "" {
		s.target = rec.Target.API + "/" + rec.Target.Operation
	}
	if rec.Status != 0 {
		s.status = strconv.Itoa(rec.Status)
	}
	switch p, v := rec.Permission, rec.Verdict; {
	case p != nil:
		s.verdict = "denied: " + p.Error()
	case v != nil:
		s.verdict = strings.TrimSpace("denied by " + v.Policy + site(v.File, v.Line) + ": " + v.Reason)
	}
	for _, d := range rec.Decisions {
		s.decisions = append(s.decisions, d.Policy+" "+d.Outcome+site(d.File, d.Line))
	}
	if n := len(rec.Calls); n > 0 {
		last := rec.Calls[n-1]
		s.backend = strings.TrimSpace(last.Backend + " " + strconv.Itoa(last.Status))
		if last.Error != "" {
			s.backend = strings.TrimSpace(last.Backend + " no answer")
		}
	}
	return s
}

func site(file string, line int) string {
	if file == "" {
		return ""
	}
	return " (" + file + ":" + strconv.Itoa(line) + ")"
}

// calls compares what the gateway said to the calls of one visit, in their order.
func (c *comparer) calls(at place, a, b []said, events [2]int64) {
	if len(a) != len(b) {
		c.words(at, Gateway, "calls", strconv.Itoa(len(a)), strconv.Itoa(len(b)), events)
	}
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		tell := func(what, old, now string) {
			if len(a) > 1 || len(b) > 1 {
				what += " of call " + strconv.Itoa(i+1)
			}
			c.words(at, Gateway, what, old, now, events)
		}
		tell("target", x.target, y.target)
		tell("verdict", x.verdict, y.verdict)
		for n := range max(len(x.decisions), len(y.decisions)) {
			if old, now := nth(x.decisions, n), nth(y.decisions, n); old != now {
				tell("decision", old, now)
				break // what ran behind it follows from it
			}
		}
		tell("backend", x.backend, y.backend)
		tell("status", x.status, y.status)
	}
}

func nth(list []string, n int) string {
	if n < len(list) {
		return list[n]
	}
	return ""
}

func union(a, b map[string][]said) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string][]said{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
