package policytest

import (
	"net/http"
	"net/netip"

	"stile/internal/config/doctree"
	"stile/policy/exchange"
)

func (r *reader) given(s *sent, n *doctree.Node) {
	g := &given{at: n}
	s.given = g
	r.one(n, "body", "json")
	r.one(n, "path", "params")
	fields := []doctree.Field{
		{Name: "method", Read: r.NonEmpty(&g.method)},
		{Name: "path", Read: r.slashed(&g.path)},
		{Name: "params", Read: r.each("params", func(m doctree.Member) {
			p := exchange.Param{Name: m.Name}
			r.Text(&p.Value)(m.Value)
			g.params = append(g.params, p)
		})},
		{Name: "headers", Read: r.headers(&g.headers)},
		{Name: "body", Read: r.bytes(&g.body, &g.bodied)},
		{Name: "json", Read: func(n *doctree.Node) { r.json(n, &g.body, &g.headers); g.bodied = true }},
		{Name: "ip", Read: func(n *doctree.Node) {
			r.Text(&g.ip)(n)
			if _, err := netip.ParseAddr(g.ip); err != nil {
				r.Fault(n, doctree.CodeValue, "this is no IP address", "write one such as 203.0.113.7")
			}
		}},
		{Name: "host", Read: r.NonEmpty(&g.host)},
		{Name: "scheme", Read: r.OneOf(&g.scheme, "https", "http")},
		{Name: "token", Read: func(n *doctree.Node) {
			if n.Kind != doctree.Map {
				r.Fault(n, doctree.CodeValue, "token must be a map of claims, not "+n.Kind.String(), "")
			}
			g.token = n
		}},
		{Name: "repeat", Read: r.repeat(&s.repeat)},
	}
	r.Map(n, "given", fields...)
}

// json makes a body of a tree; the content type is JSON where none is set.
func (r *reader) json(n *doctree.Node, to *[]byte, headers *[]exchange.Param) {
	*to = n.JSON()
	for _, h := range *headers {
		if http.CanonicalHeaderKey(h.Name) == "Content-Type" {
			return
		}
	}
	*headers = append(*headers, exchange.Param{Name: "Content-Type", Value: "application/json"})
}

// headers gives a Read of header fields: a text, or a list of them.
func (r *reader) headers(to *[]exchange.Param) func(*doctree.Node) {
	return r.each("headers", func(m doctree.Member) {
		var values []string
		r.texts(&values, m.Value)
		if http.CanonicalHeaderKey(m.Name) == "Content-Type" { // in the place of that of json
			for i, h := range *to {
				if http.CanonicalHeaderKey(h.Name) == "Content-Type" {
					*to = append((*to)[:i], (*to)[i+1:]...)
					break
				}
			}
		}
		for _, v := range values {
			*to = append(*to, exchange.Param{Name: m.Name, Value: v})
		}
	})
}

func (r *reader) texts(to *[]string, n *doctree.Node) {
	if n.Kind == doctree.List {
		r.Texts(to)(n)
		return
	}
	var one string
	r.Text(&one)(n)
	*to = append(*to, one)
}

// fields gives a Read of fields that are expected; null says that there is none.
func (r *reader) fields(to *[]field) func(*doctree.Node) {
	return r.each("headers", func(m doctree.Member) {
		f := field{name: m.Name, line: m.Line, absent: m.Value.Kind == doctree.Null}
		if !f.absent {
			r.texts(&f.values, m.Value)
		}
		*to = append(*to, f)
	})
}

func (r *reader) listed(n *doctree.Node) *listed {
	l := &listed{status: http.StatusOK}
	r.Map(n, "an answer of backend",
		doctree.Field{Name: "match", Read: func(n *doctree.Node) {
			r.Map(n, "match",
				doctree.Field{Name: "method", Read: r.NonEmpty(&l.method)},
				doctree.Field{Name: "url", Read: r.NonEmpty(&l.url)},
				doctree.Field{Name: "headers", Read: r.fields(&l.headers)})
		}},
		doctree.Field{Name: "times", Read: r.repeat(&l.times)},
		doctree.Field{Name: "answer", Required: true, Read: func(n *doctree.Node) {
			has := false
			r.one(n, "body", "json")
			r.one(n, "status", "error")
			r.Map(n, "answer",
				doctree.Field{Name: "status", Read: r.status(&l.status)},
				doctree.Field{Name: "reason", Read: r.Text(&l.reason)},
				doctree.Field{Name: "headers", Read: r.headers(&l.answer)},
				doctree.Field{Name: "body", Read: r.bytes(&l.body, &has)},
				doctree.Field{Name: "json", Read: func(n *doctree.Node) { r.json(n, &l.body, &l.answer) }},
				doctree.Field{Name: "after", Read: r.duration(&l.after)},
				doctree.Field{Name: "error", Read: r.OneOf(&l.broken, brokenConnection, brokenTimeout)})
		}})
	return l
}

// What may be amiss with a backend that does not answer.
const (
	brokenConnection = "connection"
	brokenTimeout    = "timeout"
)

func (r *reader) expect(n *doctree.Node) *expect {
	e := &expect{line: n.Line, lines: map[string]int{}}
	for _, m := range n.Members {
		e.lines[m.Name] = m.Line
	}
	r.one(n, "body", "json")
	text := func(to **string) func(*doctree.Node) {
		return func(n *doctree.Node) { *to = new(string); r.Text(*to)(n) }
	}
	r.Map(n, "expect",
		doctree.Field{Name: "status", Read: func(n *doctree.Node) { e.status = new(int); r.status(e.status)(n) }},
		doctree.Field{Name: "reason", Read: text(&e.reason)},
		doctree.Field{Name: "headers", Read: r.fields(&e.headers)},
		doctree.Field{Name: "body", Read: text(&e.body)},
		doctree.Field{Name: "json", Read: func(n *doctree.Node) { e.json = n }},
		doctree.Field{Name: "denied", Read: func(n *doctree.Node) { e.denied = new(bool); r.Bool(e.denied)(n) }},
		doctree.Field{Name: "backend-calls", Read: func(n *doctree.Node) { r.calls(e, n) }},
		doctree.Field{Name: "trace", Read: r.Each(func(n *doctree.Node) { e.trace = append(e.trace, r.step(n)) })},
		doctree.Field{Name: "counters", Read: r.each("counters", func(m doctree.Member) {
			r.each("the counters of a policy", func(c doctree.Member) {
				var v int
				r.Int(&v)(c.Value)
				e.counters = append(e.counters, counter{m.Name, c.Name, int64(v), c.Line})
			})(m.Value)
		})},
		doctree.Field{Name: "last-error", Read: func(n *doctree.Node) { e.last = r.members(n, "last-error", lastErrorFields...) }})
	return e
}

func (r *reader) calls(e *expect, n *doctree.Node) {
	if n.Kind == doctree.Number {
		e.number = new(int)
		r.Int(e.number)(n)
		return
	}
	e.listed = true
	r.Each(func(n *doctree.Node) {
		c := &call{line: n.Line}
		r.one(n, "body", "json")
		r.Map(n, "a call of backend-calls",
			doctree.Field{Name: "method", Read: r.NonEmpty(&c.method)},
			doctree.Field{Name: "url", Read: r.NonEmpty(&c.url)},
			doctree.Field{Name: "headers", Read: r.fields(&c.headers)},
			doctree.Field{Name: "body", Read: func(n *doctree.Node) { c.body = new(string); r.Text(c.body)(n) }},
			doctree.Field{Name: "json", Read: func(n *doctree.Node) { c.json = n }})
		e.calls = append(e.calls, c)
	})(n)
}

// What may be told of a policy in trace, and of last-error.
var (
	stepFields      = []string{"policy", "scope", "section", "id", "decision", "detail", "status", "file", "line"}
	lastErrorFields = []string{"source", "reason", "message", "scope", "section", "path", "id"}
	decisions       = []string{"ok", "denied", "returned", "failed", "none"}
)

func (r *reader) step(n *doctree.Node) *step {
	s := &step{line: n.Line}
	for _, m := range r.members(n, "a policy of trace", stepFields...) {
		if m.name == "decision" && m.text == "none" {
			s.none = true
			continue
		}
		s.members = append(s.members, m)
	}
	if d := n.Get("decision"); d != nil {
		var word string
		r.OneOf(&word, decisions...)(d)
	}
	if len(s.members) == 0 && n.Kind == doctree.Map {
		r.Fault(n, doctree.CodeMissing, "a policy of trace has no \"policy\"", "name the policy")
	}
	return s
}

// members reads a map of texts.
func (r *reader) members(n *doctree.Node, what string, names ...string) (out []member) {
	fields := make([]doctree.Field, len(names))
	for i, name := range names {
		fields[i] = doctree.Field{Name: name, Read: func(n *doctree.Node) {
			m := member{name: name}
			r.Text(&m.text)(n)
			out = append(out, m)
		}}
	}
	r.Map(n, what, fields...)
	return out
}
