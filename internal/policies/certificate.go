package policies

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"stile/policy"
	"stile/policy/exchange"
)

// storedCertificate resolves an element's certificate-id while the document
// compiles; nil where it is not there, which is reported.
func storedCertificate(c *policy.Compiler, e *policy.Element) *policy.Certificate {
	a := e.Attr("certificate-id")
	id := c.Value(e, "certificate-id").Constant()
	found, ok := c.Certificate(id)
	if !ok {
		c.Fault(a, policy.CodeValue, fmt.Sprintf("there is no certificate %q", c.Shown(a)), c.CertificateHint(id))
		return nil
	}
	return &found
}

// usable refuses where a certificate has no value now: nothing goes on without it.
func usable(c *policy.Certificate) error {
	if c == nil || c.Lacking == "" && c.TLS != nil {
		return nil
	}
	return &policy.Denied{Status: http.StatusServiceUnavailable, Reason: "SecretUnavailable", Public: "Service unavailable",
		Message: "certificate " + c.ID + ": " + c.Lacking}
}

// authenticationCertificate is
// https://learn.microsoft.com/azure/api-management/authentication-certificate-policy.
// Difference: the certificate's bytes (body, password) cannot stand in a document.
var authenticationCertificate = policy.Descriptor{
	Name: "authentication-certificate", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "thumbprint", Expression: true}, {Name: "certificate-id", Expression: true},
		{Name: "body", Lacking: "name the certificate in stile.yaml and give its certificate-id"},
		{Name: "password", Lacking: "name the certificate in stile.yaml and give its certificate-id"}}},
	Doc:     "Proves the gateway to the backend by a client certificate.",
	Compile: compileAuthenticationCertificate,
}

func compileAuthenticationCertificate(c *policy.Compiler, e *policy.Element) policy.Run {
	id, thumbprint := c.Value(e, "certificate-id"), c.Value(e, "thumbprint")
	if e.Attr("body") == nil && id.Set() == thumbprint.Set() {
		c.Fault(e, policy.CodeNoAttribute, "<authentication-certificate> needs certificate-id or thumbprint, one of them",
			`write certificate-id="NAME"`)
	}
	byID, byThumbprint := c.Certificate, c.ByThumbprint()
	if id.Set() && !id.IsExpression() {
		storedCertificate(c, e)
	}
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		var found policy.Certificate
		var ok bool
		name, err := id.Text(ex, env)
		if err == nil && id.Set() {
			found, ok = byID(name)
		} else if err == nil {
			if name, err = thumbprint.Text(ex, env); err == nil {
				found, ok = byThumbprint(name)
			}
		}
		switch {
		case err != nil:
			return err
		case !ok:
			return errors.New("there is no certificate " + name)
		}
		if err := usable(&found); err != nil {
			return err
		}
		ex.Backend.ClientCertificate = found.TLS
		return nil
	}
}
