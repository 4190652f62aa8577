package verify

import (
	"strings"

	"stile/internal/openapi"
	"stile/internal/openapi/schema"
)

// Pair is a name with a value.
type Pair struct{ Name, Value string }

// Actions gives the action for a parameter or header by its name; specified says
// that the description has it.
type Actions func(name string, specified bool) string

// Parameters is the parameters of a request in one place.
type Parameters struct {
	In openapi.Place
	// Values are as the request has them, in order; those in a path and a query are
	// decoded.
	Values []Pair
	Action Actions
}

// nouns are the places as texts spell them, and as an error's type.
var nouns = map[openapi.Place][2]string{
	openapi.InQuery: {"query parameter", "QueryParameter"}, openapi.InPath: {"path parameter", "PathParameter"},
	openapi.InHeader: {"header", "RequestHeader"},
}

// CheckParameters holds the parameters in one place against the description.
// stopped says that one was wrong whose action is prevent.
func CheckParameters(o *openapi.Operation, p Parameters) (out []Error, stopped bool) {
	noun := nouns[p.In]
	return check(o.Parameters, p, noun[0], noun[1], Request)
}

// CheckHeaders holds a response's headers against the description of it; r may be
// nil, which names none.
func CheckHeaders(r *openapi.Response, values []Pair, action Actions) (out []Error, stopped bool) {
	var list []*openapi.Parameter
	if r != nil {
		list = r.Headers
	}
	return check(list, Parameters{In: openapi.InHeader, Values: values, Action: action}, "header", "ResponseHeader", Response)
}

func check(list []*openapi.Parameter, p Parameters, noun, kind string, side Side) (out []Error, stopped bool) {
	c := &checker{noun: noun, kind: kind, side: side}
	texts := map[string][]string{}
	for _, v := range p.Values {
		key := strings.ToLower(v.Name)
		texts[key] = append(texts[key], v.Value)
	}
	known := map[string]bool{}
	for _, d := range list {
		if d.In != p.In {
			continue
		}
		known[strings.ToLower(d.Name)] = true
		if c.action = p.Action(d.Name, true); c.action == Ignore {
			continue
		}
		if c.one(d, texts[strings.ToLower(d.Name)], p.Values); c.stopped() {
			return c.out, true
		}
	}
	for _, v := range p.Values {
		key := strings.ToLower(v.Name)
		if known[key] || deepNamed(list, p.In, v.Name) {
			continue
		}
		known[key] = true // once for each name
		if c.action = p.Action(v.Name, false); c.action == Ignore {
			continue
		}
		c.add(v.Name, ruleUnspecified, "Unspecified "+noun+" "+v.Name+" is not allowed.", "")
		if c.stopped() {
			return c.out, true
		}
	}
	return c.out, false
}

// deepNamed reports whether a query parameter is a part of one in the style
// deepObject.
func deepNamed(list []*openapi.Parameter, in openapi.Place, name string) bool {
	for _, d := range list {
		if d.In == in && d.Style == "deepObject" {
			if _, ok := deepMember(d.Name, name); ok {
				return true
			}
		}
	}
	return false
}

type checker struct {
	noun, kind, action string
	side               Side
	out                []Error
}

func (c *checker) stopped() bool { return len(c.out) > 0 && c.out[len(c.out)-1].Action == Prevent }

// add notes an error; an empty public text is that of the details.
func (c *checker) add(name, rule, details, public string) {
	if public == "" {
		public = details
	}
	c.out = append(c.out, Error{Name: name, Type: c.kind, ValidationRule: rule, Details: details, Action: c.action, Public: c.side.public(public)})
}

// one checks a parameter that the description has.
func (c *checker) one(d *openapi.Parameter, texts []string, all []Pair) {
	var v *schema.Value
	var failed *unreadable
	if d.Style == "deepObject" {
		var ok bool
		if v, ok = deep(d, all); ok {
			texts = []string{""}
		}
	}
	if len(texts) == 0 {
		if d.Required {
			c.add(d.Name, ruleRequired, "Required "+c.noun+" "+d.Name+" is missing.", "")
		}
		return
	}
	if d.Schema == nil {
		return
	}
	if v == nil || d.Style != "deepObject" {
		v, failed = value(d, texts)
	}
	subject := "alue of the " + c.noun + " " + d.Name
	switch {
	case failed != nil && failed.multiple && c.side == Response:
		c.add(d.Name, ruleIncorrect, "Response cannot contain multiple values for the header "+d.Name+".", "")
		return
	case failed != nil && failed.multiple:
		c.add(d.Name, ruleIncorrect, "Request cannot contain multiple values for the "+c.noun+" "+d.Name+".", "")
		return
	case failed != nil:
		c.add(d.Name, ruleIncorrect, "V"+subject+" cannot be parsed according to the definition. "+failed.reason,
			"V"+subject+" couldn't be parsed according to the definition. "+failed.reason)
		return
	}
	list, err := d.Schema.Validate(v, schema.Options{})
	if err != nil {
		c.add(d.Name, ruleErrorOfParam, strings.ToUpper(c.noun[:1])+c.noun[1:]+" "+d.Name+" cannot be validated. "+err.Error(), internal)
		return
	}
	for _, violation := range list {
		text := " does not conform to the definition. " + violation.String()
		c.add(d.Name, ruleIncorrect, "V"+subject+text, "The v"+subject+text)
	}
}
