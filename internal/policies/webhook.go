package policies

import (
	"context"
	"encoding/base64"
	"strings"

	"stile/policy"
	"stile/policy/exchange"
)

// validateWebhook is Stile's own: Azure API Management has no such policy. It
// checks a sender's signature over the raw body, as the Standard Webhooks
// specification (1.0.0) says, or as a single HMAC in a header. It does not remember
// deliveries: the built-in API callbacks does, by webhook-id.
var validateWebhook = policy.Descriptor{
	Name: "validate-webhook", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "scheme", Required: true, Values: []string{schemeStandard, schemeHMAC}},
		{Name: "secret", Required: true, Expression: true},
		{Name: "tolerance", Kind: policy.IntKind},
		{Name: "header"},
		{Name: "algorithm", Values: []string{"sha256", "sha1", "sha512"}},
		{Name: "encoding", Values: []string{"hex", "base64"}},
		{Name: "prefix"},
		{Name: "timestamp-header"},
		{Name: "signed-content"},
		{Name: "failed-validation-httpcode", Expression: true, Kind: policy.IntKind, Default: "401"},
		{Name: "failed-validation-error-message", Expression: true},
	}},
	Doc:     "Refuses a request whose body is not signed with a shared secret: Standard Webhooks, or an HMAC in a header. Stile's own, Azure has none.",
	Compile: compileValidateWebhook,
}

const (
	schemeStandard = "standard"
	schemeHMAC     = "hmac"
	// secretPrefix begins a Standard Webhooks secret; base64 follows.
	secretPrefix = "whsec_"
	// defaultTolerance is in seconds, either way.
	defaultTolerance = 300
	maxTolerance     = 24 * 3600
)

// onlyHMAC are the attributes that the other scheme has no use for.
var onlyHMAC = []string{"header", "algorithm", "encoding", "prefix", "timestamp-header", "signed-content"}

// webhookPolicy is a compiled validate-webhook.
type webhookPolicy struct {
	standard        bool
	secret          policy.Value
	status, message policy.Value
	tolerance       int64
	// Of the scheme hmac.
	header, algorithm, encoding, prefix string
	timestamp, content                  string
}

func compileValidateWebhook(c *policy.Compiler, e *policy.Element) policy.Run {
	p := &webhookPolicy{standard: c.Value(e, "scheme").Constant() == schemeStandard, secret: c.Value(e, "secret"),
		status: c.Value(e, "failed-validation-httpcode"), message: c.Value(e, "failed-validation-error-message"),
		tolerance: defaultTolerance,
		header:    c.Value(e, "header").Constant(), algorithm: "sha256", encoding: "hex", prefix: c.Value(e, "prefix").Constant(),
		timestamp: c.Value(e, "timestamp-header").Constant(), content: "{body}"}
	checkStatus(c, e, "failed-validation-httpcode")
	p.compileTolerance(c, e)
	p.compileSecret(c, e)
	if p.standard {
		for _, name := range onlyHMAC {
			if a := e.Attr(name); a != nil {
				c.Fault(a, policy.CodeValue, name+` means nothing to scheme="standard"`, `remove it, or write scheme="hmac"`)
			}
		}
		return p.run
	}
	p.compileHMAC(c, e)
	return p.run
}

func (p *webhookPolicy) compileTolerance(c *policy.Compiler, e *policy.Element) {
	a := e.Attr("tolerance")
	if a == nil {
		return
	}
	n, ok := seconds(c.Value(e, "tolerance").Constant())
	if !ok || n < 1 || n > maxTolerance {
		c.Fault(a, policy.CodeValue, "tolerance is a number of seconds from 1 to 86400", "write 300, five minutes either way")
		return
	}
	p.tolerance = n
}

// compileSecret tells of secrets that no signature can match.
func (p *webhookPolicy) compileSecret(c *policy.Compiler, e *policy.Element) {
	a := e.Attr("secret")
	if a == nil || p.secret.IsExpression() {
		return
	}
	if keys := webhookKeys(p.secret.Constant(), p.standard); len(keys) == 0 {
		c.Fault(a, policy.CodeValue, "the secret is empty, or whsec_ is not followed by base64",
			"name a secret named value, such as {{hook-secret}}; several secrets are divided by spaces")
	}
}

func (p *webhookPolicy) compileHMAC(c *policy.Compiler, e *policy.Element) {
	if p.header == "" {
		c.Fault(e, policy.CodeNoAttribute, `<validate-webhook scheme="hmac"> needs header`, `write header="X-Hub-Signature-256"`)
	}
	for _, name := range []string{"header", "timestamp-header"} {
		if a := e.Attr(name); a != nil && !token(c.Value(e, name).Constant()) {
			c.Fault(a, policy.CodeValue, "this is not a header name", "write for example X-Hub-Signature-256")
		}
	}
	if v := c.Value(e, "algorithm").Constant(); v != "" {
		p.algorithm = v
	}
	if v := c.Value(e, "encoding").Constant(); v != "" {
		p.encoding = v
	}
	if a := e.Attr("tolerance"); a != nil && p.timestamp == "" {
		c.Fault(a, policy.CodeValue, "tolerance means nothing without timestamp-header", "name the header that holds the time of sending")
	}
	if p.timestamp != "" {
		p.content = "{timestamp}.{body}"
	}
	if a := e.Attr("signed-content"); a != nil {
		p.content = c.Value(e, "signed-content").Constant()
		if strings.Count(p.content, "{body}") != 1 || strings.Count(p.content, "{timestamp}") > 1 ||
			strings.Contains(p.content, "{timestamp}") != (p.timestamp != "") {
			c.Fault(a, policy.CodeValue, "signed-content must hold {body} once, and {timestamp} once where timestamp-header is named, else not at all",
				"a time that is not signed proves nothing: write for example v0:{timestamp}:{body}")
		}
	}
}

// webhookKeys reads the secrets of an attribute, divided by spaces: after whsec_
// base64, else the text itself. One that cannot be read is left out.
func webhookKeys(text string, standard bool) (keys [][]byte) {
	for _, s := range strings.Fields(text) {
		encoded, ok := strings.CutPrefix(s, secretPrefix)
		if !ok || !standard {
			keys = append(keys, []byte(s))
			continue
		}
		if key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "=")); err == nil && len(key) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// run answers a refusal with the policy's status and message.
func (p *webhookPolicy) run(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
	denied, err := p.check(ex, env)
	if denied == nil || err != nil {
		return err
	}
	if denied.Status, err = status(p.status, ex, env); err != nil {
		return err
	}
	if denied.Public, err = p.message.Text(ex, env); err != nil {
		return err
	}
	return denied
}
