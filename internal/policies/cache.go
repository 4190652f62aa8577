package policies

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/internal/policies/cachecodec"
	"stile/policy"
	"stile/policy/exchange"
)

// cachingType chooses between the built-in cache and one outside.
var cachingType = policy.Attribute{Name: "caching-type", Values: []string{"prefer-external", "internal", "external"}, Default: "prefer-external"}

// caching is a caching-type.
type caching string

// compileCaching reads which cache a policy works on. Where no external one is there,
// whoever asks for it finds nothing, as in APIM.
func compileCaching(c *policy.Compiler, e *policy.Element) caching {
	kind := caching(c.Value(e, "caching-type").Constant())
	if kind == "external" && !c.ExternalCache() {
		c.Warn(e.Attr("caching-type"), policy.CodeValue, "there is no external cache: nothing is found and nothing is kept",
			`write redis: in stile.yaml, or caching-type="internal"`)
	}
	return kind
}

// of gives the cache that is meant; nil where it is not there.
func (kind caching) of(env *policy.Env) policy.Cache {
	if kind == "external" || kind != "internal" && env.External != nil {
		return env.External
	}
	return env.Cache
}

// cacheLookup is https://learn.microsoft.com/azure/api-management/cache-lookup-policy.
// Differences: where a subscription names no owner, it stands for the developer and for
// his groups.
var cacheLookup = policy.Descriptor{
	Name: "cache-lookup", Sections: policy.Inbound, Scopes: policy.AnyScope, Once: true, NotInFragment: true,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "vary-by-developer", Required: true, Expression: true, Kind: policy.BoolKind},
			{Name: "vary-by-developer-groups", Required: true, Expression: true, Kind: policy.BoolKind},
			cachingType,
			{Name: "downstream-caching-type", Expression: true, Values: []string{"none", "private", "public"}, Default: "none"},
			{Name: "must-revalidate", Expression: true, Kind: policy.BoolKind, Default: "true"},
			{Name: "allow-private-response-caching", Expression: true, Kind: policy.BoolKind, Default: "false"},
		},
		Children: []policy.Child{
			{Name: "vary-by-header", Many: true, Schema: policy.Schema{Text: true}},
			{Name: "vary-by-query-parameter", Many: true, Schema: policy.Schema{Text: true}},
		},
	},
	Doc:     "Answers a GET request from the cache where cache-store kept an answer.",
	Compile: compileCacheLookup,
}

// lookup is a compiled cache-lookup.
type lookup struct {
	caching                caching
	byDeveloper, byGroups  policy.Value
	downstream, revalidate policy.Value
	private                policy.Value
	headers, parameters    []policy.Value
}

func compileCacheLookup(c *policy.Compiler, e *policy.Element) policy.Run {
	l := &lookup{caching: compileCaching(c, e), byDeveloper: c.Value(e, "vary-by-developer"), byGroups: c.Value(e, "vary-by-developer-groups"),
		downstream: c.Value(e, "downstream-caching-type"), revalidate: c.Value(e, "must-revalidate"),
		private: c.Value(e, "allow-private-response-caching")}
	for _, h := range e.Elements("vary-by-header") {
		l.headers = append(l.headers, c.Text(h))
	}
	for _, p := range e.Elements("vary-by-query-parameter") {
		l.parameters = append(l.parameters, c.Text(p))
	}
	return l.run
}

// lookupKey is under which an exchange keeps what its cache-lookup found out.
type lookupKey struct{}

// missed is a lookup without a hit: where cache-store puts the answer, and what
// caches downstream are told.
type missed struct {
	cache      policy.Cache
	key        string
	downstream string
	revalidate bool
}

func (l *lookup) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	store := l.caching.of(env)
	switch {
	case store == nil:
		env.Note("no cache")
		return nil
	case ex.Request.Method != "GET":
		env.Note("only GET is cached")
		return nil
	}
	if ex.Request.Header.Has("Authorization") {
		allowed, err := l.private.Bool(ex, env)
		if err != nil {
			return err
		}
		if !allowed {
			env.Note("requests with Authorization are not cached")
			return nil
		}
	}
	m, err := l.miss(ex, env)
	if err != nil {
		return err
	}
	m.cache = store
	found, expires, ok, err := store.Get(ctx, m.key, env.Now())
	hit, isAnswer := found.(*cachecodec.Response)
	if err != nil || !ok || !isAnswer {
		env.Note(lookupNote(err))
		env.Keep(lookupKey{}, m)
		return nil
	}
	env.Note("hit")
	ex.Response.Body.Close()
	ex.Response = exchange.Response{StatusCode: hit.Status, Reason: hit.Reason, Header: hit.Header.Clone(), Body: exchange.Bytes(hit.Body)}
	m.tell(&ex.Response.Header, expires.Sub(env.Now()))
	return policy.ErrAnswered
}

func lookupNote(err error) string {
	if err != nil {
		return "the cache failed: " + err.Error()
	}
	return "miss"
}

// miss evaluates what the policy varies by.
func (l *lookup) miss(ex *exchange.Exchange, env *policy.Env) (*missed, error) {
	m := &missed{}
	var err error
	if m.downstream, err = l.downstream.Text(ex, env); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"none", "private", "public"}, m.downstream) {
		return nil, policy.FailValue("downstream-caching-type is none of none, private and public")
	}
	if m.revalidate, err = l.revalidate.Bool(ex, env); err != nil {
		return nil, err
	}
	m.key, err = l.key(ex, env)
	return m, err
}

// key names the answer: what was asked for, and all that it varies by. Each part is
// quoted, so that two requests with different parts never share a key.
func (l *lookup) key(ex *exchange.Exchange, env *policy.Env) (string, error) {
	u := &ex.Request.OriginalURL
	parts := []string{u.Scheme, strings.ToLower(u.Host), strconv.Itoa(u.Port), u.Path}
	if ex.API != nil { // two versions of an API may differ by a header alone
		parts = append(parts, ex.API.ID, ex.API.Revision)
	}
	developer, err := l.byDeveloper.Bool(ex, env)
	if err != nil {
		return "", err
	}
	groups, err := l.byGroups.Bool(ex, env)
	if err != nil {
		return "", err
	}
	if developer {
		parts = append(parts, "developer", developerOf(ex))
	}
	if groups {
		parts = append(append(parts, "groups"), groupsOf(ex)...)
	}
	for i := range l.headers {
		names, err := namesIn(&l.headers[i], ex, env)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			parts = append(parts, "header", strings.ToLower(name), strings.Join(ex.Request.Header.Values(name), ","))
		}
	}
	query, err := l.query(ex, env)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("response")
	for _, p := range append(parts, query...) {
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(p))
	}
	return b.String(), nil
}

// developerOf tells callers apart: by who owns the subscription, else by the
// subscription, and a caller that Stile itself knows by its subject too.
func developerOf(ex *exchange.Exchange) string {
	id := ""
	switch {
	case ex.User != nil:
		id = "user " + ex.User.ID
	case ex.Subscription != nil:
		id = ex.Subscription.ID
	}
	if ex.Principal != nil {
		id += " " + ex.Principal.Claims().Subject
	}
	return id
}

// groupsOf are the groups of who owns the subscription, and the developer himself where
// nobody is known to.
func groupsOf(ex *exchange.Exchange) []string {
	if ex.User == nil || ex.Principal != nil {
		return []string{"of", developerOf(ex)}
	}
	out := make([]string, len(ex.User.Groups))
	for i, g := range ex.User.Groups {
		out[i] = "group " + g.ID
	}
	return out
}

// namesIn reads names, several of them separated by semicolons.
func namesIn(v *policy.Value, ex *exchange.Exchange, env *policy.Env) ([]string, error) {
	text, err := v.Text(ex, env)
	var out []string
	for name := range strings.SplitSeq(text, ";") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out, err
}

// query gives the parameters that an answer varies by: all, unless the policy names
// some. Their order does not matter, the order of one parameter's values does.
func (l *lookup) query(ex *exchange.Exchange, env *policy.Env) ([]string, error) {
	var only []string
	for i := range l.parameters {
		names, err := namesIn(&l.parameters[i], ex, env)
		if err != nil {
			return nil, err
		}
		only = append(only, names...)
	}
	params := slices.Clone(ex.Request.OriginalURL.Query)
	slices.SortStableFunc(params, func(a, b exchange.Param) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	var out []string
	for _, p := range params {
		if len(l.parameters) > 0 && !slices.ContainsFunc(only, func(name string) bool { return strings.EqualFold(name, p.Name) }) {
			continue
		}
		out = append(out, "query", strings.ToLower(p.Name), url.QueryEscape(p.Value))
	}
	return out, nil
}

// tell writes Cache-Control for the caches behind the gateway.
func (m *missed) tell(h *exchange.Header, fresh time.Duration) {
	if m.downstream == "none" {
		h.Set("Cache-Control", "no-store")
		return
	}
	value := fmt.Sprintf("%s, max-age=%d", m.downstream, max(int64(fresh/time.Second), 0))
	if m.revalidate {
		value += ", must-revalidate"
	}
	h.Set("Cache-Control", value)
}
