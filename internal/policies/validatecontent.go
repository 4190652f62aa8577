package policies

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"stile/diag"
	"stile/internal/openapi"
	"stile/internal/openapi/schema"
	"stile/internal/openapi/verify"
	"stile/policy"
	"stile/policy/exchange"
)

// validateContent is https://learn.microsoft.com/azure/api-management/validate-content-policy.
// Differences: XML and SOAP are refused when the document loads; a body that the
// description requires and that is empty is an error with the rule Required.
var validateContent = policy.Descriptor{
	Name: "validate-content", Sections: policy.Inbound | policy.Outbound | policy.OnError, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{actionAttribute("unspecified-content-type-action", true),
			{Name: "max-size", Required: true, Expression: true, Kind: policy.IntKind}, actionAttribute("size-exceeded-action", true),
			{Name: "errors-variable-name"}},
		Children: []policy.Child{
			{Name: "content-type-map", Schema: policy.Schema{
				Attributes: []policy.Attribute{{Name: "any-content-type-value"}, {Name: "missing-content-type-value"}},
				Children: []policy.Child{{Name: "type", Many: true, Schema: policy.Schema{Attributes: []policy.Attribute{
					{Name: "from"}, {Name: "when", Expression: true, Kind: policy.BoolKind}, {Name: "to", Required: true}}}}}}},
			{Name: "content", Many: true, Schema: policy.Schema{Attributes: []policy.Attribute{
				{Name: "type"}, {Name: "validate-as", Required: true, Values: []string{"json", "xml", "soap"}},
				{Name: "schema-id"}, {Name: "schema-ref"}, actionAttribute("action", true),
				{Name: "allow-additional-properties", Kind: policy.BoolKind},
				{Name: "case-insensitive-property-names", Kind: policy.BoolKind}}}},
		},
	},
	Doc:     "Checks size and JSON of the body against the API's description, or a schema of the service.",
	Compile: compileValidateContent,
}

// contentCheck is a compiled validate-content.
type contentCheck struct {
	findings
	unspecified, maxSize, exceeded policy.Value
	types                          typeMap
	rules                          []contentRule
}

// contentRule is a compiled <content>.
type contentRule struct {
	mediaType string // empty: every one of the description
	action    policy.Value
	options   schema.Options
	// stored is the schema that schema-id names; nil for the description's.
	stored     *schema.Schema
	definition string
}

func compileValidateContent(c *policy.Compiler, e *policy.Element) policy.Run {
	k := &contentCheck{findings: newFindings(c, e), unspecified: c.Value(e, "unspecified-content-type-action"),
		maxSize: c.Value(e, "max-size"), exceeded: c.Value(e, "size-exceeded-action"), types: newTypeMap(c, e.Child("content-type-map"))}
	if n, err := strconv.ParseInt(strings.TrimSpace(k.maxSize.Constant()), 10, 64); err == nil && n > verify.MaxBody {
		c.Warn(e.Attr("max-size"), policy.CodeValue, fmt.Sprintf("a body is validated up to %d bytes", verify.MaxBody), fmt.Sprintf("write %d", verify.MaxBody))
	}
	for _, x := range e.Elements("content") {
		if r, ok := newContentRule(c, x); ok {
			k.rules = append(k.rules, r)
		}
	}
	side := sideOf(c)
	return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
		header, body := side(ex)
		f := k.findings
		if err := k.check(&f, ex, env, header, *body); err != nil {
			return err
		}
		return f.end(ex, env)
	}
}

func newContentRule(c *policy.Compiler, e *policy.Element) (r contentRule, ok bool) {
	if as := e.Attr("validate-as"); as == nil || as.Value != "json" {
		if as != nil && (as.Value == "xml" || as.Value == "soap") {
			c.Fault(as, policy.CodeLacking, fmt.Sprintf(`validate-as="%s" of <validate-content> is not supported by this version`, as.Value),
				"XML Schema is not checked here: let the backend do it, or check what matters with choose")
		}
		return r, false
	}
	r.mediaType, r.action = openapi.BareType(c.Value(e, "type").Constant()), c.Value(e, "action")
	r.options.FoldNames = strings.EqualFold(c.Value(e, "case-insensitive-property-names").Constant(), "true")
	if v := c.Value(e, "allow-additional-properties"); v.Set() {
		allow := strings.EqualFold(v.Constant(), "true")
		r.options.Additional = &allow
	}
	id, ref := c.Value(e, "schema-id").Constant(), c.Value(e, "schema-ref").Constant()
	if id == "" {
		if a := e.Attr("schema-ref"); a != nil {
			c.Fault(a, policy.CodeNoAttribute, "schema-ref needs schema-id beside it", "name the schema with schema-id")
			return r, false
		}
		return r, true
	}
	stored, found := c.Schema(id)
	switch {
	case !found:
		c.Fault(e.Attr("schema-id"), policy.CodeSchema, fmt.Sprintf("there is no schema %q", id), c.SchemaHint(id))
		return r, false
	case stored.XML:
		c.Fault(e.Attr("schema-id"), policy.CodeLacking, fmt.Sprintf("the schema %s is XML Schema, which this version does not check", id),
			"name a JSON schema")
		return r, false
	case stored.Text == "":
		r.stored = &schema.Schema{}
		return r, true
	}
	var faults diag.List
	if r.stored, faults = openapi.ReadSchema(diag.NewSource(stored.File, stored.Text), ref); faults.HasErrors() {
		at := e.Attr("schema-ref")
		if at == nil {
			at = e.Attr("schema-id")
		}
		c.Fault(at, policy.CodeSchema, fmt.Sprintf("the schema %s cannot be used: %s", id, faults[0].Message), faults[0].Hint)
		return r, false
	}
	if r.definition = id; ref != "" {
		r.definition = id + ref
	}
	return r, true
}

// check fills in the findings; the error is a failure of an expression or a body.
func (k *contentCheck) check(f *findings, ex *exchange.Exchange, env *policy.Env, header *exchange.Header, body *exchange.Body) error {
	exceeded, err := actionOf(k.exceeded, "", ex, env)
	if err != nil {
		return err
	}
	unspecified, err := actionOf(k.unspecified, "", ex, env)
	if err != nil {
		return err
	}
	most, err := k.maxSize.Int(ex, env)
	if err != nil {
		return err
	}
	r := verify.NewBody(body, header.Get("Content-Encoding"))
	most = min(most, verify.MaxBody)
	if exceeded != verify.Ignore {
		size, err := r.Size(most, exceeded == verify.Prevent)
		if err != nil {
			return err
		}
		if size > most {
			f.list = append(f.list, verify.TooLarge(f.side, size, most, exceeded))
			if exceeded == verify.Prevent {
				return nil
			}
		}
	}
	o := contract(ex)
	media := k.media(o, f.side, ex.Response.StatusCode)
	if r.Empty() {
		return k.absent(f, o, ex, env)
	}
	contentType, err := k.types.of(header.Get("Content-Type"), ex, env)
	if err != nil {
		return err
	}
	if !k.specified(media, contentType) {
		switch {
		case unspecified == verify.Ignore:
		case o == nil && !k.hasOwn():
			f.list = append(f.list, verify.NoDescription(unspecified))
		default:
			f.list = append(f.list, verify.UnspecifiedType(f.side, contentType, unspecified))
		}
		if unspecified == verify.Prevent {
			return nil
		}
	}
	for i := range k.rules {
		if stopped, err := k.rules[i].check(f, o, media, contentType, r, ex, env); err != nil || stopped {
			return err
		}
	}
	return nil
}

// absent checks a message without body: a request that must have one.
func (k *contentCheck) absent(f *findings, o *openapi.Operation, ex *exchange.Exchange, env *policy.Env) error {
	if f.side == verify.Response || o == nil || o.Request == nil || !o.Request.Required {
		return nil
	}
	for i := range k.rules {
		action, err := actionOf(k.rules[i].action, "", ex, env)
		if err != nil {
			return err
		}
		if action != verify.Ignore {
			f.list = append(f.list, verify.Missing(k.rules[i].mediaType, action))
			return nil
		}
	}
	return nil
}

// media lists the representations that the description has of a message.
func (k *contentCheck) media(o *openapi.Operation, side verify.Side, code int) []*openapi.Media {
	switch {
	case o == nil:
		return nil
	case side == verify.Request:
		if o.Request == nil {
			return nil
		}
		return o.Request.Media
	}
	if r := o.Response(code); r != nil {
		return r.Media
	}
	return nil
}

// hasOwn: some rule names a schema of the service.
func (k *contentCheck) hasOwn() bool {
	for i := range k.rules {
		if k.rules[i].stored != nil {
			return true
		}
	}
	return false
}

// specified reports whether description or policy know a content type.
func (k *contentCheck) specified(media []*openapi.Media, contentType string) bool {
	if openapi.MediaOf(media, contentType) != nil {
		return true
	}
	for i := range k.rules {
		if r := &k.rules[i]; r.stored != nil && r.mediaType == openapi.BareType(contentType) {
			return true
		}
	}
	return false
}
