package config

import (
	"regexp"
	"slices"
	"strings"

	"stile/internal/config/doctree"
)

// Lambda is the key lambda: what stands behind the Lambda functions that states
// invoke.
type Lambda struct {
	// Endpoint is the base URL of a Lambda-compatible API, without trailing slash: it
	// answers for every function that has no entry. Empty for none.
	Endpoint string
	// AccessKey signs calls to Endpoint; without ID they are not signed.
	AccessKey LambdaKey
	Functions []Function
}

// LambdaKey is the access key that calls to the endpoint are signed with.
type LambdaKey struct {
	ID            string
	Secret, Token SecretRef
	// Region is what signatures are for; empty is the function's own.
	Region string
}

// Function says what one Lambda function is: an operation of the gateway, or a URL.
type Function struct {
	// Name is the function's, without qualifier.
	Name string
	// API and Operation are ids; both empty where HTTP is set.
	API, Operation string
	// HTTP is a URL that takes the payload by POST.
	HTTP         string
	Line, Column int
}

var (
	functionName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	operationRef = regexp.MustCompile(`^[^/\s]+/[^/\s]+$`)
	regionName   = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

func (r *reader) lambda(n *doctree.Node) {
	l := &r.cfg.Lambda
	r.Map(n, "lambda",
		doctree.Field{Name: "endpoint", Read: r.httpURL("endpoint", &l.Endpoint)},
		doctree.Field{Name: "access-key", Read: r.lambdaKey},
		doctree.Field{Name: "functions", Read: r.functions})
	if key := n.Get("access-key"); key != nil && l.Endpoint == "" {
		r.Fault(key, doctree.CodeValue, "access-key signs calls to lambda.endpoint, which is not given", "add endpoint, or remove access-key")
	}
}

func (r *reader) httpURL(what string, to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if problem := checkHTTP(n.Text); problem != "" {
			r.Fault(n, doctree.CodeValue, what+" "+problem, "write for example http://127.0.0.1:3001")
			return
		}
		*to = strings.TrimRight(n.Text, "/")
	}
}

func (r *reader) lambdaKey(n *doctree.Node) {
	k := &r.cfg.Lambda.AccessKey
	r.Map(n, "an access key",
		doctree.Field{Name: "id", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&k.ID)(n)
			if k.ID != "" && !accessKeyID.MatchString(k.ID) {
				r.Fault(n, doctree.CodeValue, "an access key's id has 1 to 128 letters, digits and _", "write for example AKIDORDERS")
			}
		}},
		doctree.Field{Name: "secret", Required: true, Read: r.secretRef("an access key's secret", &k.Secret)},
		doctree.Field{Name: "token", Read: r.secretRef("a session token", &k.Token)},
		doctree.Field{Name: "region", Read: func(n *doctree.Node) {
			r.NonEmpty(&k.Region)(n)
			if k.Region != "" && !regionName.MatchString(k.Region) {
				r.Fault(n, doctree.CodeValue, "this is no region", "write for example us-east-1")
			}
		}})
}

func (r *reader) functions(n *doctree.Node) {
	if n.Kind != doctree.Map {
		r.Fault(n, doctree.CodeValue, "functions must be a map from a function's name to what it is", "write for example `charge: { operation: payments/charge }`")
		return
	}
	for _, m := range n.Members {
		f := Function{Name: m.Name, Line: m.Line, Column: m.Column}
		if !functionName.MatchString(m.Name) {
			r.FaultAt(m.Line, m.Column, doctree.CodeValue, "this is not the name of a function", "use letters, digits, - and _; an ARN goes under map")
		}
		r.Map(m.Value, "a function",
			doctree.Field{Name: "operation", Read: func(n *doctree.Node) {
				if !operationRef.MatchString(n.Text) {
					r.Fault(n, doctree.CodeValue, "operation is API/OPERATION, by their ids", "write for example payments/charge")
					return
				}
				f.API, f.Operation, _ = strings.Cut(n.Text, "/")
			}},
			doctree.Field{Name: "http", Read: r.httpURL("http", &f.HTTP)})
		if m.Value.Kind == doctree.Map && len(m.Value.Members) != 1 {
			r.Fault(m.Value, doctree.CodeValue, "a function has exactly one of operation and http", "")
		}
		r.cfg.Lambda.Functions = append(r.cfg.Lambda.Functions, f)
	}
}

// Reaches says that something stands behind some Lambda function.
func (c *Config) Reaches() bool {
	return c.Lambda.Endpoint != "" || len(c.Lambda.Functions) > 0 ||
		slices.ContainsFunc(c.Map, func(e MapEntry) bool {
			return strings.HasPrefix(e.Key, "arn:") && strings.Contains(e.Key, ":lambda:") && e.HTTP != ""
		})
}

// Function finds what a Lambda function is: its entry by name, else what map says
// of its ARN, which has no qualifier.
func (c *Config) Function(name, arn string) (Function, bool) {
	for _, f := range c.Lambda.Functions {
		if f.Name == name {
			return f, true
		}
	}
	if e, ok := c.resolveARN(arn); ok && e.HTTP != "" {
		return Function{Name: name, HTTP: e.HTTP, Line: e.Line, Column: 1}, true
	}
	return Function{}, false
}
