package asl

import (
	"fmt"
	"slices"
	"strings"

	"stile/diag"
	"stile/jsonpath"
	"stile/jsonval"
)

// maxSeconds is the greatest number of seconds a field takes.
const maxSeconds = 99_999_999

// maxCompared bounds the search for hints over a whole document, so that a
// definition of thousands of wrong names stays cheap to refuse.
const maxCompared = 100_000

// didYouMean makes a hint of the nearest candidate; "" where none is near.
func (c *compiler) didYouMean(name string, candidates []string) string {
	if c.compared += len(candidates); c.compared > maxCompared || len(name) < 3 {
		return "" // of very short names every other one is near
	}
	if best, ok := diag.Nearest(name, candidates); ok && best != name {
		return "did you mean " + jsonval.Quote(best) + "?"
	}
	return ""
}

// required reports missing fields in AWS's words.
func (c *compiler) required(n *node, path string, missing []string) {
	if len(missing) > 0 {
		c.fault(n.offset, path, "These fields are required: ["+strings.Join(missing, ", ")+"]",
			"add "+strings.Join(missing, " and "))
	}
}

// known reports members of n that are none of fields.
func (c *compiler) known(n *node, path string, fields []string) {
	for _, m := range n.members {
		if !slices.Contains(fields, m.name) {
			c.unknown(m, path, fields)
		}
	}
}

func (c *compiler) unknown(m member, path string, fields []string) {
	if c.current != nil {
		if hint, other := twin(m.name, c.current.QueryLanguage); other != "" {
			if !c.reverted {
				c.named(m, CodeSchema, diag.Error, path, "The QueryLanguage is set to '"+c.current.QueryLanguage+"', but field '"+
					m.name+"' is only supported for the '"+other+"' QueryLanguage", hint)
			}
			return
		}
	}
	c.named(m, CodeSchema, diag.Error, path, "Field '"+m.name+"' is not supported", c.didYouMean(m.name, fields))
}

// twins are the fields of one query language alone, with what the other has.
var twins = []struct{ name, language, instead string }{
	{"Arguments", JSONata, "Parameters"},
	{"Condition", JSONata, "Variable with an operator"},
	{"Items", JSONata, "ItemsPath"},
	{"Output", JSONata, "ResultPath or OutputPath"},
	{"CausePath", JSONPath, `"Cause": "{% … %}"`},
	{"ErrorPath", JSONPath, `"Error": "{% … %}"`},
	{"HeartbeatSecondsPath", JSONPath, `"HeartbeatSeconds": "{% … %}"`},
	{"InputPath", JSONPath, "$states.input in its expressions"},
	{"ItemsPath", JSONPath, "Items"},
	{"MaxConcurrencyPath", JSONPath, `"MaxConcurrency": "{% … %}"`},
	{"MaxInputBytesPerBatchPath", JSONPath, `"MaxInputBytesPerBatch": "{% … %}"`},
	{"MaxItemsPath", JSONPath, `"MaxItems": "{% … %}"`},
	{"MaxItemsPerBatchPath", JSONPath, `"MaxItemsPerBatch": "{% … %}"`},
	{"OutputPath", JSONPath, "Output"},
	{"Parameters", JSONPath, "Arguments"},
	{"Result", JSONPath, "Output"},
	{"ResultPath", JSONPath, "Output"},
	{"ResultSelector", JSONPath, "Output"},
	{"SecondsPath", JSONPath, `"Seconds": "{% … %}"`},
	{"TimeoutSecondsPath", JSONPath, `"TimeoutSeconds": "{% … %}"`},
	{"TimestampPath", JSONPath, `"Timestamp": "{% … %}"`},
	{"ToleratedFailureCountPath", JSONPath, `"ToleratedFailureCount": "{% … %}"`},
	{"ToleratedFailurePercentagePath", JSONPath, `"ToleratedFailurePercentage": "{% … %}"`},
	{"Variable", JSONPath, "Condition"},
}

// twin names the other query language, where a field belongs to that one alone,
// and hints at what the state's own has.
func twin(name, language string) (hint, other string) {
	for _, t := range twins {
		if t.name == name && t.language != language {
			return "a " + language + " state has " + t.instead, t.language
		}
	}
	return "", ""
}

// text reads a string field; "" where n is nil or faulty.
func (c *compiler) text(n *node, path string) string {
	if n == nil {
		return ""
	}
	if n.kind != jsonval.String {
		c.wrong(n, path, "Expected value of type String", "")
		return ""
	}
	return n.text
}

// pathTwins are the whole-number fields that have a twin for a path.
var pathTwins = []string{"HeartbeatSeconds", "MaxConcurrency", "Seconds", "TimeoutSeconds"}

// integer reads a whole-number field between lo and hi.
func (c *compiler) integer(n *node, path string, lo, hi int64) (int64, bool) {
	if n.kind != jsonval.Number {
		hint := ""
		field := path[strings.LastIndexByte(path, '/')+1:]
		if n.kind == jsonval.String && strings.HasPrefix(n.text, "$") && slices.Contains(pathTwins, field) {
			hint = "a path stands in the field " + field + "Path"
		}
		c.wrong(n, path, "Expected value of type Integer", hint)
		return 0, false
	}
	v, ok := n.value(c.src).Int()
	switch {
	case !ok || strings.ContainsAny(c.src.Text()[n.offset:n.end], ".eE"):
		c.wrong(n, path, "Expected value of type Integer", "write a whole number")
		return 0, false
	case v < lo:
		c.wrong(n, path, fmt.Sprintf("Minimum value is %d", lo), "")
		return 0, false
	case v > hi:
		c.wrong(n, path, fmt.Sprintf("Maximum value is %d", hi), "")
		return 0, false
	}
	return v, true
}

// oneValueOf is AWS's sentence for a text that is none of a field's values.
func oneValueOf(values []string) string {
	return "Value should be one of the following: [" + strings.Join(values, ", ") + "]"
}

// object tells whether n is an object, and reports it where not.
func (c *compiler) object(n *node, path string) bool {
	if n.kind != jsonval.ObjectKind {
		c.wrong(n, path, "Expected value of type Object", "")
	}
	return n.kind == jsonval.ObjectKind
}

// list gives the items of a non-empty array field; empty ones are faults where
// mayBeEmpty is false.
func (c *compiler) array(n *node, path string, mayBeEmpty bool) []*node {
	if n.kind != jsonval.ArrayKind {
		c.wrong(n, path, "Expected value of type Array", "")
		return nil
	}
	if len(n.items) == 0 && !mayBeEmpty {
		c.wrong(n, path, "Value cannot be empty", "")
	}
	return n.items
}

// notReference is AWS's sentence for a reference path without its "$".
const notReference = "Value is not a Reference Path: Reference path didn't start with '$'"

// path reads a path field: a path, not a call.
func (c *compiler) path(n *node, path, field string) *Expr {
	s := c.text(n, path)
	if n.kind != jsonval.String {
		return nil
	}
	if !strings.HasPrefix(s, "$") && referenceField(field) {
		c.wrong(n, path, notReference, "write a path such as $.value")
		return nil
	}
	e, err := compilePath(s)
	if err != nil {
		c.wrong(n, path, "Value must be a valid JSONPath.", err.Error())
		return nil
	}
	if referenceField(field) && !e.Definite() {
		c.wrong(n, path, "Value is not a Reference Path: '"+s+"' may give many values", "name one value: no .. * ? , or slice")
	}
	c.reading(e, n, path)
	return e
}

// referenceField says that a field takes a reference path on AWS: ItemsPath, and the
// two sides of a comparison in a Choice.
func referenceField(field string) bool {
	if field == "ItemsPath" || field == "Variable" {
		return true
	}
	_, operator := operatorNamed(field)
	return operator
}

// onePath is path for fields that need one value: no wildcard, slice, filter or "..".
func (c *compiler) onePath(n *node, path, field string) *Expr {
	e := c.path(n, path, field)
	if e != nil && !e.Definite() {
		c.wrong(n, path, "Value is not a Reference Path: '"+e.text+"' may give many values",
			"name one value: no .. * ? , or slice")
	}
	return e
}

// reading notes which variables an expression reads.
func (c *compiler) reading(e *Expr, n *node, path string) {
	for _, v := range e.Variables() {
		c.reads = append(c.reads, read{name: v, path: path, at: n, scope: c.scope, state: c.stateName()})
	}
}

// stateName is the name of the state being compiled.
func (c *compiler) stateName() string {
	if c.current == nil {
		return ""
	}
	return c.current.Name
}

// pathField reads InputPath, OutputPath and ItemsPath.
func (c *compiler) pathField(n *node, path, field string) PathField {
	if n == nil {
		return PathField{}
	}
	if n.kind == jsonval.Null {
		return PathField{Null: true}
	}
	return PathField{Path: c.path(n, path, field)}
}

// resultPath reads ResultPath of a state or catcher.
func (c *compiler) resultPath(n *node, path string) ResultPath {
	if n == nil {
		return ResultPath{}
	}
	if n.kind == jsonval.Null {
		return ResultPath{Discard: true}
	}
	s := c.text(n, path)
	if n.kind != jsonval.String {
		return ResultPath{}
	}
	if !strings.HasPrefix(s, "$") {
		c.wrong(n, path, notReference, "write a path such as $.result")
		return ResultPath{}
	}
	r, err := jsonpath.CompileReference(s)
	if err != nil {
		c.wrong(n, path, "Value is not a Reference Path: "+err.Error(), "write a path such as $.result")
		return ResultPath{}
	}
	if r.Root() {
		return ResultPath{}
	}
	return ResultPath{Path: r}
}

// payload reads a payload template field; it must be an object where object is set.
func (c *compiler) payload(n *node, path string, object bool) *Template {
	if n == nil || object && !c.object(n, path) {
		return nil
	}
	if !c.inJSONata() {
		c.noDollar(n, path)
	}
	return c.template(n, path)
}

// noDollar warns of texts that look like paths under names without ".$".
func (c *compiler) noDollar(n *node, path string) {
	for _, m := range n.members {
		v := m.value
		if v.kind == jsonval.String && !strings.HasSuffix(m.name, ".$") &&
			(strings.HasPrefix(v.text, "$.") || strings.HasPrefix(v.text, "$$.") || strings.HasPrefix(v.text, "States.")) {
			if _, err := compileExpr(v.text); err == nil {
				c.report(v, CodeNoDollar, diag.Warning, join(path, m.name),
					"No .$ on a field that appears to be a JSONPath or Intrinsic Function",
					"write "+jsonval.Quote(m.name+".$")+", or leave it if the text itself is meant")
			}
		}
		c.noDollar(v, path)
	}
	for _, m := range n.items {
		c.noDollar(m, path)
	}
}

// integerQuery reads a whole-number field that may be an expression in JSONata.
func (c *compiler) integerQuery(n *node, path string, lo, hi int64) (int64, *Template) {
	if c.inJSONata() && n.kind == jsonval.String && isQuery(n.text) {
		return 0, c.queryTemplate(n, path)
	}
	v, _ := c.integer(n, path, lo, hi)
	return v, nil
}

// assign reads Assign: an object template whose names are variables.
func (c *compiler) assign(n *node, path string) *Template {
	t := c.payload(n, path, true)
	if t == nil {
		return nil
	}
	for _, m := range n.members {
		name := m.name
		if !c.inJSONata() {
			name = strings.TrimSuffix(name, ".$")
		}
		c.assigning(name, m, path)
		switch {
		case name == "states":
			c.named(m, CodeReservedName, diag.Error, path, "Cannot assign to reserved variable '$states'.", "give the variable another name")
		case !validVariable(name):
			c.named(m, CodeVariableName, diag.Error, path, "Invalid variable name '"+name+"': the variable name contains invalid characters.",
				"begin with a letter, go on with letters, digits and _, at most 80 in all")
		}
	}
	return t
}
