package config

import (
	"slices"
	"strings"
	"time"

	"stile/internal/config/doctree"
)

// Notify is one entry of the key notify: a webhook that is told what happens. It
// takes effect at a start.
type Notify struct {
	// URL is https, or http on a loopback address.
	URL string
	// Secret names the signing secret, whsec_ and base64.
	Secret SecretRef
	// On are the kinds of events: health, execution, callback.
	On   []string
	Line int
}

// NotifyKinds are what `on` may name.
var NotifyKinds = []string{"health", "execution", "callback"}

func (r *reader) notify(n *doctree.Node) {
	e := Notify{Line: n.Line}
	r.Map(n, "a receiver of notices",
		doctree.Field{Name: "url", Required: true, Read: func(n *doctree.Node) {
			r.Text(&e.URL)(n)
			address, _, _ := strings.Cut(e.URL, "?")
			problem := checkHTTP(address)
			if problem == "" && strings.HasPrefix(e.URL, "http://") && !loopbackURL(e.URL) {
				problem = "must be https, or http on a loopback address: notices tell how executions fare"
			}
			if problem == "" && strings.Contains(e.URL, "#") {
				problem = "must not have a fragment"
			}
			if problem != "" {
				r.Fault(n, doctree.CodeValue, "url "+problem, "write for example https://hooks.example.com/stile")
			}
		}},
		doctree.Field{Name: "secret", Required: true, Read: r.secretRef("a signing secret", &e.Secret)},
		doctree.Field{Name: "on", Required: true, Read: func(n *doctree.Node) {
			r.Texts(&e.On)(n)
			for _, kind := range e.On {
				if !slices.Contains(NotifyKinds, kind) {
					r.Fault(n, doctree.CodeValue, "on lists "+strings.Join(NotifyKinds, ", ")+"; "+kind+" is none of them", "")
				}
			}
			if n.Kind == doctree.List && len(e.On) == 0 {
				r.Fault(n, doctree.CodeValue, "on lists no kind of event", "write for example on: [health]")
			}
		}})
	for _, o := range r.cfg.Notify {
		if o.URL == e.URL && e.URL != "" {
			r.Fault(n, doctree.CodeDuplicate, "another receiver of notices has this url", "join their `on` in one entry")
		}
	}
	r.cfg.Notify = append(r.cfg.Notify, e)
}

// Slow is the key telemetry.slow: below these times nothing counts as slow. 0 is
// the default, a second and a minute.
type Slow struct{ Operation, State time.Duration }

func (r *reader) slow(n *doctree.Node) {
	s := &r.cfg.Telemetry.Slow
	r.Map(n, "telemetry.slow",
		doctree.Field{Name: "operation", Read: r.duration("telemetry.slow.operation", time.Millisecond, &s.Operation)},
		doctree.Field{Name: "state", Read: r.duration("telemetry.slow.state", time.Millisecond, &s.State)})
}
