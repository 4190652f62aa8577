package files

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stile/internal/apim"
	"stile/internal/breaker"
	"stile/internal/config/doctree"
	"stile/internal/secret"
	"stile/policy/exchange"
)

// backend reads backends/NAME/backendInformation.json, or .yaml: the properties of
// Microsoft.ApiManagement/service/backends.
func (s *serviceLoader) backend(folder, name string) (*apim.Backend, bool) {
	dir, file := filepath.Join(folder, name), "backendInformation.json"
	for _, other := range []string{"backendInformation.yaml", "backendInformation.yml"} {
		if _, err := os.Stat(s.inside(filepath.Join(dir, other))); err == nil && s.absent(dir, file) {
			file = other
		}
	}
	b := &backendReader{s: s, b: &apim.Backend{Workspace: s.workspace}, kind: "Single"}
	b.b.ID = name
	place, ok := s.information("backend "+name, func(r *doctree.Reader) []doctree.Field {
		b.r = r
		return b.fields()
	}, dir, file)
	s.rest(dir, file)
	if b.b.Place = place; !ok {
		return nil, false
	}
	switch b.b.Place.Line = max(b.line, 1); {
	case b.kind == "Pool" && len(b.b.Pool) == 0:
		s.fault(place.File, doctree.CodeMissing, "backend "+name+" is a pool without members", `add "pool": {"services": [{"id": "/backends/NAME"}]}`)
	case b.kind == "Pool":
		b.b.BaseURL = "" // the documentation's examples write one that means nothing
	case len(b.b.Pool) > 0:
		s.fault(place.File, doctree.CodeValue, "backend "+name+" has a pool and is of type Single", `write "type": "Pool"`)
	case b.b.BaseURL == "" && !b.hasURL:
		s.fault(place.File, doctree.CodeMissing, "backend "+name+` has no "url"`, `add "url"`)
	}
	return b.b, true
}

type backendReader struct {
	s      *serviceLoader
	r      *doctree.Reader
	b      *apim.Backend
	kind   string
	line   int
	hasURL bool
}

func (x *backendReader) fields() []doctree.Field {
	r, b := x.r, x.b
	var ignored string
	return []doctree.Field{
		{Name: "url", Read: func(n *doctree.Node) {
			x.line, x.hasURL = n.Line, true
			backendURL(r, &b.BaseURL)(n)
		}},
		{Name: "title", Read: r.Text(&ignored)}, {Name: "description", Read: r.Text(&ignored)},
		{Name: "resourceId", Read: r.Text(&ignored)}, {Name: "azureRegion", Read: r.Text(&ignored)},
		{Name: "protocol", Read: r.OneOf(&ignored, "http")},
		{Name: "type", Read: r.OneOf(&x.kind, "Single", "Pool")},
		{Name: "pool", Read: x.pool}, {Name: "circuitBreaker", Read: x.breaker}, {Name: "credentials", Read: x.credentials},
		{Name: "tls", Read: func(n *doctree.Node) {
			chain, name := true, true
			r.Map(n, "tls", doctree.Field{Name: "validateCertificateChain", Read: r.Bool(&chain)}, doctree.Field{Name: "validateCertificateName", Read: r.Bool(&name)})
			b.AnyChain, b.AnyName = !chain, !name
		}},
		{Name: "proxy", Read: x.proxy},
	}
}

func (x *backendReader) pool(n *doctree.Node) {
	r := x.r
	r.Map(n, "a pool", doctree.Field{Name: "sessionAffinity", Later: true},
		doctree.Field{Name: "services", Required: true, Read: r.Each(func(n *doctree.Node) {
			m := apim.PoolMember{Priority: 1, Weight: 1, Line: n.Line}
			r.Map(n, "a member of a pool", doctree.Field{Name: "id", Required: true, Read: func(n *doctree.Node) {
				m.ID = n.Text[strings.LastIndexByte(n.Text, '/')+1:]
				if m.ID == "" {
					r.Fault(n, doctree.CodeValue, "this is no backend's id", "write /backends/NAME")
				}
			}}, doctree.Field{Name: "priority", Read: x.between(&m.Priority, 0, 100)}, doctree.Field{Name: "weight", Read: x.between(&m.Weight, 0, 100)})
			x.b.Pool = append(x.b.Pool, m)
		})})
}

// between reads a whole number, which the documentation writes as text too.
func (x *backendReader) between(to *int, least, most int) func(*doctree.Node) {
	return func(n *doctree.Node) {
		v, err := strconv.Atoi(n.Text)
		if n.Kind > doctree.String || err != nil || v < least || v > most {
			x.r.Fault(n, doctree.CodeValue, fmt.Sprintf("this must be a whole number from %d to %d", least, most), "")
			return
		}
		*to = v
	}
}

func (x *backendReader) breaker(n *doctree.Node) {
	r := x.r
	r.Map(n, "a circuit breaker", doctree.Field{Name: "rules", Read: r.Each(func(n *doctree.Node) {
		rule := exchange.BreakerRule{Name: "rule " + strconv.Itoa(len(x.b.Rules)+1), Line: n.Line}
		before := len(r.Faults())
		condition := false
		r.Map(n, "a rule", doctree.Field{Name: "name", Read: r.NonEmpty(&rule.Name)},
			doctree.Field{Name: "tripDuration", Required: true, Read: x.span(&rule.Trip)},
			doctree.Field{Name: "acceptRetryAfter", Read: r.Bool(&rule.AcceptRetryAfter)},
			doctree.Field{Name: "failureCondition", Required: true, Read: func(n *doctree.Node) {
				condition = true
				x.condition(n, &rule)
			}})
		for _, other := range x.b.Rules {
			if other.Name == rule.Name {
				r.Fault(n, doctree.CodeDuplicate, "another rule has the name "+rule.Name, "give each rule a name of its own")
			}
		}
		if condition && len(r.Faults()) == before && (rule.Count > 0) == (rule.Percentage > 0) {
			r.Fault(n, doctree.CodeValue, "a rule counts failures or their percentage", `write "count" or "percentage", one of them`)
		}
		x.b.Rules = append(x.b.Rules, rule)
	})})
}

func (x *backendReader) condition(n *doctree.Node, rule *exchange.BreakerRule) {
	r := x.r
	r.Map(n, "a failure condition", doctree.Field{Name: "count", Read: x.between(&rule.Count, 0, 10_000)},
		doctree.Field{Name: "percentage", Read: x.between(&rule.Percentage, 0, 100)},
		doctree.Field{Name: "interval", Required: true, Read: x.span(&rule.Interval)},
		doctree.Field{Name: "statusCodeRanges", Read: r.Each(func(n *doctree.Node) {
			var s exchange.StatusRange
			r.Map(n, "a range of status codes", doctree.Field{Name: "min", Required: true, Read: x.between(&s.Min, 100, 599)},
				doctree.Field{Name: "max", Required: true, Read: x.between(&s.Max, 100, 599)})
			if s.Min > s.Max {
				r.Fault(n, doctree.CodeValue, "min is above max", "")
			}
			rule.Statuses = append(rule.Statuses, s)
		})},
		doctree.Field{Name: "errorReasons", Read: r.Each(func(n *doctree.Node) {
			var text string
			r.NonEmpty(&text)(n)
			if !breaker.KnownReason(text) {
				r.Warn(n.Line, n.Column, doctree.CodeNotUsed, "no call ends with the reason "+strconv.Quote(text),
					"the reasons are BackendConnectionFailure, Timeout, Server errors")
			}
			rule.Reasons = append(rule.Reasons, text)
		})})
	if len(rule.Statuses) == 0 && len(rule.Reasons) == 0 {
		r.Fault(n, doctree.CodeMissing, "a failure condition names no failure", `add "statusCodeRanges": [{"min": 500, "max": 599}]`)
	}
}

// span reads a length of time of ISO 8601, longer than none.
func (x *backendReader) span(to *time.Duration) func(*doctree.Node) {
	return func(n *doctree.Node) {
		d, ok := isoSpan(n.Text)
		if !ok || d <= 0 {
			x.r.Fault(n, doctree.CodeValue, "this is no length of time", "write for example PT1M30S, PT1H or P1D")
			return
		}
		*to = d
	}
}

// isoSpan reads P[nW][nD][T[nH][nM][nS]], seconds with a fraction.
func isoSpan(text string) (time.Duration, bool) {
	rest, ok := strings.CutPrefix(text, "P")
	days, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return 0, false
	}
	a, ok := spans(days, "WD", 7*24*time.Hour, 24*time.Hour)
	b, ok2 := spans(clock, "HMS", time.Hour, time.Minute, time.Second)
	return a + b, ok && ok2
}

// spans reads numbers with units, each at most once and in order.
func spans(text, units string, lengths ...time.Duration) (d time.Duration, ok bool) {
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end < 1 {
			return 0, false
		}
		at := strings.IndexByte(units, text[end])
		value, err := strconv.ParseFloat(text[:end], 64)
		if at < 0 || err != nil || value > 1e7 || lengths[at] != time.Second && strings.Contains(text[:end], ".") {
			return 0, false
		}
		d += time.Duration(value * float64(lengths[at]))
		units, lengths, text = units[at+1:], lengths[at+1:], text[end+1:]
	}
	return d, true
}

func (x *backendReader) credentials(n *doctree.Node) {
	r, b := x.r, x.b
	r.Map(n, "credentials", doctree.Field{Name: "header", Read: x.named(&b.Header, true)}, doctree.Field{Name: "query", Read: x.named(&b.Query, false)},
		doctree.Field{Name: "authorization", Read: func(n *doctree.Node) {
			a := &apim.Authorization{}
			r.Map(n, "authorization", doctree.Field{Name: "scheme", Required: true, Read: r.NonEmpty(&a.Scheme)},
				doctree.Field{Name: "parameter", Required: true, Read: x.text(&a.Parameter)})
			b.Authorization = a
		}},
		doctree.Field{Name: "certificate", Read: r.Texts(&b.Thumbprints)},
		doctree.Field{Name: "certificateIds", Read: r.Each(func(n *doctree.Node) {
			b.CertificateIDs = append(b.CertificateIDs, n.Text[strings.LastIndexByte(n.Text, '/')+1:])
		})})
	if len(b.CertificateIDs)+len(b.Thumbprints) > 1 {
		r.Fault(n, doctree.CodeValue, "a backend proves the gateway by one certificate", "keep one of them")
	}
}

// named reads a map of names with lists of values.
func (x *backendReader) named(to *[]apim.Credential, header bool) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.Map {
			x.r.Fault(n, doctree.CodeValue, "this must be a map of names", "")
			return
		}
		for _, m := range n.Members {
			if header {
				if problem := HeaderProblem(m.Name); problem != "" {
					x.r.FaultAt(m.Line, m.Column, doctree.CodeValue, problem, "write for example X-Api-Key")
				}
			}
			values := []*doctree.Node{m.Value}
			if m.Value.Kind == doctree.List {
				values = m.Value.Items
			}
			for _, v := range values {
				c := apim.Credential{Name: m.Name}
				x.text(&c.Value)(v)
				*to = append(*to, c)
			}
		}
	}
}

// text reads a text with named values, or a reference to a secret.
func (x *backendReader) text(to *apim.Text) func(*doctree.Node) {
	return func(n *doctree.Node) {
		to.Line = n.Line
		if n.Kind == doctree.Map {
			var ref secret.Ref
			readSecret(x.r, n, x.s.dir, &ref)
			to.Ref = ref
			return
		}
		x.r.Text(&to.Text)(n)
	}
}

func (x *backendReader) proxy(n *doctree.Node) {
	p := &apim.Proxy{}
	x.r.Map(n, "a proxy", doctree.Field{Name: "url", Required: true, Read: func(n *doctree.Node) {
		rest, ok := strings.CutPrefix(n.Text, "http://")
		if rest = strings.TrimSuffix(rest, "/"); !ok || rest == "" || strings.ContainsAny(rest, "/?#@ ") {
			x.r.Fault(n, doctree.CodeValue, "this must be the address of an HTTP proxy", "write http://host:port")
		}
		p.URL = "http://" + rest
	}}, doctree.Field{Name: "username", Read: x.text(&p.User)}, doctree.Field{Name: "password", Read: x.text(&p.Password)})
	x.b.Proxy = p
}
