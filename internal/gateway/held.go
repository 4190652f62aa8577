package gateway

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// ReasonSecret is LastError.Reason of what is refused because a secret has no
// value that may be used.
const ReasonSecret = "SecretUnavailable"

// heldRetry is after how long a refused caller may try again: by then the secret
// was asked for anew.
const heldRetry = 10 * time.Second

// held is a document that cannot run, since a secret that it needs has no value.
// Operations whose pipeline it belongs to answer 503 until it comes.
type held struct {
	name   string // of the named value
	reason string // names the named value and the reference
	file   string // where the named value stands
	line   int
	sites  []policy.Site // of the document as it is
}

// fillers stand for values that are not there while their documents are checked:
// one of each kind that policies tell apart when they compile. A fault that all of
// them give is the document's own.
var fillers = []string{"1", "true", "https://secret.invalid/", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=", "192.0.2.1"}

// asking is values that put a filler in place of what is lacking, and note what was.
type asking struct {
	*values
	filler  string
	lacking []string
}

// NamedValue gives a named value by its display name.
func (a *asking) NamedValue(name string) (text string, secret, ok bool) {
	n, ok := a.named[name]
	if ok && n.lacking != "" {
		if !slices.Contains(a.lacking, name) {
			a.lacking = append(a.lacking, name)
		}
		return a.filler, true, true
	}
	return n.text, n.secret, ok
}

// compileDocument compiles a document, or finds it held.
func compileDocument(src policy.Source, table *policy.Table, v *values) compiledDocument {
	done := compiledDocument{source: src}
	for i, filler := range fillers {
		a := &asking{values: v, filler: filler}
		document, faults := policy.Compile(src, table, a)
		if len(a.lacking) == 0 {
			done.document, done.faults = document, faults
			return done
		}
		if i == 0 {
			done.faults, done.held = faults, v.hold(src, a.lacking[0])
			if document != nil {
				done.held.sites = document.Sites()
			}
			continue
		}
		done.faults = slices.DeleteFunc(done.faults, func(d diag.Diagnostic) bool {
			return !slices.ContainsFunc(faults, func(o diag.Diagnostic) bool {
				return o.Code == d.Code && o.File == d.File && o.Line == d.Line && o.Column == d.Column
			})
		})
	}
	return done
}

// hold finds where a document, or a fragment, names the value.
func (v *values) hold(src policy.Source, name string) *held {
	h := &held{name: name, reason: "named value " + name + ": " + v.named[name].lacking, file: src.File, line: 1}
	if file, line, ok := v.use(src, name); ok {
		h.file, h.line = file, line
	}
	return h
}

// use finds where a document, else a fragment, names a named value.
func (v *values) use(src policy.Source, name string) (file string, line int, ok bool) {
	sources := []policy.Source{src}
	for _, id := range v.Names(policy.FragmentNames) {
		sources = append(sources, v.fragments[id])
	}
	for _, s := range sources {
		if at := strings.Index(s.Text, "{{"+name+"}}"); at >= 0 {
			return s.File, 1 + strings.Count(s.Text[:at], "\n"), true
		}
	}
	return "", 0, false
}

// CheckDocument checks one policy document, or fragment, against what a service
// has; secrets are not read.
func CheckDocument(svc *apim.Service, table *policy.Table, src policy.Source) diag.List {
	c := &compiler{svc: svc}
	return compileDocument(src, table, c.readValues(svc, svc.WorkspaceOf(src.File))).faults
}

// unreadText is why a secret has no value where Compile was given no Secrets.
const unreadText = "secrets are not read here"

// resolve gives the value of a reference, or why there is none.
func (c *compiler) resolve(ref secret.Ref, at apim.Place, who string) (v secret.Value, lacking string) {
	if c.opts.Secrets == nil {
		return secret.Value{}, unreadText
	}
	v, err := c.opts.Secrets(ref)
	if err == nil {
		return v, ""
	}
	c.report(diag.Warning, at, CodeSecret, err.Error(), who+" answers 503 until the secret can be read")
	return secret.Value{}, err.Error()
}

// Secrets lists the references of named values and subscription keys that the
// snapshot was compiled with.
func (s *Snapshot) Secrets() []secret.Ref { return Secrets(s.service) }

// Secrets lists the references of a service's named values and subscription keys,
// each once.
func Secrets(svc *apim.Service) []secret.Ref {
	var out []secret.Ref
	seen := map[secret.Ref]bool{}
	add := func(r secret.Ref) {
		if !r.IsZero() && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	for _, n := range svc.NamedValues {
		add(n.Ref)
	}
	for _, x := range svc.Subscriptions {
		for _, k := range x.Keys {
			add(k.Ref)
		}
	}
	for _, n := range svc.Certificates {
		add(n.Ref)
	}
	for _, l := range svc.Loggers {
		add(l.Ref)
	}
	for _, b := range svc.Backends {
		for _, t := range b.Texts() {
			add(t.Ref)
		}
	}
	for _, a := range svc.Listener.Authorities {
		add(a.Ref)
	}
	return out
}

// holding gives the document that keeps the operation from running under the product
// at an index, nil if none.
func (o *operation) holding(s *Snapshot, at int) *held {
	list := [...]*held{s.held, o.api.space.held, nil, o.api.held, o.held}
	if at > 0 {
		list[2] = o.api.products[at-1].held
	}
	for _, h := range list {
		if h != nil {
			return h
		}
	}
	return nil
}

// refuseHeld answers an exchange that cannot run for want of a secret. The client
// is not told which.
func (g *Gateway) refuseHeld(ctx context.Context, ex *exchange.Exchange, p *policy.Pipeline, h *held) {
	p.Refuse(ctx, ex, &g.env, "secret", unavailable(h.reason))
	if ex.Verdict != nil {
		ex.Verdict.File, ex.Verdict.Line, ex.Verdict.NamedValue = h.file, h.line, h.name
	}
}

func unavailable(reason string) *policy.Denied {
	return &policy.Denied{Status: http.StatusServiceUnavailable, Reason: ReasonSecret, Message: reason,
		Public: "The service cannot be reached at the moment.", RetryAfter: heldRetry,
		Header: []exchange.Param{{Name: "Retry-After", Value: strconv.Itoa(int(heldRetry / time.Second))}}}
}

// watchful is the backend, which tells Refused of its 401s.
func (g *Gateway) watchful(next exchange.Caller) exchange.Caller {
	if g.cfg.Refused == nil {
		return next
	}
	return exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
		err := next.Do(ctx, ex)
		if err == nil && ex.Response.StatusCode == http.StatusUnauthorized {
			if refs := g.Snapshot().secretsOf(ex); len(refs) > 0 {
				g.cfg.Refused(refs)
			}
		}
		return err
	})
}

// secretsOf lists the secrets that the documents of an exchange's operation name.
func (s *Snapshot) secretsOf(ex *exchange.Exchange) (out []secret.Ref) {
	documents, names := []*policy.Document{s.global}, s.values
	for _, a := range s.apis {
		if ex.API == nil || a.noun.ID != ex.API.ID || a.noun.Revision != ex.API.Revision {
			continue
		}
		names = a.space.values
		documents = append(documents, a.space.document, a.document)
		for _, p := range a.products {
			documents = append(documents, p.document)
		}
		for _, o := range a.operations {
			if ex.Operation != nil && o.noun.ID == ex.Operation.ID {
				documents = append(documents, o.document)
			}
		}
	}
	for _, d := range documents {
		if d == nil {
			continue
		}
		for _, name := range d.NamedValues() {
			for _, v := range [...]*values{s.values, names} {
				if r := v.named[name].ref; !r.IsZero() && !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	return out
}
