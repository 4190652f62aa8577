package policy

import (
	"context"

	"stile/policy/exchange"
)

// Refuse answers an exchange that the host refused before any policy ran: no
// operation, no valid key. d gives status, reason and message; source is
// LastError.Source, such as "authorization". on-error of the effective document
// runs, and may change the answer. ex.Response is complete afterwards.
func (p *Pipeline) Refuse(ctx context.Context, ex *exchange.Exchange, env *Env, source string, d *Denied) {
	r := &run{env: *env, p: p, ex: ex}
	r.env.run = r
	r.record()
	defer r.recover(ctx)
	if env.Now != nil {
		r.last = env.Now()
	}
	r.culprit = &step{name: source}
	r.fail(ctx, d)
	if ex.Response.StatusCode == 0 {
		ex.Response.StatusCode = d.Status
	}
	for _, f := range r.deferred {
		f(ctx)
	}
}
