package task

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

const httpResource = "arn:aws:states:::http:invoke"

var methods = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"}

// forbidden are the headers that http:invoke refuses (AWS's list of November 2026).
var forbidden = []string{"a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization",
	"cache-control", "connection", "content-encoding", "content-md5", "date", "expect", "forwarded", "from",
	"host", "http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range",
	"if-unmodified-since", "max-forwards", "origin", "pragma", "proxy-authorization", "referer", "server",
	"te", "trailer", "transfer-encoding", "upgrade", "via", "warning"}

// forbiddenPrefixes are refused in front of any header name.
var forbiddenPrefixes = []string{"x-forwarded-", "x-amz-", "x-amzn-"}

// httpInvoke is arn:aws:states:::http:invoke (Step Functions' "Call HTTPS APIs").
func httpInvoke(ctx context.Context, r *Runner, call sfn.TaskCall) sfn.TaskResult {
	q, refused := readHTTP(r, call)
	if refused.Error != "" {
		return refused
	}
	ex, res := r.send(ctx, call, q)
	if res.Error != "" {
		return res
	}
	return r.result(call, ex, "States.Http.StatusCode.")
}

func readHTTP(r *Runner, call sfn.TaskCall) (q request, refused sfn.TaskResult) {
	p, refused := r.parameters(call)
	if refused.Error != "" {
		return q, refused
	}
	q, bad := shapeHTTP(p)
	if bad != "" {
		return q, invalid(call.Parameters, bad)
	}
	for _, h := range q.header {
		if isForbidden(h.Name) {
			return q, fault("States.Runtime", "The header '"+h.Name+"' is reserved: http:invoke does not let a state set it.")
		}
	}
	conn, refused := r.connection(q.connection)
	if refused.Error != "" {
		return q, refused
	}
	q.header = merge(q.header, conn.Header)
	q.query = merge(q.query, conn.Query)
	q.authorize, q.connection = conn.Authorize, conn.Name
	told, own := call.Parameters, conn.Body // not all of the call, which is large
	q.encode = func(q *request, more []Secret) sfn.TaskResult { return encodeBody(told, p, own, more, q) }
	return q, encodeBody(told, p, own, nil, &q)
}

// shapeHTTP reads the parameters as far as they alone tell; bad names the field
// that does not have its shape.
func shapeHTTP(p jsonval.Value) (q request, bad string) {
	endpoint, ok := p.Get("ApiEndpoint").Str()
	u, err := exchange.ParseURL(endpoint)
	if !ok || err != nil || u.Scheme != "https" || u.Host == "" || !spelledOut(u.Host) {
		return q, "ApiEndpoint"
	}
	method, _ := p.Get("Method").Str()
	if !slices.Contains(methods, method) {
		return q, "Method"
	}
	// The origin is the endpoint's own beginning, where it is written as it is.
	target, _ := strings.CutSuffix(endpoint, u.Path)
	if !strings.HasPrefix(target, "https://") || len(target) != len("https://")+len(u.Host) {
		target = u.Scheme + "://" + u.Authority()
	}
	q = request{target: target, url: u, method: method}
	if q.header, bad = params(p.Get("Headers"), "Headers", false); bad != "" {
		return q, bad
	}
	if q.query, bad = params(p.Get("QueryParameters"), "QueryParameters", false); bad != "" {
		return q, bad
	}
	if q.connection, ok = connectionARN(p); !ok {
		return q, "ConnectionArn"
	}
	return q, ""
}

// spelledOut says that a host is as it will be dialled. Of others the client makes
// one of ASCII (full-width letters, soft hyphens and other full stops become plain
// ones), and `map:` and `egress:` would have judged another host than is called.
func spelledOut(host string) bool {
	return !strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}

// connectionARN is the one connection that the parameters name.
func connectionARN(p jsonval.Value) (string, bool) {
	one := p.Get("Authentication").Get("ConnectionArn")
	two := p.Get("InvocationConfig").Get("ConnectionArn")
	if one.Exists() == two.Exists() {
		return "", false
	}
	if two.Exists() {
		one = two
	}
	return one.Str()
}

func (r *Runner) connection(arn string) (Connection, sfn.TaskResult) {
	conn, ok := r.cfg.Connection(arn)
	if !ok {
		return Connection{}, fault("Events.ConnectionResource.ResourceNotFound", "Connection '"+arn+"' does not exist.")
	}
	if conn.Refused != "" {
		return Connection{}, fault(connectionError, "Connection '"+conn.Name+"' cannot authorize the call: "+conn.Refused+".")
	}
	return conn, sfn.TaskResult{}
}

func isForbidden(name string) bool {
	n := strings.ToLower(name)
	return slices.Contains(forbidden, n) || slices.ContainsFunc(forbiddenPrefixes, func(p string) bool {
		return strings.HasPrefix(n, p)
	})
}

// merge lays the connection's parameters over the state's: the connection wins.
func merge(own, over []exchange.Param) []exchange.Param {
	if len(over) == 0 {
		return own
	}
	out := slices.DeleteFunc(slices.Clone(own), func(p exchange.Param) bool {
		return slices.ContainsFunc(over, func(o exchange.Param) bool { return strings.EqualFold(o.Name, p.Name) })
	})
	return append(out, over...)
}

// encodeBody writes the state's body with the connection's members and more, the
// secret ones, into q. told are the parameters as they stand in the history.
func encodeBody(told, p jsonval.Value, own []Member, more []Secret, q *request) sfn.TaskResult {
	body := p.Get("RequestBody")
	members := slices.Clip(own)
	for _, s := range more {
		members = append(members, Member{s.Name, jsonval.OfString(s.Value.Reveal())})
	}
	for _, m := range members {
		if body.Exists() && body.Kind() != jsonval.ObjectKind {
			return fault("States.Runtime", "RequestBody must be an object where the connection has body parameters.")
		}
		body = body.Set(m.Name, m.Value)
	}
	encoding, _ := p.Get("Transform").Get("RequestBodyEncoding").Str()
	if encoding == "URL_ENCODED" {
		if body.Kind() != jsonval.ObjectKind {
			return invalid(told, "RequestBody")
		}
		format, _ := p.Get("Transform").Get("RequestEncodingOptions").Get("ArrayFormat").Str()
		q.body, q.contentType = formEncode(body, format), "application/x-www-form-urlencoded"
		return sfn.TaskResult{}
	}
	if body.Exists() {
		q.contentType = "application/json; charset=UTF-8"
		q.body = bodyText(body, q.header)
	}
	return sfn.TaskResult{}
}

// bodyText is JSON, but a string's own text where a header names another type.
func bodyText(body jsonval.Value, header []exchange.Param) []byte {
	if s, ok := body.Str(); ok {
		for _, h := range header {
			if strings.EqualFold(h.Name, "Content-Type") && !strings.Contains(h.Value, "json") {
				return []byte(s)
			}
		}
	}
	return body.Compact().Raw()
}

// formEncode writes an object as application/x-www-form-urlencoded with one of
// AWS's array formats: INDICES (default), REPEAT, COMMAS, BRACKETS.
func formEncode(body jsonval.Value, format string) []byte {
	var pairs []string
	add := func(name, value string) {
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	var walk func(name string, v jsonval.Value)
	walk = func(name string, v jsonval.Value) {
		switch v.Kind() {
		case jsonval.ObjectKind:
			v.EachMember(func(k string, m jsonval.Value) bool { walk(name+"["+k+"]", m); return true })
		case jsonval.ArrayKind:
			formArray(name, v, format, add, walk)
		default:
			text, _ := scalar(v)
			add(name, text)
		}
	}
	body.EachMember(func(k string, m jsonval.Value) bool { walk(k, m); return true })
	return []byte(strings.Join(pairs, "&"))
}

func formArray(name string, v jsonval.Value, format string, add func(n, v string), walk func(string, jsonval.Value)) {
	if format == "COMMAS" {
		var parts []string
		v.EachItem(func(m jsonval.Value) bool {
			text, _ := scalar(m)
			parts = append(parts, text)
			return true
		})
		add(name, strings.Join(parts, ","))
		return
	}
	for i, m := range v.Items() {
		switch format {
		case "REPEAT":
			walk(name, m)
		case "BRACKETS":
			walk(name+"[]", m)
		default:
			walk(name+"["+strconv.Itoa(i)+"]", m)
		}
	}
}
