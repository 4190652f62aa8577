package policies

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// checkHeader is https://learn.microsoft.com/azure/api-management/check-header-policy.
var checkHeader = policy.Descriptor{
	Name: "check-header", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "name", Required: true, Expression: true},
			{Name: "failed-check-httpcode", Required: true, Expression: true, Kind: policy.IntKind},
			{Name: "failed-check-error-message", Required: true, Expression: true},
			{Name: "ignore-case", Required: true, Expression: true, Kind: policy.BoolKind},
		},
		Children: []policy.Child{{Name: "value", Many: true, Schema: policy.Schema{Text: true}}},
	},
	Doc:     "Refuses a request that lacks a header, or whose header has none of the listed values.",
	Compile: compileCheckHeader,
}

func compileCheckHeader(c *policy.Compiler, e *policy.Element) policy.Run {
	checkStatus(c, e, "failed-check-httpcode")
	name, code := c.Value(e, "name"), c.Value(e, "failed-check-httpcode")
	message, ignoreCase := c.Value(e, "failed-check-error-message"), c.Value(e, "ignore-case")
	var values []policy.Value
	for _, v := range e.Elements("value") {
		values = append(values, c.Text(v))
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		field, err := name.Text(ex, env)
		if err != nil {
			return err
		}
		fold, err := ignoreCase.Bool(ex, env)
		if err != nil {
			return err
		}
		denied, err := headerDenied(ex, env, field, values, fold)
		if denied == nil || err != nil {
			return err
		}
		if denied.Status, err = status(code, ex, env); err != nil {
			return err
		}
		if denied.Public, err = message.Text(ex, env); err != nil {
			return err
		}
		return denied
	}
}

// headerDenied gives the refusal of a request's header, nil where it is right.
func headerDenied(ex *exchange.Exchange, env *policy.Env, field string, values []policy.Value, fold bool) (*policy.Denied, error) {
	got := strings.Join(ex.Request.Header.Values(field), ",")
	if !ex.Request.Header.Has(field) || got == "" && len(values) == 0 {
		return &policy.Denied{Reason: "HeaderNotFound",
			Message: fmt.Sprintf("Header %s was not found in the request. Access denied.", field)}, nil
	}
	for i := range values {
		want, err := values[i].Text(ex, env)
		if err != nil {
			return nil, err
		}
		if got == want || fold && strings.EqualFold(got, want) {
			return nil, nil
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	return &policy.Denied{Reason: "HeaderValueNotAllowed",
		Message: fmt.Sprintf("Header %s value of %s is not allowed. Access denied.", field, got)}, nil
}

// ipFilter is https://learn.microsoft.com/azure/api-management/ip-filter-policy.
// Addition: an address may be a prefix such as 10.0.0.0/8.
var ipFilter = policy.Descriptor{
	Name: "ip-filter", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{{Name: "action", Required: true, Expression: true, Values: []string{"allow", "forbid"}}},
		Children: []policy.Child{
			{Name: "address", Many: true, Schema: policy.Schema{Text: true}},
			{Name: "address-range", Many: true, Schema: policy.Schema{Attributes: []policy.Attribute{
				{Name: "from", Required: true}, {Name: "to", Required: true}}}},
		},
	},
	Doc:     "Lets in, or keeps out, the callers with the listed addresses.",
	Compile: compileIPFilter,
}

// addresses is an inclusive range.
type addresses struct{ from, to netip.Addr }

func compileIPFilter(c *policy.Compiler, e *policy.Element) policy.Run {
	var list []addresses
	for _, child := range e.Elements("") {
		r, wrong := addressRange(c, child)
		if wrong != "" {
			c.Fault(child, policy.CodeValue, wrong, "write IPv4 or IPv6 addresses, the lower one first")
			continue
		}
		list = append(list, r)
	}
	if len(e.Elements("")) == 0 {
		c.Fault(e, policy.CodeNoChild, "<ip-filter> lists no address", "add <address> or <address-range>")
	}
	action := c.Value(e, "action")
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		do, err := action.Text(ex, env)
		if err != nil {
			return err
		}
		if !ex.Request.Client.IsValid() {
			return ipDenied("FailedToParseCallerIP", "Failed to establish IP address for the caller. Access denied.")
		}
		client, listed := ex.Request.Client.Unmap().WithZone(""), false
		for _, r := range list {
			listed = listed || r.from.Compare(client) <= 0 && client.Compare(r.to) <= 0
		}
		switch {
		case do == "allow" && !listed:
			return ipDenied("CallerIpNotAllowed", fmt.Sprintf("Caller IP address %s is not allowed. Access denied.", client))
		case do == "forbid" && listed:
			return ipDenied("CallerIpBlocked", "Caller IP address is blocked. Access denied.")
		case do != "allow" && do != "forbid":
			return policy.FailValue("action is neither allow nor forbid")
		}
		return nil
	}
}

func ipDenied(reason, message string) *policy.Denied {
	return &policy.Denied{Status: 403, Reason: reason, Message: message, Public: "Forbidden"}
}

// addressRange reads <address> or <address-range>.
func addressRange(c *policy.Compiler, e *policy.Element) (r addresses, wrong string) {
	if e.Name == "address-range" {
		from, ok1 := address(c.Value(e, "from").Constant())
		to, ok2 := address(c.Value(e, "to").Constant())
		if !ok1 || !ok2 || from.BitLen() != to.BitLen() || to.Less(from) {
			return r, "this is no range of addresses"
		}
		return addresses{from, to}, ""
	}
	text := c.Text(e)
	if text.IsExpression() {
		return r, "an address cannot be an expression"
	}
	if p, err := netip.ParsePrefix(text.Constant()); err == nil {
		if p.Addr().Is4In6() {
			if p.Bits() < 96 {
				return r, "this prefix is wider than IPv4"
			}
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return addresses{p.Masked().Addr(), lastOf(p)}, ""
	}
	a, ok := address(text.Constant())
	if !ok {
		return r, "this is no address"
	}
	return addresses{a, a}, ""
}

// address reads an address in the form that callers are compared in: IPv4 as such,
// also where it is written as IPv6. One with a zone is none: no caller has one.
func address(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	return a.Unmap(), err == nil && a.Zone() == ""
}

// lastOf gives the highest address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
