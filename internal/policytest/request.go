package policytest

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"stile/internal/apim"
	"stile/internal/backend"
	"stile/policy/exchange"
)

// defaultHost is the gateway's name in tests.
const defaultHost = "gateway.test"

// basePath is the path under which an API is called.
func basePath(a *apim.API) string {
	path := "/" + strings.Trim(a.Path, "/")
	if a.VersionScheme == "Segment" && a.Version != "" {
		path = strings.TrimSuffix(path, "/") + "/" + a.Version
	}
	return strings.TrimSuffix(path, "/")
}

// fill puts values into an operation's template: lacking are its parameters without
// one, unused the values that it does not take. "*" is a parameter of that name.
func fill(base, template string, params []exchange.Param) (path string, lacking, unused []string) {
	var out strings.Builder
	used := map[string]bool{}
	value := func(name string, escape func(string) string) {
		plain, rest := strings.TrimPrefix(name, "*"), strings.HasPrefix(name, "*")
		if plain == "" {
			plain = "*"
		}
		at := slices.IndexFunc(params, func(p exchange.Param) bool { return p.Name == plain })
		used[plain] = true
		switch {
		case at >= 0 && rest:
			out.WriteString(strings.TrimPrefix(params[at].Value, "/"))
		case at >= 0:
			out.WriteString(escape(params[at].Value))
		case !rest:
			lacking = append(lacking, plain)
		}
	}
	route, query, asked := strings.Cut(template, "?")
	expand := func(text string, escape func(string) string) {
		for {
			open := strings.IndexByte(text, '{')
			end := strings.IndexByte(text, '}')
			if open < 0 || end < open {
				out.WriteString(text)
				return
			}
			out.WriteString(text[:open])
			value(text[open+1:end], escape)
			text = text[end+1:]
		}
	}
	if stem, ok := strings.CutSuffix(route, "/*"); ok {
		route = stem + "/{*}"
	}
	if out.WriteString(base); route == "/" && base != "" {
		route = ""
	} else if !strings.HasPrefix(route, "/") {
		out.WriteByte('/')
	}
	expand(route, url.PathEscape)
	if asked {
		out.WriteByte('?')
		expand(query, url.QueryEscape)
	}
	for _, p := range params {
		if !used[p.Name] {
			unused = append(unused, p.Name)
		}
	}
	return out.String(), lacking, unused
}

// exchange makes the exchange of a request, as the gateway's wire would.
func (w *world) exchange(c *Case, g *given) *exchange.Exchange {
	path, query, _ := strings.Cut(g.path, "?")
	ex := &exchange.Exchange{Request: exchange.Request{Method: strings.ToUpper(g.method), Client: netip.MustParseAddr("127.0.0.1"),
		URL: exchange.URL{Scheme: "https", Host: defaultHost, Path: path, Query: exchange.ParseQuery(query)}}}
	if g.scheme != "" {
		ex.Request.URL.Scheme = g.scheme
	}
	if g.host != "" {
		ex.Request.URL.Host = g.host
	}
	if g.ip != "" {
		ex.Request.Client = netip.MustParseAddr(g.ip)
	}
	h := &ex.Request.Header
	h.Add(backend.WireHost, ex.Request.URL.Host)
	for _, f := range g.headers {
		h.Add(f.Name, f.Value)
	}
	if g.token != nil {
		h.Set("Authorization", "Bearer "+w.tokens.sign(g.token))
	}
	if g.bodied {
		ex.Request.Body = exchange.Bytes(slices.Clone(g.body))
	}
	if p := c.principal; p != nil {
		w.call(ex, p)
	} else if c.subscription.text != "" {
		h.Set(w.keyHeader, keyOf(c.subscription.text))
	}
	return ex
}

// call makes the exchange a state's.
func (w *world) call(ex *exchange.Exchange, p *caller) {
	ex.Principal = w.host.cfg.Principal(Caller{Role: p.role.text, StateMachine: p.machine.text, Execution: p.execution, State: p.state}, w.clock)
	ex.Hops = 1
	ex.State = &exchange.StateCall{StateMachine: p.machine.text, Execution: p.execution, State: p.state, Attempt: 1}
	// Nobody reads it: validate-jwt takes the Principal's claims.
	ex.Request.Header.SetLazy("Authorization", func() string { return "Bearer the-token-of-the-state" })
	if p.callbackURL != "" {
		ex.Variables = map[string]any{"stile-callback-url": p.callbackURL}
	}
}

// keyHeader is the field in which an API takes subscription keys.
func (h *Host) keyHeader(a *apim.API) string {
	if a == nil || a.KeyHeader == "" {
		return h.cfg.KeyHeader
	}
	return a.KeyHeader
}
