package policies

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

var proxySchema = policy.Schema{Attributes: []policy.Attribute{
	{Name: "url", Required: true, Expression: true}, {Name: "username", Expression: true}, {Name: "password", Expression: true}}}

// proxy is https://learn.microsoft.com/azure/api-management/proxy-policy: HTTP
// proxies alone, with a name and password of Basic.
var proxy = policy.Descriptor{
	Name: "proxy", Sections: policy.Inbound, Scopes: policy.AnyScope, Schema: proxySchema,
	Doc:     "Sends the request to the backend through an HTTP proxy.",
	Compile: compileProxy,
}

func compileProxy(c *policy.Compiler, e *policy.Element) policy.Run {
	at, user, password := c.Value(e, "url"), c.Value(e, "username"), c.Value(e, "password")
	if a := e.Attr("url"); a != nil && !at.IsExpression() {
		if _, wrong := proxyAddress(at.Constant()); wrong != "" {
			c.Fault(a, policy.CodeValue, fmt.Sprintf("url %q %s", c.Shown(a), wrong), "write http://host:port")
		}
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		text, err := at.Text(ex, env)
		if err != nil {
			return err
		}
		address, wrong := proxyAddress(text)
		if wrong != "" {
			return policy.FailValue("url " + wrong)
		}
		name, err := user.Text(ex, env)
		if err != nil {
			return err
		}
		secret, err := password.Text(ex, env)
		if err != nil {
			return err
		}
		ex.Backend.Proxy = &exchange.Proxy{URL: address, User: exchange.Redact(name), Password: exchange.Redact(secret), Tainted: at.IsExpression()}
		return nil
	}
}

// proxyAddress reads a proxy's address, whose scheme may be left out.
func proxyAddress(text string) (address, wrong string) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return "", "is no address of a proxy"
	case u.Scheme != "http":
		return "", "is no HTTP proxy"
	case u.User != nil:
		return "", "holds a user name, which stands in username"
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", "has more than host and port"
	}
	return "http://" + u.Host, ""
}
