package policies

import (
	"context"

	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr/xmltree"
)

func crossDomainAttributes(required []string, optional ...string) (out []policy.Attribute) {
	for _, name := range required {
		out = append(out, policy.Attribute{Name: name, Required: true, Expression: true})
	}
	for _, name := range optional {
		out = append(out, policy.Attribute{Name: name, Expression: true})
	}
	return out
}

// crossDomain is https://learn.microsoft.com/azure/api-management/cross-domain-policy.
// Its content is Adobe's cross-domain policy file, which GET /crossdomain.xml gives.
var crossDomain = policy.Descriptor{
	Name: "cross-domain", Sections: policy.Inbound, Scopes: policy.Global,
	Schema: policy.Schema{Children: []policy.Child{{Name: "cross-domain-policy", Required: true, Schema: policy.Schema{Children: []policy.Child{
		{Name: "site-control", Schema: policy.Schema{Attributes: []policy.Attribute{{Name: "permitted-cross-domain-policies", Required: true,
			Expression: true, Values: []string{"all", "by-content-type", "by-ftp-filename", "master-only", "none", "none-this-response"}}}}},
		{Name: "allow-access-from", Many: true, Schema: policy.Schema{Attributes: crossDomainAttributes([]string{"domain"}, "to-ports", "secure")}},
		{Name: "allow-http-request-headers-from", Many: true,
			Schema: policy.Schema{Attributes: crossDomainAttributes([]string{"domain", "headers"}, "secure")}},
		{Name: "allow-access-from-identity", Many: true, Schema: policy.Schema{Children: []policy.Child{{Name: "signatory", Required: true,
			Schema: policy.Schema{Children: []policy.Child{{Name: "certificate", Required: true,
				Schema: policy.Schema{Attributes: crossDomainAttributes([]string{"fingerprint", "fingerprint-algorithm"})}}}}}}}},
	}}}}},
	Doc: "Answers GET /crossdomain.xml with Adobe's cross-domain policy file.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		root := e.Child("cross-domain-policy")
		if root == nil {
			return func(context.Context, *exchange.Exchange, *policy.Env) error { return nil }
		}
		build := newDomainElement(c, root)
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			if ex.Request.OriginalURL.Path != "/crossdomain.xml" || ex.Request.Method != "GET" && ex.Request.Method != "HEAD" {
				return nil
			}
			n, err := build.node(ex, env)
			if err != nil {
				return err
			}
			text, err := xmltree.Write(n, xmltree.Layout{Indent: true})
			if err != nil {
				return policy.FailValue(err.Error())
			}
			ex.Response = exchange.Response{StatusCode: 200, Body: exchange.Text(`<?xml version="1.0"?>` + "\n" + text)}
			ex.Response.Header.Set("Content-Type", "text/x-cross-domain-policy")
			return policy.ErrEnd
		}
	},
}

// domainElement is an element of the file whose attributes may be expressions.
type domainElement struct {
	name     string
	names    []string
	values   []policy.Value
	children []*domainElement
}

func newDomainElement(c *policy.Compiler, e *policy.Element) *domainElement {
	d := &domainElement{name: e.Name}
	for _, a := range e.Attributes {
		d.names, d.values = append(d.names, a.Name), append(d.values, c.Value(e, a.Name))
	}
	for _, child := range e.Elements("") {
		d.children = append(d.children, newDomainElement(c, child))
	}
	return d
}

func (d *domainElement) node(ex *exchange.Exchange, env *policy.Env) (*xmltree.Node, error) {
	n := xmltree.NewElement(xmltree.Name{Local: d.name})
	for i, name := range d.names {
		s, err := d.values[i].Text(ex, env)
		if err != nil {
			return nil, err
		}
		n.AppendAttr(&xmltree.Attr{Name: xmltree.Name{Local: name}, Value: s})
	}
	for _, child := range d.children {
		c, err := child.node(ex, env)
		if err != nil {
			return nil, err
		}
		n.Append(c)
	}
	return n, nil
}
