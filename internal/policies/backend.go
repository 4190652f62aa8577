package policies

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
)

const noServiceFabric = "Service Fabric is not supported; name the service's address in base-url"
const noDapr = "Dapr is not supported; name the service's address in base-url"

// setBackendService is https://learn.microsoft.com/azure/api-management/set-backend-service-policy.
// Addition: base-url may be stile://workflows/NAME.
var setBackendService = policy.Descriptor{
	Name: "set-backend-service", Sections: policy.Inbound | policy.BackendSection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "base-url", Expression: true}, {Name: "backend-id", Expression: true},
		{Name: "sf-resolve-condition", Lacking: noServiceFabric}, {Name: "sf-service-instance-name", Lacking: noServiceFabric},
		{Name: "sf-partition-key", Lacking: noServiceFabric}, {Name: "sf-replica-type", Lacking: noServiceFabric},
		{Name: "sf-listener-name", Lacking: noServiceFabric},
		{Name: "dapr-app-id", Lacking: noDapr}, {Name: "dapr-method", Lacking: noDapr}, {Name: "dapr-namespace", Lacking: noDapr},
	}},
	Doc:     "Sends the request to another backend: a URL, a backend entity or a workflow.",
	Compile: compileSetBackendService,
}

func compileSetBackendService(c *policy.Compiler, e *policy.Element) policy.Run {
	base, id := c.Value(e, "base-url"), c.Value(e, "backend-id")
	if base.Set() == id.Set() {
		c.Fault(e, policy.CodeNoAttribute, "<set-backend-service> needs base-url or backend-id, one of them", "write base-url=\"https://…\"")
		return nil
	}
	if id.Set() {
		return compileBackendID(c, e, id)
	}
	fixed := ""
	if !base.IsExpression() {
		var wrong string
		if fixed, wrong = baseURL(base.Constant()); wrong != "" {
			a := e.Attr("base-url")
			c.Fault(a, policy.CodeValue, fmt.Sprintf("base-url %q %s", c.Shown(a), wrong), "write an absolute URL such as https://host/path, or stile://workflows/NAME")
			return nil
		}
	}
	workflows := workflowsIn(e.Attr("base-url").Value)
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		if ex.Backend.ID != "" {
			env.Note("backend " + ex.Backend.ID + " stays: only a backend-id replaces it")
			return nil
		}
		next := fixed
		if base.IsExpression() {
			text, err := base.Text(ex, env)
			if err != nil {
				return err
			}
			var wrong string
			if next, wrong = baseURL(text); wrong != "" {
				return policy.FailValue("base-url " + wrong)
			}
			if !mayCall(next, workflows) {
				return policy.FailValue("base-url names a workflow that no text in the expression begins with")
			}
		}
		ex.Backend = proven(ex, exchange.Backend{BaseURL: next, Tainted: base.IsExpression()})
		return nil
	}
}

// workflowText finds the texts of an expression that begin a workflow's URL, as far
// as they are fixed.
var workflowText = regexp.MustCompile(`(?:"|&quot;)(stile://workflows/[^"\\{&]*)`)

// workflowsIn gives what a base-url that is an expression may begin with to be a
// workflow's.
func workflowsIn(expression string) (out []string) {
	for _, m := range workflowText.FindAllStringSubmatch(expression, -1) {
		out = append(out, m[1])
	}
	return out
}

// mayCall holds an address that an expression gave to the web, and to the workflows
// that the policy's author wrote into it: data alone never names one, since an
// execution starts without a role of the caller's.
func mayCall(base string, workflows []string) bool {
	if u, err := url.Parse(base); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws" || u.Scheme == "wss") {
		return true
	}
	return slices.ContainsFunc(workflows, func(w string) bool { return strings.HasPrefix(base+"/", w) })
}

// baseURL checks an address and drops a trailing slash; wrong says what is amiss.
// A query is kept: the backend gets it before the request's own.
func baseURL(text string) (base, wrong string) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", "is not a URL"
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "stile" && u.Scheme != "ws" && u.Scheme != "wss":
		return "", "has no scheme that can be called"
	case u.Host == "":
		return "", "has no host"
	case u.Fragment != "":
		return "", "has a fragment"
	case u.RawQuery != "":
		return text, ""
	}
	return strings.TrimRight(text, "/"), ""
}

// proven keeps the client certificate of authentication-certificate, wherever that
// stands before or after: it belongs to the request.
func proven(ex *exchange.Exchange, next exchange.Backend) exchange.Backend {
	next.ClientCertificate = ex.Backend.ClientCertificate
	return next
}

func compileBackendID(c *policy.Compiler, e *policy.Element, id policy.Value) policy.Run {
	if !id.IsExpression() {
		backend, ok := c.Backend(id.Constant())
		if !ok {
			a := e.Attr("backend-id")
			c.Fault(a, policy.CodeBackend, fmt.Sprintf("there is no backend %q", c.Shown(a)), c.BackendHint(id.Constant()))
			return nil
		}
		c.UsesBackend(id.Constant())
		return func(_ context.Context, ex *exchange.Exchange, _ *policy.Env) error {
			ex.Backend = proven(ex, backend)
			return nil
		}
	}
	find := c.Backends()
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		name, err := id.Text(ex, env)
		if err != nil {
			return err
		}
		backend, ok := find(name)
		if !ok {
			return policy.FailValue(fmt.Sprintf("there is no backend %q", name))
		}
		ex.Backend = proven(ex, backend)
		return nil
	}
}

// forwardRequest is https://learn.microsoft.com/azure/api-management/forward-request-policy.
var forwardRequest = policy.Descriptor{
	Name: "forward-request", Sections: policy.BackendSection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "timeout", Expression: true, Kind: policy.IntKind},
		{Name: "timeout-ms", Expression: true, Kind: policy.IntKind},
		{Name: "continue-timeout", Expression: true, Kind: policy.IntKind},
		{Name: "http-version", Values: []string{"1", "2", "2or1"}, Default: "1"},
		{Name: "follow-redirects", Expression: true, Kind: policy.BoolKind},
		{Name: "buffer-request-body", Kind: policy.BoolKind},
		{Name: "buffer-response", Kind: policy.BoolKind, Default: "true"},
		{Name: "fail-on-error-status-code", Kind: policy.BoolKind},
	}},
	Doc:     "Calls the backend; without it the backend is not called.",
	Compile: compileForwardRequest,
}

func compileForwardRequest(c *policy.Compiler, e *policy.Element) policy.Run {
	if e.Attr("timeout") != nil && e.Attr("timeout-ms") != nil {
		c.Fault(e.Attr("timeout-ms"), policy.CodeAttribute, "timeout and timeout-ms both stand here", "keep one of them")
	}
	seconds, millis, wait := c.Value(e, "timeout"), c.Value(e, "timeout-ms"), c.Value(e, "continue-timeout")
	follow := c.Value(e, "follow-redirects")
	is := func(attr string) bool { return strings.EqualFold(c.Value(e, attr).Constant(), "true") }
	fixed := policy.ForwardOptions{
		FailOnErrorStatus: is("fail-on-error-status-code"),
		Forwarding: exchange.Forwarding{HTTPVersion: c.Value(e, "http-version").Constant(),
			BufferRequest: is("buffer-request-body"), StreamResponse: !is("buffer-response")},
	}
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		o := fixed
		var err error
		if o.Timeout, err = duration(seconds, time.Second, ex, env); err != nil {
			return err
		}
		if millis.Set() {
			if o.Timeout, err = duration(millis, time.Millisecond, ex, env); err != nil {
				return err
			}
		}
		if o.Forwarding.ContinueTimeout, err = duration(wait, time.Second, ex, env); err != nil {
			return err
		}
		if follow.Set() {
			if o.Forwarding.FollowRedirects, err = follow.Bool(ex, env); err != nil {
				return err
			}
		}
		return policy.Forward(ctx, ex, env, o)
	}
}

// duration evaluates a number of units; 0 where the value is not set.
func duration(v policy.Value, unit time.Duration, ex *exchange.Exchange, env *policy.Env) (time.Duration, error) {
	if !v.Set() {
		return 0, nil
	}
	n, err := v.Int(ex, env)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > int64(24*time.Hour/unit) {
		return 0, policy.FailValue(fmt.Sprintf("%d is no waiting time", n))
	}
	return time.Duration(n) * unit, nil
}
