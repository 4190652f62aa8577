package policy

import (
	"context"
	"errors"
	"runtime/debug"
	"time"
	_ "time/tzdata" // TimeZoneInfo, where the machine has no zones

	"stile/policy/exchange"
	"stile/policy/expr"
)

// run is one exchange on its way through a pipeline. It holds a copy of the
// host's Env, which the policies get, so that the host may share its own.
type run struct {
	env      Env
	p        *Pipeline
	ex       *exchange.Exchange
	section  Section
	level    int       // the document of the running step, index in p.chain
	last     time.Time // the clock as it was last read
	culprit  *step     // the innermost step that gave the error under way
	current  *step     // the innermost step that runs
	decision int       // its index in ex.Decisions
	expr     expr.Env
	scratch  expr.Scratch // what expressions work with
	call     deadline     // the first call of a backend
	rec      *recorder    // nil: nobody records
	deferred []func(ctx context.Context)
	answered []func(ctx context.Context) // see Env.OnAnswer
	kept     map[any]any                 // see Env.Keep
	baton    *baton                      // of a run that has others beside it; else nil
	plain    *Env                        // the Env without the baton, where there is one
}

// Run takes an exchange through inbound, backend and outbound; the first error
// sends it to on-error, where the default error answer stands as the response
// until a policy changes it. ErrEnd ends everything with the response as it
// stands. ex.Response is complete in every case, with a status. ex.Decisions has
// one entry for every policy that ran, in the order in which they began;
// LastError and Verdict tell of a failure.
func (p *Pipeline) Run(ctx context.Context, ex *exchange.Exchange, env *Env) {
	r := &run{env: *env, p: p, ex: ex}
	r.env.run = r
	r.record()
	if ex.Decisions == nil && p.count > 0 {
		ex.Decisions = make([]exchange.Decision, 0, p.count+2)
	}
	defer r.recover(ctx)
	if env.Now != nil {
		r.last = env.Now()
	}
	err := r.walk(ctx)
	if err != nil && !errors.Is(err, ErrEnd) {
		r.fail(ctx, err)
	}
	if ex.Response.StatusCode == 0 {
		ex.Response.StatusCode = 200
	}
	for _, f := range r.deferred {
		f(ctx)
	}
}

func (r *run) walk(ctx context.Context) error {
	if r.p.preflight && Preflight(r.ex) {
		return r.preflight(ctx)
	}
	err := r.run(ctx, Inbound)
	if err == nil {
		err = r.run(ctx, BackendSection)
	}
	switch {
	case errors.Is(err, ErrAnswered):
		r.culprit = nil
	case err != nil:
		return err
	}
	if r.ex.Response.StatusCode == 0 {
		r.ex.Response.StatusCode = 200
	}
	if err == nil {
		for _, f := range r.answered {
			f(ctx)
		}
	}
	return r.run(ctx, Outbound)
}

// preflight runs the policies for preflight requests alone; a request that none of
// them answers is answered with nothing in it.
func (r *run) preflight(ctx context.Context) error {
	r.section = Inbound
	for _, st := range r.p.sections[Inbound.index()] {
		r.level = st.level
		for i := range st.steps {
			if !st.steps[i].preflight {
				continue
			}
			if err := r.step(ctx, &st.steps[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Preflight reports whether an exchange is a preflight request of a browser.
func Preflight(ex *exchange.Exchange) bool {
	return ex.Request.Method == "OPTIONS" && ex.Request.Header.Has("Origin") &&
		ex.Request.Header.Has("Access-Control-Request-Method")
}

// run takes the exchange through one section of the effective document.
func (r *run) run(ctx context.Context, section Section) error {
	r.section = section
	for _, st := range r.p.sections[section.index()] {
		r.level = st.level
		if err := r.steps(ctx, st.steps); err != nil {
			return err
		}
	}
	return nil
}

// inherit runs the parent's section at a <base/> inside another policy; those at
// the top of a section were resolved by Link.
func (r *run) inherit(ctx context.Context) error {
	if r.level == 0 {
		return nil
	}
	r.level--
	defer func() { r.level++ }()
	return r.steps(ctx, r.p.chain[r.level].sections[r.section.index()])
}

func (r *run) steps(ctx context.Context, steps []step) error {
	for i := range steps {
		var err error
		if s := &steps[i]; s.base {
			err = r.inherit(ctx)
		} else {
			err = r.step(ctx, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nested runs policies inside a policy.
func (r *run) nested(ctx context.Context, steps []step) error {
	level := r.level
	defer func() { r.level = level }()
	return r.steps(ctx, steps)
}

// step runs one policy and writes its decision, which takes its place before
// those of the policies inside it.
func (r *run) step(ctx context.Context, s *step) error {
	if err := ctx.Err(); err != nil {
		r.culprit = s
		return &Failure{Reason: ReasonClient, Message: context.Cause(ctx).Error()}
	}
	ex, at := r.ex, len(r.ex.Decisions)
	ex.Decisions = append(ex.Decisions, exchange.Decision{Policy: s.name, PolicyID: s.id, Scope: s.scope.String(),
		Section: r.section.String(), File: s.file, Line: s.line, Start: r.last})
	outer, outerDecision, before := r.current, r.decision, ex.Response.StatusCode
	if r.rec != nil {
		r.rec.begin(ex, r.running(), s.column)
	}
	r.current, r.decision = s, at
	err := s.run(ctx, ex, &r.env)
	r.current, r.decision = outer, outerDecision
	if r.rec != nil {
		r.rec.end(ex, at)
	}
	d := &ex.Decisions[at]
	if r.env.Now != nil {
		r.last = r.env.Now()
		d.Duration = r.last.Sub(d.Start)
	}
	d.Outcome = "ok"
	if err != nil {
		d.Outcome, d.Status = outcome(err)
		d.Path, d.Element = s.path, s.element
		if r.culprit == nil {
			r.culprit = s
		}
	}
	if d.Status == 0 && (ex.Response.StatusCode != before || d.Outcome == "returned") {
		d.Status = ex.Response.StatusCode
	}
	return err
}

// running is the index of the innermost running step's decision, -1 where none runs.
func (r *run) running() int {
	if r.current == nil {
		return -1
	}
	return r.decision
}

// outcome names what an error makes of a decision, with a denial's status.
func outcome(err error) (name string, status int) {
	var denied *Denied
	switch {
	case errors.Is(err, ErrEnd), errors.Is(err, ErrAnswered):
		return "returned", 0
	case errors.As(err, &denied):
		return "denied", denied.Status
	}
	return "failed", 0
}

// fail sets the last error, the verdict of a denial and the default answer, then
// runs on-error of the effective document. An error in on-error takes the place
// of the one before and is final.
func (r *run) fail(ctx context.Context, err error) {
	r.blame(ctx, err)
	r.culprit = nil
	if err := r.run(ctx, OnError); err != nil && !errors.Is(err, ErrEnd) {
		r.blame(ctx, err)
	}
}

func (r *run) blame(ctx context.Context, err error) {
	last, a := explain(ctx, err)
	s := r.culprit
	if s == nil {
		s = &step{}
	}
	if last.Path != "" {
		last.Path = "/" + last.Path
	}
	last.Source, last.Path, last.PolicyID = s.name, s.path+last.Path, s.id
	last.Scope, last.Section = s.scope.String(), r.section.String()
	last.Message = hide(last.Message, s.secrets)
	r.ex.LastError = &last
	if !a.keep {
		r.ex.Response.Body.Close()
		r.ex.Response = Answer(a.status, hide(a.message, s.secrets), a.header...)
	}
	var denied *Denied
	if !errors.As(err, &denied) {
		return
	}
	v := &exchange.Verdict{Policy: s.name, PolicyID: s.id, Scope: last.Scope, Section: last.Section, File: s.file,
		Line: s.line, Column: s.column, Revision: r.ex.Revision, Status: denied.Status, Reason: denied.Reason,
		Message: last.Message, RetryAfter: denied.RetryAfter, Counter: denied.Counter, Path: s.path, Element: s.element}
	if w := denied.Within; w.Name != "" {
		v.Within, v.Line, v.Column = w.Name, w.Line, w.Column
	}
	if denied.Backend != "" {
		v.Backend, v.Rule, v.File, v.Line, v.Column = denied.Backend, denied.Rule, denied.File, denied.Line, 0
	}
	if v.Revision == "" {
		v.Revision = s.revision
	}
	r.ex.Verdict = v
}

// recover answers an exchange whose policy broke an invariant. This is the one
// place that catches such a panic.
func (r *run) recover(ctx context.Context) {
	v := recover()
	if v == nil {
		return
	}
	if r.env.Panicked != nil {
		r.env.Panicked(v, debug.Stack())
	}
	for i := range r.ex.Decisions {
		if d := &r.ex.Decisions[i]; d.Outcome == "" {
			d.Outcome = "failed"
		}
	}
	r.culprit = r.current
	r.blame(ctx, &Failure{Reason: ReasonInternal, Message: "a policy failed inside"})
}

// expression prepares the environment of an expression; it is made once per run.
func (e *Env) expression(ex *exchange.Exchange) *expr.Env {
	r := e.run
	if r == nil {
		return newExpression(e, ex)
	}
	if r.expr.Exchange == nil {
		r.expr = *newExpression(e, r.ex)
		r.scratch.For(&r.expr)
		if e.Trace != nil || r.rec != nil { // context.Tracing is whether somebody listens
			r.expr.Trace = func(message string) { e.trace(message) }
		}
	}
	return &r.expr
}

func newExpression(e *Env, ex *exchange.Exchange) *expr.Env {
	return &expr.Env{Exchange: ex, Now: e.Now, NewGUID: e.NewGUID, Rand: e.Rand, Zone: time.LoadLocation, Steps: e.Steps, Memory: e.Memory}
}

// trace is context.Trace: the source is the running policy.
func (e *Env) trace(message string) {
	source, secrets := "", []string(nil)
	if s := e.run.current; s != nil {
		source, secrets = s.name, s.secrets
	}
	e.Say(source, hide(message, secrets))
}

// Note writes a detail into the running policy's decision; it must hold no secret.
func (e *Env) Note(detail string) {
	if r := e.run; r != nil && r.current != nil {
		r.ex.Decisions[r.decision].Detail = detail
	}
}

// Defer calls f once when the pipeline has ended, whatever its outcome. Outside a
// pipeline f is dropped.
func (e *Env) Defer(f func(ctx context.Context)) {
	if e.run != nil {
		e.run.deferred = append(e.run.deferred, f)
	}
}
