package policytest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"stile/policy/exchange"
)

// Run runs cases and gives their results in the order of the cases, whichever ended
// first. The error is ctx's.
func (h *Host) Run(ctx context.Context, cases []*Case) (*Report, error) {
	r := &Report{Cases: make([]Result, len(cases))}
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(cases)) {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(cases) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				r.Cases[i] = h.run(ctx, cases[i])
			}
		})
	}
	working.Wait()
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	covered := map[spot]bool{}
	for i := range r.Cases {
		for s := range r.Cases[i].covered {
			covered[s] = true
		}
		r.Cases[i].covered = nil
		if r.Cases[i].Passed {
			r.Passed++
		} else {
			r.Failed++
		}
	}
	r.Coverage, r.Percent = h.coverage(covered)
	return r, nil
}

// run runs one case, up to its first request that fails.
func (h *Host) run(ctx context.Context, c *Case) Result {
	res := Result{Name: c.Name, File: c.File, Line: c.Line, covered: map[spot]bool{}}
	snap, faults := h.snapshot(c)
	if snap == nil {
		text := strings.TrimSpace(faults.Error())
		res.Failures = []Failure{{Differences: []Difference{{What: "named-values", Got: &text, Line: c.values[0].line}}}}
		return res
	}
	w := h.world(c, snap)
	for i := range c.exchanges {
		s := &c.exchanges[i]
		w.clock = w.clock.Add(s.after)
		for range s.repeat {
			res.Requests++
			w.calls = w.calls[:0]
			got := w.send(ctx, s.given)
			cover(res.covered, got.ex)
			found := compare(c, s.expect, got)
			if len(found) == 0 {
				continue
			}
			f := Failure{Request: res.Requests, Method: got.method, URL: got.url, Status: got.ex.Response.StatusCode, Differences: found, Trace: ran(got.ex)}
			for _, m := range w.calls {
				f.Calls = append(f.Calls, Made{m.method, m.url, !m.listed})
			}
			res.Failures = append(res.Failures, f)
			return res
		}
	}
	res.Passed = true
	return res
}

// answered is what became of a request.
type answered struct {
	ex          *exchange.Exchange
	method, url string
	body        []byte
	broken      error // the body's
	denied      *exchange.PermissionDenied
	calls       []made
}

// send sends a request through the gateway.
func (w *world) send(ctx context.Context, g *given) *answered {
	ex := w.exchange(w.test, g)
	out := &answered{ex: ex, method: ex.Request.Method, url: ex.Request.URL.String()}
	if err := w.gateway.Do(ctx, ex); err != nil && !errors.As(err, &out.denied) {
		out.broken = err
	}
	if out.broken == nil {
		body := ex.Response.Body
		if data, err := body.Bytes(); err == nil {
			out.body = slices.Clone(data)
		} else {
			out.broken = err
		}
		body.Close()
	}
	out.calls = w.calls
	return out
}

// ran lists the policies that ran.
func ran(ex *exchange.Exchange) (out []Ran) {
	for i, d := range ex.Decisions {
		r := Ran{Section: d.Section, Policy: d.Policy, ID: d.PolicyID, Scope: d.Scope, Decision: d.Outcome, Detail: d.Detail, File: d.File, Line: d.Line}
		if rec := ex.Recording; rec != nil && i < len(rec.Steps) {
			r.Depth = rec.Steps[i].Depth
		}
		out = append(out, r)
	}
	for i := range out {
		if out[i].Decided = out[i].Decision != "ok"; !out[i].Decided {
			continue
		}
		for k := i + 1; k < len(out) && out[k].Depth > out[i].Depth; k++ {
			if out[k].Decision != "ok" { // the innermost one did it
				out[i].Decided = false
			}
		}
	}
	return out
}

// shown writes what a trace says of a policy.
func (r *Ran) shown() string {
	text := r.Section + " " + r.Policy + " of " + r.Scope + " " + r.Decision
	if r.Detail != "" {
		text += " (" + r.Detail + ")"
	}
	if r.File != "" {
		text += " at " + r.File + ":" + strconv.Itoa(r.Line)
	}
	return text
}
