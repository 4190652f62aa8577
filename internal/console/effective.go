package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stile/internal/apim"
	"stile/internal/gatetrace"
	"stile/internal/identity/session"
	"stile/internal/sfn"
	"stile/policy"
)

// operationView is the page of an operation: its effective policy, the form that tries
// it, and what became of the last try.
type operationView struct {
	Info          Info
	Configuration string
	A             apiView
	O             operationRow
	Self          string // the page's path
	Product       string
	Products      []linkView
	// NoPolicy says why the effective policy is not shown; Elements counts those shown.
	NoPolicy string
	Sections []policySection
	Elements int
	Try      tryForm
	Result   *tryResult // nil before a try
	Recent   []gateTraceRow
}

// policySection is a section of an effective policy: its elements as they run, each
// behind the one that holds it.
type policySection struct {
	Name string
	Rows []policyRow
}

// policyRow is one element: its start tag, the text in it, and where it is written.
type policyRow struct {
	Tag, Text, Scope, Fragment, Where string
	Depth                             int
	// Long says that the text takes lines of its own.
	Long bool
}

// tryResult is what became of a try.
type tryResult struct {
	Row    gateTraceRow
	T      *gatetrace.Trace
	Refuse *refusalView
	Steps  []gateStepView
	Diff   *gateDiffView // nil without a try before it
}

// refusalView is the policy that refused a request.
type refusalView struct{ Policy, Section, Scope, Where, Reason, Message string }

func (c *console) operationPage(w http.ResponseWriter, r *http.Request, in *configured) {
	ctx, q := r.Context(), r.URL.Query()
	a, o, err := c.operationOf(ctx, in, r.PathValue("id"), q.Get("revision"), r.PathValue("operation"))
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v := operationView{Info: c.Info(), Configuration: in.revision, A: c.viewOfAPI(ctx, in, a),
		Self: "/apis/" + url.PathEscape(a.ID) + "/" + url.PathEscape(o.ID),
		O:    operationRow{o.ID, o.Name, hrefOfAPI(a, o.ID), o.Method, pathOfOperation(a, o)}}
	last, err := c.tried(ctx, a, o, q)
	if err == nil {
		v.Result = last
		err = c.effectiveInto(ctx, &v, in, a, o, q)
	}
	if err == nil {
		err = c.recentInto(ctx, &v, a, o)
	}
	if err != nil {
		c.failPage(w, r, err)
		return
	}
	v.Try = c.tryFormOf(ctx, a, o, last)
	v.Try.CSRF = session.CSRF(ctx)
	c.render(w, http.StatusOK, "operation.html", v)
}

// effectiveInto adds the effective policy, under the product that was asked for, else
// that of the last try, else the first that holds the API.
func (c *console) effectiveInto(ctx context.Context, v *operationView, in *configured, a *apim.API, o *apim.Operation, q url.Values) error {
	v.Products = append([]linkView{{Note: "no product"}}, v.A.Products...)
	switch {
	case q.Has("product"):
		v.Product = q.Get("product")
	case v.Result != nil:
		v.Product = v.Result.T.Product
	case len(v.Products) > 1:
		v.Product = v.Products[1].Text
	}
	at := slices.IndexFunc(v.Products, func(p linkView) bool { return p.Text == v.Product })
	if at < 0 && q.Has("product") {
		return &sfn.Error{Code: "NotFound", Message: "no product of that name holds the API"}
	}
	if at < 0 { // the product of the last try has lost the API since
		at, v.Product = 0, ""
	}
	v.Products[at].Here = true
	if !c.may(ctx, readTrace, traceResources(a.ID, o.ID)...) {
		v.NoPolicy = "No role of yours allows " + readTrace + " on this operation."
		return nil
	}
	layout, err := c.APIs.Effective(in.svc, a, o, v.Product)
	if err != nil {
		return err
	}
	for _, s := range layout.Sections {
		section := policySection{Name: s.Section}
		c.rowsInto(&section, s.Elements, 0)
		v.Sections, v.Elements = append(v.Sections, section), v.Elements+len(section.Rows)
	}
	return nil
}

func (c *console) rowsInto(s *policySection, list []*policy.Laid, depth int) {
	for _, e := range list {
		row := policyRow{Tag: c.hide(e.Tag()), Text: c.hide(e.Text), Scope: e.Scope, Fragment: e.Fragment, Where: place(e.File, e.Line), Depth: min(depth, 6)}
		row.Long = strings.Contains(row.Text, "\n") || len(row.Text) > 100
		s.Rows = append(s.Rows, row)
		c.rowsInto(s, e.Elements, depth+1)
	}
}

// shownTries is how many traces of the operation its page lists.
const shownTries = 10

func (c *console) recentInto(ctx context.Context, v *operationView, a *apim.API, o *apim.Operation) error {
	if c.GateTraces == nil || !c.may(ctx, readTrace, traceResources(a.ID, o.ID)...) {
		return nil
	}
	found, err := c.gateTraces(ctx, gateQuery{Max: shownTries, API: a.ID, Operation: o.ID})
	for i := range found {
		v.Recent = append(v.Recent, rowOfTrace(&found[i]))
	}
	return err
}

// tried is the try that the page's address names, with what it changed since the one
// before; nil where none is named.
func (c *console) tried(ctx context.Context, a *apim.API, o *apim.Operation, q url.Values) (*tryResult, error) {
	id := q.Get("trace")
	if id == "" || c.GateTraces == nil {
		return nil, nil
	}
	t, err := c.gateTrace(ctx, id)
	if err != nil {
		return nil, err
	}
	if t.API != a.ID || t.Operation != o.ID {
		return nil, &sfn.Error{Code: "NotFound", Message: "that trace is of another operation"}
	}
	out := &tryResult{Row: rowOfTrace(&t.Summary), T: t, Refuse: refusalOf(t)}
	for i := range t.Steps {
		out.Steps = append(out.Steps, viewOfStep(&t.Steps[i]))
	}
	var refusal *sfn.Error
	switch old, err := c.gateTrace(ctx, cmp.Or(q.Get("before"), id)); {
	case err == nil && old.ID != t.ID:
		d := viewOfDiff(old, t)
		out.Diff = &d
	case err != nil && !errors.As(err, &refusal): // one that was forgotten is not compared with
		return nil, err
	}
	return out, nil
}

// refusalOf finds the policy that refused a request: the innermost that says so. It is
// nil where none did.
func refusalOf(t *gatetrace.Trace) *refusalView {
	for i := range t.Steps {
		s := &t.Steps[i]
		if d := viewOfDecision(s.Decision); d.Class == Failed && (i+1 == len(t.Steps) || t.Steps[i+1].Depth <= s.Depth) {
			out := &refusalView{Policy: d.Policy, Section: d.Section, Scope: d.Scope, Where: d.Where, Message: d.Detail}
			if t.Error != nil {
				out.Reason, out.Message = t.Error.Reason, t.Error.Message
			}
			return out
		}
	}
	return nil
}
