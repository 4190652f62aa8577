package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"stile/internal/gatetrace"
)

func (c *console) gateTracePages(mux *http.ServeMux) {
	mux.HandleFunc("GET /traces", c.tracingPage(c.gateTracesPage))
	mux.HandleFunc("GET /traces/diff", c.tracingPage(c.gateDiffPage))
	mux.HandleFunc("GET /traces/{id}", c.tracingPage(c.gateTracePage))
}

// tracingPage is tracing for pages.
func (c *console) tracingPage(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.GateTraces == nil {
			c.render(w, http.StatusNotFound, "failure.html", failurePage{Info: c.Info(), Title: "Not found",
				Message: "This server keeps no traces of requests."})
			return
		}
		next(w, r)
	}
}

// gateTracesView is the page that lists traces of requests.
type gateTracesView struct {
	Info                   Info
	API, Operation, Status string
	Rows                   []gateTraceRow
}

type gateTraceRow struct {
	ID, Href, Method, Path, Target, Reason, Took, Class string
	Status                                              int
	Policies                                            int
	Start                                               instantView
}

func (c *console) gateTracesPage(w http.ResponseWriter, r *http.Request) {
	q, err := readGateQuery(r)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	found, err := c.gateTraces(r.Context(), q)
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := gateTracesView{Info: c.Info(), API: q.API, Operation: q.Operation, Status: r.URL.Query().Get("status")}
	for i := range found {
		v.Rows = append(v.Rows, rowOfTrace(&found[i]))
	}
	c.render(w, http.StatusOK, "traces.html", v)
}

func rowOfTrace(s *gatetrace.Summary) gateTraceRow {
	row := gateTraceRow{ID: s.ID, Href: "/traces/" + url.PathEscape(s.ID), Method: s.Method, Path: s.Path, Target: s.API, Reason: s.Reason,
		Took: took(s.Duration), Class: Succeeded, Status: s.Status, Policies: s.Policies, Start: viewOfTime(s.Start)}
	if s.Operation != "" {
		row.Target += " / " + s.Operation
	}
	if s.Status >= 400 || s.Status == 0 {
		row.Class = Failed
	}
	return row
}

// gateTraceView is the page of one trace.
type gateTraceView struct {
	Info  Info
	Row   gateTraceRow
	T     *gatetrace.Trace
	Steps []gateStepView
	// Others are recent traces of the same operation, to compare with.
	Others []gateTraceRow
	Repeat *repeatForm // nil: it cannot be repeated from here
	// OperationHref is the operation's page; empty where there is none.
	OperationHref string
}

type gateStepView struct {
	Policy, Section, Scope, Where, Outcome, Detail, Took, Class string
	Status, Depth                                               int
	Changes                                                     []gateChangeView
	Counters                                                    string
	Values                                                      []gatetrace.Evaluated
	Lines                                                       []string
}

// gateChangeView is a change: a side that is not there is marked by NoBefore or NoAfter.
type gateChangeView struct {
	What, Before, After string
	NoBefore, NoAfter   bool
}

func (c *console) gateTracePage(w http.ResponseWriter, r *http.Request) {
	t, err := c.gateTrace(r.Context(), r.PathValue("id"))
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := gateTraceView{Info: c.Info(), Row: rowOfTrace(&t.Summary), T: t}
	for i := range t.Steps {
		v.Steps = append(v.Steps, viewOfStep(&t.Steps[i]))
	}
	others, err := c.gateTraces(r.Context(), gateQuery{Max: 21, API: t.API, Operation: t.Operation})
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	for i := range others {
		if others[i].ID != t.ID && others[i].API == t.API && others[i].Operation == t.Operation {
			v.Others = append(v.Others, rowOfTrace(&others[i]))
		}
	}
	if v.Repeat = c.repeatFormOf(r.Context(), t); v.Repeat != nil {
		v.OperationHref = c.hrefOfTried(t)
	}
	c.render(w, http.StatusOK, "trace.html", v)
}

func viewOfStep(s *gatetrace.Step) gateStepView {
	d := viewOfDecision(s.Decision)
	v := gateStepView{Policy: d.Policy, Section: d.Section, Scope: d.Scope, Where: d.Where, Outcome: d.Outcome, Detail: d.Detail, Took: d.Took,
		Class: d.Class, Status: d.Status, Depth: min(s.Depth, 6), Values: s.Values, Lines: s.Lines}
	for _, ch := range s.Changes {
		v.Changes = append(v.Changes, viewOfChange(ch))
	}
	var counters []string
	for _, n := range s.Counters {
		counters = append(counters, n.Name+" "+strconv.FormatInt(n.Value, 10))
	}
	v.Counters = strings.Join(counters, ", ")
	return v
}

func viewOfChange(ch gatetrace.Change) gateChangeView {
	v := gateChangeView{What: strings.TrimSpace(strings.ReplaceAll(ch.What, ".", " ") + " " + ch.Name), NoBefore: ch.Before == nil, NoAfter: ch.After == nil}
	if ch.Type != "" {
		v.What += " (" + ch.Type + ")"
	}
	if ch.Before != nil {
		v.Before = *ch.Before
	}
	if ch.After != nil {
		v.After = *ch.After
	}
	return v
}

// gateDiffView is the page that compares two traces.
type gateDiffView struct {
	Info Info
	A, B gateTraceRow
	// Old and New are the configurations that the two ran on.
	Old, New string
	Same     bool
	Messages []gateDiffRow
	Policies []gatePolicyDiff
}

type gateDiffRow struct {
	Of string
	gateChangeView
}

type gatePolicyDiff struct {
	Kind, Policy, Section, Scope, Old, New, Class string
	What                                          []gateChangeView
}

func (c *console) gateDiffPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	x, y, err := c.gatePair(r.Context(), q.Get("a"), q.Get("b"))
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := viewOfDiff(x, y)
	v.Info = c.Info()
	c.render(w, http.StatusOK, "tracediff.html", v)
}

func viewOfDiff(x, y *gatetrace.Trace) gateDiffView {
	d := gatetrace.Diff(x, y)
	v := gateDiffView{A: rowOfTrace(&d.A), B: rowOfTrace(&d.B), Old: x.Revision, New: y.Revision, Same: d.Same()}
	for _, ch := range d.Request {
		v.Messages = append(v.Messages, gateDiffRow{"request", viewOfChange(ch)})
	}
	for _, ch := range d.Answer {
		v.Messages = append(v.Messages, gateDiffRow{"answer", viewOfChange(ch)})
	}
	for _, p := range d.Policies {
		row := gatePolicyDiff{Kind: p.Kind, Policy: p.Policy, Section: p.Section, Scope: p.Scope, Old: p.Old, New: p.New,
			Class: map[string]string{"added": Succeeded, "removed": Failed, "changed": Retrying}[p.Kind]}
		if p.ID != "" {
			row.Policy += " #" + p.ID
		}
		for _, ch := range p.What {
			row.What = append(row.What, viewOfChange(ch))
		}
		v.Policies = append(v.Policies, row)
	}
	return v
}
