package policy

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"

	"stile/policy/exchange"
)

// errLost ends the context of a branch that another one has made needless.
var errLost = errors.New("another policy of <wait> was first")

// branch is policies of an exchange that run beside others: on a copy of the
// exchange, holding the baton except while they call out.
type branch struct {
	r        *run
	base     exchange.Exchange
	f        Run
	err      error
	panicked any
	stack    []byte
}

// Branches runs policies side by side and waits for all of them; with first, for one
// that ends without an error, and the others' contexts end then. What they did is put
// together in their order, whichever was quicker: variables, fields, calls and
// decisions. Of those that lost, calls and decisions alone stay. The error is that of
// the first in their order that has one.
func (e *Env) Branches(ctx context.Context, ex *exchange.Exchange, runs []Run, first bool) error {
	parent := e.run
	if parent == nil {
		return &Failure{Reason: ReasonInternal, Message: "policies run side by side in a pipeline alone"}
	}
	b := parent.baton
	if b == nil {
		b = new(baton)
		b.mu.Lock()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all, ended := make([]*branch, len(runs)), make(chan int, len(runs))
	for i, f := range runs {
		all[i] = parent.branch(ex, f, b)
	}
	up := b.down()
	for i := range all {
		if e.InOrder {
			all[i].walk(ctx)
			ended <- i
			continue
		}
		go func() {
			defer func() { ended <- i }()
			all[i].walk(ctx)
		}()
	}
	winner := -1
	for range all {
		if i := <-ended; first && winner < 0 && completed(all[i].err) {
			winner = i
			cancel(errLost)
		}
	}
	up()
	return parent.join(ex, all, winner)
}

// completed reports whether a branch came to its end.
func completed(err error) bool {
	return err == nil || errors.Is(err, ErrEnd) || errors.Is(err, ErrAnswered)
}

// branch prepares one.
func (r *run) branch(ex *exchange.Exchange, f Run, b *baton) *branch {
	own := *ex
	own.Request.Header, own.Response.Header = ex.Request.Header.Clone(), ex.Response.Header.Clone()
	own.Request.URL.Query = slices.Clip(own.Request.URL.Query)
	own.Variables, own.Decisions, own.Calls = maps.Clone(ex.Variables), nil, nil
	if own.Variables == nil {
		own.Variables = map[string]any{}
	}
	made := &branch{f: f, base: own}
	made.base.Variables = maps.Clone(own.Variables)
	made.base.Request.Header, made.base.Response.Header = ex.Request.Header.Clone(), ex.Response.Header.Clone()
	env, plain := r.env, r.plain
	if r.baton == nil {
		env, plain = b.carried(env), &r.env
	}
	made.r = &run{env: env, plain: plain, p: r.p, ex: &own, section: r.section, level: r.level, last: r.last, kept: maps.Clone(r.kept), baton: b}
	made.r.env.run = made.r
	if r.rec != nil {
		own.Recording = new(exchange.Recording)
		made.r.rec = &recorder{rec: own.Recording, depth: r.rec.depth}
		made.r.rec.look(&own, -1)
	}
	return made
}

// walk runs the branch with the baton.
func (b *branch) walk(ctx context.Context) {
	b.r.baton.mu.Lock()
	defer b.r.baton.mu.Unlock()
	defer func() {
		if b.panicked = recover(); b.panicked != nil {
			b.stack = debug.Stack()
		}
	}()
	b.err = b.f(ctx, b.r.ex, &b.r.env)
}

// join puts together what the branches did; winner is the one that counts, -1 for all.
func (r *run) join(ex *exchange.Exchange, all []*branch, winner int) error {
	var failed error
	for i, b := range all {
		if b.panicked != nil {
			if r.env.Panicked != nil {
				r.env.Panicked(b.panicked, b.stack)
			}
			b.err, b.r.culprit = &Failure{Reason: ReasonInternal, Message: "a policy failed inside"}, b.r.current
		}
		own := b.r.ex
		if winner >= 0 && winner != i {
			for k := range own.Decisions {
				if d := &own.Decisions[k]; d.Outcome == "failed" {
					d.Detail = errLost.Error()
				}
			}
		}
		ex.Decisions, ex.Calls = append(ex.Decisions, own.Decisions...), append(ex.Calls, own.Calls...)
		if r.rec != nil {
			r.rec.rec.Join(own.Recording)
		}
		r.deferred = append(r.deferred, b.r.deferred...)
		if winner >= 0 && winner != i {
			continue
		}
		b.merge(ex)
		for key, value := range b.r.kept {
			(&r.env).Keep(key, value)
		}
		if b.err != nil && failed == nil {
			failed, r.culprit = b.err, b.r.culprit
		}
	}
	if r.rec != nil {
		r.rec.look(ex, -1)
	}
	return failed
}

// merge brings into ex what the branch changed on its copy.
func (b *branch) merge(ex *exchange.Exchange) {
	own, base := b.r.ex, &b.base
	if ex.Variables == nil {
		ex.Variables = map[string]any{}
	}
	for name, value := range own.Variables {
		if old, had := base.Variables[name]; !had || !untouched(old, value) {
			ex.Variables[name] = value
		}
	}
	mergeHeader(&ex.Request.Header, &base.Request.Header, &own.Request.Header)
	mergeHeader(&ex.Response.Header, &base.Response.Header, &own.Response.Header)
	take(&ex.Request.Method, base.Request.Method, own.Request.Method)
	take(&ex.Request.Body, base.Request.Body, own.Request.Body)
	take(&ex.Response.StatusCode, base.Response.StatusCode, own.Response.StatusCode)
	take(&ex.Response.Reason, base.Response.Reason, own.Response.Reason)
	take(&ex.Response.Body, base.Response.Body, own.Response.Body)
	take(&ex.Backend, base.Backend, own.Backend)
	take(&ex.Subject, base.Subject, own.Subject)
	if !reflect.DeepEqual(base.Request.URL, own.Request.URL) {
		ex.Request.URL = own.Request.URL
	}
}

func take[T comparable](to *T, base, own T) {
	if own != base {
		*to = own
	}
}

func mergeHeader(to, base, own *exchange.Header) {
	if base.Same(own) {
		return
	}
	for _, name := range append(base.Names(), own.Names()...) {
		if own.Lazy(name) && base.Lazy(name) {
			continue
		}
		if now := own.Values(name); !slices.Equal(base.Values(name), now) {
			to.Set(name, now...)
		}
	}
}

// untouched reports whether a variable holds what it held, without looking into it.
func untouched(a, b any) bool {
	if t := reflect.TypeOf(a); t == nil || t != reflect.TypeOf(b) {
		return a == nil && b == nil
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch x.Kind() {
	case reflect.Slice:
		return x.Len() == y.Len() && x.UnsafePointer() == y.UnsafePointer()
	case reflect.Map, reflect.Func:
		return x.UnsafePointer() == y.UnsafePointer()
	}
	return x.Comparable() && y.Comparable() && a == b
}

// Detached is an exchange that goes on beside the one it was made of, which may be
// over before it.
type Detached struct{ r *run }

// Detach copies what policies may need of an exchange to run beside it. copyOf copies
// a variable; one that it does not copy is left out, and so is a body that was not in
// memory.
func (e *Env) Detach(ex *exchange.Exchange, copyOf func(v any) (any, bool)) *Detached {
	own := *ex
	own.Request.Header, own.Response.Header = ex.Request.Header.Clone(), ex.Response.Header.Clone()
	if own.Request.Header.Lazy("Authorization") { // a state's own token stays with its call
		own.Request.Header.Del("Authorization")
	}
	own.Request.URL.Query, own.Request.Matched = slices.Clone(ex.Request.URL.Query), slices.Clone(ex.Request.Matched)
	own.Request.Body, own.Response.Body = inMemory(ex.Request.Body), inMemory(ex.Response.Body)
	own.Variables, own.Decisions, own.Calls, own.Recording = make(map[string]any, len(ex.Variables)), nil, nil, nil
	for name, v := range ex.Variables {
		if v, ok := copyOf(v); ok {
			own.Variables[name] = v
		}
	}
	r := &run{env: *e, ex: &own}
	if e.run != nil {
		if e.run.plain != nil {
			r.env = *e.run.plain
		}
		r.p, r.section, r.level, r.last = e.run.p, e.run.section, e.run.level, e.run.last
	}
	r.env.run = r
	return &Detached{r}
}

func inMemory(b *exchange.Body) *exchange.Body {
	if b == nil {
		return nil
	}
	data, err := []byte(nil), exchange.ErrBodyConsumed
	if !b.Streaming() {
		data, err = b.Bytes()
	}
	out := exchange.Bytes(data)
	if err != nil {
		out.Consume()
	}
	return out
}

// Run runs policies on the detached exchange, whose variables it gives.
func (d *Detached) Run(ctx context.Context, f Run) (variables map[string]any, err error) {
	defer func() {
		if v := recover(); v != nil {
			if d.r.env.Panicked != nil {
				d.r.env.Panicked(v, debug.Stack())
			}
			err = &Failure{Reason: ReasonInternal, Message: "a policy failed inside"}
		}
	}()
	err = f(ctx, d.r.ex, &d.r.env)
	for _, f := range d.r.deferred {
		f(ctx)
	}
	return d.r.ex.Variables, err
}
