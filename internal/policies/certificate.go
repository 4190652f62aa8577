package policies

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"stile/internal/policies/pfx"
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
// body is PFX or PEM with the private key; a literal one is PEM, or PFX in base64.
var authenticationCertificate = policy.Descriptor{
	Name: "authentication-certificate", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "thumbprint", Expression: true}, {Name: "certificate-id", Expression: true},
		{Name: "body", Expression: true}, {Name: "password", Expression: true}}},
	Doc:     "Proves the gateway to the backend by a client certificate.",
	Compile: compileAuthenticationCertificate,
}

func compileAuthenticationCertificate(c *policy.Compiler, e *policy.Element) policy.Run {
	id, thumbprint, body := c.Value(e, "certificate-id"), c.Value(e, "thumbprint"), c.Value(e, "body")
	given := 0
	for _, v := range []policy.Value{id, thumbprint, body} {
		if v.Set() {
			given++
		}
	}
	if given != 1 {
		c.Fault(e, policy.CodeNoAttribute, "<authentication-certificate> needs certificate-id, thumbprint or body, one of them",
			`write certificate-id="NAME"`)
	}
	if a := e.Attr("password"); a != nil && !body.Set() {
		c.Fault(a, policy.CodeAttribute, "password stands without body", "remove it")
	}
	if body.Set() {
		return bodyCertificate(body, c.Value(e, "password"))
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

// bodyCertificate proves the gateway by a certificate that the policy brings itself.
func bodyCertificate(body, password policy.Value) policy.Run {
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		v, err := body.Eval(ex, env)
		if err != nil {
			return err
		}
		secret, err := password.Text(ex, env)
		if err != nil {
			return err
		}
		data, ok := v.([]byte)
		if text, isText := v.(string); isText {
			ok = true
			if data, err = base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err != nil {
				data = []byte(text)
			}
		}
		if !ok {
			return policy.FailValue("the body of a certificate must be bytes")
		}
		found, err := pfx.Read(data, secret)
		if err != nil {
			return policy.FailValue(err.Error())
		}
		ex.Backend.ClientCertificate = found
		return nil
	}
}
