package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stile/internal/gatetrace"
	"stile/internal/sfn"
)

// forms makes the tokens of forms that do something: a MAC over who got the form and
// what it is for, beside the session's CSRF token. The key lives as long as the process.
type forms struct{ key [32]byte }

func newForms() *forms {
	var f forms
	_, _ = rand.Read(f.key[:]) // crypto/rand.Read does not fail
	return &f
}

func (f *forms) token(parts ...string) string {
	m := hmac.New(sha256.New, f.key[:])
	for _, part := range parts {
		m.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// pathParam is a parameter of a URL template: {name}, {*name} for the rest, or a bare * at
// the end.
var pathParam = regexp.MustCompile(`\{(\*?)([^{}]*)\}|/(\*)$`)

// paramsOf lists the parameters in the path of a URL template, in order.
func paramsOf(template string) (out []string) {
	for _, m := range pathParam.FindAllStringSubmatch(template, -1) {
		out = append(out, m[2]+m[3])
	}
	return out
}

// fillPath puts values into the path of a URL template, escaped. A value of the rest
// keeps its slashes and may be empty.
func fillPath(template string, value func(name string) string) (string, error) {
	var lacking []string
	path := pathParam.ReplaceAllStringFunc(template, func(part string) string {
		m := pathParam.FindStringSubmatch(part)
		name, rest := m[2]+m[3], m[1] == "*" || m[3] == "*"
		v := value(name)
		if rest {
			segments := strings.Split(strings.TrimPrefix(v, "/"), "/")
			for i := range segments {
				segments[i] = url.PathEscape(segments[i])
			}
			return strings.Repeat("/", len(m[3])) + strings.Join(segments, "/")
		}
		if v == "" {
			lacking = append(lacking, name)
		}
		return url.PathEscape(v)
	})
	if len(lacking) > 0 {
		return "", &sfn.Error{Code: "BadQuery", Message: "give a value for " + strings.Join(lacking, ", ") + ": nothing was sent"}
	}
	return path, nil
}

// matchPath finds the values of a template's parameters in a path; nil where it does not
// fit.
func matchPath(template, path string) map[string]string {
	var b strings.Builder
	names, from := paramsOf(template), 0
	for _, at := range pathParam.FindAllStringSubmatchIndex(template, -1) {
		b.WriteString(regexp.QuoteMeta(template[from:at[0]]))
		switch {
		case at[6] >= 0:
			b.WriteString("/?(.*)")
		case at[2] < at[3]:
			b.WriteString("(.*)")
		default:
			b.WriteString("([^/]*)")
		}
		from = at[1]
	}
	b.WriteString(regexp.QuoteMeta(template[from:]))
	m := regexp.MustCompile("(?is)^" + b.String() + "$").FindStringSubmatch(path)
	if m == nil {
		return nil
	}
	out := map[string]string{}
	for i, name := range names {
		value, err := url.PathUnescape(m[i+1])
		if err != nil {
			value = m[i+1]
		}
		out[name] = value
	}
	return out
}

// escapeQuery escapes what cannot stand in a query as it is, and leaves escapes.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("#\"<>\\", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func hasParam(query, name string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); err == nil && strings.EqualFold(plain, name) {
			return true
		}
	}
	return false
}

// connectionFields belong to a connection, or say to a gateway who called: a try sends
// none of them.
var connectionFields = []string{"host", "connection", "content-length", "expect", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade", "forwarded", "x-forwarded-for", "client-cert", "client-cert-chain", "x-arr-clientcert", "stile-hops",
	"apim-debug-authorization"}

// readFields reads header fields, a line each, NAME: VALUE.
func readFields(text string) (out []gatetrace.Field, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || !token(name):
			return nil, &sfn.Error{Code: "BadQuery", Message: "a header is a line NAME: VALUE; nothing was sent"}
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return nil, &sfn.Error{Code: "BadQuery", Message: "the value of header " + name + " has a control character; nothing was sent"}
		case slices.Contains(connectionFields, strings.ToLower(name)):
			return nil, &sfn.Error{Code: "BadQuery", Message: "header " + name + " belongs to the connection or to the gateway, and cannot be set here; nothing was sent"}
		}
		out = append(out, gatetrace.Field{Name: name, Value: value})
	}
	return out, nil
}

// token reports whether a text is a token of HTTP, as methods and names of fields are.
func token(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func linesOf(fields []gatetrace.Field) string {
	var lines []string
	for _, f := range fields {
		lines = append(lines, f.Name+": "+f.Value)
	}
	return strings.Join(lines, "\n")
}

// ownFields are header fields that a client makes for each request anew.
var ownFields = []string{"traceparent", "tracestate", "accept-encoding", "user-agent"}

// hiddenText stands in a trace where a secret was.
const hiddenText = "***"

// callOf makes a call of a trace's request. lacking names the header fields that were
// credentials and are not in the trace; the error says that the request cannot be made
// of it, and the call is then as far as it can.
func callOf(t *gatetrace.Trace) (call TryCall, lacking []string, err error) {
	call = TryCall{API: t.API, Operation: t.Operation, Method: t.Request.Method, Key: t.Subscription}
	u, bad := url.Parse(t.Request.URL)
	if bad != nil {
		return call, nil, &sfn.Error{Code: "ConflictException", Message: "the trace's address cannot be read"}
	}
	call.Target = u.RequestURI()
	if strings.Contains(call.Target, hiddenText) {
		err = &sfn.Error{Code: "ConflictException", Message: "the request's address held a credential, which the trace does not have: try the operation on its own page"}
	}
	if b := t.Request.Body; b != nil && (b.Cut || b.Partial || b.Hidden) {
		err = &sfn.Error{Code: "ConflictException", Message: "the trace does not have the whole body of its request: try the operation on its own page, or repeat the call with stile api replay from a file"}
	} else if b != nil {
		call.Body = b.Text
	}
	for _, f := range t.Request.Headers {
		switch name := strings.ToLower(f.Name); {
		case slices.Contains(connectionFields, name), slices.Contains(ownFields, name):
		case strings.Contains(f.Value, hiddenText):
			if call.Key == "" || !strings.HasSuffix(name, "-key") {
				lacking = append(lacking, f.Name)
			}
		default:
			call.Headers = append(call.Headers, f)
		}
	}
	return call, lacking, err
}
