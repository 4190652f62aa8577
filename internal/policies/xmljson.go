package policies

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"stile/jsonval"
	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr/clr"
	"stile/policy/expr/xmltree"
	"stile/policy/expr/xmltree/xmljson"
)

// reasonTransformation is the reason of a body that a transformation cannot read.
// Azure's pages name none.
const reasonTransformation = "TransformationFailed"

// xmlToJSON is https://learn.microsoft.com/azure/api-management/xml-to-json-policy.
// The page shows no result; names and declarations are as Azure was seen to give them.
// It leaves out the backend section, where Microsoft's policy toolkit has it.
var xmlToJSON = policy.Descriptor{
	Name: "xml-to-json", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "kind", Required: true, Expression: true, Values: []string{"javascript-friendly", "direct"}},
		{Name: "apply", Required: true, Expression: true, Values: []string{"always", "content-type-xml"}},
		{Name: "consider-accept-header", Expression: true, Kind: policy.BoolKind, Default: "true"},
		{Name: "always-array-child-elements", Expression: true, Kind: policy.BoolKind, Default: "false"},
	}},
	Doc: "Turns a body from XML into JSON.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		gate := newTransform(c, e, "xml", "json")
		kind, arrays := c.Value(e, "kind"), c.Value(e, "always-array-child-elements")
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			name, err := choice(kind, ex, env, "kind", "javascript-friendly", "direct")
			if err != nil {
				return err
			}
			style := xmljson.Direct
			if name == "javascript-friendly" {
				style = xmljson.Friendly
			}
			if style.Arrays, err = arrays.Bool(ex, env); err != nil {
				return err
			}
			return gate.run(ex, env, "application/json", func(body []byte) (string, error) {
				ration := &ration{left: maxTree}
				doc, err := xmltree.Parse(clr.Valid(string(body)), xmltree.Options{Budget: ration})
				if err != nil {
					return "", err
				}
				return xmljson.Write(doc, style, ration), nil
			})
		}
	},
}

// jsonToXML is https://learn.microsoft.com/azure/api-management/json-to-xml-policy.
var jsonToXML = policy.Descriptor{
	Name: "json-to-xml", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "apply", Required: true, Expression: true, Values: []string{"always", "content-type-json"}},
		{Name: "consider-accept-header", Expression: true, Kind: policy.BoolKind, Default: "true"},
		{Name: "parse-date", Kind: policy.BoolKind, Default: "true"},
		{Name: "namespace-separator", Expression: true, Default: "_"},
		{Name: "namespace-prefix", Expression: true},
		{Name: "attribute-block-name", Expression: true},
	}},
	Doc: "Turns a body from JSON into XML.",
	Compile: func(c *policy.Compiler, e *policy.Element) policy.Run {
		gate := newTransform(c, e, "json", "xml")
		names := [3]policy.Value{c.Value(e, "namespace-separator"), c.Value(e, "namespace-prefix"), c.Value(e, "attribute-block-name")}
		dates := !strings.EqualFold(c.Value(e, "parse-date").Constant(), "false")
		return func(_ context.Context, ex *exchange.Exchange, env *policy.Env) error {
			var texts [3]string
			for i := range names {
				var err error
				if texts[i], err = names[i].Text(ex, env); err != nil {
					return err
				}
			}
			rules := xmljson.Rules{Separator: texts[0], NamespacePrefix: texts[1], AttributeBlock: texts[2]}
			return gate.run(ex, env, "application/xml", func(body []byte) (string, error) {
				ration := &ration{left: maxTree}
				v, err := jsonval.Parse(body)
				if err != nil {
					return "", err
				}
				doc, err := xmljson.Convert(jsonForXML(v, dates, ration), rules, ration)
				if err != nil {
					return "", err
				}
				return xmltree.Write(doc, xmltree.Layout{Indent: true, Prefixes: true})
			})
		}
	},
}

// transform is what both policies share: when they apply, and how they fail.
type transform struct {
	from, to      string
	apply, accept policy.Value
	side          message
}

func newTransform(c *policy.Compiler, e *policy.Element, from, to string) *transform {
	return &transform{from: from, to: to, apply: c.Value(e, "apply"), accept: c.Value(e, "consider-accept-header"), side: sideOf(c)}
}

// choice reads an attribute that has one of a few values.
func choice(v policy.Value, ex *exchange.Exchange, env *policy.Env, attr string, values ...string) (string, error) {
	s, err := v.Text(ex, env)
	if err != nil {
		return "", err
	}
	for _, known := range values {
		if s == known {
			return s, nil
		}
	}
	return "", policy.FailValue(attr + " cannot be " + strconv.Quote(s))
}

// applies decides by Content-Type and by the request's Accept.
func (t *transform) applies(ex *exchange.Exchange, env *policy.Env) (bool, error) {
	apply, err := choice(t.apply, ex, env, "apply", "always", "content-type-"+t.from)
	if err != nil {
		return false, err
	}
	header, _ := t.side(ex)
	if apply != "always" && !mediaIs(header.Get("Content-Type"), t.from) {
		return false, nil
	}
	consider, err := t.accept.Bool(ex, env)
	if err != nil || !consider {
		return err == nil, err
	}
	for _, field := range ex.Request.Header.Values("Accept") {
		for _, media := range strings.Split(field, ",") {
			if mediaIs(media, t.to) {
				return true, nil
			}
		}
	}
	return false, nil
}

// mediaIs tells a media type of JSON or XML: its subtype, or the suffix of it.
func mediaIs(media, kind string) bool {
	media, _, _ = strings.Cut(media, ";")
	_, sub, _ := strings.Cut(strings.ToLower(strings.TrimSpace(media)), "/")
	return sub == kind || strings.HasSuffix(sub, "+"+kind)
}

// run puts what convert makes of the body into its place. A body that cannot be
// read fails the policy and stays as it is; an empty one is left alone.
func (t *transform) run(ex *exchange.Exchange, env *policy.Env, contentType string, convert func(body []byte) (string, error)) error {
	ok, err := t.applies(ex, env)
	if err != nil || !ok {
		return err
	}
	header, body := t.side(ex)
	data, err := (*body).Bytes()
	if err != nil || len(data) == 0 {
		return err
	}
	out, err := rationed(convert, data)
	if errors.Is(err, exchange.ErrBodyTooLarge) {
		return err
	}
	if err != nil {
		return &policy.Failure{Reason: reasonTransformation, Message: "The body cannot be converted from " + strings.ToUpper(t.from) +
			" to " + strings.ToUpper(t.to) + ": " + err.Error()}
	}
	if len(out) > exchange.MaxBuffered {
		return exchange.ErrBodyTooLarge
	}
	header.Del("Content-Length")
	header.Set("Content-Type", contentType)
	*body = exchange.Bytes([]byte(out))
	return nil
}

// jsonForXML gives a JSON value as it goes into XML: booleans as .NET spells them,
// reals in their shortest form, dates normalised where they are parsed.
func jsonForXML(v jsonval.Value, dates bool, r *ration) xmljson.Value {
	r.Grow(100)
	switch v.Kind() {
	case jsonval.Null:
		return xmljson.Value{}
	case jsonval.True:
		return xmljson.Value{Kind: xmljson.Scalar, Text: "True"}
	case jsonval.False:
		return xmljson.Value{Kind: xmljson.Scalar, Text: "False"}
	case jsonval.ObjectKind:
		out := xmljson.Value{Kind: xmljson.Object}
		for _, m := range v.Members() {
			out.Members = append(out.Members, xmljson.Member{Name: m.Name, Value: jsonForXML(m.Value, dates, r)})
		}
		return out
	case jsonval.ArrayKind:
		out := xmljson.Value{Kind: xmljson.Array}
		for _, it := range v.Items() {
			out.Items = append(out.Items, jsonForXML(it, dates, r))
		}
		return out
	}
	s, ok := v.Str()
	if !ok {
		return xmljson.Value{Kind: xmljson.Scalar, Text: numberForXML(v)}
	}
	if d, is := clr.ParseISODate(s); dates && is {
		s = clr.FormatTime(d.Ticks, 0, d.Kind, "yyyy-MM-ddTHH:mm:ss.FFFFFFFK")
	}
	return xmljson.Value{Kind: xmljson.Scalar, Text: s}
}

func numberForXML(v jsonval.Value) string {
	text := v.Text()
	if strings.Trim(text, "-0123456789") == "" { // as it stands: a caller decides how long it is
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, ok := v.Float()
	if !ok {
		return text
	}
	return clr.RoundTrip(f)
}
