package policies

import (
	"context"
	"net/http"
	"strings"

	"stile/internal/clientcert"
	"stile/policy"
	"stile/policy/exchange"
)

// validateClientCertificate is
// https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy.
// Difference: revocation lists are not fetched. A policy that asks for them, as it does
// unless it says validate-revocation="false", takes no certificate for valid: whether it
// was revoked is not known.
var validateClientCertificate = policy.Descriptor{
	Name: "validate-client-certificate", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "validate-revocation", Kind: policy.BoolKind, Default: "true"},
			{Name: "validate-trust", Kind: policy.BoolKind, Default: "true"},
			{Name: "validate-not-before", Kind: policy.BoolKind, Default: "true"},
			{Name: "validate-not-after", Kind: policy.BoolKind, Default: "true"},
			{Name: "ignore-error", Kind: policy.BoolKind, Default: "false"},
		},
		Children: []policy.Child{{Name: "identities", Schema: policy.Schema{Children: []policy.Child{
			{Name: "identity", Required: true, Many: true, Schema: policy.Schema{Attributes: identityAttributes()}}}}}},
	},
	Doc:     "Refuses a caller whose certificate does not hold what is asked of it.",
	Compile: compileValidateClientCertificate,
}

// maxIdentities is API Management's.
const maxIdentities = 10

func identityAttributes() (out []policy.Attribute) {
	for _, name := range clientcert.Claims {
		out = append(out, policy.Attribute{Name: name})
	}
	return out
}

func compileValidateClientCertificate(c *policy.Compiler, e *policy.Element) policy.Run {
	on := func(name string) bool { return !strings.EqualFold(c.Value(e, name).Constant(), "false") }
	v := &clientcert.Check{Revocation: on("validate-revocation"), Trust: on("validate-trust"), NotBefore: on("validate-not-before"), NotAfter: on("validate-not-after"),
		Issuers: map[string][]byte{}, Away: map[string]string{}}
	ignore := strings.EqualFold(c.Value(e, "ignore-error").Constant(), "true")
	if v.Revocation && !ignore {
		c.Warn(e, policy.CodeLacking, "<validate-client-certificate> refuses every request: whether a certificate was revoked is asked for, and this version cannot find out",
			`write validate-revocation="false", and take revoked certificates out of <identities>`)
	}
	v.Roots, v.Lacking = c.ClientAuthorities()
	if list := e.Child("identities"); list != nil {
		all := list.Elements("identity")
		if len(all) > maxIdentities {
			c.Fault(all[maxIdentities], policy.CodeValue, "<identities> holds at most 10 identities", "")
		}
		for _, identity := range all {
			v.Identities = append(v.Identities, clientIdentity(c, identity, v))
		}
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		r := v.Judge(ex.Request.ClientCertificate, env.Now())
		switch {
		case r == nil || ignore:
			return nil
		case r.Away:
			return &policy.Denied{Status: http.StatusServiceUnavailable, Reason: r.Reason, Message: r.Message, Public: "Service unavailable"}
		}
		return &policy.Denied{Status: http.StatusForbidden, Reason: r.Reason, Message: r.Message, Public: "Invalid client certificate"}
	}
}

// clientIdentity reads an identity; what its issuer-certificate-id names goes into v.
func clientIdentity(c *policy.Compiler, e *policy.Element, v *clientcert.Check) map[string]string {
	claims := map[string]string{}
	for _, name := range clientcert.Claims {
		if a := e.Attr(name); a != nil {
			claims[name] = c.Value(e, name).Constant()
			if claims[name] == "" {
				c.Fault(a, policy.CodeValue, name+" is empty", "remove it, or write what the certificate must have")
			}
		}
	}
	if len(claims) == 0 {
		c.Fault(e, policy.CodeNoAttribute, "<identity> says nothing of the certificate", `add for example thumbprint="…"`)
	}
	if a, id := e.Attr("issuer-certificate-id"), claims["issuer-certificate-id"]; id != "" {
		found, ok := c.Certificate(id)
		if !ok {
			c.Fault(a, policy.CodeValue, "there is no certificate "+id, c.CertificateHint(id))
		}
		switch {
		case usable(&found) != nil:
			v.Away[id] = found.Lacking
		case len(found.TLS.Certificate) == 0:
			v.Away[id] = "it holds no certificate"
		default:
			v.Issuers[id] = found.TLS.Certificate[0]
		}
	}
	return claims
}
