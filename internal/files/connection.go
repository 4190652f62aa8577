package files

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
	"stile/internal/secret"
)

// Connection is one connections/NAME.yaml: how a call to the outside proves who
// it is, in the shape of an EventBridge connection (CreateConnection of the
// EventBridge API reference).
type Connection struct {
	Name, File string
	// AuthorizationType is API_KEY, BASIC or OAUTH_CLIENT_CREDENTIALS.
	AuthorizationType string
	// APIKeyName is the header that carries APIKeyValue.
	APIKeyName  string
	APIKeyValue secret.Ref
	Username    string
	Password    secret.Ref
	OAuth       *OAuth
	// Headers, Query and Body are InvocationHttpParameters.
	Headers, Query, Body []Parameter
}

// OAuth is OAuthParameters.
type OAuth struct {
	AuthorizationEndpoint, HTTPMethod string
	ClientID                          string
	ClientSecret                      secret.Ref
	Headers, Query, Body              []Parameter
}

// Parameter is one header, query or body parameter: a value, or a secret one by
// reference.
type Parameter struct {
	Key, Value string
	Secret     secret.Ref
}

// CodeSecret is the fault of a secret that is written out or whose reference
// cannot be used.
const CodeSecret = "STL-C013"

func (l *loader) connections(to map[string]*Connection) {
	for _, e := range l.branches("connections") {
		file := l.name("connections", e.name)
		name, ok := strings.CutSuffix(e.name, ".yaml")
		if !ok {
			name, ok = strings.CutSuffix(e.name, ".yml")
		}
		if e.dir || !ok {
			l.unused(file, "this")
			continue
		}
		c := kept(l, e, "", func() *Connection { return l.connection(name, file, e.name) })
		if c == nil {
			continue
		}
		if to[name] != nil {
			l.fault(file, doctree.CodeDuplicate, "another file describes connection "+name, "keep one of them")
		}
		to[name] = c
	}
}

// connection reads one; nil where there is no text.
func (l *loader) connection(name, file, entry string) *Connection {
	src, ok := l.read("connections", entry)
	if !ok {
		return nil
	}
	c := &Connection{Name: name, File: file}
	before := len(l.faults)
	if root := l.parse(src); root != nil {
		r := &connectionReader{doctree.NewReader(src), l.dir, c}
		r.root(root)
		l.faults = append(l.faults, r.Faults()...)
	}
	veil(l.faults[before:])
	return c
}

// veil takes the excerpts from the faults of a connection: under a key that is
// misspelled, or in a text that does not parse, any line may hold a secret that was
// written out, and a diagnostic is printed, logged and kept by others.
func veil(faults diag.List) {
	for i := range faults {
		faults[i].Excerpt = ""
	}
}

type connectionReader struct {
	*doctree.Reader
	dir string
	c   *Connection
}

func (r *connectionReader) root(n *doctree.Node) {
	c := r.c
	var ignored string
	r.Map(n, "a connection",
		doctree.Field{Name: "Description", Read: r.Text(&ignored)},
		doctree.Field{Name: "AuthorizationType", Required: true, Read: r.OneOf(&c.AuthorizationType, "API_KEY", "BASIC", "OAUTH_CLIENT_CREDENTIALS")},
		doctree.Field{Name: "AuthParameters", Required: true, Read: r.parameters})
	params := n.Get("AuthParameters")
	if c.AuthorizationType == "" || params == nil {
		return
	}
	for _, kind := range [][2]string{{"API_KEY", "ApiKeyAuthParameters"}, {"BASIC", "BasicAuthParameters"}, {"OAUTH_CLIENT_CREDENTIALS", "OAuthParameters"}} {
		switch at := params.Get(kind[1]); {
		case kind[0] == c.AuthorizationType && at == nil:
			r.Fault(params, doctree.CodeMissing, "AuthorizationType "+c.AuthorizationType+" needs "+kind[1], "add "+kind[1])
		case kind[0] != c.AuthorizationType && at != nil:
			r.Fault(at, doctree.CodeValue, kind[1]+" does not go with AuthorizationType "+c.AuthorizationType, "remove it, or write AuthorizationType: "+kind[0])
		}
	}
}

func (r *connectionReader) parameters(n *doctree.Node) {
	c := r.c
	r.Map(n, "AuthParameters",
		doctree.Field{Name: "ApiKeyAuthParameters", Read: func(n *doctree.Node) {
			r.Map(n, "ApiKeyAuthParameters",
				doctree.Field{Name: "ApiKeyName", Required: true, Read: r.header(&c.APIKeyName)},
				doctree.Field{Name: "ApiKeyValue", Required: true, Read: r.secret(&c.APIKeyValue)})
		}},
		doctree.Field{Name: "BasicAuthParameters", Read: func(n *doctree.Node) {
			r.Map(n, "BasicAuthParameters",
				doctree.Field{Name: "Username", Required: true, Read: func(n *doctree.Node) {
					r.NonEmpty(&c.Username)(n)
					if strings.Contains(c.Username, ":") {
						r.Fault(n, doctree.CodeValue, "a Username of basic authorization has no colon", "")
					}
				}},
				doctree.Field{Name: "Password", Required: true, Read: r.secret(&c.Password)})
		}},
		doctree.Field{Name: "OAuthParameters", Read: r.oauth},
		doctree.Field{Name: "InvocationHttpParameters", Read: r.http("InvocationHttpParameters", &c.Headers, &c.Query, &c.Body)})
}

func (r *connectionReader) oauth(n *doctree.Node) {
	o := &OAuth{HTTPMethod: "POST"}
	r.c.OAuth = o
	r.Map(n, "OAuthParameters",
		doctree.Field{Name: "AuthorizationEndpoint", Required: true, Read: r.endpoint(&o.AuthorizationEndpoint)},
		doctree.Field{Name: "HttpMethod", Required: true, Read: r.OneOf(&o.HTTPMethod, "GET", "POST", "PUT")},
		doctree.Field{Name: "ClientParameters", Required: true, Read: func(n *doctree.Node) {
			r.Map(n, "ClientParameters",
				doctree.Field{Name: "ClientID", Required: true, Read: r.NonEmpty(&o.ClientID)},
				doctree.Field{Name: "ClientSecret", Required: true, Read: r.secret(&o.ClientSecret)})
		}},
		doctree.Field{Name: "OAuthHttpParameters", Read: r.http("OAuthHttpParameters", &o.Headers, &o.Query, &o.Body)})
}

// header reads a header's name.
func (r *connectionReader) header(to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.NonEmpty(to)(n)
		if problem := HeaderProblem(*to); problem != "" {
			r.Fault(n, doctree.CodeValue, problem, "write for example X-Api-Key")
		}
	}
}

// HeaderProblem says why a connection cannot set a header; "" is that it can.
func HeaderProblem(name string) string {
	switch {
	case !headerName.MatchString(name):
		return "this is not the name of a header"
	case slices.ContainsFunc(wireHeaders, func(w string) bool { return strings.EqualFold(w, name) }):
		return "a connection cannot set the header " + name + ": it belongs to the wire or to the call"
	}
	return ""
}

// wireHeaders are written by whoever sends; one of a connection would be lost.
var wireHeaders = []string{"Connection", "Content-Length", "Host", "Http2-Settings", "Idempotency-Key", "Keep-Alive", "Proxy-Authenticate",
	"Proxy-Authorization", "Proxy-Connection", "Stile-Hops", "TE", "Traceparent", "Trailer", "Transfer-Encoding", "Upgrade"}

// headerName is a token of RFC 9110.
var headerName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// endpoint reads the address that a client's secret is sent to.
func (r *connectionReader) endpoint(to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Text(to)(n)
		if problem := EndpointProblem(*to); problem != "" {
			r.Fault(n, doctree.CodeValue, problem, "write for example https://login.example.com/oauth2/token")
		}
	}
}

// EndpointProblem says why a token endpoint cannot have an address; "" is that it can.
func EndpointProblem(address string) string {
	u, err := url.Parse(address)
	local := err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "AuthorizationEndpoint must be an https URL without user and fragment, or http on this machine"
	}
	return ""
}

func (r *connectionReader) http(what string, headers, query, body *[]Parameter) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Map(n, what,
			doctree.Field{Name: "HeaderParameters", Read: r.Each(func(n *doctree.Node) {
				r.parameter(headers)(n)
				if key := n.Get("Key"); key != nil {
					var name string
					r.header(&name)(key)
				}
			})},
			doctree.Field{Name: "QueryStringParameters", Read: r.Each(r.parameter(query))},
			doctree.Field{Name: "BodyParameters", Read: r.Each(r.parameter(body))})
	}
}

func (r *connectionReader) parameter(to *[]Parameter) func(*doctree.Node) {
	return func(n *doctree.Node) {
		var p Parameter
		secretly := false
		value := n.Get("Value")
		r.Map(n, "a parameter",
			doctree.Field{Name: "Key", Required: true, Read: r.NonEmpty(&p.Key)},
			doctree.Field{Name: "Value", Required: true},
			doctree.Field{Name: "IsValueSecret", Read: r.Bool(&secretly)})
		switch {
		case value == nil:
		case secretly || value.Kind == doctree.Map:
			r.secret(&p.Secret)(value)
		default:
			r.Text(&p.Value)(value)
		}
		*to = append(*to, p)
	}
}

// secret gives a Read that takes {secret: REFERENCE} and refuses a secret that is
// written out.
func (r *connectionReader) secret(to *secret.Ref) func(*doctree.Node) {
	return func(n *doctree.Node) { readSecret(r.Reader, n, r.dir, to) }
}

func readSecret(r *doctree.Reader, n *doctree.Node, dir string, to *secret.Ref) {
	if n.Kind != doctree.Map {
		r.Fault(n, CodeSecret, "a secret must not be written out here", `write { secret: "REFERENCE" } with one of `+secret.Forms)
		return
	}
	r.Map(n, "a secret reference", doctree.Field{Name: "secret", Required: true, Read: func(n *doctree.Node) {
		ref, err := secret.Parse(n.Text)
		if err != nil {
			r.Fault(n, CodeSecret, err.Error(), "")
			return
		}
		*to = ref.Under(dir)
	}})
}
